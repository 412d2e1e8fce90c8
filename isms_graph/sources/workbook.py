"""Sheets of a workbook as rows of text, within limits that keep a small file from filling the memory."""

from __future__ import annotations

import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path

from isms_graph.errors import InputError

MAX_EXPANDED = 200_000_000  # bytes that the parts of a workbook may take when unpacked
MAX_CELLS = 2_000_000


def read_sheet(path: Path, sheet: str | None) -> tuple[str, list[tuple[int, list[str]]]]:
    """The name of a sheet (the first one if none is named) and its rows as (row number, cells).

    Raises InputError for what is no workbook, is too large, or has no such sheet.
    """
    try:
        with zipfile.ZipFile(path) as parts:
            expanded = sum(part.file_size for part in parts.infolist())
    except (OSError, zipfile.BadZipFile):
        raise InputError("the file is not a workbook in the format .xlsx.", path, advice="Save it as .xlsx.") from None
    if expanded > MAX_EXPANDED:
        raise InputError(f"the workbook takes {expanded // 1_000_000} MB when unpacked, more than {MAX_EXPANDED // 1_000_000} MB.", path)
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        workbook = CalamineWorkbook.from_path(str(path))
        if sheet is not None and sheet not in workbook.sheet_names:
            advice = f"It has {', '.join(repr(name) for name in workbook.sheet_names)}."
            raise InputError(f"the workbook has no sheet {sheet!r}.", path, advice=advice)
        name = sheet or workbook.sheet_names[0]
        chosen = workbook.get_sheet_by_name(name)
        if chosen.height * chosen.width > MAX_CELLS:
            raise InputError(f"the sheet {name!r} has more than {MAX_CELLS:,} cells.", path)
        rows = chosen.to_python(skip_empty_area=False)
    except CalamineError as error:
        raise InputError(f"the workbook cannot be read: {error}.", path) from None
    return name, [(number, [_text(value) for value in row]) for number, row in enumerate(rows, 1) if any(value != "" for value in row)]


def _text(value: int | float | str | bool | time | date | datetime | timedelta) -> str:
    """A cell as it would stand in CSV: dates as 2026-03-31, whole numbers without a point."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    if isinstance(value, (date, time)):
        return value.isoformat()
    return str(value)
