"""What does this change affect: breadth-first over the edges that carry impact, with the path, and what to do.

Answers are ranked by distance, then by strength: a path is as strong as its weakest link, and of the shortest paths to
an element the strongest counts. Which paths there are is in `edges`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from pyoxigraph import NamedNode

from isms_graph.edges import DIRECTIONS, MOVES, PHASES, STRENGTHS, Edge, edges_of
from isms_graph.elements import Element, class_label, describe
from isms_graph.errors import UsageError
from isms_graph.graph import Isms
from isms_graph.names import resolve
from isms_graph.namespaces import isms
from isms_graph.vocabulary import ELEMENT

CHANGES = ("change", "removal", "addition")
MAX_PATHS = 20
_BITS = 2  # of a rank: distance and, in the lowest bits, the place in STRENGTHS
_MASK = (1 << _BITS) - 1


@dataclass(frozen=True)
class Step:
    """One statement on a path, as the data say it: subject, property, object; IRIs."""

    subject: str
    property: str
    object: str
    cause: str
    effect: str


class Affected(NamedTuple):
    """An element that is reached: how far, and by how strong a path. `asked` and `state` tell the rest when it is wanted."""

    element: Element
    hops: int
    strength: str
    state: int
    asked: _Asked

    @property
    def node(self) -> str:
        """The IRI."""
        return self.element.node

    @property
    def label(self) -> str:
        """The name."""
        return self.element.label

    @property
    def class_(self) -> str:
        """The short name of its class."""
        return self.element.class_

    @property
    def class_label(self) -> str:
        """What it is, in words."""
        return self.element.class_label

    @property
    def clause(self) -> str:
        """The clause under which it is chiefly kept."""
        return self.element.clause

    @property
    def owner(self) -> str:
        """Who owns it, today."""
        return self.element.owner

    @property
    def reviewed(self) -> str:
        """The date of its last review, or an empty text."""
        return self.element.reviewed

    @property
    def guidance_order(self) -> int:
        """Its place in the order in which a change is worked through."""
        return self.element.guidance_order

    @property
    def path(self) -> tuple[Step, ...]:
        """The strongest shortest path, from the cause to the effect. Worked out when asked for: chains can be long."""
        return self.asked.trail(self.state)

    @property
    def link(self) -> Step:
        """The statement of the path at the element itself."""
        return _step(self.asked.last(self.state))

    @property
    def action(self) -> str:
        """What the owner of the element does; empty in answers to what something is affected by."""
        return self.asked.action(self.state, self.element)


@dataclass(frozen=True)
class Impact:
    """The answer. `elements` is how many elements the organisation has in all; `ranks` are how far and strongly states are reached."""

    origins: tuple[Element, ...]
    direction: str
    change: str
    elements: int
    ranks: dict[int, int] = field(repr=False)
    asked: _Asked = field(repr=False, compare=False)

    @cached_property
    def affected(self) -> tuple[Affected, ...]:
        """What is reached, ordered by hops, class and IRI; the elements are described when this is first asked for."""
        prepared, asked, seen = self.asked.prepared, self.asked, set(self.asked.starts)
        described, found = prepared.described, []
        for hops, number, rank, state in sorted([(rank >> _BITS, state // PHASES, rank, state) for state, rank in self.ranks.items()]):
            if number not in seen:
                seen.add(number)
                found.append(Affected(described[number] or prepared.element(number), hops, STRENGTHS[rank & _MASK], state, asked))
        return tuple(found)

    @property
    def origin(self) -> str:
        """The IRI of the first origin."""
        return self.origins[0].node

    @property
    def share(self) -> float:
        """The share of the organisation's elements that is reached, from 0 to 1."""
        return len(self.affected) / self.elements if self.elements else 0.0


class _Prepared:
    """What answers about one ISMS have in common. Elements are described when an answer first holds them."""

    def __init__(self, isms_: Isms) -> None:
        self.edges = edges_of(isms_)
        self.isms = isms_
        self.elements = sum(ELEMENT in _closed_classes(isms_, node) for node in isms_.elements())
        self.described: list[Element | None] = [None] * len(self.edges.nodes)

    def element(self, number: int) -> Element:
        """The description of a numbered node."""
        found = self.described[number]
        if found is None:
            found = self.described[number] = describe(self.isms, self.edges.nodes[number])
        return found

    def origin(self, node: NamedNode) -> Element:
        """The description of any node."""
        number = self.edges.number.get(node)
        return describe(self.isms, node) if number is None else self.element(number)


