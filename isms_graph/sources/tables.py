"""Registers kept as CSV or in a workbook, read as statements: one row an element, one column a property.

A column is headed by the label of a property of the ontology (`inherent likelihood`), by `id`, or by `name`.
References are written as ids of the workspace, as labels of the ontology's own values (`modify`), or as numbers of
clauses and Annex A controls; several are separated by `;`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

from pyoxigraph import Literal, NamedNode, Quad

from isms_graph.errors import InputError
from isms_graph.namespaces import ISMS, ISO27001, PREFIXES, RDF_TYPE, RDFS_LABEL, XSD, isms, nearest
from isms_graph.vocabulary import Vocabulary, name_index

_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*")
_TRUE, _FALSE = {"true", "yes", "y", "1"}, {"false", "no", "n", "0"}
_IDENTIFIER = isms("identifier")


class Cell(NamedTuple):
    """A statement and the cell that it comes from; `line` counts lines of the file, or rows of the sheet, from 1.

    `column` is the header; `sheet` and `cell` are those of a workbook, such as Risks and D5, and empty in CSV.
    """

    quad: Quad
    line: int
    column: str
    sheet: str = ""
    cell: str = ""


@dataclass
class _Column:
    header: str
    property: NamedNode
    many: bool
    convert: Callable[[str], NamedNode | Literal]


def read_csv(path: Path, text: str, class_name: str, base: str, vocabulary: Vocabulary) -> tuple[list[Cell], list[InputError]]:
    """The statements of a CSV register whose rows are elements of the class called `class_name`.

    `base` is the namespace of the workspace; an id is appended to it. Returns what could be read and every problem.
    """
    return read_rows(path, _rows(text), class_name, base, vocabulary)


def cell_name(line: int, column: int) -> str:
    """The name of a cell of a sheet, such as D5; `line` counts from 1, `column` from 0."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{line}"


def read_rows(
    path: Path, rows: list[tuple[int, list[str]]], class_name: str, base: str, vocabulary: Vocabulary, sheet: str = ""
) -> tuple[list[Cell], list[InputError]]:
    """The statements of a table given as (line, cells); `sheet` is the name of its sheet in a workbook, or empty."""
    problems: list[InputError] = []

    def problem(line: int, column: int | None, message: str, advice: str = "") -> None:
        if sheet:
            place = cell_name(line, column) if column is not None else f"row {line}"
            problems.append(InputError(f"{sheet}!{place}: {message}", path, advice=advice))
        else:
            problems.append(InputError(message, path, line, advice=advice))

    classes = name_index(vocabulary, vocabulary.classes)
    class_ = classes.get(class_name.lower())
    if class_ is None:
        near = nearest(class_name, classes)
        return [], [InputError(f"there is no class {class_name!r} for this table.", path, advice=_did_you_mean(near))]

    if not rows:
        problem(1, None, "the table is empty.", "Give it a header line, or remove it.")
        return [], problems
    (header_line, header), *body = rows
    own = [term for term in vocabulary.object_properties | vocabulary.datatype_properties if term.value.startswith(ISMS)]
    known = name_index(vocabulary, own)
    columns: list[_Column | None] = []
    for at, name in enumerate(header):
        column, near = _column(name.strip(), base, vocabulary, known)
        columns.append(column)
        if column is None and name.strip():
            problem(header_line, at, f"there is no property {name.strip()!r}.", _did_you_mean(near))
    if not any(column and column.property == _IDENTIFIER for column in columns):
        problem(header_line, None, "the table has no column 'id'.", "Each row needs an id.")
    if problems:
        return [], problems

    cells: list[Cell] = []
    seen: dict[str, int] = {}
    id_column = next(i for i, column in enumerate(columns) if column and column.property == _IDENTIFIER)

    def add(line: int, at: int, quad: Quad) -> None:
        cells.append(Cell(quad, line, header[at].strip(), sheet, cell_name(line, at) if sheet else ""))

    for line, row in body:
        if not any(value.strip() for value in row):
            continue
        if len(row) > len(header) and any(value.strip() for value in row[len(header) :]):
            advice = "Give the column a header." if sheet else "Put text that contains the delimiter in double quotes."
            problem(line, len(header), f"the row has {len(row)} cells under {len(header)} headers.", advice)
            continue
        identifier = row[id_column].strip() if id_column < len(row) else ""
        if not _ID.fullmatch(identifier):
            wrong = f"the id {identifier!r} has characters other than letters, digits, '.', '-' and '_'."
            problem(line, id_column, wrong if identifier else "the row has no id.", "Give the row a short id such as R-07.")
            continue
        if identifier in seen:
            problem(line, id_column, f"the id {identifier} was used in line {seen[identifier]} already.")
            continue
        seen[identifier] = line
        subject = NamedNode(base + identifier)
        add(line, id_column, Quad(subject, RDF_TYPE, class_))
        for at, (column, value) in enumerate(zip(columns, row, strict=False)):
            if column is None:
                continue
            for part in value.split(";") if column.many else [value]:
                part = part.strip()
                if part:
                    try:
                        object_ = column.convert(part)
                    except ValueError as error:
                        problem(line, at, f"{column.header} {part!r} {error}.")
                        continue
                    add(line, at, Quad(subject, column.property, object_))
    return cells, problems


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """The records with the number of the line that each begins on; the delimiter is the commonest of `,` `;` and tab."""
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[tuple[int, list[str]]] = []
    start = 1
    for row in reader:
        if row:
            rows.append((start, row))
        start = reader.line_num + 1
    return rows


