"""Single faults in the statements of an organisation: what can go wrong with each statement, and the sample that is tried."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad

from isms_graph.assessment import months_before
from isms_graph.graph import Isms
from isms_graph.index import Node, Object
from isms_graph.namespaces import RDF_TYPE, XSD, isms, local_name

MONTHS_BACK = 36  # further than any usual interval
ALONE, SEVERAL, OVER, EARLIER = "alone", "one of several", "completed", "earlier record"
_DATE, _BOOLEAN = NamedNode(XSD + "date"), NamedNode(XSD + "boolean")
_NUMBERS = {NamedNode(XSD + "integer"), NamedNode(XSD + "decimal")}
_SWAPS = {isms("owner"): (isms("approvedBy"),), isms("author"): (isms("approvedBy"), isms("approvalSignedBy")), isms("from"): (isms("to"),)}
# What makes two records a row: those of the same class that say the same by this property; None if all of the class.
_ROWS = {
    isms("Evidence"): isms("evidences"), isms("Measurement"): isms("ofMetric"), isms("TrainingSession"): isms("sessionOf"),
    isms("SupplierAssessment"): isms("assesses"), isms("CompetenceRecord"): isms("showsCompetence"), isms("InternalAudit"): None,
    isms("ManagementReview"): None, isms("RiskAssessment"): None, isms("CertificationAudit"): None,
}  # fmt: skip
_PARTS = {isms("ReviewInput"): isms("inputTo")}
_OPEN = {isms("Open"), isms("InProgress"), isms("Planned")}
_DONE = {isms("Completed"), isms("Closed")}
_GONE = {isms("Withdrawn"), isms("Cancelled"), isms("NotNeeded")}
_DATES = (isms("date"), isms("endedOn"), isms("startedOn"), isms("plannedFor"))


@dataclass(frozen=True)
class Fault:
    """One fault: the statements that go and those that come in their place.

    `class_` and `property_` are local names (`element` where a whole element goes) and `kind` is what was done. `place` says
    where the statement stood: ALONE, as one of SEVERAL values, about something that is OVER, in an EARLIER record.
    """

    class_: str
    property_: str
    kind: str
    place: str
    gone: tuple[Quad, ...]
    put: tuple[Quad, ...] = ()

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What the fault counts under."""
        return self.class_, self.property_, self.kind, self.place