class _Asked:
    """A question and how its answer came about, walked again when a path or an action is wanted."""

    def __init__(self, prepared: _Prepared, starts: list[int], direction: str, hops: int | None, change: str) -> None:
        self.prepared, self.starts, self.direction, self.hops, self.change = prepared, starts, direction, hops, change

    @cached_property
    def before(self) -> dict[int, int]:
        """For every state that is reached the state before it on the strongest shortest path."""
        found: dict[int, int] = {}
        ranked(self.prepared.edges.steps(self.direction), [number * PHASES for number in self.starts], self.hops, found)
        return found

    def trail(self, state: int) -> tuple[Step, ...]:
        """The path to a state, from the cause to the effect."""
        walked = []
        while state in self.before:
            walked.append(_step(self.last(state)))
            state = self.before[state]
        return tuple(reversed(walked)) if self.direction == "affects" else tuple(walked)

    def action(self, state: int, element: Element) -> str:
        """What the owner of an element does: as its class says, unless the last link of the path knows better."""
        if self.direction != "affects":
            return ""
        removed = self.change == "removal" and self.before[state] % PHASES == 0 and self.before[state] // PHASES in self.starts
        if not removed and state % PHASES != PHASES - 1:
            return element.action
        vocabulary, edge = self.prepared.isms.vocabulary, self.last(state)
        if removed:
            told = vocabulary.text(edge.carrier.property, isms("whenObjectRemoved" if edge.carrier.inverted else "whenSubjectRemoved"))
            if told:
                return self._removed(told, edge)
        elif self.change == "removal" and self._vacated(edge.start):
            told = vocabulary.text(edge.carrier.property, isms("whenVacated"))
            if told:
                return told
        return vocabulary.text(edge.carrier.property, isms("whenAffected")) or element.action

    def last(self, state: int) -> Edge:
        """The edge by which a path comes to a state."""
        return next(self.prepared.edges.between(self.before[state], state, self.direction))

    def _removed(self, told: str, edge: Edge) -> str:
        """What to do now that the start of an edge goes away; where others can stand in for it, with what is left of them."""
        edges, stands_in = self.prepared.edges, isms("objectsStandIn" if edge.carrier.inverted else "subjectsStandIn")
        if not self.prepared.isms.vocabulary.objects(edge.carrier.property, stands_in):
            return told
        gone = {edges.nodes[number] for number in self.starts}
        others = {other.start for other in edges.into[edge.end] if other.carrier[::2] == edge.carrier[::2]} - gone - edges.settled
        names = sorted(self.prepared.isms.label(node) for node in others)
        if not names:
            return f"{told} Nothing else is left."
        left = f"{', '.join(names[:3])}{f' and {len(names) - 3} more' if len(names) > 3 else ''}"
        return f"See whether what is left will do: {left}. If not: {told[:1].lower()}{told[1:]}"

    def _vacated(self, node: NamedNode) -> bool:
        """True for a role that nobody holds once the origins are gone."""
        edges = self.prepared.edges
        gone = {edges.nodes[number] for number in self.starts}
        holders = {edge.start for edge in edges.into[node] if edge.carrier.property == isms("heldBy") and edge.carrier.inverted}
        return bool(holders) and not holders - gone


def impact(isms_: Isms, what: str | Sequence[str], direction: str = "affects", hops: int | None = None, change: str = "change") -> Impact:
    """What a change of one or several elements affects, or what they are affected by; at most `hops` steps away.

    `change` is `change`, `removal` or `addition`; it decides what there is to do. Raises UnknownName, AmbiguousName or
    UsageError.
    """
    require(direction, change)
    prepared = _prepared(isms_)
    edges = prepared.edges
    origins = _resolved(isms_, what)
    starts = [edges.number[node] for node in origins if node in edges.number]
    asked = _Asked(prepared, starts, direction, hops, change)
    ranks = ranked(edges.steps(direction), [number * PHASES for number in starts], hops)
    return Impact(tuple(prepared.origin(node) for node in origins), direction, change, prepared.elements, ranks, asked)


