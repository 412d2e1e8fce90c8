"""A folder of written files with a manifest of hashes, which a later export may replace, and nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from isms_graph.errors import InputError, UsageError
from isms_graph.graph import Isms
from isms_graph.sources.workspace import CONFIG

MANIFEST, SUMS = "manifest.json", "SHA256SUMS"


def sha256(content: bytes) -> str:
    """The SHA-256 as hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def manifest(isms_: Isms, kind: str, files: Mapping[str, bytes], **said: Any) -> bytes:
    """What is in the folder and what it was made of, with hashes. `kind` says in two words what the folder is."""
    space = isms_.workspace
    config = [path for path in (space.root / CONFIG,) if path.is_file()]
    sources = {space.shown(path): path.read_bytes() for path in [*space.files, *config]}
    program = {"name": "isms-graph", "version": version("isms-graph")}
    content = {"kind": f"isms-graph {kind}", "program": program, **said, "files": _listed(files), "workspace": _listed(sources)}
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def _listed(contents: Mapping[str, bytes]) -> list[dict[str, object]]:
    return [{"path": name, "sha256": sha256(content), "bytes": len(content)} for name, content in sorted(contents.items())]


def sums(files: Mapping[str, bytes]) -> bytes:
    """The hashes in the form that `sha256sum -c` reads."""
    return "".join(f"{sha256(content)}  {name}\n" for name, content in sorted(files.items())).encode()


def replaceable(isms_: Isms, folder: Path, kind: str) -> list[str]:
    """The files in a folder that an export may take the place of: none, or those of an earlier one of this kind.

    Raises UsageError if the folder lies in the workspace, InputError if anything else lies in it or a file was changed by hand.
    """
    root = isms_.workspace.root.resolve()
    if folder.resolve().is_relative_to(root):
        raise UsageError(f"the {kind} must not lie in the workspace {root}, whose files are read; name a folder elsewhere.")
    if not folder.exists():
        return []
    if not folder.is_dir():
        raise InputError("this is a file, not a folder.", folder)
    present = sorted(one.name for one in folder.iterdir())
    if not present:
        return []
    try:
        listed = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        known = {one["path"]: one["sha256"] for one in listed["files"]} if listed["kind"] == f"isms-graph {kind}" else None
    except (OSError, ValueError, KeyError, TypeError):
        known = None
    if known is None:
        raise InputError(f"the folder is neither empty nor an earlier {kind}.", folder, advice="Name a new folder.")
    strange = [name for name in present if name not in (MANIFEST, SUMS) and _hash_of(folder / name) != known.get(name)]
    if strange:
        raise InputError(
            f"the folder holds files that are not of the {kind}, or were changed since: {', '.join(strange[:5])}.",
            folder,
            advice="Move them away, or name a new folder.",
        )
    return present


def _hash_of(path: Path) -> str | None:
    return sha256(path.read_bytes()) if path.is_file() else None


def write_folder(folder: Path, earlier: Sequence[str], files: Mapping[str, bytes]) -> None:
    """Write the files in the place of the `earlier` ones. Raises InputError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in earlier:
            (folder / name).unlink()
        for name in sorted(files, key=lambda one: one != MANIFEST):  # what is broken off is known for what it is
            with (folder / name).open("xb") as file:
                file.write(files[name])
    except OSError as error:
        raise InputError(f"the folder cannot be written: {error.strerror}.", folder) from None
