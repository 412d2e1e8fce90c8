"""What docs/mutants.md declares: faults that are neutral, faults that are missed and why, breaks that mean the same.

Three tables, found by the headings above them. A cell holds names separated by commas, or `*` for all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mutants.faults import Fault

DOCUMENT = Path(__file__).parent.parent / "docs" / "mutants.md"
NEUTRAL, MISSED, SAME = "Neutral faults", "Missed, and why", "Broken checks that mean the same"


@dataclass(frozen=True)
class Declaration:
    """A row about faults: for which classes, properties, kinds and places it holds, and why."""

    classes: frozenset[str]
    properties: frozenset[str]
    kinds: frozenset[str]
    places: frozenset[str]
    reason: str

    def holds(self, key: tuple[str, str, str, str]) -> bool:
        """True if the row is about faults with this key (`Fault.key`)."""
        columns = (self.classes, self.properties, self.kinds, self.places)
        return all("*" in column or value in column for column, value in zip(columns, key, strict=True))


@dataclass(frozen=True)
class Declarations:
    """The rows about faults. What is declared missed is missed, even if a wider row calls it neutral."""

    neutral: tuple[Declaration, ...]
    missed: tuple[Declaration, ...]

    def neutral_number(self, fault: Fault) -> int | None:
        """The number of the row that makes the fault neutral."""
        return None if self.missed_number(fault) is not None else _first(self.neutral, fault)

    def missed_number(self, fault: Fault) -> int | None:
        """The number of the row that says why the fault is missed."""
        return _first(self.missed, fault)


def _first(rows: tuple[Declaration, ...], fault: Fault) -> int | None:
    return next((number for number, row in enumerate(rows) if row.holds(fault.key)), None)


@cache
def read_declarations(path: Path = DOCUMENT) -> Declarations:
    """The tables about faults in a document."""
    text = path.read_text(encoding="utf-8")

    def rows(heading: str) -> tuple[Declaration, ...]:
        found = []
        for classes, properties, kinds, places, reason in _table(text, heading):
            found.append(Declaration(_names(classes), _names(properties), _names(kinds), _names(places), reason))
        return tuple(found)

    return Declarations(rows(NEUTRAL), rows(MISSED))


@cache
def same_meaning(path: Path = DOCUMENT) -> dict[tuple[str, str, str], str]:
    """Broken checks that mean the same, with the reason: by check, kind and what was broken."""
    text = path.read_text(encoding="utf-8")
    return {(check, kind, what.strip("`").replace("\\|", "|")): reason for check, kind, what, reason in _table(text, SAME)}


def _table(text: str, heading: str) -> Iterator[list[str]]:
    """The rows of the table under a heading, without its head."""
    part = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    lines = [line for line in (part[1] if part else "").splitlines() if line.startswith("|")]
    for line in lines[2:]:
        yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def _names(cell: str) -> frozenset[str]:
    return frozenset(name.strip() for name in cell.split(","))
