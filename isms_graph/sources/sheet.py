"""A table as its reader gives it: rows of text, and what the text alone does not tell."""

from __future__ import annotations

from dataclasses import dataclass, field

Row = tuple[int, list[str]]


@dataclass
class Faults:
    """Cells of a sheet, as D5, that the reader would take for empty."""

    not_calculated: list[str] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)


class Number(str):
    """A cell that holds a number with decimals, as text; whether 5.1 was typed as 5.10 cannot be seen any more."""

    __slots__ = ()


@dataclass(frozen=True)
class Sheet:
    """The rows with text as (row number, cells), and what is wrong with the sheet.

    `merged` are areas of cells as ((row, column), (row, column)), both counted from 1.
    """

    name: str
    rows: list[Row]
    faults: Faults
    merged: tuple[tuple[tuple[int, int], tuple[int, int]], ...] = ()