class Faults:
    """Every single fault that an organisation can be given."""

    def __init__(self, organisation: Isms, seed: int) -> None:
        self.isms = organisation
        self.seed = seed
        self.quads = list(dict.fromkeys(Quad(q.subject, q.predicate, q.object) for source in organisation.sources for q in source.quads))
        self.by_pair: dict[tuple[Node, NamedNode], list[Object]] = defaultdict(list)
        self.about: dict[Object, list[Quad]] = defaultdict(list)
        self.naming: dict[Object, list[Quad]] = defaultdict(list)
        self.peers: dict[NamedNode, list[NamedNode]] = defaultdict(list)
        for quad in self.quads:
            self.by_pair[quad.subject, quad.predicate].append(quad.object)
            self.about[quad.subject].append(quad)
            self.naming[quad.object].append(quad)
        for node in sorted(organisation.elements(), key=str):
            self.peers[self.class_of(node)].append(node)
        for term in sorted(organisation.vocabulary.terms, key=str):
            if (class_ := self.class_of(term)) != isms("Element"):
                self.peers[class_].append(term)

    def class_of(self, node: Object) -> NamedNode:
        """The most specific class of a node; isms:Element if it has none."""
        return next(iter(self.isms.classes(node)), isms("Element"))

    def all(self) -> Iterator[Fault]:
        """All faults, in an order that depends on the data alone."""
        for quad in self.quads:
            chance = random.Random(f"{self.seed} {quad}")  # noqa: S311 - for variety, not for secrets
            name, place = local_name(self.class_of(quad.subject).value), self.place(quad)
            for kind, put in self._changes(quad, chance):
                gone = [quad]
                if kind.startswith("swap"):
                    gone.append(Quad(quad.subject, put[1].predicate, put[0].object))
                yield Fault(name, local_name(quad.predicate.value), kind, place, tuple(gone), put)
            if quad.predicate == RDF_TYPE:
                about = tuple(self.about[quad.subject])
                naming = tuple(other for other in self.naming[quad.subject] if other not in about)
                if naming:
                    yield Fault(name, "element", "lose element", place, about)
                yield Fault(name, "element", "lose element and references", place, (*about, *naming))

    def _changes(self, quad: Quad, chance: random.Random) -> Iterator[tuple[str, tuple[Quad, ...]]]:
        def instead(object_: Object) -> tuple[Quad, ...]:
            return (Quad(quad.subject, quad.predicate, object_),)

        object_ = quad.object
        yield "delete", ()
        if isinstance(object_, Literal):
            if object_.datatype == _DATE:
                earlier = months_before(date.fromisoformat(object_.value), MONTHS_BACK)
                yield "move back", instead(Literal(earlier.isoformat(), datatype=_DATE))
            elif object_.datatype == _BOOLEAN:
                yield "turn round", instead(Literal("false" if object_.value in ("true", "1") else "true", datatype=_BOOLEAN))
            elif object_.datatype in _NUMBERS:
                yield "other number", instead(_other_number(object_, chance))
        elif quad.predicate == isms("status"):
            statuses = [status for status in self.isms.vocabulary.instances(isms("Status")) if status != object_]
            open_ = object_ in _OPEN
            for kind, wanted in (("finish", _DONE), ("reopen", _OPEN), ("withdraw", _GONE), ("take back to draft", {isms("Draft")})):
                fitting = [status for status in statuses if status in wanted]
                if fitting and not (kind == "finish" and object_ in _DONE) and not (kind == "reopen" and open_):
                    yield kind, instead(chance.choice(fitting))
        elif quad.predicate != RDF_TYPE:
            taken = {quad.subject, *self.by_pair[quad.subject, quad.predicate]}
            others = [node for node in self.peers[self.class_of(object_)] if node not in taken]
            if others:
                yield "retarget", instead(chance.choice(others))
            for partner in _SWAPS.get(quad.predicate, ()):
                values = self.by_pair.get((quad.subject, partner), [])
                if len(values) == 1 and values[0] != object_:
                    put = (Quad(quad.subject, quad.predicate, values[0]), Quad(quad.subject, partner, object_))
                    yield f"swap with {local_name(partner.value)}", put

    def place(self, quad: Quad) -> str:
        """Where a statement stands, see `Fault`."""
        if self._followed(quad.subject):
            return EARLIER
        if any(status in _DONE | _GONE for status in self._values(quad.subject, isms("status"))):
            return OVER
        others = [value for value in self.by_pair[quad.subject, quad.predicate] if value != quad.object]
        if isinstance(quad.object, Literal) and quad.object.datatype == _DATE:
            others = [value for value in others if isinstance(value, Literal) and value.value > quad.object.value]
        return SEVERAL if others else ALONE

    def _followed(self, node: Object) -> bool:
        class_ = self.class_of(node)
        if class_ in _PARTS:
            return any(self._followed(whole) for whole in self._values(node, _PARTS[class_]))
        own = self._day(node)
        if class_ not in _ROWS or not own:
            return False
        link = _ROWS[class_]
        row = set(self._values(node, link)) if link else set()
        return any(
            own < self._day(other) <= self.isms.as_of.isoformat() and (not link or row & set(self._values(other, link)))
            for other in self.peers[class_]
        )

    def _values(self, node: Object, property_: NamedNode) -> list[Object]:
        return [] if isinstance(node, Literal) else self.by_pair.get((node, property_), [])

    def _day(self, node: Object) -> str:
        return next((str(value.value) for p in _DATES for value in self._values(node, p) if isinstance(value, Literal)), "")


def _other_number(number: Literal, chance: random.Random) -> Literal:
    try:
        value = Decimal(number.value)
    except InvalidOperation:
        return number
    step = chance.choice((1, -1)) if value >= 2 else 1
    other = value + step if value == value.to_integral_value() and value <= 20 else value / 2
    if number.datatype == NamedNode(XSD + "integer"):
        other = other.to_integral_value()
    return Literal(str(other), datatype=number.datatype)


def sample(faults: list[Fault], neutral: Callable[[Fault], int | None], size: int, seed: int) -> list[Fault]:
    """A seeded sample, stratified by class, property, kind and place.

    Of every stratum one is taken, then of every one another, until the sample is full. `neutral` gives the number of the
    declaration that makes a fault neutral; of those strata one is enough, and together they get less than a third.
    """
    chance = random.Random(seed)  # noqa: S311 - for variety, not for secrets
    strata: dict[tuple[str, ...], list[Fault]] = defaultdict(list)
    for fault in faults:
        strata[fault.key].append(fault)
    spared: dict[int, list[Fault]] = defaultdict(list)
    asked: list[list[Fault]] = []
    for members in strata.values():
        chance.shuffle(members)
        number = neutral(members[0])
        if number is None:
            asked.append(members)
        else:
            spared[number].append(members[0])
    harmless = _in_turn(list(spared.values()), (size - 1) // 3, chance)
    return [*harmless, *_in_turn(asked, size - len(harmless), chance)]


def _in_turn(rows: list[list[Fault]], size: int, chance: random.Random) -> list[Fault]:
    found: list[Fault] = []
    depth = 0
    while len(found) < size and any(len(row) > depth for row in rows):
        layer = [row[depth] for row in rows if len(row) > depth]
        chance.shuffle(layer)
        found.extend(layer)
        depth += 1
    return found[:size]


def mutated(quads: list[Quad], fault: Fault) -> list[Quad]:
    """The statements of one file with the fault in them; what is put comes where the first that goes was."""
    gone = set(fault.gone)
    result: list[Quad] = []
    for quad in quads:
        plain = Quad(quad.subject, quad.predicate, quad.object, DefaultGraph())
        if plain not in gone:
            result.append(quad)
        elif plain == fault.gone[0]:
            result.extend(fault.put)
    return result
