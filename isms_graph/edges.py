"""The edges that carry impact, and how a path may run over them.

Which properties carry impact, which way, how far and how strongly is declared in `ontology/impact.ttl`, with how a path
runs over the kinds of edges. No edge leads to a clause or an Annex A control, to which nearly everything refers, nor to
what is settled, such as a closed incident; and what is settled is no reason for anything else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pyoxigraph import DefaultGraph, NamedNode

from isms_graph.graph import Isms
from isms_graph.index import Index, Node, Object
from isms_graph.namespaces import RDF_TYPE, RDFS, isms
from isms_graph.reasoning import ENDS_PATHS, FIRST, INVERSES, NO_IMPACT, of_kind, settled

DIRECTIONS = ("affects", "affected-by")
STRENGTHS = ("strong", "moderate", "weak")
KINDS = tuple(INVERSES.values())
_SUBPROPERTY = NamedNode(RDFS + "subPropertyOf")
# For each phase of a path the kinds of edge that it may take next, and the phase after that. Phase 0 is the start.
# Forward: 1 while only `unsettles` were taken, 2 after an `undermines`, 3 after an `adjusts`, 4 at the end.
# Backward the same paths are walked from their end: 1 while only `adjusts` were taken, 2 after `undermines` or `alerts`,
# 3 after an `unsettles` or `directlyAdjusts`.
_EARLY = {"unsettles": 1, "undermines": 2, "directlyAdjusts": 3, "adjusts": 3, "alerts": 4}
_BACK_FROM_ADJUSTED = {"unsettles": 3, "undermines": 2, "directlyAdjusts": 3, "adjusts": 1, "firstUnsettles": 4, "firstAdjusts": 4}
MOVES: dict[str, tuple[dict[str, int], ...]] = {
    "affects": (
        {**_EARLY, "firstUnsettles": 1, "firstAdjusts": 3, "firstAlerts": 4},
        _EARLY,
        {"undermines": 2, "adjusts": 3, "alerts": 4},
        {"adjusts": 3},
        {},
    ),
    "affected-by": (
        {**_BACK_FROM_ADJUSTED, "alerts": 2, "firstAlerts": 4},
        _BACK_FROM_ADJUSTED,
        {"unsettles": 3, "undermines": 2, "firstUnsettles": 4},
        {"unsettles": 3, "firstUnsettles": 4},
        {},
    ),
}
PHASES = len(MOVES["affects"])


class Carrier(NamedTuple):
    """A property that carries impact: from object to subject if `inverted`; `strength` is a place in STRENGTHS."""

    property: NamedNode
    kind: str
    inverted: bool
    strength: int


class Edge(NamedTuple):
    """`start` touches `end`; the carrier is how the data say it."""

    carrier: Carrier
    start: NamedNode
    end: NamedNode


class Edges:
    """The edges of one ISMS. Nodes are numbered in the order of their class and IRI, so that numbers sort as answers do.

    A state is a node in a phase of a path, `number * PHASES + phase`.
    """

    def __init__(self, isms_: Isms) -> None:
        self.out: dict[NamedNode, list[Edge]] = defaultdict(list)
        self.into: dict[NamedNode, list[Edge]] = defaultdict(list)
        statuses, types = _pairs(isms_, isms("status")), _pairs(isms_, RDF_TYPE)
        self.settled = settled(isms_.vocabulary, statuses)
        unreached = self.settled | of_kind(isms_.vocabulary, NO_IMPACT, types)
        hubs = of_kind(isms_.vocabulary, ENDS_PATHS, types)
        for carrier in carriers(isms_.vocabulary):
            for quad in isms_.store.quads_for_pattern(None, carrier.property, None, DefaultGraph()):
                if not isinstance(quad.subject, NamedNode) or not isinstance(quad.object, NamedNode):
                    continue
                start, end = (quad.object, quad.subject) if carrier.inverted else (quad.subject, quad.object)
                if start != end and end not in unreached:
                    edge = Edge(carrier._replace(kind=FIRST.get(carrier.kind, carrier.kind)) if start in hubs else carrier, start, end)
                    self.out[start].append(edge)
                    self.into[end].append(edge)
        kinds = _classes(isms_, types)
        ends = self.out.keys() | self.into.keys()
        self.nodes = sorted(ends, key=lambda node: (kinds.get(node, ""), node.value))
        self.number = {node: number for number, node in enumerate(self.nodes)}
        for edges in (*self.out.values(), *self.into.values()):
            edges.sort(
                key=lambda edge: (
                    edge.carrier.strength,
                    KINDS.index(edge.carrier.kind),
                    edge.carrier.property.value,
                    edge.end.value,
                    edge.start.value,
                )
            )
        self._steps: dict[str, list[list[tuple[int, int]]]] = {}

    def steps(self, direction: str) -> list[list[tuple[int, int]]]:
        """For each state the states behind one edge, each with the strength of the strongest edge between them."""
        if direction not in self._steps:
            edges, number = (self.out if direction == "affects" else self.into), self.number
            steps: list[list[tuple[int, int]]] = []
            for node in self.nodes:
                for moves in MOVES[direction]:
                    best: dict[int, int] = {}
                    for carrier, start, end in edges.get(node, ()):
                        if carrier.kind in moves and (direction == "affects" or start not in self.settled):
                            after = number[end if direction == "affects" else start] * PHASES + moves[carrier.kind]
                            best[after] = min(best.get(after, carrier.strength), carrier.strength)
                    steps.append(list(best.items()))
            self._steps[direction] = steps
        return self._steps[direction]

    def between(self, state: int, after: int, direction: str) -> Iterator[Edge]:
        """The edges that lead from a state to the next, the strongest first."""
        node, other = self.nodes[state // PHASES], self.nodes[after // PHASES]
        for edge in (self.out if direction == "affects" else self.into).get(node, ()):
            far = edge.end if direction == "affects" else edge.start
            if far == other and MOVES[direction][state % PHASES].get(edge.carrier.kind) == after % PHASES:
                yield edge


def edges_of(isms_: Isms) -> Edges:
    """The edges of an ISMS, prepared when they are first asked for."""
    return isms_.kept(Edges)


def carriers(vocabulary: Index) -> Iterator[Carrier]:
    """The properties that carry impact, in a fixed order; one that carries both ways comes twice."""
    kinds = {isms(name): (name, False) for name in KINDS}
    kinds |= {isms(name): (kind, True) for name, kind in INVERSES.items()}
    levels = {node: int(vocabulary.text(node, isms("order"))) - 1 for node in vocabulary.instances(isms("ImpactStrength"))}
    for (term, predicate), above in sorted(vocabulary.by_subject.items(), key=str):
        if predicate == _SUBPROPERTY and isinstance(term, NamedNode) and term not in kinds:
            strength = min((levels[node] for node in vocabulary.named(term, isms("strength"))), default=len(STRENGTHS) - 1)
            for kind, inverted in (kinds[parent] for parent in above if isinstance(parent, NamedNode) and parent in kinds):
                yield Carrier(term, kind, inverted, strength)


def _pairs(isms_: Isms, property_: NamedNode) -> list[tuple[Node, Object]]:
    return [(quad.subject, quad.object) for quad in isms_.store.quads_for_pattern(None, property_, None, DefaultGraph())]


def _classes(isms_: Isms, pairs: Iterable[tuple[Node, Object]]) -> dict[Node, str]:
    """The short name of the most specific class of every element."""
    types: dict[Node, set[NamedNode]] = defaultdict(set)
    for subject, class_ in pairs:
        if isinstance(class_, NamedNode):
            types[subject].add(class_)
    short: dict[frozenset[NamedNode], str] = {}
    for classes in map(frozenset, types.values()):
        if classes not in short:
            specific = isms_.vocabulary.most_specific(set(classes))
            short[classes] = isms_.short(specific[0]) if specific else ""
    return {node: short[frozenset(classes)] for node, classes in types.items()}
