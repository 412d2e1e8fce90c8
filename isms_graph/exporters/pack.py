"""The audit pack: every deliverable in every format that can be written, the check report, and hashes of all that and of the sources."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from isms_graph.checks import check
from isms_graph.errors import MissingExtra
from isms_graph.exporters import DELIVERABLES, FORMATS, deliverable, written
from isms_graph.exporters.document import DRAFT, Document, Section, Table
from isms_graph.exporters.folder import MANIFEST, SUMS, manifest, replaceable, sums, write_folder
from isms_graph.findings import Report
from isms_graph.graph import Isms
from isms_graph.render.formats import written as report_as
from isms_graph.render.report import as_text

KIND = "audit pack"


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
    files[SUMS] = sums(files)
    return Pack(files, left_out)


def write_pack(isms_: Isms, folder: Path) -> Pack:
    """Write the pack into a new or empty folder, or in the place of an earlier pack. Raises UsageError, InputError."""
    earlier = replaceable(isms_, folder, KIND)
    pack = audit_pack(isms_)
    write_folder(folder, earlier, pack.files)
    return pack


def _manifest(isms_: Isms, report: Report, files: dict[str, bytes], left_out: dict[str, str]) -> bytes:
    return manifest(
        isms_, KIND, files,
        organization=report.name, as_of=report.as_of.isoformat(), stage=report.stage, findings=report.counts(), left_out=left_out,
    )  # fmt: skip


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
