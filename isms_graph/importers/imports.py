"""Taking a register into a workspace: what it would say there, and the line of isms.toml that makes it part of it."""

from __future__ import annotations

import tomllib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from isms_graph.errors import EmptyWorkspace, InputError, Problems
from isms_graph.namespaces import RDF_TYPE, RDFS_LABEL, isms, local_name, nearest
from isms_graph.sources import mapping, workspace
from isms_graph.sources.mapping import Table
from isms_graph.sources.naming import comparable
from isms_graph.sources.workspace import Source, Workspace
from isms_graph.vocabulary import Vocabulary

Node = NamedNode | BlankNode | Literal | Triple


@dataclass(frozen=True)
class Made:
    """An element that a name in a cell stands for: its class, its name, and a name that is there already and looks like it."""

    class_: str
    name: str
    like: str = ""


@dataclass(frozen=True)
class Double:
    """An element of the register that the workspace has already under another id: same class and name, or same control."""

    name: str
    other: str  # its id
    file: str


@dataclass(frozen=True)
class Outcome:
    """What a register says in a workspace: elements by class, statements, new elements, what was left out, what is there already.

    `dropped` are values that the mapping takes for none, as (column, value).
    """

    elements: tuple[tuple[str, int], ...]
    statements: int
    made: tuple[Made, ...]
    left_out: tuple[str, ...]
    unread: tuple[str, ...]
    dropped: tuple[tuple[str, str], ...] = ()
    doubles: tuple[Double, ...] = ()
    loose: int = 0  # lines that are part of no Statement of Applicability


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


def namespace(folder: Path, vocabulary: Vocabulary) -> str:
    """The namespace of the elements of a folder, if its isms.toml names no base and they are all in one. Else empty. Raises Problems.

    The ids of a register would be in another one, and name none of them.
    """
    try:
        found = workspace.find([folder]) if folder.exists() else None
    except EmptyWorkspace:
        return ""
    if found is None or found.base != workspace.DEFAULT_BASE:
        return ""
    elements = {
        quad.subject.value
        for source in workspace.read(found, vocabulary)
        for quad in source.quads
        if quad.predicate == RDF_TYPE and isinstance(quad.subject, NamedNode) and quad.object in vocabulary.classes
    }
    spaces = {one.removesuffix(local_name(one)) for one in elements}
    return spaces.pop() if len(spaces) == 1 and workspace.DEFAULT_BASE not in spaces else ""


def statement_of_applicability(folder: Path, vocabulary: Vocabulary) -> str:
    """The id of a folder's only Statement of Applicability that is not withdrawn; empty if there is none, or several. Raises Problems."""
    try:
        found = workspace.find([folder]) if folder.exists() else None
    except EmptyWorkspace:
        return ""
    if found is None:
        return ""
    quads = [quad for source in workspace.read(found, vocabulary) for quad in source.quads]
    over = {quad.subject for quad in quads if quad.predicate == isms("status") and quad.object == isms("Withdrawn")}
    named = {quad.subject for quad in quads if quad.predicate == RDF_TYPE and quad.object == isms("StatementOfApplicability")} - over
    return local_name(next(iter(named)).value) if len(named) == 1 and isinstance(next(iter(named)), NamedNode) else ""  # type: ignore[union-attr]  # isinstance looked at it


def joined(file: Path, tables: Sequence[Table], folder: Path, base: str = "") -> Workspace:
    """The workspace of a folder as it would be with the register in it; an empty folder, or none, is an empty workspace.

    `base` is what isms.toml would say if it says nothing.
    """
    try:
        found = workspace.find([folder]) if folder.exists() else Workspace(root=folder, files=[])
    except EmptyWorkspace:
        found = workspace.configured(folder)
    found.base = base or found.base
    replaced = {(folder / file.name).resolve(), file.resolve()}  # another of this name in a folder below stays, and is read as one
    found.files = [path for path in found.files if path.resolve() not in replaced]
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
        tuple(dict.fromkeys(one for read in source.reads for one in read.dropped)),
        tuple(_doubles(source, sources)),
        _loose(source, sources),
    )


def _loose(source: Source, sources: Sequence[Source]) -> int:
    """How many lines for controls of Annex A no Statement of Applicability has."""
    part_of, statement = isms("partOf"), isms("StatementOfApplicability")
    every = [quad for one in sources for quad in one.quads]
    statements = {quad.subject for quad in every if quad.predicate == RDF_TYPE and quad.object == statement}
    held = {quad.subject for quad in every if quad.predicate == part_of and quad.object in statements}
    return len({quad.subject for quad in source.quads if quad.predicate == RDF_TYPE and quad.object == isms("SoAEntry")} - held)


def _doubles(source: Source, sources: Sequence[Source]) -> list[Double]:
    """The elements of a source that other files have under another id."""
    there: dict[tuple[str, str], tuple[str, str]] = {}
    for other in sources:
        if other is not source:
            for key, node in _keys(other):
                there.setdefault(key, (node.value, other.path.name))
    own = {quad.subject for quad in source.quads if quad.predicate == RDF_TYPE}
    found: dict[NamedNode, Double] = {}
    for key, node in _keys(source):
        if key in there and there[key][0] != node.value and node in own:
            found.setdefault(node, Double(key[1], local_name(there[key][0]), there[key][1]))
    return list(found.values())


def _keys(source: Source) -> list[tuple[tuple[str, str], NamedNode]]:
    """What tells an element from others of its class: its name, and of a line of a Statement of Applicability its control."""
    classes: dict[NamedNode, str] = {}
    called: list[tuple[NamedNode, str]] = []
    for quad in source.quads:
        if not isinstance(quad.subject, NamedNode):
            continue
        if quad.predicate == RDF_TYPE:
            classes[quad.subject] = quad.object.value  # type: ignore[union-attr]
        elif quad.predicate == RDFS_LABEL:
            called.append((quad.subject, comparable(quad.object.value)))  # type: ignore[union-attr]
        elif quad.predicate == isms("forControl") and isinstance(quad.object, NamedNode):
            called.append((quad.subject, local_name(quad.object.value)))
    return [((classes[node], name), node) for node, name in called if node in classes]


def _sheets(file: Path) -> list[str]:
    """The sheets of a workbook that people see."""
    if file.suffix != ".xlsx":
        return []
    from isms_graph.sources.workbook import sheet_names

    return sheet_names(file, hidden=False)


def _made(nodes: Sequence[NamedNode], classes: dict[NamedNode, str], sources: Sequence[Source]) -> list[Made]:
    new = set(nodes)
    labels: dict[NamedNode, str] = {}
    kinds: dict[NamedNode, Node] = {}
    for source in sources:
        for quad in source.quads:
            if quad.predicate == RDFS_LABEL and isinstance(quad.subject, NamedNode):
                labels.setdefault(quad.subject, quad.object.value)  # type: ignore[union-attr]
            elif quad.predicate == RDF_TYPE and isinstance(quad.subject, NamedNode):
                kinds.setdefault(quad.subject, quad.object)
    old: dict[Node | None, list[str]] = defaultdict(list)
    for node, label in labels.items():
        if node not in new:
            old[kinds.get(node)].append(label)
    names = {node: labels.get(node, local_name(node.value)) for node in nodes}
    return [Made(classes[node], name, next(iter(nearest(name, old[kinds.get(node)], 1)), "")) for node, name in names.items()]


def of_file(problems: Problems, file: Path) -> list[InputError]:
    """The problems that lie in the register itself."""
    return [one for one in problems.problems if one.path == file]
