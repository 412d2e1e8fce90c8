"""What the text of a cell means: literals, values of the ontology, numbers of the standard, words for levels."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cache

from pyoxigraph import Literal, NamedNode

from isms_graph.namespaces import ISO27001, PREFIXES, XSD, isms
from isms_graph.resources import folder
from isms_graph.sources.mapping import Table
from isms_graph.sources.sheet import Number
from isms_graph.vocabulary import Vocabulary, name_index

ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*")
SHORT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_\-]*")  # of a control set
_OF_SET = re.compile(rf"(?!A\.?\s*\d|\d+[\d.]*$)(?:{ID.pattern}|{SHORT_NAME.pattern}:.+)", re.IGNORECASE)  # what may name its control
_TRUE = {"true", "yes", "y", "1", "ja", "oui"}
_FALSE = {"false", "no", "n", "0", "nein", "non"}
_LAST = set("0123456789.")
BOOLEANS = _TRUE | _FALSE
_DATE = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})")
_DAY_0 = date(1899, 12, 30)  # of the spreadsheet programs
_NUMBER = re.compile(
    r"(?:(?:ISO(?:/IEC)?\s*)?27001(?::20\d\d)?[\s,:_/-]*)?"
    r"(?P<kind>A\.|A(?=\d)|Annex A\s*|clause\s+|cl\.\s*|§\s*)?(?P<number>\d+(?:\.\d+)*)\.?",
    re.IGNORECASE,
)


class Wrong(ValueError):
    """The text does not fit; `str()` goes on after the text, and `advice` says what to try."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice


class NoScale(Wrong):
    """The text is a word for a level, and nothing says how many levels there are."""


class LostZero(Wrong):
    """The number 5.1 of a spreadsheet may have been 5.10; `controls` are the two by their titles."""

    def __init__(self, controls: dict[str, NamedNode], number: str) -> None:
        titles = " or ".join(map(repr, controls))
        super().__init__(
            f"is a number, so it may stand for {number} or {number}0: {titles}", "Give the column the format of a text and type it again."
        )
        self.controls = controls


@dataclass(frozen=True)
class Unresolved:
    """A text that means something only once all files have been read: a name, or a word for a level."""

    text: str
    range: NamedNode | None = None
    scale: str = ""  # "likelihood" or "consequence"


Value = NamedNode | Literal | Unresolved
Convert = Callable[[str], Value]


def literal(property_: NamedNode, datatype: str, table: Table) -> Convert:
    """How the cells of a property with a datatype are read."""
    name = property_.value.rsplit("/", 1)[-1].lower()
    scale = next((scale for scale in ("likelihood", "consequence") if name.endswith(scale)), "")

    def convert(text: str) -> Value:
        if datatype == XSD + "boolean":
            if text.lower() not in BOOLEANS:
                raise Wrong("is not yes or no")
            return Literal(text.lower() in _TRUE)
        if datatype == XSD + "integer":
            try:
                return Literal(int(text))
            except ValueError:
                if scale and not any(letter.isdigit() for letter in text):
                    return Unresolved(text, scale=scale)
                raise Wrong("is not a whole number") from None
        if datatype == XSD + "decimal":
            try:
                return Literal(str(Decimal(text)), datatype=NamedNode(datatype))
            except InvalidOperation:
                raise Wrong("is not a number", "Write it with a point: 12.5." if "," in text else "") from None
        if datatype == XSD + "date":
            return Literal(_date(text, table.dates).isoformat(), datatype=NamedNode(datatype))
        return Literal(text)

    return convert


