"""Taking a register into a workspace: what it would say there, and the line of isms.toml that makes it part of it."""

from __future__ import annotations

import shutil
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import NamedNode

from isms_graph.errors import EmptyWorkspace, InputError, Problems, UsageError
from isms_graph.namespaces import RDF_TYPE, RDFS_LABEL, local_name, nearest
from isms_graph.sources import mapping, workspace
from isms_graph.sources.mapping import Table
from isms_graph.sources.workspace import CONFIG, Source, Workspace
from isms_graph.vocabulary import Vocabulary


@dataclass(frozen=True)
class Made:
    """An element that a name in a cell stands for: its class, its name, and a name that is there already and looks like it."""

    class_: str
    name: str
    like: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a register says in a workspace: elements by class, statements, new elements, columns and sheets that were left out."""

    elements: tuple[tuple[str, int], ...]
    statements: int
    made: tuple[Made, ...]
    left_out: tuple[str, ...]
    unread: tuple[str, ...]


def quoted(text: str) -> str:
    """A text as a string of TOML."""
    escaped = "".join(f"\\u{ord(letter):04x}" if letter < " " or letter == "\x7f" else letter for letter in text.replace("\\", "\\\\"))
    return '"' + escaped.replace('"', '\\"') + '"'


def settings(text: str, name: str, path: Path) -> tuple[Table, ...]:
    """The tables of the register called `name` by a text that stands for isms.toml. Raises InputError."""
    try:
        declared = tomllib.loads(text).get("tables", {})
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"the mapping is not valid TOML: {error}.", path) from None
    if not isinstance(declared, dict) or name not in declared:
        known = ", ".join(map(repr, declared)) if isinstance(declared, dict) else ""
        raise InputError(f'there is no section [tables."{name}"].', path, advice=f"It has {known}." if known else "")
    return mapping.tables(name, declared[name], path)


def joined(file: Path, tables: Sequence[Table], folder: Path) -> Workspace:
    """The workspace of a folder as it would be with the register in it; an empty folder, or none, is an empty workspace."""
    try:
        found = workspace.find([folder]) if folder.exists() else Workspace(root=folder, files=[])
    except EmptyWorkspace:
        found = workspace.configured(folder)
    found.files = [path for path in found.files if path.name != file.name]
    found.files.append(file)
    found.tables[file.name] = tuple(tables)
    return found


def outcome(joined_: Workspace, file: Path, vocabulary: Vocabulary) -> Outcome:
    """What the register says there. Raises Problems with all that is wrong in it and in the rest of the workspace."""
    sources = workspace.read(joined_, vocabulary)
    source = next(one for one in sources if one.path == file)
    elements: Counter[str] = Counter()
    made: list[NamedNode] = []
    declared = {identifier for read in source.reads for identifier in read.declared}
    classes: dict[NamedNode, str] = {}
    for cell in source.cells:
        node = cell.quad.subject
        if cell.quad.predicate == RDF_TYPE and isinstance(node, NamedNode):
            classes[node] = vocabulary.label(cell.quad.object)  # type: ignore[arg-type]
            elements[classes[node]] += 1
            if node.value.removeprefix(joined_.base) not in declared:
                made.append(node)
    return Outcome(
        tuple(sorted(elements.items())),
        len(set(source.quads)),
        tuple(_made(made, classes, sources)),
        tuple(dict.fromkeys(head for read in source.reads for head in read.left_out)),
        tuple(name for name in _sheets(file) if name not in {read.sheet for read in source.reads}),
    )


def _sheets(file: Path) -> list[str]:
    """The sheets of a workbook that people see."""
    if file.suffix != ".xlsx":
        return []
    from isms_graph.sources.workbook import sheet_names

    return sheet_names(file, hidden=False)


def _made(nodes: Sequence[NamedNode], classes: dict[NamedNode, str], sources: Sequence[Source]) -> list[Made]:
    new = set(nodes)
    labels: dict[NamedNode, str] = {}
    for source in sources:
        for quad in source.quads:
            if quad.predicate == RDFS_LABEL and isinstance(quad.subject, NamedNode):
                labels.setdefault(quad.subject, quad.object.value)  # type: ignore[union-attr]
    old = [label for node, label in labels.items() if node not in new]
    names = {node: labels.get(node, local_name(node.value)) for node in nodes}
    return [Made(classes[node], name, next(iter(nearest(name, old, 1)), "")) for node, name in names.items()]


def take_in(file: Path, section: str, folder: Path, replace: bool) -> list[str]:
    """Copy the register into the folder and declare it in isms.toml. Returns what was done. Raises UsageError, InputError.

    `section` is the text for isms.toml; empty if the file is declared there already.
    """
    done = []
    target = folder / file.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if target.resolve() != file.resolve():
            if target.exists() and target.read_bytes() != file.read_bytes() and not replace:
                raise UsageError(f"{target} is there already and differs. --replace takes the new one.")
            shutil.copyfile(file, target)
            done.append(f"{target} written")
        if section:
            config = folder / CONFIG
            before = config.read_text(encoding="utf-8") if config.exists() else ""
            gap = "\n" if before.endswith("\n") or not before else "\n\n"
            config.write_text((before + gap if before else "") + section, encoding="utf-8")
            done.append(f"{config} declares it")
    except OSError as error:
        raise InputError(f"the register cannot be taken in: {error.strerror}.", Path(error.filename or target)) from None
    return done


def of_file(problems: Problems, file: Path) -> list[InputError]:
    """The problems that lie in the register itself."""
    return [one for one in problems.problems if one.path == file]
