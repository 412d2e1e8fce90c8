"""A deliverable as a workbook: a sheet of facts and one for each table; the same content gives the same bytes."""

from __future__ import annotations

import io
import re
from datetime import datetime, time
from typing import Any

from isms_graph.errors import MissingExtra
from isms_graph.exporters.document import DRAFT, Cell, Document, Section, cut, writable
from isms_graph.exporters.zipped import fixed

_LONGEST = 32_767  # characters that a cell holds


def xlsx(document: Document) -> bytes:
    """The workbook. Raises MissingExtra."""
    try:
        import openpyxl
    except ImportError:
        raise MissingExtra("xlsx", "xlsx") from None
    book = openpyxl.Workbook()
    book.properties.title, book.properties.creator = writable(document.title), "isms-graph"
    sheet = book.active
    sheet.title = "Document"
    _front(sheet, document)
    for section in document.sections:
        if section.table is not None:
            _table(book.create_sheet(_sheet_name(section.heading)), section)
    for one in book.worksheets:
        _print_setup(one, document)
    held = io.BytesIO()
    book.save(held)
    return fixed(held.getvalue(), datetime.combine(document.as_of, time()))


def _sheet_name(heading: str) -> str:
    """A heading as the name of a sheet: 31 characters, of which three are left for a number that tells two of a name apart."""
    return re.sub(r"[\[\]:*?/\\\s]", " ", writable(heading)).strip("' ")[:28].strip("' ") or "Table"


def _put(sheet: Any, row: int, column: int, value: Cell, bold: bool = False) -> None:
    """Write a cell; a text stays a text, whatever it begins with."""
    from openpyxl.styles import Alignment, Font

    cell = sheet.cell(row, column)
    if isinstance(value, str):
        text = writable(value)
        cell.value = cut(text, _LONGEST)
        cell.data_type = "s"
        if text[:1] in "=+-@\t\r":
            cell.quotePrefix = True
    else:
        cell.value = value
    cell.alignment = Alignment(wrap_text=True, vertical="top", horizontal="left")
    if bold:
        cell.font = Font(bold=True)


def _front(sheet: Any, document: Document) -> None:
    """The facts, then the paragraphs of each section."""
    rows = [("", document.title), *([("", DRAFT)] if document.draft else []), *document.facts]
    for section in document.sections:
        rows += [(section.heading if not at else "", text) for at, text in enumerate(section.texts)]
    for number, (name, value) in enumerate(rows, 1):
        _put(sheet, number, 1, name, bold=True)
        _put(sheet, number, 2, value, bold=not name and number < 3)
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 32, 90


def _table(sheet: Any, section: Section) -> None:
    assert section.table is not None
    table = section.table
    for number, column in enumerate(table.columns, 1):
        _put(sheet, 1, number, column, bold=True)
        sheet.column_dimensions[sheet.cell(1, number).column_letter].width = table.widths[number - 1] + 4
    for line, row in enumerate(table.rows, 2):
        for number, value in enumerate(row, 1):
            _put(sheet, line, number, value)
    if not table.rows:
        _put(sheet, 2, 1, section.empty)
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions
    sheet.print_title_rows = "1:1"


def _print_setup(sheet: Any, document: Document) -> None:
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape" if document.wide else "portrait", 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.oddFooter.left.text = writable(document.foot)[:120].replace("&", "&&")  # a footer holds 255 characters
    sheet.oddFooter.right.text = "&P / &N"