def _date(text: str, form: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        pass
    if form:
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            raise Wrong(f"is not a date such as 2026-03-31, nor one written as {form}") from None
    if text.isdigit() and 20_000 < int(text) < 80_000:
        day = (_DAY_0 + timedelta(days=int(text))).isoformat()
        raise Wrong(
            "is not a date such as 2026-03-31", f"It may be the number of {day} in a spreadsheet; give the column the format of a date."
        )
    if found := _DATE.fullmatch(text):
        first, second = int(found[1]), int(found[2])
        mark = next(letter for letter in text if not letter.isdigit())
        forms = [f"%d{mark}%m{mark}%Y"] * (second <= 12) + [f"%m{mark}%d{mark}%Y"] * (first <= 12)
        advice = " or ".join(f'dates = "{one}"' for one in dict.fromkeys(forms))
        raise Wrong("is not a date such as 2026-03-31", f"If the table writes dates so, say {advice} in isms.toml." if advice else "")
    raise Wrong("is not a date such as 2026-03-31")


def reference(range_: NamedNode | None, vocabulary: Vocabulary, table: Table) -> Convert:
    """How the cells of a property that names elements of a class are read.

    Where controls are named, a number is one of Annex A; those of other control sets are written nist:AC-2, or as ids of elements.
    """
    controls = range_ in _CONTROLS
    known = vocabulary.instances(_CONTROLS[0] if controls else range_) if range_ else []
    values = name_index(vocabulary, known)
    if range_:
        for value in known:
            values.setdefault(title(value, vocabulary).lower(), value)
            for synonym in vocabulary.texts(value, _ALT_LABEL):
                values.setdefault(synonym.lower(), value)
    own_values_only = bool(values) and range_ is not None and not vocabulary.is_kind_of(range_, isms("Element"))
    standard = range_ is None or vocabulary.is_kind_of(_CONTROLS[0], range_) or vocabulary.is_kind_of(range_, isms("StandardElement"))

    def convert(text: str) -> Value:
        if standard and (term := _standard(text, vocabulary, table.numbers, controls)):
            return term
        if value := values.get(text.lower()):
            return value
        if own_values_only and not controls:
            raise Wrong(f"is not one of: {', '.join(sorted({vocabulary.label(v) for v in values.values()}))}")
        if text.startswith(("http://", "https://", "urn:")):
            return _iri(text)
        if text.startswith("<") and text.endswith(">"):
            return _iri(text[1:-1])
        prefix, colon, local = text.partition(":")
        if colon and prefix in PREFIXES:
            return _iri(PREFIXES[prefix] + local)
        if controls and not (range_ == _CONTROLS[1] and _OF_SET.fullmatch(text)):
            raise Wrong(NO_CONTROL)
        return Unresolved(text, range_)

    return convert


NO_CONTROL = "is not an Annex A control such as A.5.1"
_CONTROLS = (isms("AnnexAControl"), isms("ReferenceControl"))
_ALT_LABEL = NamedNode("http://www.w3.org/2004/02/skos/core#altLabel")


def title(node: NamedNode, vocabulary: Vocabulary) -> str:
    """The label of a term; of an Annex A control without its number."""
    label = vocabulary.label(node)
    return label.removeprefix(f"{node.value.removeprefix(ISO27001)} ")


def _iri(text: str) -> NamedNode:
    try:
        return NamedNode(text)
    except ValueError:
        raise Wrong("is not an IRI") from None


def _standard(text: str, vocabulary: Vocabulary, bare: str, controls: bool) -> NamedNode | None:
    """The clause or control that a number means; of `controls` only, if so. `bare` says what a number without a letter is.

    Raises Wrong where it may be a clause or a control, and where a spreadsheet may have cut off a zero.
    """
    found = _NUMBER.fullmatch(text) if text[-1:] in _LAST else None
    if not found:
        return None
    number = ".".join(part.lstrip("0") or "0" for part in found["number"].split("."))
    kind = (found["kind"] or "").strip().lower()
    clause, control = NamedNode(ISO27001 + number), NamedNode(f"{ISO27001}A.{number}")
    is_clause, is_control = clause in vocabulary.terms, control in vocabulary.terms
    if kind and not kind.startswith("a"):
        is_control = False
    if kind.startswith("a") or controls:
        is_clause = False
    elif not kind and bare and is_clause and is_control:
        is_clause, is_control = bare == "clauses", bare == "controls"
    if is_clause and is_control:
        advice = f"Write A.{number} for the control, or 'clause {number}' for the clause, or set 'numbers' for the table."
        raise Wrong("may be a clause or an Annex A control", advice)
    longer = NamedNode(control.value + "0")
    if is_control and isinstance(text, Number) and not kind and longer in vocabulary.terms:
        raise LostZero({title(node, vocabulary): node for node in (control, longer)}, number)
    return control if is_control else clause if is_clause else None


@cache
def _level_words() -> dict[tuple[str, int], dict[str, int]]:
    """The words for levels by scale (likelihood, consequence) and its size, in lower case."""
    words: dict[tuple[str, int], dict[str, int]] = {}
    with (folder("presets") / "levels.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            of_scale = words.setdefault((row["scale"], int(row["size"])), {})
            for word in row["words"].split(";"):
                of_scale[word.strip().lower()] = int(row["level"])
    return words


def level(text: str, scale: str, size: int) -> int:
    """The number of a level that is written as a word. Raises Wrong."""
    words = _level_words().get((scale, size), {})
    found = words.get(text.lower())
    if found is None:
        first, last = (next((word for word, level in words.items() if level == wanted), "") for wanted in (1, size))
        known = f" ({first} ... {last})" if first else ""
        raise Wrong(f"is not one of 1-{size}{known}", "Write the number, or say in 'values' of the table what the word means.")
    return found
