"""What does this change affect: breadth-first over the edges that carry impact, with the path, and what to do.

Which properties carry impact, which way and how far is declared in `ontology/impact.ttl`. A change travels along
`unsettles` edges first, then along `adjusts` edges, or takes one `alerts` edge and stops. No edge leads to a clause or
an Annex A control, to which nearly everything refers, nor to what is settled, such as a closed incident.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from pyoxigraph import DefaultGraph, NamedNode

from isms_graph.errors import UsageError
from isms_graph.graph import Isms
from isms_graph.index import Index
from isms_graph.names import resolve
from isms_graph.namespaces import RDFS, isms
from isms_graph.reasoning import without_impact
from isms_graph.vocabulary import ELEMENT

DIRECTIONS = ("affects", "affected-by")
MAX_PATHS = 20
_KINDS = ("unsettles", "adjusts", "alerts")
_SUBPROPERTY = NamedNode(RDFS + "subPropertyOf")
_INVERSES = {"unsettledBy": "unsettles", "adjustedBy": "adjusts", "alertedBy": "alerts"}


class Edge(NamedTuple):
    """`start` touches `end`; `property` is how the data say it, the other way round if `inverted`."""

    kind: str
    property: NamedNode
    inverted: bool
    start: NamedNode
    end: NamedNode


@dataclass(frozen=True)
class Step:
    """One statement on a path, as the data say it: subject, property, object; IRIs."""

    subject: str
    property: str
    object: str
    cause: str
    effect: str


class _Trail(NamedTuple):
    """How a node was reached: by an edge, from a node that was reached by a trail. Trails share what they have in common."""

    edge: Edge
    before: _Trail | None


@dataclass(frozen=True)
class Affected:
    """An element that is reached. `action` is what its owner does."""

    node: str
    label: str
    class_: str
    class_label: str
    clause: str
    hops: int
    action: str
    owner: str
    guidance_order: int
    _trail: _Trail = field(repr=False, compare=False)
    _forward: bool = field(repr=False, compare=False)

    @property
    def path(self) -> tuple[Step, ...]:
        """The first shortest path, from the cause to the effect. Worked out when asked for: chains can be long."""
        steps: list[Step] = []
        trail: _Trail | None = self._trail
        while trail is not None:
            steps.append(_step(trail.edge))
            trail = trail.before
        return tuple(reversed(steps)) if self._forward else tuple(steps)


@dataclass(frozen=True)
class Impact:
    """The answer. `elements` is how many elements the organisation has in all, for the share that is reached."""

    origin: str
    label: str
    class_label: str
    direction: str
    affected: tuple[Affected, ...]
    elements: int

    @property
    def share(self) -> float:
        """The share of the organisation's elements that is reached, from 0 to 1."""
        return len(self.affected) / self.elements if self.elements else 0.0


class _Graph:
    """The edges of one ISMS, both ways."""

    def __init__(self, isms_: Isms) -> None:
        self.out: dict[NamedNode, list[Edge]] = defaultdict(list)
        self.into: dict[NamedNode, list[Edge]] = defaultdict(list)
        statuses = ((q.subject, q.object) for q in isms_.store.quads_for_pattern(None, isms("status"), None, DefaultGraph()))
        unreached = without_impact(isms_.vocabulary, statuses)
        for property_, kind, inverted in carriers(isms_.vocabulary):
            for quad in isms_.store.quads_for_pattern(None, property_, None, DefaultGraph()):
                if not isinstance(quad.subject, NamedNode) or not isinstance(quad.object, NamedNode):
                    continue
                start, end = (quad.object, quad.subject) if inverted else (quad.subject, quad.object)
                if start != end and end not in unreached:
                    edge = Edge(kind, property_, inverted, start, end)
                    self.out[start].append(edge)
                    self.into[end].append(edge)
        for edges in (*self.out.values(), *self.into.values()):
            edges.sort(key=lambda edge: (_KINDS.index(edge.kind), edge.property.value, edge.end.value, edge.start.value))


