"""Registers kept as CSV or in a workbook, read as statements: one row an element, one column a property.

A column is headed by the label of a property of the ontology (`inherent likelihood`), by `id`, by `name`, or by `class`
for a narrower class of the row; isms.toml may say what other heads mean. The id is the element's identifier too, unless
the table has a column for that. References are written as ids, labels or
identifiers of elements, as labels of the ontology's own values (`modify`), or as numbers of clauses and Annex A
controls; several are separated by `;`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pyoxigraph import Literal, NamedNode, Quad

from isms_graph.errors import InputError
from isms_graph.namespaces import ISMS, RDF_TYPE, RDFS_LABEL, XSD, isms, nearest
from isms_graph.sources.mapping import Table, head
from isms_graph.sources.sheet import Row, Sheet
from isms_graph.sources.values import ID, Convert, LostZero, Unresolved, Wrong, literal, reference
from isms_graph.vocabulary import Vocabulary, name_index

IDENTIFIER = isms("identifier")
_CLASS_MARK = RDF_TYPE
MAX_CELLS = 500_000  # that merged areas may have
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
SPECIAL = ("id", "name", "class")


class Cell(NamedTuple):
    """A statement and the cell that it comes from; `line` counts lines of the file, or rows of the sheet, from 1.

    `column` is the header; `sheet` and `cell` are those of a workbook, such as Risks and D5, and empty in CSV.
    """

    quad: Quad
    line: int
    column: str
    sheet: str = ""
    cell: str = ""


class Open(NamedTuple):
    """A cell whose meaning depends on other files. `create` is the class of a new element that it may name, or empty."""

    subject: NamedNode
    property: NamedNode
    value: Unresolved
    line: int
    at: int
    column: str
    create: str


@dataclass
class Read:
    """A register as far as it can be understood by itself; `left_out` are the heads of columns without a meaning."""

    path: Path
    table: Table
    sheet: str = ""
    cells: list[Cell] = field(default_factory=list)
    open: list[Open] = field(default_factory=list)
    problems: list[InputError] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    dropped: list[tuple[str, str]] = field(default_factory=list)  # columns and values that are none by the mapping
    declared: dict[str, int] = field(default_factory=dict)  # ids with their lines

    def problem(self, line: int, at: int | None, message: str, advice: str = "") -> InputError:
        """A problem at a line and a column, which counts from 0."""
        if not self.sheet:
            return InputError(message, self.path, line, advice=advice, at=-1 if at is None else at)
        place = cell_name(line, at) if at is not None else f"row {line}"
        return InputError(message, self.path, advice=advice, sheet=self.sheet, cell=place, at=-1 if at is None else at)

    def cell(self, quad: Quad, line: int, at: int, column: str) -> Cell:
        """A statement with its cell."""
        return Cell(quad, line, column, self.sheet, cell_name(line, at) if self.sheet else "")


@dataclass
class _Column:
    header: str
    property: NamedNode
    many: bool = False
    convert: Convert | None = None  # None in the columns of ids and classes
    values: Mapping[str, str] = field(default_factory=dict)
    create: str = ""


def cell_name(line: int, column: int) -> str:
    """The name of a cell of a sheet, such as D5; `line` counts from 1, `column` from 0."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{line}"


def read_rows(path: Path, rows: list[Row], table: Table, base: str, vocabulary: Vocabulary, sheet: Sheet | None = None) -> Read:
    """The statements of a register given as (line, cells), and every problem; `sheet` is the one of a workbook."""
    read = Read(path, table, sheet.name if sheet else "")
    classes = name_index(vocabulary, vocabulary.classes)
    for name in (table.class_, *table.create.values()):
        if name.lower() not in classes:
            read.problems.append(InputError(f"there is no class {name!r} for this table.", path, advice=_did_you_mean(name, classes)))
    if read.problems:
        return read
    start = table.header or next((line for line, cells in rows if any(cell.strip() for cell in cells)), 0)
    rows = [row for row in rows if row[0] >= start > 0]
    if not rows:
        read.problems.append(read.problem(table.header or 1, None, "the table is empty.", "Give it a header line, or remove it."))
        return read
    columns = _columns(read, rows[0], vocabulary)
    if not read.problems:
        _body(read, rows, columns, base, vocabulary, sheet)
    return read


