"""Registers as a workbook to be filled in: heads with definitions, lists to choose from; the same content gives the same bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from isms_graph.errors import InputError, MissingExtra
from isms_graph.exporters.document import writable
from isms_graph.exporters.zipped import fixed
from isms_graph.importers.columns import Column

_LISTS = "Lists"
_MADE = datetime(2000, 1, 1)
_ROWS = 1_000  # that get lists to choose from beyond those that are filled
Value = str | int | date


@dataclass(frozen=True)
class Register:
    """A sheet: its name, its columns, and rows of values; `""` is an empty cell. `many` are heads of columns that take several."""

    name: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Value]] = ()
    many: frozenset[str] = frozenset()


def write_workbook(registers: Sequence[Register], file: Path) -> None:
    """Write the workbook. Raises MissingExtra, InputError."""
    try:
        import openpyxl
    except ImportError:
        raise MissingExtra("xlsx", "xlsx") from None
    book = openpyxl.Workbook()
    book.remove(book.active)
    book.properties.creator = "isms-graph"
    lists: list[tuple[str, ...]] = []
    for register in registers:
        _sheet(book.create_sheet(register.name[:31]), register, lists)
    if lists:
        sheet = book.create_sheet(_LISTS)
        for number, choices in enumerate(lists, 1):
            for line, choice in enumerate(choices, 1):
                sheet.cell(line, number, choice)
        sheet.sheet_state = "hidden"
    held = io.BytesIO()
    book.save(held)
    try:
        file.write_bytes(fixed(held.getvalue(), _MADE))
    except OSError as error:
        raise InputError(f"the output cannot be written: {error.strerror}.", file) from None


def _sheet(sheet: Any, register: Register, lists: list[tuple[str, ...]]) -> None:
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    for number, column in enumerate(register.columns, 1):
        letter = get_column_letter(number)
        head = sheet.cell(1, number, column.head)
        head.font, head.alignment = Font(bold=True), Alignment(wrap_text=True, vertical="top")
        many = column.head in register.many
        head.comment = Comment(_comment(column, many), "isms-graph", height=160, width=320)
        sheet.column_dimensions[letter].width = 30 if column.head in ("name", "description", "justification") else 18
        sheet.column_dimensions[letter].number_format = "yyyy-mm-dd" if column.datatype == "date" else "General" if column.datatype else "@"
        if column.choices:
            if column.choices not in lists:
                lists.append(column.choices)
            place = get_column_letter(lists.index(column.choices) + 1)
            rule = DataValidation("list", formula1=f"{_LISTS}!${place}$1:${place}${len(column.choices)}", allow_blank=True)
            rule.error, rule.showErrorMessage = f"One of: {', '.join(column.choices)}"[:225], not many
            rule.add(f"{letter}2:{letter}{len(register.rows) + _ROWS}")
            sheet.add_data_validation(rule)
    for line, row in enumerate(register.rows, 2):
        for number, value in enumerate(row, 1):
            if value != "":
                _put(sheet.cell(line, number), value)
    sheet.freeze_panes = "C2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(register.columns))}{len(register.rows) + 1}"


def _comment(column: Column, many: bool) -> str:
    lines = [column.definition]
    if column.choices:
        lines.append(f"One of: {', '.join(column.choices)}.")
    elif column.names:
        lines.append(f"The id or the name of: {column.names}.")
    elif column.datatype == "date":
        lines.append("A date such as 2026-03-31.")
    elif column.datatype == "integer":
        lines.append("A whole number.")
    if many:
        lines.append("Several are separated by ';'.")
    return "\n".join(lines)


def _put(cell: Any, value: Value) -> None:
    """Write a cell; a text stays a text, whatever it begins with."""
    cell.value = writable(value) if isinstance(value, str) else value
    if isinstance(value, str):
        cell.data_type, cell.number_format = "s", "@"
        cell.quotePrefix = value[:1] in "=+-@\t\r"
    elif isinstance(value, date):
        cell.number_format = "yyyy-mm-dd"