def carriers(vocabulary: Index) -> Iterator[tuple[NamedNode, str, bool]]:
    """The properties that carry impact: (property, kind, True if from object to subject), in a fixed order."""
    kinds = {isms(name): (name, False) for name in _KINDS}
    kinds |= {isms(name): (kind, True) for name, kind in _INVERSES.items()}
    for (term, predicate), above in sorted(vocabulary.by_subject.items(), key=str):
        if predicate == _SUBPROPERTY and isinstance(term, NamedNode) and term not in kinds:
            for kind, inverted in (kinds[parent] for parent in above if isinstance(parent, NamedNode) and parent in kinds):
                yield term, kind, inverted


def impact(isms_: Isms, what: str, direction: str = "affects", hops: int | None = None) -> Impact:
    """What a change of an element affects, or what it is affected by; at most `hops` steps away.

    Raises UnknownName, AmbiguousName or UsageError.
    """
    if direction not in DIRECTIONS:
        raise UsageError(f"the direction is one of {' or '.join(DIRECTIONS)}, not {direction!r}.")
    origin = resolve(isms_, what)
    graph = _graph(isms_)
    best = _shortest(graph, origin, direction, hops)
    affected = [_describe(isms_, node, hops_, trail, direction) for node, (hops_, trail) in best.items()]
    own = sum(ELEMENT in _closed_classes(isms_, node) for node in isms_.elements())
    return Impact(
        origin=origin.value,
        label=isms_.label(origin),
        class_label=_class_label(isms_, origin),
        direction=direction,
        affected=tuple(sorted(affected, key=lambda one: (one.hops, one.class_, one.node))),
        elements=own,
    )


def why(isms_: Isms, what: str, node: str, direction: str = "affects") -> list[tuple[Step, ...]]:
    """Every shortest path between the origin and a node, at most MAX_PATHS of them; empty if none leads there."""
    origin, target = resolve(isms_, what), resolve(isms_, node)
    cause, effect = (origin, target) if direction == "affects" else (target, origin)
    graph = _graph(isms_)
    depth = {(cause, 0): 0}
    before: dict[tuple[NamedNode, int], list[tuple[tuple[NamedNode, int], Edge]]] = defaultdict(list)
    queue = deque([(cause, 0)])
    while queue:
        state = queue.popleft()
        for edge, after in _moves(graph, state, cause, forward=True):
            if after not in depth:
                depth[after] = depth[state] + 1
                queue.append(after)
            if depth[after] == depth[state] + 1:
                before[after].append((state, edge))
    ends = [state for state in depth if state[0] == effect and state != (cause, 0)]
    if not ends:
        return []
    nearest = min(depth[state] for state in ends)
    paths: list[tuple[Step, ...]] = []
    stack: list[tuple[tuple[NamedNode, int], _Trail | None]] = [(state, None) for state in ends if depth[state] == nearest]
    while stack and len(paths) < MAX_PATHS:
        state, trail = stack.pop()
        if state == (cause, 0):
            steps: list[Step] = []
            while trail is not None:
                steps.append(_step(trail.edge))
                trail = trail.before
            if tuple(steps) not in paths:
                paths.append(tuple(steps))
            continue
        stack.extend((earlier, _Trail(edge, trail)) for earlier, edge in before[state])
    return paths


def sentence(isms_: Isms, step: Step) -> str:
    """A step as a sentence that a manager can read."""
    subject, property_, object_ = NamedNode(step.subject), NamedNode(step.property), NamedNode(step.object)
    template = isms_.vocabulary.text(property_, isms("readsAs")) or f"{{subject}} {isms_.vocabulary.label(property_)} {{object}}"

    def named(node: NamedNode) -> str:
        class_ = _class_label(isms_, node)
        return f'the {class_} "{isms_.label(node)}"' if class_ else f'"{isms_.label(node)}"'

    text = template.replace("{subject}", named(subject)).replace("{object}", named(object_))
    return text[:1].upper() + text[1:]