@cache
def _properties(vocabulary: Vocabulary) -> dict[str, NamedNode]:
    """The properties of the ontology by the names that people write."""
    own = vocabulary.object_properties | vocabulary.datatype_properties
    return name_index(vocabulary, [term for term in own if term.value.startswith(ISMS)])


def _columns(read: Read, header: Row, vocabulary: Vocabulary) -> list[_Column | None]:
    """What each column means."""
    table, (line, names) = read.table, header
    known = _properties(vocabulary)
    labels = [*SPECIAL, *{vocabulary.label(term) for term in known.values()}]
    columns: list[_Column | None] = []
    heads = [head(name) for name in names]
    for at, name in enumerate(heads):
        meaning = table.columns.get(name, name)
        column = _column(names[at].strip(), meaning, table, vocabulary, known) if name and meaning else None
        if name and not meaning:
            read.left_out.append(names[at].strip())
        elif name and column is None:
            stated = f" (what {names[at].strip()!r} means)" if head(meaning) != name else ""
            read.problems.append(
                read.problem(line, at, f"there is no property {meaning.strip()!r}{stated}.", _did_you_mean(meaning, labels))
            )
        elif column and heads.index(name) != at:
            read.problems.append(read.problem(line, at, f"the head {names[at].strip()!r} stands over two columns.", "Rename one of them."))
        columns.append(column)
    for name in sorted(read.table.stated):
        if head(name) not in heads:
            message = f"the table has no column {name!r}, which isms.toml speaks of."
            read.problems.append(read.problem(line, None, message, _did_you_mean(name, names)))
    for name in [*table.values, *table.create, *map(head, table.constants)]:
        if name not in heads and name not in known:
            message = f"isms.toml speaks of {name!r}, which is no column and no property."
            read.problems.append(read.problem(line, None, message, _did_you_mean(name, [*names, *labels])))
    for name in (part for found in _PLACEHOLDER.findall(table.ids) for part in found.split("|")):
        if head(name) not in heads:
            message = f"'ids' speaks of a column {name!r} that the table does not have."
            read.problems.append(read.problem(line, None, message, _did_you_mean(name, names)))
    if not table.ids and not any(column and column.property == IDENTIFIER and not column.convert for column in columns):
        advice = f'Each row needs an id; or say in isms.toml how to make one, such as ids = "{read.table.class_.lower()}-{{{names[0]}}}".'
        read.problems.append(read.problem(line, None, "the table has no column 'id'.", advice))
    return columns


def _column(header: str, meaning: str, table: Table, vocabulary: Vocabulary, known: dict[str, NamedNode]) -> _Column | None:
    name = head(meaning)
    if name == "id":
        return _Column(header, IDENTIFIER)
    if name == "class":
        return _Column(header, _CLASS_MARK, values=table.values.get(head(header), table.values.get(name, {})))
    property_ = RDFS_LABEL if name in ("name", "label") else known.get(name) or known.get(name.replace(" ", ""))
    if property_ is None:
        return None
    names = (head(header), name, vocabulary.label(property_).lower(), property_.value.rsplit("/", 1)[-1].lower())
    values = next((table.values[one] for one in names if one in table.values), {})
    range_ = vocabulary.range(property_)
    if property_ == RDFS_LABEL or property_ in vocabulary.datatype_properties:
        datatype = range_.value if range_ and property_ != RDFS_LABEL else XSD + "string"
        many = datatype != XSD + "string" and property_ not in vocabulary.functional
        return _Column(header, property_, many, literal(property_, datatype, table), values)
    create = next((table.create[one] for one in names if one in table.create), "")
    return _Column(header, property_, True, reference(range_, vocabulary, table), values, create)


