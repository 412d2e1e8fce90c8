"""What follows from the statements of an organisation by the ontology.

The rules are those of OWL 2 RL for subclasses, subproperties, inverse and symmetric properties, property chains and
classes that exclude each other. Domains and ranges are not used to infer types: there, a slip of the pen would declare
a person to be a risk in silence.

Edges of impact are the exception to the rules: none is inferred that leads to an element which takes no impact; one that
leaves an element where paths end is inferred as the first of a path (`isms:firstAdjusts` for `isms:adjusts`); and only
the forward direction is inferred (`isms:impacts`; its inverse is written `^isms:impacts` in a query).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache

from pyoxigraph import Literal, NamedNode, Quad

from isms_graph.index import Node, Object
from isms_graph.namespaces import OWL, RDF_TYPE, isms
from isms_graph.vocabulary import Vocabulary

# The kinds of edges that carry impact, and what an edge is that leaves an element where paths end: the first of a path.
FIRST = {
    "unsettles": "firstUnsettles",
    "undermines": "firstAlerts",
    "adjusts": "firstAdjusts",
    "directlyAdjusts": "firstAdjusts",
    "alerts": "firstAlerts",
}
FROM_HUB = {isms(kind): isms(first) for kind, first in FIRST.items()} | {isms(first): isms(first) for first in FIRST.values()}
KINDS = frozenset(FROM_HUB)
_IMPACTS = isms("impacts")
# Each kind by its inverse, with which the data say an edge from its end.
INVERSES = {
    "unsettledBy": "unsettles", "underminedBy": "undermines", "directlyAdjustedBy": "directlyAdjusts", "adjustedBy": "adjusts",
    "alertedBy": "alerts", "firstUnsettledBy": "firstUnsettles", "firstAdjustedBy": "firstAdjusts", "firstAlertedBy": "firstAlerts",
}  # fmt: skip
_BACKWARD = {isms(name) for name in ("impactedBy", *INVERSES)}
_STATUS, NO_IMPACT, ENDS_PATHS = isms("status"), isms("takesNoImpact"), isms("endsPaths")
_DISJOINT = NamedNode(OWL + "disjointWith")

Pairs = dict[NamedNode, list[tuple[Node, Object]]]


def by_predicate(quads: Iterable[Quad]) -> Pairs:
    """Subjects and objects of statements, by predicate."""
    pairs: Pairs = defaultdict(list)
    for quad in quads:
        pairs[quad.predicate].append((quad.subject, quad.object))
    return pairs


@cache
def _of_vocabulary(vocabulary: Vocabulary) -> Pairs:
    return by_predicate(vocabulary.quads)


def merged(vocabulary: Vocabulary, parts: Iterable[Pairs]) -> Pairs:
    """The statements of the ontology and of some files together."""
    together: Pairs = {}
    for pairs in (_of_vocabulary(vocabulary), *parts):
        for predicate, members in pairs.items():
            together.setdefault(predicate, []).extend(members)
    return together


def of_kind(vocabulary: Vocabulary, marker: NamedNode, types: Iterable[tuple[Node, Object]]) -> set[Node]:
    """The elements whose class, or one above it, carries an annotation; `types` are the stated classes."""
    marked = {term for term, predicate in vocabulary.by_subject if predicate == marker}
    classes = {class_ for class_, above in vocabulary.superclasses.items() if class_ in marked or not marked.isdisjoint(above)} | marked
    standard = {term for class_ in classes if isinstance(class_, NamedNode) for term in vocabulary.instances(class_)}
    return standard | {subject for subject, class_ in types if class_ in classes}


def settled(vocabulary: Vocabulary, statuses: Iterable[tuple[Node, Object]]) -> set[Node]:
    """The elements that are done with, by their status: a change does not travel to them, nor from them unless it begins there."""
    marked = {term for term, predicate in vocabulary.by_subject if predicate == NO_IMPACT}
    return {subject for subject, status in statuses if status in marked}


def entailed(pairs: Pairs, vocabulary: Vocabulary) -> Iterator[Quad]:
    """The statements that follow; some may come twice, or be among the stated ones already."""
    consequences, superclasses = vocabulary.consequences, vocabulary.superclasses
    types = pairs.get(RDF_TYPE, ())
    unreached = settled(vocabulary, pairs.get(_STATUS, ())) | of_kind(vocabulary, NO_IMPACT, types)
    hubs = of_kind(vocabulary, ENDS_PATHS, types)
    links = {link for _, first, second in vocabulary.chains for link in (first, second)}
    edges: dict[NamedNode, dict[Node, set[Object]]] = defaultdict(lambda: defaultdict(set))

    def follow(predicate: NamedNode, members: Iterable[tuple[Node, Object]]) -> Iterator[Quad]:
        """What statements with one predicate entail by that predicate alone."""
        members = list(members)
        for property_, inverted in [(predicate, False), *((c.property, c.inverted) for c in consequences.get(predicate, ()))]:
            if property_ in _BACKWARD:
                continue
            new = [(o, s) for s, o in members if not isinstance(o, Literal)] if inverted else members
            if property_ in KINDS:
                new = [(s, o) for s, o in new if o not in unreached]
                for subject, object_ in new:
                    if subject in hubs:
                        yield Quad(subject, FROM_HUB[property_], object_)
                new = [(s, o) for s, o in new if s not in hubs]
            elif property_ == _IMPACTS:
                new = [(s, o) for s, o in new if o not in unreached]
            if property_ in links:
                for subject, object_ in new:
                    edges[property_][subject].add(object_)
            if property_ != predicate or inverted:
                for subject, object_ in new:
                    yield Quad(subject, property_, object_)

    for one, two in vocabulary.disjoint:
        yield Quad(one, _DISJOINT, two)
    for subject, class_ in pairs.get(RDF_TYPE, ()):
        for above in superclasses.get(class_, ()) if isinstance(class_, NamedNode) else ():
            yield Quad(subject, RDF_TYPE, above)
    for predicate, members in pairs.items():
        if predicate in consequences or predicate in links:
            yield from follow(predicate, members)

    known: set[tuple[NamedNode, Node, Object]] = set()
    grown = True
    while grown:
        grown = False
        for result, first, second in vocabulary.chains:
            ends = edges[second]
            found = {
                (result, start, end)
                for start, middles in edges[first].items()
                for middle in middles
                for end in (() if isinstance(middle, Literal) else ends.get(middle, ()))
            } - known
            if found:
                grown = True
                known |= found
                for _, start, end in found:
                    yield Quad(start, result, end)
                yield from follow(result, [(start, end) for _, start, end in found])
