"""A copy of a register with a column that says what is wrong in each row, and the cells at fault marked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from isms_graph.errors import InputError, MissingExtra
from isms_graph.exporters.document import writable
from isms_graph.sources.delimited import csv_rows
from isms_graph.sources.mapping import Table
from isms_graph.sources.workbook_scan import Opened
from isms_graph.sources.workspace import text_of

HEAD = "Problems (isms-graph)"
_RED = "FFF4CCCC"
_REFUSED = (ParseError, KeyError, ValueError, TypeError, IndexError, AttributeError)  # by openpyxl, which has no errors of its own here


def annotate(file: Path, tables: Sequence[Table], problems: Sequence[InputError], copy: Path) -> None:
    """Write the copy as a workbook; a CSV file becomes one with the same rows. Raises MissingExtra, InputError."""
    try:
        import openpyxl
    except ImportError:
        raise MissingExtra("--errors", "xlsx") from None
    if copy.resolve() == file.resolve():
        raise InputError("the copy with the errors would replace the register.", copy, advice="Give it another name.")
    if file.suffix == ".csv":
        book = openpyxl.Workbook()
        lines = _fill(book.active, file, tables[0])
        _mark(book.active, problems, lines)
    else:
        with Opened(file) as opened:
            opened.scan_all()  # openpyxl takes in all sheets, also those that are no register
        try:
            with file.open("rb") as stream:  # openpyxl leaves a file open that it refuses
                book = openpyxl.load_workbook(stream)
        except _REFUSED as error:
            raise InputError(f"the workbook cannot be copied: {error}.", file, advice="Save it anew in a spreadsheet program.") from None
        for name in book.sheetnames:
            _mark(book[name], [one for one in problems if one.sheet in ("", name)], None)
    try:
        book.save(copy)
    except OSError as error:
        raise InputError(f"the copy cannot be written: {error.strerror}.", copy) from None


def _fill(sheet: Any, file: Path, table: Table) -> dict[int, int]:
    """Put the rows of a CSV file into a sheet. Returns the row of each line."""
    rows: dict[int, int] = {}
    for number, (line, cells) in enumerate(csv_rows(text_of(file, table.encoding), file), 1):
        rows[line] = number
        for column, value in enumerate(cells, 1):
            cell = sheet.cell(number, column, writable(value)[:32_767])
            cell.data_type, cell.quotePrefix = "s", value[:1] in "=+-@\t\r"
    return rows


def _line(problem: InputError) -> str:
    where = f"{problem.cell}: " if problem.cell and not problem.cell.startswith("row") else ""
    return f"{where}{problem.message} {problem.advice}".rstrip()


def _mark(sheet: Any, problems: Sequence[InputError], lines: dict[int, int] | None) -> None:
    from openpyxl.styles import Alignment, PatternFill
    from openpyxl.utils import get_column_letter

    by_row: dict[int, list[InputError]] = defaultdict(list)
    for one in problems:
        digits = "".join(letter for letter in one.cell if letter.isdigit())
        row = lines.get(one.line or 0, 1) if lines is not None else int(digits or 1)
        by_row[row].append(one)
    if not by_row:
        return
    column = sheet.max_column + 1
    letter = get_column_letter(column)
    sheet[f"{letter}1"] = HEAD if 1 not in by_row else None
    fill = PatternFill("solid", start_color=_RED)
    for row, of_row in by_row.items():
        text = "\n".join(_line(one) for one in of_row)
        cell = sheet[f"{letter}{row}"]
        cell.value = writable(f"{HEAD}\n{text}" if row == 1 else text)[:32_767]
        cell.data_type, cell.fill, cell.alignment = "s", fill, Alignment(wrap_text=True, vertical="top")
        for one in of_row:
            if one.cell and one.cell[0].isupper():
                sheet[one.cell].fill = fill
    sheet.column_dimensions[letter].width = 80