def _body(read: Read, rows: list[Row], columns: list[_Column | None], base: str, vocabulary: Vocabulary, sheet: Sheet | None) -> None:
    (header_line, names), *body = rows
    heads = [head(name) for name in names]
    hidden = _hidden(sheet, header_line, columns) if sheet else {}
    classes = name_index(vocabulary, vocabulary.classes)
    stated = [(_column(name, name, read.table, vocabulary, _properties(vocabulary)), value) for name, value in read.table.constants.items()]
    constants = [(column, value) for column, value in stated if column and column.convert]
    id_at = next((at for at, column in enumerate(columns) if column and column.property == IDENTIFIER and not column.convert), 0)
    known_by_id = not read.table.ids and not any(column and column.property == IDENTIFIER and column.convert for column in columns)
    name_at = next((at for at, column in enumerate(columns) if column and column.property == RDFS_LABEL), None)
    for line, row in body:
        faults = hidden.get(line, {})
        read.problems.extend(read.problem(line, at, *fault) for at, fault in sorted(faults.items()))
        if not any(value.strip() for value in row):
            continue
        if len(row) > len(names) and any(value.strip() for value in row[len(names) :]):
            advice = "Give the column a header." if sheet else "Put text that contains the delimiter in double quotes."
            read.problems.append(read.problem(line, len(names), f"the row has {len(row)} cells under {len(names)} headers.", advice))
            continue
        subject = _subject(read, line, row, columns, heads, base)
        if subject is None:
            continue
        class_at = next((at for at, column in enumerate(columns) if column and column.property == _CLASS_MARK), None)
        class_ = classes[read.table.class_.lower()]
        if class_at is not None and class_at < len(row) and row[class_at].strip():
            class_ = _narrower(read, line, class_at, row[class_at], columns, vocabulary, classes, class_)
        read.cells.append(read.cell(Quad(subject, RDF_TYPE, class_), line, id_at, names[id_at].strip()))
        if known_by_id:
            read.cells.append(read.cell(Quad(subject, IDENTIFIER, Literal(row[id_at].strip())), line, id_at, names[id_at].strip()))
        for at, (column, value) in enumerate(zip(columns, row, strict=False)):
            if column is not None and column.convert is not None and at not in faults:
                _statements(read, subject, column, value, line, at, row[name_at] if name_at is not None and name_at < len(row) else "")
        for column, value in constants:
            _statements(read, subject, column, value, line, id_at)
    _lost_zeros(read)


def _subject(read: Read, line: int, row: list[str], columns: list[_Column | None], heads: list[str], base: str) -> NamedNode | None:
    """The element of a row; None, with a problem noted, if its id is missing, ill-formed or used before."""
    at = next((at for at, column in enumerate(columns) if column and column.property == IDENTIFIER and not column.convert), None)
    if at is not None and not read.table.ids:
        identifier = row[at].strip() if at < len(row) else ""
    else:
        identifier = _made(read.table.ids, row, heads)
    if not ID.fullmatch(identifier):
        wrong = f"the id {identifier!r} has characters other than letters, digits, '.', '-' and '_'."
        advice = "Give the row a short id such as R-07."
        read.problems.append(read.problem(line, at, wrong if identifier else "the row has no id.", advice))
        return None
    if identifier in read.declared:
        message = f"the id {identifier} was used in {'row' if read.sheet else 'line'} {read.declared[identifier]} already."
        read.problems.append(read.problem(line, at, message))
        return None
    read.declared[identifier] = line
    return NamedNode(base + identifier)


def _made(ids: str, row: list[str], heads: list[str]) -> str:
    """The id that the pattern `ids` makes of a row, or an empty text if nothing fills a place."""
    from isms_graph.sources.naming import slug

    for found in _PLACEHOLDER.findall(ids):
        cells = [row[at].strip() for at in (heads.index(head(name)) for name in found.split("|")) if at < len(row)]
        value = next((cell for cell in cells if cell), "")
        if not value:
            return ""
        ids = ids.replace(f"{{{found}}}", value if ID.fullmatch(value) else slug(value), 1)
    return ids


def _narrower(
    read: Read, line: int, at: int, text: str, columns: list[_Column | None], vocabulary: Vocabulary,
    classes: dict[str, NamedNode], above: NamedNode,
) -> NamedNode:  # fmt: skip
    """The class that a row names for itself, which has to be below the table's."""
    column = columns[at]
    assert column is not None
    said = column.values.get(text.strip().lower(), text.strip())
    class_ = classes.get(said.lower()) if said else above
    if class_ is None or not vocabulary.is_kind_of(class_, above):
        below = [vocabulary.label(one) for one in vocabulary.classes if vocabulary.is_kind_of(one, above)]
        message = f"{column.header} {text.strip()!r} is not one of: {', '.join(sorted(below))}."
        read.problems.append(read.problem(line, at, message))
        return above
    return class_


