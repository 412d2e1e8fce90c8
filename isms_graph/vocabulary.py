"""The ontology as the program reads it: labels, definitions, ranges, and what follows from what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TypeVar

from pyoxigraph import NamedNode, Quad, RdfFormat, parse

from isms_graph.index import Index, Node, Object
from isms_graph.namespaces import ISMS, ISO27001, OWL, RDFS, RDFS_LABEL, SKOS, isms
from isms_graph.resources import ontology_files

T = TypeVar("T", bound=Hashable)

_SUBCLASS, _SUBPROPERTY = NamedNode(RDFS + "subClassOf"), NamedNode(RDFS + "subPropertyOf")
_INVERSE, _CHAIN = NamedNode(OWL + "inverseOf"), NamedNode(OWL + "propertyChainAxiom")
_MEMBERS = NamedNode(OWL + "members")
_CLASS, _OBJECT_PROPERTY = NamedNode(OWL + "Class"), NamedNode(OWL + "ObjectProperty")
_DATATYPE_PROPERTY, _SYMMETRIC = NamedNode(OWL + "DatatypeProperty"), NamedNode(OWL + "SymmetricProperty")
_FUNCTIONAL = NamedNode(OWL + "FunctionalProperty")
_RANGE, _DEFINITION = NamedNode(RDFS + "range"), NamedNode(SKOS + "definition")


@dataclass(frozen=True)
class Consequence:
    """`property` also holds where another does, with subject and object swapped if `inverted`."""

    property: NamedNode
    inverted: bool


class Vocabulary(Index):
    """The ontology, indexed. `quads` are its statements."""

    def label(self, term: Node) -> str:
        """The term's name in plain words, or an empty text."""
        return self.text(term, RDFS_LABEL)

    def definition(self, term: Node) -> str:
        """The term's definition, one sentence."""
        return self.text(term, _DEFINITION)

    @cached_property
    def terms(self) -> frozenset[NamedNode]:
        """Every IRI of the `isms:` and `iso27001:` namespaces that the ontology describes."""
        return frozenset(
            subject
            for subject, predicate in self.by_subject
            if isinstance(subject, NamedNode) and predicate == RDFS_LABEL and subject.value.startswith((ISMS, ISO27001))
        )

    @cached_property
    def classes(self) -> list[NamedNode]:
        """The classes of the `isms:` namespace."""
        return [term for term in self.by_type[_CLASS] if term.value.startswith(ISMS)]

    @cached_property
    def object_properties(self) -> frozenset[NamedNode]:
        """Properties whose values are elements."""
        return frozenset(self.by_type[_OBJECT_PROPERTY])

    @cached_property
    def datatype_properties(self) -> frozenset[NamedNode]:
        """Properties whose values are literals."""
        return frozenset(self.by_type[_DATATYPE_PROPERTY])

    @cached_property
    def functional(self) -> frozenset[NamedNode]:
        """Properties of which an element has one value at a time."""
        return frozenset(self.by_type[_FUNCTIONAL])

    def range(self, property_: NamedNode) -> NamedNode | None:
        """The class or datatype that the values of a property belong to, if the ontology says."""
        ranges = self.named(property_, _RANGE)
        return ranges[0] if ranges else None

    @cached_property
    def superclasses(self) -> dict[NamedNode, frozenset[NamedNode]]:
        """For every class all classes above it, without itself."""
        direct = {
            subject: self.named(subject, _SUBCLASS)
            for subject, predicate in self.by_subject
            if predicate == _SUBCLASS and isinstance(subject, NamedNode)
        }
        return {term: frozenset(_reachable(term, direct)) for term in direct}

    @cached_property
    def consequences(self) -> dict[NamedNode, tuple[Consequence, ...]]:
        """For every property what else holds where it does, by subproperty, inverse and symmetry (OWL 2 RL)."""
        steps: dict[tuple[NamedNode, bool], list[tuple[NamedNode, bool]]] = defaultdict(list)
        properties = set(self.object_properties | self.datatype_properties)
        for (subject, predicate), objects in self.by_subject.items():
            if not isinstance(subject, NamedNode) or predicate not in (_SUBPROPERTY, _INVERSE):
                continue
            for other in objects:
                if not isinstance(other, NamedNode):
                    continue
                properties |= {subject, other}
                for side in (False, True):
                    if predicate == _SUBPROPERTY:
                        steps[subject, side].append((other, side))
                    else:
                        steps[subject, side].append((other, not side))
                        steps[other, side].append((subject, not side))
        for property_ in self.by_type[_SYMMETRIC]:
            for side in (False, True):
                steps[property_, side].append((property_, not side))
        found: dict[NamedNode, tuple[Consequence, ...]] = {}
        for property_ in properties:
            reached = _reachable((property_, False), steps) - {(property_, False)}
            if reached:
                found[property_] = tuple(Consequence(*step) for step in sorted(reached, key=str))
        return found

    @cached_property
    def chains(self) -> list[tuple[NamedNode, NamedNode, NamedNode]]:
        """Property chains of two links: (result, first, second)."""
        chains = []
        for (subject, predicate), heads in self.by_subject.items():
            if predicate == _CHAIN and isinstance(subject, NamedNode):
                for head in heads:
                    first, second = (link for link in self.list(head) if isinstance(link, NamedNode))
                    chains.append((subject, first, second))
        return chains

    @cached_property
    def disjoint(self) -> frozenset[tuple[NamedNode, NamedNode]]:
        """The pairs of classes that exclude each other, both ways round."""
        pairs: set[tuple[NamedNode, NamedNode]] = set()
        for (_, predicate), heads in self.by_subject.items():
            if predicate == _MEMBERS:
                members = [node for head in heads for node in self.list(head) if isinstance(node, NamedNode)]
                pairs |= {(one, two) for one in members for two in members if one != two}
        return frozenset(pairs)

    def most_specific(self, classes: set[NamedNode]) -> list[NamedNode]:
        """Those of `classes` in the `isms:` namespace that have no subclass among them, in the order of their IRIs."""
        above = set().union(*(self.superclasses.get(class_, ()) for class_ in classes))
        own = [class_ for class_ in classes if class_.value.startswith(ISMS) and class_ not in above]
        return sorted(own, key=lambda node: node.value)

    def inherited(self, class_: NamedNode, annotation: NamedNode) -> Object | None:
        """The value of an annotation of the class, or of the nearest class above it that has one."""
        queue = [class_]
        while queue:
            current = queue.pop(0)
            values = self.objects(current, annotation)
            if values:
                return values[0]
            queue.extend(self.named(current, _SUBCLASS))
        return None

    @cached_property
    def limits(self) -> list[NamedNode]:
        """The properties that hold a date from which on something still counts."""
        subjects = self.instances(isms("ExpectationSubject"))
        return sorted({limit for subject in subjects for limit in self.named(subject, isms("setsLimit"))} | set(self._measured), key=str)

    @cached_property
    def computed(self) -> list[NamedNode]:
        """The properties that an assessment works out for the elements: the limits, the criteria of risks, blanks in registers."""
        return [*self.limits, isms("judgedBy"), isms("lacksColumn")]

    @property
    def _measured(self) -> list[NamedNode]:
        return [term for term, predicate in self.by_subject if predicate == isms("ownInterval") and isinstance(term, NamedNode)]

    def usual_intervals(self, band: NamedNode) -> Iterator[tuple[NamedNode, NamedNode, int]]:
        """What is usual in a size band: (class, limit property, months)."""
        for expectation in self.instances(isms("Expectation")):
            if band not in self.named(expectation, isms("forBand")):
                continue
            months = self.text(expectation, isms("withinMonths"))
            for subject in self.named(expectation, isms("expectationOn")):
                for limit in self.named(subject, isms("setsLimit")):
                    for class_ in self.named(subject, isms("onClass")):
                        yield class_, limit, int(months)

    def is_kind_of(self, class_: NamedNode, above: NamedNode) -> bool:
        """True if `class_` is `above` or below it."""
        return class_ == above or above in self.superclasses.get(class_, ())


def _reachable(start: T, steps: Mapping[T, list[T]]) -> set[T]:
    seen: set[T] = set()
    stack = list(steps.get(start, ()))
    while stack:
        current = stack.pop()
        if current not in seen:
            seen.add(current)
            stack.extend(steps.get(current, ()))
    return seen


@cache
def load_vocabulary() -> Vocabulary:
    """The shipped ontology, read once in a process."""
    quads: list[Quad] = []
    for path in ontology_files():
        quads.extend(parse(path.read_bytes(), format=RdfFormat.TURTLE, rename_blank_nodes=True))
    return Vocabulary(quads)


def name_index(vocabulary: Vocabulary, terms: frozenset[NamedNode] | list[NamedNode]) -> dict[str, NamedNode]:
    """The terms by the names people write: label in lower case, and the name in the IRI."""
    index: dict[str, NamedNode] = {}
    for term in terms:
        index.setdefault(vocabulary.label(term).lower(), term)
        index.setdefault(term.value.rsplit("/", 1)[-1].lower(), term)
    return index


ELEMENT = isms("Element")
