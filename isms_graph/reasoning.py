"""What follows from the statements of an organisation by the ontology.

The rules are those of OWL 2 RL for subclasses, subproperties, inverse and symmetric properties, property chains and
classes that exclude each other. Domains and ranges are not used to infer types: there, a slip of the pen would declare
a person to be a risk in silence.

Edges of impact are the exception to the rules: none is inferred that leads to an element which takes no impact, and
only the forward direction is inferred (`isms:impacts`; its inverse is written `^isms:impacts` in a query).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from pyoxigraph import Literal, NamedNode, Quad

from isms_graph.index import Node, Object
from isms_graph.namespaces import OWL, RDF_TYPE, isms
from isms_graph.vocabulary import Vocabulary

_IMPACT = {isms(name) for name in ("impacts", "unsettles", "adjusts", "alerts")}
_BACKWARD = {isms(name) for name in ("impactedBy", "unsettledBy", "adjustedBy", "alertedBy")}
_STATUS, _NO_IMPACT = isms("status"), isms("takesNoImpact")
_DISJOINT = NamedNode(OWL + "disjointWith")

Pairs = dict[NamedNode, list[tuple[Node, Object]]]


def by_predicate(quads: Iterable[Quad]) -> Pairs:
    """Subjects and objects of statements, by predicate."""
    pairs: Pairs = defaultdict(list)
    for quad in quads:
        pairs[quad.predicate].append((quad.subject, quad.object))
    return pairs


def without_impact(vocabulary: Vocabulary, statuses: Iterable[tuple[Node, Object]]) -> set[Node]:
    """The elements that a change does not travel to, by their class or by their status; `statuses` are their statuses."""
    marked = {term for term, predicate in vocabulary.by_subject if predicate == _NO_IMPACT}
    own = {subject for subject, status in statuses if status in marked}
    standard = {
        term
        for class_, terms in vocabulary.by_type.items()
        if class_ in marked or not marked.isdisjoint(vocabulary.superclasses.get(class_, ()))
        for term in terms
    }
    return own | standard


def entailed(pairs: Pairs, vocabulary: Vocabulary) -> Iterator[Quad]:
    """The statements that follow; some may come twice, or be among the stated ones already."""
    consequences, superclasses = vocabulary.consequences, vocabulary.superclasses
    unreached = without_impact(vocabulary, pairs.get(_STATUS, ()))
    links = {link for _, first, second in vocabulary.chains for link in (first, second)}
    edges: dict[NamedNode, dict[Node, set[Object]]] = defaultdict(lambda: defaultdict(set))

    def follow(predicate: NamedNode, members: Iterable[tuple[Node, Object]]) -> Iterator[Quad]:
        """What statements with one predicate entail by that predicate alone."""
        members = list(members)
        for property_, inverted in [(predicate, False), *((c.property, c.inverted) for c in consequences.get(predicate, ()))]:
            if property_ in _BACKWARD:
                continue
            new = [(o, s) for s, o in members if not isinstance(o, Literal)] if inverted else members
            if property_ in _IMPACT:
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
