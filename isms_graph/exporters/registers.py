"""A whole workspace as a workbook of registers, so that it can be kept as spreadsheets from then on.

A sheet for each class, a row for each element. What the workbook does not give back when it is read again - further
classes of an element, several texts in one cell, statements about other IRIs - goes into a Turtle file beside it, so that
nothing is lost whatever the data hold.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import chain
from pathlib import Path

from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, Triple, serialize

from isms_graph.errors import InputError
from isms_graph.exporters.workbook import Register, Value, write_workbook
from isms_graph.graph import Isms
from isms_graph.importers.columns import Column, column, columns
from isms_graph.index import Object
from isms_graph.namespaces import ISO27001, PREFIXES, RDF_TYPE, RDFS_LABEL, XSD, shorten
from isms_graph.sources.mapping import Table
from isms_graph.sources.registers import complete, read_register
from isms_graph.sources.tables import IDENTIFIER
from isms_graph.sources.values import ID
from isms_graph.sources.workspace import CONFIG, Source, in_default_graph
from isms_graph.vocabulary import Vocabulary

BOOK, REST = "registers.xlsx", "rest.ttl"
_LONGEST = 32_767  # characters that a cell holds
_LOST = re.compile(r"\r|_x[0-9A-Fa-f]{4}_")  # what spreadsheet programs read as something else
Said = dict[NamedNode, dict[NamedNode, list[Object]]]


@dataclass(frozen=True)
class Written:
    """How many sheets, elements and statements are in the workbook, and how many statements are beside it."""

    sheets: int
    elements: int
    statements: int
    beside: int


def write_registers(isms_: Isms, folder: Path) -> Written:
    """Write the workspace into a new or empty folder. Raises InputError."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError("the folder is not empty.", folder, advice="Name a new one; nothing is written over.")
    folder.mkdir(parents=True, exist_ok=True)
    quads = set(chain.from_iterable(in_default_graph(source) for source in isms_.sources))
    base, vocabulary = isms_.workspace.base, isms_.vocabulary
    left_out: set[tuple[NamedNode, NamedNode]] = set()
    while True:
        said, classes = _fitting(quads, base, vocabulary, left_out)
        registers = [_register(class_, said, ids, base, vocabulary) for class_, ids in classes.items()]
        write_workbook(registers, folder / BOOK)
        names = [vocabulary.label(class_) for class_ in classes]
        rest = [quad for quad in quads if not _said(said, quad)]
        back, refused = _read_back(folder / BOOK, [Table(name, sheet=_sheet_name(name)) for name in names], rest, base, vocabulary)
        wrong = {(quad.subject, quad.predicate) for quad in back - quads}
        for one in refused:
            at = next(number for number, register in enumerate(registers) if register.name == one.sheet)
            node = list(classes.values())[at][int(one.cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")) - 2]
            wrong.add((node, registers[at].columns[one.at].property or RDF_TYPE))
        if not wrong - left_out:
            break
        left_out |= wrong  # type: ignore[arg-type]  # subjects in registers have IRIs
    beside = quads - back
    (folder / CONFIG).write_text(_config(isms_, names), encoding="utf-8")
    if beside:
        (folder / REST).write_bytes(_turtle(beside, base))
    return Written(len(registers), sum(map(len, classes.values())), len(quads) - len(beside), len(beside))


def _said(said: Said, quad: Quad) -> bool:
    return isinstance(quad.subject, NamedNode) and quad.object in said.get(quad.subject, {}).get(quad.predicate, ())


def _fitting(
    quads: Iterable[Quad], base: str, vocabulary: Vocabulary, left_out: set[tuple[NamedNode, NamedNode]]
) -> tuple[Said, dict[NamedNode, list[NamedNode]]]:
    """What may stand in a table: by element and property; and the elements of each class, in order."""
    said: Said = defaultdict(lambda: defaultdict(list))
    for quad in quads:
        node = quad.subject
        if isinstance(node, NamedNode) and node.value.startswith(base) and ID.fullmatch(node.value[len(base) :]):
            said[node][quad.predicate].append(quad.object)
    known = vocabulary.object_properties | vocabulary.datatype_properties | {RDFS_LABEL}
    classes: dict[NamedNode, list[NamedNode]] = defaultdict(list)
    for node in sorted(said, key=lambda one: one.value):
        types = sorted((one for one in said[node].get(RDF_TYPE, []) if one in vocabulary.classes), key=str)
        if not types or (node, RDF_TYPE) in left_out or not isinstance(types[0], NamedNode):
            del said[node]
            continue
        classes[types[0]].append(node)
        said[node] = {
            property_: sorted(values, key=str)
            for property_, values in said[node].items()
            if property_ in known and (node, property_) not in left_out and all(_writable(value) for value in values)
        }
    return said, dict(sorted(classes.items(), key=lambda pair: vocabulary.label(pair[0])))


def _writable(value: Object) -> bool:
    if isinstance(value, Literal):
        plain = value.value == value.value.strip() and 0 < len(value.value) <= _LONGEST and not _LOST.search(value.value)
        return plain and not value.language and value.value.isprintable() | ("\n" in value.value)
    return isinstance(value, NamedNode)


def _register(class_: NamedNode, said: Said, nodes: list[NamedNode], base: str, vocabulary: Vocabulary) -> Register:
    used = {property_ for node in nodes for property_ in said[node]}
    usual = [one for one in columns(class_, vocabulary) if one.head == "id" or one.property in used]
    extra = sorted(used - {one.property for one in usual} - {RDF_TYPE}, key=lambda one: vocabulary.label(one))
    heads = [one for one in [*usual, *(column(one, vocabulary) for one in extra)] if one.property != IDENTIFIER]
    if any(said[node].get(IDENTIFIER) != [Literal(node.value[len(base) :])] for node in nodes):
        heads.insert(1, column(IDENTIFIER, vocabulary))  # without the column the id would be read as the identifier

    def cell(node: NamedNode, one: Column) -> Value:
        return _cell(said[node].get(one.property, []), one, base, vocabulary) if one.property else node.value[len(base) :]

    rows = [[cell(node, one) for one in heads] for node in nodes]
    many = frozenset(one.head for one in heads if one.property and (one.names or one.datatype not in ("", "string")))
    return Register(_sheet_name(vocabulary.label(class_)), heads, rows, many - _single(heads, vocabulary))


def _single(heads: Iterable[Column], vocabulary: Vocabulary) -> frozenset[str]:
    return frozenset(one.head for one in heads if one.property in vocabulary.functional)


def _cell(values: list[Object], column_: Column, base: str, vocabulary: Vocabulary) -> Value:
    """The cell of a property; of several texts, of which a cell takes one, the first."""
    if not values:
        return ""
    first = values[0]
    if not isinstance(first, Literal):
        return "; ".join(_name(value, column_, base, vocabulary) for value in values)
    if len(values) == 1 and first.datatype.value == XSD + "integer" and first.value.lstrip("-").isdigit() and len(first.value) < 15:
        return int(first.value)
    if len(values) == 1 and first.datatype.value == XSD + "date":
        try:
            return date.fromisoformat(first.value)
        except ValueError:
            return first.value
    words = {"true": "yes", "false": "no"} if column_.choices else {}
    texts = [words.get(one.value, one.value) for one in values if isinstance(one, Literal)]
    return "; ".join(texts) if column_.datatype != "string" else texts[0]


def _name(value: Object, column_: Column, base: str, vocabulary: Vocabulary) -> str:
    assert isinstance(value, NamedNode)
    label = vocabulary.label(value)
    if label in column_.choices and column_.choices:
        return label
    if value.value.startswith(ISO27001) and value in vocabulary.terms:
        number = value.value[len(ISO27001) :]
        return number if number.startswith("A.") else f"clause {number}" if number[:1].isdigit() else f"iso27001:{number}"
    if value.value.startswith(base) and ID.fullmatch(value.value[len(base) :]):
        return value.value[len(base) :]
    short = shorten(value.value, PREFIXES)
    return short if short != value.value else f"<{value.value}>"


def _read_back(file: Path, tables: list[Table], rest: list[Quad], base: str, vocabulary: Vocabulary) -> tuple[set[Quad], list[InputError]]:
    """The statements that the workbook gives, read as the program reads it, and what is refused; names may answer to the rest."""
    sources = [Source(file, []), Source(file.with_name(REST), rest)]
    problems = complete(sources, {0: read_register(file, tables, base, vocabulary)}, base, vocabulary)
    return set(sources[0].quads), problems


def _sheet_name(label: str) -> str:
    return (label[:1].upper() + label[1:])[:31]


def _config(isms_: Isms, names: list[str]) -> str:
    workspace = isms_.workspace
    lines = [f'base = "{workspace.base}"']
    if workspace.as_of:
        lines.append(f"as-of = {workspace.as_of.isoformat()}")
    if workspace.stage:
        lines.append(f'stage = "{workspace.stage}"')
    for name in names:
        lines += ["", f'[tables."{BOOK}".sheets."{_sheet_name(name)}"]', f'class = "{name}"']
    return "\n".join(lines) + "\n"


def _turtle(quads: set[Quad], base: str) -> bytes:
    iris = {term.value for quad in quads for term in (quad.subject, quad.predicate, quad.object) if isinstance(term, NamedNode)}
    used = {prefix: iri for prefix, iri in {**PREFIXES, "": base}.items() if any(one.startswith(iri) for one in iris)}
    ordered = sorted(quads, key=lambda quad: (str(quad.subject), str(quad.predicate), str(quad.object)))
    triples = [Triple(quad.subject, quad.predicate, quad.object) for quad in ordered]
    return serialize(triples, format=RdfFormat.TURTLE, prefixes=used) or b""