def _column(header: str, base: str, vocabulary: Vocabulary, known: dict[str, NamedNode]) -> tuple[_Column | None, list[str]]:
    """What a header means, and the nearest names of properties if it means nothing."""
    name = header.lower().replace("_", " ")
    if name == "id":
        return _Column(header, _IDENTIFIER, False, Literal), []
    if name in ("name", "label"):
        return _Column(header, RDFS_LABEL, False, Literal), []
    property_ = known.get(name) or known.get(name.replace(" ", ""))
    if property_ is None:
        return None, nearest(name, {vocabulary.label(term) for term in known.values()}) if header else []
    range_ = vocabulary.range(property_)
    if property_ in vocabulary.datatype_properties:
        return _Column(header, property_, False, _literal(range_.value if range_ else XSD + "string")), []
    return _Column(header, property_, True, _reference(range_, base, vocabulary)), []


def _did_you_mean(near: list[str]) -> str:
    return f"Did you mean {' or '.join(repr(name) for name in near)}?" if near else ""


def _literal(datatype: str) -> Callable[[str], Literal]:
    def convert(text: str) -> Literal:
        if datatype == XSD + "boolean":
            if text.lower() not in _TRUE | _FALSE:
                raise ValueError("is not yes or no")
            return Literal(text.lower() in _TRUE)
        if datatype == XSD + "integer":
            try:
                return Literal(int(text))
            except ValueError:
                raise ValueError("is not a whole number") from None
        if datatype == XSD + "decimal":
            try:
                return Literal(str(Decimal(text)), datatype=NamedNode(datatype))
            except InvalidOperation:
                raise ValueError("is not a number") from None
        if datatype == XSD + "date":
            try:
                return Literal(date.fromisoformat(text).isoformat(), datatype=NamedNode(datatype))
            except ValueError:
                raise ValueError("is not a date such as 2026-03-31") from None
        return Literal(text)

    return convert


def _reference(range_: NamedNode | None, base: str, vocabulary: Vocabulary) -> Callable[[str], NamedNode]:
    values = name_index(vocabulary, vocabulary.instances(range_)) if range_ else {}
    annex = range_ == isms("AnnexAControl")
    standard = (
        range_ is None or vocabulary.is_kind_of(isms("AnnexAControl"), range_) or vocabulary.is_kind_of(range_, isms("StandardElement"))
    )
    own_values_only = bool(values) and range_ is not None and not vocabulary.is_kind_of(range_, isms("Element"))

    def convert(text: str) -> NamedNode:
        if value := values.get(text.lower()):
            return value
        if own_values_only:
            raise ValueError(f"is not one of: {', '.join(sorted({vocabulary.label(v) for v in values.values()}))}")
        if text.startswith(("http://", "https://", "urn:")):
            return NamedNode(text)
        prefix, colon, local = text.partition(":")
        if colon and prefix in PREFIXES:
            return NamedNode(PREFIXES[prefix] + local)
        if standard:
            number = text.upper() if text.upper().startswith("A.") else f"A.{text}" if annex else text
            if NamedNode(ISO27001 + number) in vocabulary.terms:
                return NamedNode(ISO27001 + number)
            if annex:
                raise ValueError("is not an Annex A control such as A.5.1")
        if not _ID.fullmatch(text):
            raise ValueError("is not an id; write the id of the element, and ';' between several")
        return NamedNode(base + text)

    return convert
