"""How two states of an ISMS differ: elements and their properties, what that affects, findings and figures.

Only what the files state is compared, by element and property. Where a statement stands, in which order, file or format,
makes no difference.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from pyoxigraph import BlankNode, NamedNode

from isms_graph.assessment import default_stage
from isms_graph.catalogue import SEVERITY_ORDER
from isms_graph.checks import check
from isms_graph.edges import STRENGTHS, edges_of
from isms_graph.findings import Finding, Report
from isms_graph.graph import Isms
from isms_graph.impacts import Affected, impact
from isms_graph.namespaces import RDF_TYPE, RDFS_LABEL, isms, local_name
from isms_graph.queries import query
from isms_graph.sources.statements import Statements, Value

_RECORDS_ONLY = isms("recordsOnly")
_NAMES = {RDF_TYPE: "kind", RDFS_LABEL: "name"}
_DEPTH, _ITEMS = 3, 6  # how much of a blank node is written out


@dataclass(frozen=True)
class PropertyChange:
    """The values that a property lost and gained, as texts: names of elements, contents of literals; `now` counts all it has."""

    property: str
    label: str
    lost: tuple[str, ...]
    gained: tuple[str, ...]
    now: int


@dataclass(frozen=True)
class ElementChange:
    """An element that came, went or changed. `node` is its IRI, empty if it has none; `class_` a short name.

    `action` and `owner` say who does what about one that changed only because others came or went.
    """

    node: str
    label: str
    class_: str
    class_label: str
    properties: tuple[PropertyChange, ...] = ()
    action: str = ""
    owner: str = ""


@dataclass(frozen=True)
class Figure:
    """A number of the saved query `figures` in both states."""

    figure: str
    before: int
    after: int


@dataclass(frozen=True)
class Side:
    """One of the two states: the name of the organisation, and the date and stage for which it was checked."""

    name: str
    as_of: date
    stage: str


@dataclass(frozen=True)
class Diff:
    """The difference. `affected` leaves out what changed itself; `gained` and `lost` are open findings; `unchanged` counts them."""

    before: Side
    after: Side
    added: tuple[ElementChange, ...]
    removed: tuple[ElementChange, ...]
    modified: tuple[ElementChange, ...]
    affected: tuple[Affected, ...]
    gained: tuple[Finding, ...]
    lost: tuple[Finding, ...]
    unchanged: int
    figures: tuple[Figure, ...]

    @property
    def changed(self) -> bool:
        """True if any element came, went or changed."""
        return bool(self.added or self.removed or self.modified)

    def fails_on(self, threshold: str) -> bool:
        """True if a finding at or above `threshold` (major, minor, ofi, never) was gained."""
        failing = SEVERITY_ORDER[: SEVERITY_ORDER.index(threshold) + 1] if threshold != "never" else ()
        return any(finding.severity in failing for finding in self.gained)


def diff(before: Isms, after: Isms, stage: str | None = None) -> Diff:
    """How `after` differs from `before`; each is checked as of its own date.

    Both are checked for one stage, that of `after` unless `stage` is given; at two dates, for the stage of each date.
    Raises UnknownName for a stage that does not exist, EmptyWorkspace if one of them has no element.
    """
    stages = (stage, stage)
    if stage is None and before.as_of == after.as_of:
        stages = (default_stage(after)[0],) * 2
    elements = _Elements(before, after)
    touched = _touched(before, after, elements)
    was, now = (check(isms_, stage_) for isms_, stage_ in zip((before, after), stages, strict=True))
    known, present = ({finding.fingerprint for finding in report.open} for report in (was, now))
    return Diff(
        before=_side(was),
        after=_side(now),
        added=elements.described(elements.added),
        removed=elements.described(elements.removed),
        modified=elements.described(elements.modified, touched),
        affected=tuple(sorted((one for one in touched.values() if NamedNode(one.node) not in elements.changes), key=_as_worked_through)),
        gained=tuple(finding for finding in now.open if finding.fingerprint not in known),
        lost=tuple(finding for finding in was.open if finding.fingerprint not in present),
        unchanged=len(known & present),
        figures=_figures(before, after),
    )


def _side(report: Report) -> Side:
    return Side(report.name, report.as_of, report.stage)


Subject = NamedNode | str
_Changes = dict[NamedNode, tuple[list[Value], list[Value]]]


class _Elements:
    """The subjects of which something else is said now; `changes` are the values lost and gained by property."""

    def __init__(self, before: Isms, after: Isms) -> None:
        self.isms = (before, after)
        self.statements = tuple(Statements(isms_.sources) for isms_ in self.isms)
        was, now = (side.stated for side in self.statements)
        self.changes: dict[Subject, _Changes] = defaultdict(lambda: defaultdict(lambda: ([], [])))
        for place, quads in enumerate((was - now, now - was)):
            for subject, predicate, value in quads:
                self.changes[subject][predicate][place].append(value)
        stood, stands = ({subject for subject, _, _ in side.stated} for side in self.statements)
        self.added = {subject for subject in self.changes if subject not in stood}
        self.removed = {subject for subject in self.changes if subject not in stands}
        self.modified = self.changes.keys() - self.added - self.removed

    def described(self, subjects: Iterable[Subject], touched: Mapping[str, Affected] | None = None) -> tuple[ElementChange, ...]:
        """The changes of some subjects, by class and name; the properties only of those that were there and still are."""
        changes = []
        for one in (self._change(subject) for subject in subjects):
            reached = (touched or {}).get(one.node)
            changes.append(replace(one, action=reached.action, owner=reached.owner) if reached else one)
        return tuple(sorted(changes, key=lambda one: (one.class_label, one.action, one.label, one.node, str(one.properties))))

    def _change(self, subject: Subject) -> ElementChange:
        place = 0 if subject in self.removed else 1
        if isinstance(subject, str):
            return ElementChange("", self._text(subject, place), *self._class_of_blank(subject, place))
        classes = self.isms[place].classes(subject) or self.isms[0].classes(subject)
        class_, class_label = self._named(classes[0], place) if classes else ("", "")
        changes = self.changes[subject].items() if subject in self.modified else ()
        properties = sorted(
            (self._property(subject, one, lost, gained) for one, (lost, gained) in changes), key=lambda one: (one.label, one.property)
        )
        return ElementChange(subject.value, self.isms[place].label(subject), class_, class_label, tuple(properties))

    def _class_of_blank(self, key: str, place: int) -> tuple[str, str]:
        for predicate, object_ in self.statements[place].about(key):
            if predicate == RDF_TYPE and isinstance(object_, NamedNode):
                return self._named(object_, place)
        return "", ""

    def _named(self, class_: NamedNode, place: int) -> tuple[str, str]:
        isms_ = self.isms[place]
        return isms_.short(class_), isms_.vocabulary.label(class_) or isms_.short(class_)

    def _property(self, subject: Subject, predicate: NamedNode, lost: list[Value], gained: list[Value]) -> PropertyChange:
        isms_ = self.isms[1]
        texts = [{value: self._text(value, place) for value in values} for place, values in enumerate((lost, gained))]
        every = Counter(text for side in texts for text in side.values())
        for place, side in enumerate(texts):
            for value, text in side.items():
                if every[text] > 1:  # two things that read alike: a number and a text, two elements with one name
                    side[value] = f"{text} ({self.isms[place].short(value) if isinstance(value, NamedNode) else value})"
        was, is_ = (tuple(sorted(side.values())) for side in texts)
        now = len(isms_.values(subject, predicate)) if isinstance(subject, NamedNode) else len(gained)
        return PropertyChange(isms_.short(predicate), _name(isms_, predicate), was, is_, now)

    def _text(self, value: Value, place: int, depth: int = 0) -> str:
        """A value for people; a blank node as what is said of it."""
        isms_, statements = self.isms[place], self.statements[place]
        if isinstance(value, BlankNode):
            value = statements.key(value)
        if not isinstance(value, str):
            return isms_.label(value)
        said = statements.about(value)
        if depth >= _DEPTH or not said:
            return value if value.startswith("<<") else "[...]" if said else "[]"
        parts = [f"{_name(isms_, predicate)} {self._text(object_, place, depth + 1)}" for predicate, object_ in said[:_ITEMS]]
        return f"[{'; '.join(parts)}{'; ...' if len(said) > _ITEMS else ''}]"


def _name(isms_: Isms, property_: NamedNode) -> str:
    return _NAMES.get(property_) or isms_.vocabulary.label(property_) or local_name(property_.value)


def _touched(before: Isms, after: Isms, elements: _Elements) -> dict[str, Affected]:
    """What the changes may touch, by IRI: by the links of today, and by the old ones of what went or lost some.

    An element that only lost or gained links to others that went or came is no cause of its own: those others are, and
    it is touched. Nor is one of which only the records differ, such as the date of its review. What
    is withdrawn counts as removed. What is reached in several
    ways counts as the nearest, a removal before a change before an addition.
    """
    moved = elements.added | elements.removed
    records = {term for term, predicate in after.vocabulary.by_subject if predicate == _RECORDS_ONLY}
    lost: dict[Subject, set[Value]] = {}
    for subject, changes in elements.changes.items():
        if subject not in moved:
            sides = [values for predicate, values in changes.items() if predicate not in records]
            if any(value not in moved for values in sides for side in values for value in side):
                lost[subject] = {value for was, _ in sides for value in was} - moved
    loosened = [subject for subject, values in lost.items() if any(isinstance(value, NamedNode) for value in values)]
    settled = [one for one in elements.modified if isinstance(one, NamedNode) and one in edges_of(after).settled]
    withdrawn = {one for one in settled if isms("Withdrawn") in after.values(one, isms("status"))}
    found: dict[str, Affected] = {}
    for isms_, subjects, change in (
        (before, elements.removed | withdrawn, "removal"),
        (after, lost, "change"),
        (before, loosened, "change"),
        (after, elements.added, "addition"),
    ):
        known = isms_.described()
        origins = sorted(subject.value for subject in subjects if isinstance(subject, NamedNode) and subject in known)
        for one in impact(isms_, origins, change=change).affected if origins else ():
            if one.node not in found or one.hops < found[one.node].hops:
                found[one.node] = one
    return {node: one for node, one in found.items() if NamedNode(node) not in moved and NamedNode(node) not in lost}


def _as_worked_through(one: Affected) -> tuple[object, ...]:
    return one.guidance_order, one.class_, one.action, STRENGTHS.index(one.strength), one.hops, one.label, one.node


def _figures(before: Isms, after: Isms) -> tuple[Figure, ...]:
    was, now = (query(isms_, "figures").records() for isms_ in (before, after))
    return tuple(Figure(one["figure"], one["value"], two["value"]) for one, two in zip(was, now, strict=True))
