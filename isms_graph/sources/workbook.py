"""Sheets of a workbook as rows of text, within limits that keep a small file from filling the memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

from isms_graph.errors import InputError
from isms_graph.sources.sheet import Faults, Number, Sheet
from isms_graph.sources.workbook_scan import Opened


def sheet_names(path: Path, hidden: bool = True) -> list[str]:
    """The names of the sheets in their order, with or without those that people do not see. Raises InputError for no workbook."""
    with Opened(path) as opened:
        return [name for name in opened.sheets if hidden or name not in opened.hidden]


def read_sheets(path: Path, wanted: Sequence[str | None]) -> list[Sheet]:
    """The sheets of these names; None is the first sheet. Raises InputError, also if there is no such sheet."""
    with Opened(path) as opened:
        names = list(opened.sheets)
        if not names:
            raise InputError("the workbook has no sheet.", path)
        for name in wanted:
            if name is not None and name not in opened.sheets:
                raise InputError(f"the workbook has no sheet {name!r}.", path, advice=f"It has {', '.join(map(repr, names))}.")
        chosen = [name if name is not None else names[0] for name in wanted]
        faults = [opened.scan(name) for name in chosen]
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            return [_sheet(book, name, found) for name, found in zip(chosen, faults, strict=True)]
    except CalamineError as error:
        raise InputError(f"the workbook cannot be read: {error}.", path) from None


def _sheet(book: object, name: str, faults: Faults) -> Sheet:
    sheet = book.get_sheet_by_name(name)  # type: ignore[attr-defined]
    rows = sheet.to_python(skip_empty_area=False)
    merged = tuple(((r1 + 1, c1 + 1), (r2 + 1, c2 + 1)) for (r1, c1), (r2, c2) in sheet.merged_cell_ranges or ())
    texts = [(number, [_text(value) for value in row]) for number, row in enumerate(rows, 1) if any(value != "" for value in row)]
    return Sheet(name, texts, faults, merged)


def _text(value: int | float | str | bool | time | date | datetime | timedelta) -> str:
    """A cell as it would stand in CSV: dates as 2026-03-31, whole numbers without a point."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else Number(repr(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    if isinstance(value, (date, time)):
        return value.isoformat()
    return str(value)