def _statements(read: Read, subject: NamedNode, column: _Column, value: str, line: int, at: int, name: str = "") -> None:
    """The statements of a cell. `name` is what the row calls its element: it tells which control a cut number was."""
    if not value:
        return
    assert column.convert is not None
    values = column.values
    whole = values.get(value.strip().lower()) if values else None
    several = column.many and read.table.separator in value
    parts = [whole] if whole is not None else value.split(read.table.separator) if several else [value]
    for part in parts:
        stripped = part.strip()
        text = part if stripped == part else stripped  # as it is: it may be a number
        if values:
            text = values.get(stripped.lower(), text)
        if not text:
            if stripped or whole is not None:
                read.dropped.append((column.header, stripped or value.strip()))
            continue
        try:
            object_ = column.convert(text)
        except LostZero as wrong:
            meant = [control for title, control in wrong.controls.items() if title.lower() == name.strip().lower()]
            if not meant:
                read.problems.append(read.problem(line, at, f"{column.header} {str(text)!r} {wrong}.", wrong.advice))
                continue
            object_ = meant[0]
        except Wrong as wrong:
            read.problems.append(read.problem(line, at, f"{column.header} {str(text)!r} {wrong}.", wrong.advice))
            continue
        if isinstance(object_, Unresolved):
            read.open.append(Open(subject, column.property, object_, line, at, column.header, column.create))
        else:
            read.cells.append(read.cell(Quad(subject, column.property, object_), line, at, column.header))


def _hidden(sheet: Sheet, header_line: int, columns: list[_Column | None]) -> dict[int, dict[int, tuple[str, str]]]:
    """What a sheet hides below its header, as line -> column -> (message, advice); columns that are left out do not count."""
    found: dict[int, dict[int, tuple[str, str]]] = defaultdict(dict)

    def note(line: int, at: int, message: str, advice: str) -> None:
        if line > header_line and at < len(columns) and columns[at] is not None:
            found[line].setdefault(at, (message, advice))

    for name in sheet.faults.not_calculated:
        note(*_place(name), "the formula was never calculated, so the cell has no value.", "Open the workbook, calculate and save it.")
    for name, value in sheet.faults.errors.items():
        note(*_place(name), f"the cell holds the error {value}.", "Mend the formula.")
    work = 0
    for (top, left), (bottom, right) in sheet.merged:
        area = f"{cell_name(top, left - 1)}:{cell_name(bottom, right - 1)}"
        for line in range(max(top, header_line + 1), min(bottom, sheet.rows[-1][0]) + 1):
            for column in range(left, min(right, len(columns)) + 1):
                work += 1
                if work > MAX_CELLS:  # only areas that lie on each other have so many cells
                    return found
                if (line, column) != (top, left):
                    note(line, column - 1, f"the cell is merged into {area}, so it is empty.", "Take the cells apart and repeat the value.")
    return found


def _place(name: str) -> tuple[int, int]:
    """The line and the column, from 0, of a cell such as D5."""
    letters = name.rstrip("0123456789")
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return int(name[len(letters) :] or 0), column - 1


def _lost_zeros(read: Read) -> None:
    """Report Annex A controls that stand twice, while the one with a zero more stands nowhere: 5.1 for 5.10."""
    where: dict[str, list[Cell]] = defaultdict(list)
    for cell in read.cells:
        if cell.quad.predicate == isms("forControl") and isinstance(cell.quad.object, NamedNode):
            where[cell.quad.object.value].append(cell)
    for control, cells in where.items():
        if len(cells) > 1 and control[-2:] in (".1", ".2", ".3") and f"{control}0" not in where:
            number = control.rsplit("/", 1)[-1]
            message = f"{cells[1].column}: {number} stands in {len(cells)} rows, and {number}0 in none; was a zero cut off?"
            at = _place(cells[1].cell)[1] if read.sheet else None
            read.problems.append(
                read.problem(cells[1].line, at, message, "Give the column the format of a text and type the number again.")
            )


def _did_you_mean(name: str, known: object) -> str:
    near = nearest(name.lower(), known)  # type: ignore[arg-type]
    return f"Did you mean {' or '.join(map(repr, near))}?" if near else ""