def why(isms_: Isms, what: str | Sequence[str], node: str, direction: str = "affects") -> list[tuple[Step, ...]]:
    """Every shortest path between the origin and a node, at most MAX_PATHS of them; empty if none leads there."""
    origins, target = _resolved(isms_, what), resolve(isms_, node)
    edges = edges_of(isms_)
    steps, end = edges.steps(direction), edges.number.get(target)
    ranks = ranked(steps, [edges.number[origin] * PHASES for origin in origins if origin in edges.number])
    ends = [state for phase in range(PHASES) if end is not None and (state := end * PHASES + phase) in ranks]
    if not ends or target in origins:
        return []
    nearest = min(ranks[state] >> _BITS for state in ends)
    before: dict[int, list[int]] = defaultdict(list)
    for state, rank in ranks.items():
        for after, _strength in steps[state]:
            if ranks[after] >> _BITS == (rank >> _BITS) + 1:
                before[after].append(state)
    paths: dict[tuple[Step, ...], None] = {}
    stack: list[tuple[int, tuple[Edge, object] | None]] = [(state, None) for state in ends if ranks[state] >> _BITS == nearest]
    while stack and len(paths) < MAX_PATHS:
        state, link = stack.pop()
        if state not in before:
            walked = []
            while link is not None:
                walked.append(_step(link[0]))
                link = link[1]  # type: ignore[assignment]  # a type of links that holds itself cannot be written
            paths.setdefault(tuple(walked if direction == "affects" else reversed(walked)))
            continue
        stack.extend((earlier, (edge, link)) for earlier in before[state] for edge in edges.between(earlier, state, direction))
    return list(paths)


def reached(isms_: Isms, origins: Sequence[NamedNode], direction: str, hops: int | None = None) -> Iterator[tuple[NamedNode, int, bool]]:
    """Each element, once for each way in which a path may go on from it: how many steps away, and whether no path goes on."""
    edges = edges_of(isms_)
    ranks = ranked(edges.steps(direction), [edges.number[node] * PHASES for node in origins if node in edges.number], hops)
    for state, rank in ranks.items():
        yield edges.nodes[state // PHASES], rank >> _BITS, not MOVES[direction][state % PHASES]


def require(direction: str, change: str) -> None:
    """Raises UsageError for a direction or a kind of change that there is not."""
    if direction not in DIRECTIONS:
        raise UsageError(f"the direction is one of {' or '.join(DIRECTIONS)}, not {direction!r}.")
    if change not in CHANGES:
        raise UsageError(f"the kind of change is one of {', '.join(CHANGES)}, not {change!r}.")
    if direction != "affects" and change != "change":
        raise UsageError(f"a {change} is asked forward: what it affects. Leave the kind of change or the direction out.")


def sentence(isms_: Isms, step: Step) -> str:
    """A step as a sentence that a manager can read."""
    subject, property_, object_ = NamedNode(step.subject), NamedNode(step.property), NamedNode(step.object)
    template = isms_.vocabulary.text(property_, isms("readsAs")) or f"{{subject}} {isms_.vocabulary.label(property_)} {{object}}"

    def named(node: NamedNode) -> str:
        class_ = class_label(isms_, node)
        return f'the {class_} "{isms_.label(node)}"' if class_ else f'"{isms_.label(node)}"'

    text = template.replace("{subject}", named(subject)).replace("{object}", named(object_))
    return text[:1].upper() + text[1:]


def _resolved(isms_: Isms, what: str | Sequence[str]) -> list[NamedNode]:
    names = [what] if isinstance(what, str) else list(what)
    if not names:
        raise UsageError("what changes? Name at least one element.")
    return list(dict.fromkeys(resolve(isms_, name) for name in names))


def _prepared(isms_: Isms) -> _Prepared:
    return isms_.kept(_Prepared)


def ranked(
    steps: list[list[tuple[int, int]]], starts: Sequence[int], hops: int | None = None, before: dict[int, int] | None = None
) -> dict[int, int]:
    """For every state that is reached its rank; in `before`, if given, the state before it on the strongest shortest path."""
    ranks = dict.fromkeys(starts, 0)
    frontier, depth = list(ranks), 0
    while frontier and depth != hops:
        depth += 1
        base, following = depth << _BITS, []
        for state in frontier:
            weakest = ranks[state] & _MASK
            for after, strength in steps[state]:
                rank = base + (strength if strength > weakest else weakest)
                known = ranks.get(after)
                if known is None:
                    following.append(after)
                elif known <= rank:
                    continue
                ranks[after] = rank
                if before is not None:
                    before[after] = state
        frontier = following
    return ranks


def _closed_classes(isms_: Isms, node: NamedNode) -> set[NamedNode]:
    direct = isms_.classes(node)
    return set(direct).union(*(isms_.vocabulary.superclasses.get(class_, ()) for class_ in direct))


def _step(edge: Edge) -> Step:
    subject, object_ = (edge.end, edge.start) if edge.carrier.inverted else (edge.start, edge.end)
    return Step(subject.value, edge.carrier.property.value, object_.value, edge.start.value, edge.end.value)
