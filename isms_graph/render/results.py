"""The answer to a query in the form that somebody wants, on the screen or in a file."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from pyoxigraph import RdfFormat, Triple, serialize

from isms_graph.errors import InputError, MissingExtra, UsageError
from isms_graph.index import Object
from isms_graph.render.report import printable
from isms_graph.results import Table, value

FOR_PEOPLE = ("table", "markdown", "xlsx")  # with names unless IRIs are asked for
TABLES = ("table", "csv", "tsv", "json", "markdown", "sparql-json", "sparql-xml", "xlsx")
_RDF = {"ntriples": RdfFormat.N_TRIPLES, "jsonld": RdfFormat.JSON_LD, "rdfxml": RdfFormat.RDF_XML}
GRAPHS = ("turtle", *_RDF)
FORMATS = (*TABLES, *GRAPHS)
_MOST_ROWS, _LONGEST, _FIRST_DAY = 1_048_575, 32_767, date(1900, 3, 1)  # of a sheet below its heading, of a cell, of its calendar


def table_text(table: Table, name: str) -> str:
    """The table in a form that is text. `name` is one of TABLES, but not table and xlsx."""
    if name == "json":
        return json.dumps(table.records(), indent=2, ensure_ascii=False)
    if name == "markdown":
        return printable(table.to_markdown())
    forms = {"csv": table.to_csv, "tsv": table.to_tsv, "sparql-json": table.to_sparql_json, "sparql-xml": table.to_sparql_xml}
    return forms[name]()


def graph_text(triples: list[Triple], name: str) -> str:
    """The triples in a form of GRAPHS. Raises UsageError for what the form cannot hold."""
    from isms_graph.render.validation_report import turtle

    try:
        return turtle(triples) if name == "turtle" else (serialize(triples, format=_RDF[name]) or b"").decode()
    except (ValueError, OSError) as error:
        raise UsageError(f"the answer cannot be written as {name}: {error}. Take turtle.") from None


def write_workbook(table: Table, file: Path) -> None:
    """Write the table as a workbook of one sheet; a text stays one, whatever it begins with. Raises MissingExtra and others."""
    try:
        from openpyxl import Workbook
        from openpyxl.styles import Font
    except ImportError:
        raise MissingExtra("--output xlsx", "xlsx") from None
    if len(table.rows) > _MOST_ROWS:
        raise UsageError(f"a sheet holds {_MOST_ROWS} rows, and the answer has {len(table.rows)}; take csv or ask for less.")
    book = Workbook()
    sheet = book.active
    sheet.title = "Answer"
    sheet.freeze_panes = "A2"
    for at, column in enumerate(table.columns, 1):
        _fill(sheet.cell(1, at), column)
        sheet.cell(1, at).font = Font(bold=True)
        texts = [_text(row[at - 1]) for row in table.rows]
        sheet.column_dimensions[sheet.cell(1, at).column_letter].width = min(60, 2 + max(map(len, [column, *texts])))
        for below, row in enumerate(table.rows, 2):
            held = _cell(row[at - 1])
            if isinstance(held, str) and len(held) > _LONGEST:
                raise UsageError(f"row {below - 1} of ?{column} has {len(held)} characters, and a cell holds {_LONGEST}; take csv.")
            _fill(sheet.cell(below, at), held)
    if table.columns:
        sheet.auto_filter.ref = sheet.dimensions
    try:
        book.save(file)
    except OSError as error:
        raise InputError(f"the output cannot be written: {error.strerror}.", file) from None


def _text(term: Object | None) -> str:
    held = _cell(term)
    return "" if held is None else str(held)


def _cell(term: Object | None) -> Any:
    """What a cell holds; as text what a sheet would round or move to another day."""
    held = value(term)
    written = getattr(term, "value", "")
    if isinstance(held, bool):
        return held
    if isinstance(held, (int, float, Decimal)):
        digits = written.lower().partition("e")[0].replace(".", "").strip("+-0")
        return held if len(digits) <= 15 and Decimal(str(held)).is_finite() else written
    if isinstance(held, datetime):
        return written if held.tzinfo or held.date() < _FIRST_DAY else held
    return written if isinstance(held, date) and held < _FIRST_DAY else held


def _fill(cell: Any, held: Any) -> None:
    if not isinstance(held, str):
        cell.value = held
        return
    text = printable(held)
    cell.value = text
    cell.data_type = "s"  # also for =, which would be a formula
    cell.quotePrefix = text[:1] in ("=", "+", "-", "@")
