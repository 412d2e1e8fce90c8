"""CSV files as rows of text."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from isms_graph.errors import InputError
from isms_graph.sources.sheet import Row

_END = "\0end"  # a row below the last, which a cell that is never closed swallows


def csv_rows(text: str, path: Path) -> list[Row]:
    """The records with the number of the line that each begins on.

    The delimiter is the commonest of `,` `;` and tab in the first line that has one of them. Raises InputError
    for a quoted cell that never ends: it would swallow the rows below it.
    """
    skipped = 0
    if found := re.match(r"sep=(.)\r?\n", text):  # a line that some spreadsheet programs write
        delimiter, text, skipped = found[1], text[found.end() :], 1
    else:
        first = next((line for line in text.splitlines() if any(mark in line for mark in ",;\t")), "")
        delimiter = max(",;\t", key=first.count)
    end = "" if text.endswith(("\n", "\r")) else "\n"
    reader = csv.reader(io.StringIO(text + end + _END, newline=""), delimiter=delimiter)
    rows: list[Row] = []
    start = 1
    try:
        for row in reader:
            if row:
                rows.append((start + skipped, row))
            start = reader.line_num + 1
    except csv.Error as error:  # a cell that is too long, mostly because its quotes never end
        message = f"a cell of the row that begins here cannot be read: {error}."
        raise InputError(message, path, start + skipped, advice="See whether its double quotes are closed.") from None
    line, last = rows.pop()
    if last != [_END]:
        message = "a cell of the row that begins here opens a double quote that is never closed."
        raise InputError(message, path, line, advice="Close it; a double quote that is part of the text is written twice.")
    return rows