def _graph(isms_: Isms) -> _Graph:
    if "impact" not in isms_.prepared:
        isms_.prepared["impact"] = _Graph(isms_)
    graph = isms_.prepared["impact"]
    assert isinstance(graph, _Graph)
    return graph


def _moves(graph: _Graph, state: tuple[NamedNode, int], origin: NamedNode, forward: bool) -> Iterator[tuple[Edge, tuple[NamedNode, int]]]:
    """The edges that a path may take from a state (node, phase), and the states behind them.

    Forward the phases are 0 while only `unsettles` edges were taken, 1 after an `adjusts`, 2 after an `alerts`.
    Backward the same paths are walked from their end: 0 while only `adjusts` edges were taken, 1 after any other.
    """
    node, phase = state
    for edge in graph.out[node] if forward else graph.into[node]:
        if forward:
            after = _KINDS.index(edge.kind)
            if phase == 2 or after < phase or (phase == 1 and after == 2):
                continue
            yield edge, (edge.end, after)
        elif phase == 0 and edge.kind == "adjusts":
            yield edge, (edge.start, 0)
        elif edge.kind == "unsettles" or (edge.kind == "alerts" and node == origin and phase == 0):
            yield edge, (edge.start, 1)


def _shortest(graph: _Graph, origin: NamedNode, direction: str, hops: int | None) -> dict[NamedNode, tuple[int, _Trail]]:
    """For every node that is reached its distance and how it was reached first."""
    forward = direction == "affects"
    seen = {(origin, 0)}
    queue: deque[tuple[tuple[NamedNode, int], int, _Trail | None]] = deque([((origin, 0), 0, None)])
    first: dict[NamedNode, tuple[int, _Trail]] = {}
    while queue:
        state, distance, trail = queue.popleft()
        if hops is not None and distance >= hops:
            continue
        for edge, after in _moves(graph, state, origin, forward):
            if after not in seen:
                seen.add(after)
                longer = _Trail(edge, trail)
                queue.append((after, distance + 1, longer))
                if after[0] != origin:
                    first.setdefault(after[0], (distance + 1, longer))
    return first


def _closed_classes(isms_: Isms, node: NamedNode) -> set[NamedNode]:
    direct = isms_.classes(node)
    return set(direct).union(*(isms_.vocabulary.superclasses.get(class_, ()) for class_ in direct))


def _class_label(isms_: Isms, node: NamedNode) -> str:
    return next((isms_.vocabulary.label(class_) for class_ in isms_.classes(node)), "")


def _step(edge: Edge) -> Step:
    subject, object_ = (edge.end, edge.start) if edge.inverted else (edge.start, edge.end)
    return Step(subject.value, edge.property.value, object_.value, edge.start.value, edge.end.value)


def _describe(isms_: Isms, node: NamedNode, hops: int, trail: _Trail, direction: str) -> Affected:
    classes = isms_.classes(node)
    return Affected(
        node=node.value,
        label=isms_.label(node),
        class_=isms_.short(classes[0]) if classes else "",
        class_label=_class_label(isms_, node),
        clause=isms_.clause(node),
        hops=hops,
        action=isms_.advice(node) if direction == "affects" else "",
        owner=owner_of(isms_, node),
        guidance_order=isms_.guidance_order(node),
        _trail=trail,
        _forward=direction == "affects",
    )


def owner_of(isms_: Isms, node: NamedNode) -> str:
    """Who owns the element: roles with those who hold them today, or persons; an empty text if nobody does."""
    names = []
    for owner in isms_.values(node, isms("owner")):
        if not isinstance(owner, NamedNode):
            continue
        holders = [
            isms_.label(person)
            for person in isms_.values(owner, isms("heldBy"))
            if isinstance(person, NamedNode) and not _has_left(isms_, person)
        ]
        names.append(f"{isms_.label(owner)} ({', '.join(holders)})" if holders else isms_.label(owner))
    return "; ".join(names)


def _has_left(isms_: Isms, person: NamedNode) -> bool:
    return any(getattr(day, "value", "9999") <= isms_.as_of.isoformat() for day in isms_.values(person, isms("leftOn")))
