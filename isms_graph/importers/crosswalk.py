"""A crosswalk: a table of which control of a control set corresponds to which control of Annex A, and how.

Columns: source, target and, if the crosswalk says so, relationship. Either side may be the one of Annex A.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import NamedNode

from isms_graph.errors import SHOWN, InputError, Problems
from isms_graph.importers.catalog import Catalogue
from isms_graph.namespaces import ISO27001, isms, nearest
from isms_graph.sources.delimited import csv_rows
from isms_graph.sources.mapping import Table, head
from isms_graph.sources.values import Convert, Wrong, reference
from isms_graph.sources.workspace import text_of
from isms_graph.vocabulary import Vocabulary

UNSAID = "mapsTo"  # where the crosswalk does not say how much the one covers of the other
_RELATIONS = {
    "equal": "equalTo",
    "equivalent": "equivalentTo",
    "subset": "subsetOf",
    "superset": "supersetOf",
    "intersects": "intersectsWith",
}
_WORDS = {
    **{f"{word} {'with' if word == 'intersects' else 'of' if 'set' in word else 'to'}": name for word, name in _RELATIONS.items()},
    **_RELATIONS, "no relationship": "", "maps to": UNSAID,
}  # fmt: skip
_INVERSE = {"subsetOf": "supersetOf", "supersetOf": "subsetOf"}
_COLUMNS = ("source", "relationship", "target")


@dataclass(frozen=True)
class Mapped:
    """A control of the set, by its id, and how it relates to a control of Annex A, by its number."""

    control: str
    relation: str
    annex_a: str


@dataclass(frozen=True)
class Crosswalk:
    """The mappings in the order of the table, the columns that were not read, and how many rows say that there is no relation."""

    mappings: tuple[Mapped, ...]
    left_out: tuple[str, ...]
    unrelated: int


def read_crosswalk(path: Path, catalogue: Catalogue, short: str, vocabulary: Vocabulary) -> Crosswalk:
    """The mappings of a table. Raises Problems with all that is wrong in it, by line."""
    rows = csv_rows(text_of(path), path)
    if not rows:
        raise InputError("the crosswalk is empty.", path, advice="It needs the columns source, relationship and target.")
    (line, names), *body = rows
    heads = [head(name) for name in names]
    lacking = [one for one in ("source", "target") if heads.count(one) != 1]
    lacking += ["relationship"] if heads.count("relationship") > 1 else []
    if lacking:
        raise Problems(
            [
                InputError(f"the crosswalk needs one column {one!r}.", path, line, advice=f"It has: {', '.join(names)[:200]}.")
                for one in lacking
            ]
        )
    sides = _Sides(catalogue, short, reference(isms("AnnexAControl"), vocabulary, Table("")))
    at = {one: heads.index(one) for one in _COLUMNS if one in heads}
    problems: list[InputError] = []
    found: dict[tuple[str, str], tuple[str, int]] = {}
    unrelated = 0
    for line, cells in body:
        said = {key: cells[column].strip() if column < len(cells) else "" for key, column in at.items()}
        if not any(said.values()):
            continue
        try:
            relation = _relation(said.get("relationship", ""))
            control, annex_a, turned = sides.read(said["source"], said["target"])
        except _Unread as wrong:
            problems.append(InputError(wrong.message, path, line, advice=wrong.advice))
            continue
        if not relation:
            unrelated += 1
            continue
        relation = _INVERSE.get(relation, relation) if turned else relation
        before, where = found.setdefault((control, annex_a), (relation, line))
        if before != relation:
            message = f"{control} and {annex_a} are related otherwise in line {where}: {_words(before)} there, {_words(relation)} here."
            problems.append(InputError(message, path, line, advice="Keep the one that holds."))
    if not problems and not found:
        problems.append(InputError("the crosswalk relates no controls.", path))
    if problems:
        raise Problems(problems)
    used = set(at.values())
    left_out = tuple(name.strip() for column, name in enumerate(names) if column not in used and name.strip())
    return Crosswalk(tuple(Mapped(control, relation, annex_a) for (control, annex_a), (relation, _) in found.items()), left_out, unrelated)


class _Unread(Exception):
    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message, self.advice = message, advice


def _words(relation: str) -> str:
    return re.sub(r"([A-Z])", lambda found: "-" + found[1].lower(), relation)


def _relation(text: str) -> str:
    """The property that a word for a relationship means; empty for the statement that there is none."""
    word = " ".join(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).replace("-", " ").replace("_", " ").lower().split())
    if not word:
        return UNSAID
    if word not in _WORDS:
        near = nearest(word, _WORDS)
        known = "equal-to, equivalent-to, subset-of, superset-of, intersects-with, no-relationship"
        advice = f"Did you mean {near[0].replace(' ', '-')}?" if near else f"Known are {known}; leave the cell empty if nobody has said."
        raise _Unread(f"the relationship {text[:60]!r} is not known.", advice)
    return _WORDS[word]


class _Sides:
    """Tells which cell of a row names the control of the set, and which that of Annex A."""

    def __init__(self, catalogue: Catalogue, short: str, annex_a: Convert) -> None:
        self.short, self._annex_a, self._catalogue = short, annex_a, catalogue
        self._ids: dict[str, set[str]] = {}
        self._looked = 0
        for one in catalogue.controls:
            for name in filter(None, (one.id, one.label)):
                self._ids.setdefault(name.casefold(), set()).add(one.id)

    def read(self, source: str, target: str) -> tuple[str, str, bool]:
        """The id of the control of the set, the number of that of Annex A, and whether the latter is the source."""
        pairs = [(self._own(source), self._number(target), False), (self._own(target), self._number(source), True)]
        readings = {(own, number, turned) for own, number, turned in pairs if own and number}
        if len(readings) == 1:
            return readings.pop()
        if readings:
            message = f"{source!r} and {target!r} are both controls of the set and of Annex A, so that the row may be read two ways."
            raise _Unread(message, f"Write {self.short}:{source} or {self.short}:{target} for the control of the set.")
        raise self._fault(source, target)

    def _own(self, text: str) -> str:
        explicit = text.casefold().startswith(f"{self.short}:".casefold())
        ids = self._ids.get((text[len(self.short) + 1 :] if explicit else text).strip().casefold(), set()) if text else set()
        if len(ids) > 1:
            raise _Unread(
                f"{text!r} may be one of several controls: {', '.join(sorted(ids))}.", "Write the id as it stands in the catalogue."
            )
        return next(iter(ids), "")

    def _number(self, text: str) -> str:
        try:
            term = self._annex_a(text) if text else None
        except Wrong:
            return ""
        if isinstance(term, NamedNode) and term.value.startswith(f"{ISO27001}A."):
            return term.value.removeprefix(ISO27001)
        return ""

    def _fault(self, source: str, target: str) -> _Unread:
        """What is wrong with a row that has no reading."""
        for name, text in (("source", source), ("target", target)):
            if not text:
                return _Unread(f"the row has no {name}.", "Fill it in, or take the row out.")
        unknown = [text for text in (source, target) if not self._own(text) and not self._number(text)]
        if unknown:
            near = self._near(unknown[0])
            advice = (
                f"Did you mean {' or '.join(near)}?"
                if near
                else f"Write an id of the catalogue, such as {self._catalogue.controls[0].id}, or a number such as A.5.1."
            )
            if unknown[0] in self._catalogue.entries:
                return _Unread(
                    f"{unknown[0]!r} is a group of the catalogue, not a control.", "Write a row for each of its controls that is meant."
                )
            return _Unread(f"{unknown[0]!r} is neither a control of the catalogue nor one of Annex A.", advice)
        which = "the catalogue" if self._own(source) else "Annex A"
        return _Unread(
            f"{source!r} and {target!r} are both controls of {which}.", "One of the two has to be of Annex A, the other of the catalogue."
        )

    def _near(self, text: str) -> Sequence[str]:
        """Ids that look like a text, for the faults that are printed; to compare with each id takes time."""
        self._looked += 1
        return nearest(text[:100], [one.id for one in self._catalogue.controls], 2) if self._looked <= SHOWN else ()
