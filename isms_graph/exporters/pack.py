"""The audit pack: every deliverable in every format that can be written, the check report, and hashes of all that and of the sources."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from isms_graph.checks import check
from isms_graph.errors import InputError, MissingExtra, UsageError
from isms_graph.exporters import DELIVERABLES, FORMATS, deliverable, written
from isms_graph.exporters.document import DRAFT, Document, Section, Table
from isms_graph.findings import Report
from isms_graph.graph import Isms
from isms_graph.render.formats import written as report_as
from isms_graph.render.report import as_text
from isms_graph.sources.workspace import CONFIG

KIND = "isms-graph audit pack"
MANIFEST, SUMS = "manifest.json", "SHA256SUMS"


@dataclass(frozen=True)
class Pack:
    """The files by name, and for each format that is left out why."""

    files: dict[str, bytes]
    left_out: dict[str, str]


def audit_pack(isms_: Isms) -> Pack:
    """Everything that goes into the pack; the same sources and date give the same bytes, wherever the sources lie."""
    report = replace(isms_.kept(check), workspace=".")
    left_out: dict[str, str] = {}
    files: dict[str, bytes] = {}
    made = {name: deliverable(name, isms_) for name in DELIVERABLES}
    for name, document in made.items():
        for form in FORMATS:
            try:
                files[f"{name}.{form}"] = written(document, form)
            except MissingExtra as error:
                left_out[form] = str(error)
    files["check-report.json"] = (report_as("json", report, "never") + "\n").encode()
    files["check-report.txt"] = as_text(report).encode()
    files["index.html"] = written(_index(isms_, report, made, list(files)), "html")
    files[MANIFEST] = _manifest(isms_, report, files, left_out)
    files[SUMS] = "".join(f"{_sha256(content)}  {name}\n" for name, content in sorted(files.items())).encode()
    return Pack(files, left_out)


def write_pack(isms_: Isms, folder: Path) -> Pack:
    """Write the pack into a new or empty folder, or in the place of an earlier pack. Raises UsageError, InputError."""
    root = isms_.workspace.root.resolve()
    if folder.resolve().is_relative_to(root):
        raise UsageError(f"the pack must not lie in the workspace {root}, whose files are read; name a folder elsewhere.")
    earlier = _earlier(folder)
    pack = audit_pack(isms_)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in earlier:
            (folder / name).unlink()
        for name in sorted(pack.files, key=lambda one: one != MANIFEST):  # what is broken off is known as a pack
            with (folder / name).open("xb") as file:
                file.write(pack.files[name])
    except OSError as error:
        raise InputError(f"the pack cannot be written: {error.strerror}.", folder) from None
    return pack


def _earlier(folder: Path) -> list[str]:
    """The files of the pack that lies in the folder. Raises InputError if anything else does, or a file was changed by hand."""
    if not folder.exists():
        return []
    if not folder.is_dir():
        raise InputError("this is a file, not a folder.", folder)
    present = sorted(one.name for one in folder.iterdir())
    if not present:
        return []
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        known = {one["path"]: one["sha256"] for one in manifest["files"]} if manifest["kind"] == KIND else None
    except (OSError, ValueError, KeyError, TypeError):
        known = None
    if known is None:
        raise InputError("the folder is neither empty nor an earlier audit pack.", folder, advice="Name a new folder.")
    strange = [name for name in present if name not in (MANIFEST, SUMS) and _hash_of(folder / name) != known.get(name)]
    if strange:
        raise InputError(
            f"the folder holds files that are not of the pack, or were changed since: {', '.join(strange[:5])}.",
            folder,
            advice="Move them away, or name a new folder.",
        )
    return present


def _hash_of(path: Path) -> str | None:
    return _sha256(path.read_bytes()) if path.is_file() else None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _listed(contents: dict[str, bytes]) -> list[dict[str, object]]:
    return [{"path": name, "sha256": _sha256(content), "bytes": len(content)} for name, content in sorted(contents.items())]


def _manifest(isms_: Isms, report: Report, files: dict[str, bytes], left_out: dict[str, str]) -> bytes:
    space = isms_.workspace
    config = [path for path in (space.root / CONFIG,) if path.is_file()]
    sources = {space.shown(path): path.read_bytes() for path in [*space.files, *config]}
    content = {
        "kind": KIND,
        "program": {"name": "isms-graph", "version": version("isms-graph")},
        "organization": report.name,
        "as_of": report.as_of.isoformat(),
        "stage": report.stage,
        "findings": report.counts(),
        "left_out": left_out,
        "files": _listed(files),
        "workspace": _listed(sources),
    }
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def _index(isms_: Isms, report: Report, made: dict[str, Document], files: list[str]) -> Document:
    """What is in the pack, for people."""
    rows = tuple(
        (document.title, "\n".join(one for one in files if one.rpartition(".")[0] == name), DRAFT if document.draft else "")
        for name, document in made.items()
    )
    counts = report.counts()
    title = f"Audit pack of {report.name}"
    return Document(
        title,
        (
            ("Organization", report.name),
            ("As of", report.as_of),
            ("Checked for", report.stage),
            ("Findings of the checks", f"{counts['major']} major, {counts['minor']} minor, {counts['ofi']} for improvement"),
            ("Written by", f"isms-graph {version('isms-graph')}"),
        ),
        (
            Section("Documents", table=Table(("Document", "Files", "Remark"), (40, 40, 20), rows)),
            Section(
                "Check report and hashes",
                (
                    "check-report.txt and check-report.json hold what the checks found.",
                    f"{MANIFEST} lists the files of the pack and the files that it was made of, with their SHA-256; "
                    f"sha256sum -c {SUMS} checks the pack.",
                ),
            ),
        ),
        f"{title}, as of {report.as_of}",
        isms_.as_of,
        False,
    )
