"""A deliverable without a format: facts on top, then sections of paragraphs and tables."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

Cell = str | int | float | date

NOT_STATED = "not stated"
DRAFT = "DRAFT, not approved"
PICTURE_ELSEWHERE = "The picture is in the HTML form of this document."
_CUT = " [cut: there is no room for more]"
_NARROW = 6  # columns that a page in portrait holds
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Table:
    """Rows of cells under column heads; `widths` are relative."""

    columns: tuple[str, ...]
    widths: tuple[int, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Section:
    """A heading, of the first or a lower `level`, with paragraphs and perhaps a table; one without rows is told by `empty`.

    `picture` is SVG made by this program; formats that cannot show it say where it is.
    """

    heading: str
    paragraphs: tuple[str, ...] = ()
    table: Table | None = None
    empty: str = "There is none."
    picture: str = ""
    level: int = 1

    @property
    def texts(self) -> tuple[str, ...]:
        """The paragraphs where the picture cannot be shown."""
        return (*self.paragraphs, *([PICTURE_ELSEWHERE] if self.picture else []))


@dataclass(frozen=True)
class Document:
    """A deliverable. `facts` are (name, value); `footer` says of which ISMS, as of when; a draft says so."""

    title: str
    facts: tuple[tuple[str, Cell], ...]
    sections: tuple[Section, ...]
    footer: str
    as_of: date
    draft: bool

    @property
    def foot(self) -> str:
        """The foot of each page."""
        return f"{self.footer}{f', {DRAFT}' if self.draft else ''}"

    @property
    def wide(self) -> bool:
        """True if a table needs pages in landscape."""
        return any(section.picture or (section.table and len(section.table.columns) > _NARROW) for section in self.sections)


def _about(text: str) -> float:
    """About how wide a head or number in small letters is, in mm."""
    return 1.5 * len(text)


def fitted(table: Table, total: float, width_of: Callable[[str], float] = _about, padding: float = 3.0) -> list[float]:
    """The widths of the columns that fill `total`: by `widths`, but none so narrow that a word of its head, a number or a date breaks,
    or the word "stated" where something is not stated.

    Widths are in mm, unless `width_of` and `padding` (the sides of a cell) say otherwise.
    """
    least = []
    for at, column in enumerate(table.columns):
        whole = [as_text(row[at]) for row in table.rows if not isinstance(row[at], str)]
        unstated = NOT_STATED.split() if any(row[at] == NOT_STATED for row in table.rows) else []
        least.append(max(map(width_of, [*re.split(r"\s", column), *whole, *unstated])) + padding)
    share = total / sum(table.widths)
    wanted = [width * share for width in table.widths]
    short = [one < minimum for one, minimum in zip(wanted, least, strict=True)]
    fixed = sum(minimum for minimum, lacks in zip(least, short, strict=True) if lacks)
    free = sum(one for one, lacks in zip(wanted, short, strict=True) if not lacks)
    scale = max(total - fixed, total / 4) / free if free else total / fixed
    return [minimum if lacks else one * scale for one, minimum, lacks in zip(wanted, least, short, strict=True)]


def writable(text: str) -> str:
    """The text with what XML cannot hold replaced by the replacement character, so that it is seen."""
    return _UNWRITABLE.sub("\ufffd", text)


def cut(text: str, longest: int) -> str:
    """The text, or as much of it as there is room for, saying so."""
    return text if len(text) <= longest else text[: longest - len(_CUT)] + _CUT


def as_text(cell: Cell) -> str:
    """A cell as it is read."""
    return cell.isoformat() if isinstance(cell, date) else writable(str(cell))
