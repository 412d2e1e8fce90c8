"""Shapes as the engines read them from a shapes graph."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pyoxigraph import BlankNode, Literal, NamedNode, Quad

from isms_graph.index import Index, Node, Object
from isms_graph.namespaces import OWL, RDF_TYPE, RDFS, SH, sh

NODE_SHAPE, PROPERTY_SHAPE = sh("NodeShape"), sh("PropertyShape")
TARGETS = {name: sh(name) for name in ("targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf")}
PATH, SEVERITY, MESSAGE, DEACTIVATED, PROPERTY = sh("path"), sh("severity"), sh("message"), sh("deactivated"), sh("property")
VIOLATION, WARNING, INFO = sh("Violation"), sh("Warning"), sh("Info")

# Constraint parameters of SHACL Core and SHACL-SPARQL, with the local name of their component.
COMPONENTS = {
    "class": "Class", "datatype": "Datatype", "nodeKind": "NodeKind", "minCount": "MinCount", "maxCount": "MaxCount",
    "minExclusive": "MinExclusive", "minInclusive": "MinInclusive", "maxExclusive": "MaxExclusive",
    "maxInclusive": "MaxInclusive", "minLength": "MinLength", "maxLength": "MaxLength", "pattern": "Pattern",
    "languageIn": "LanguageIn", "uniqueLang": "UniqueLang", "equals": "Equals", "disjoint": "Disjoint",
    "lessThan": "LessThan", "lessThanOrEquals": "LessThanOrEquals", "not": "Not", "and": "And", "or": "Or", "xone": "Xone",
    "node": "Node", "property": "Property", "qualifiedValueShape": "QualifiedValueShape", "closed": "Closed",
    "hasValue": "HasValue", "in": "In", "sparql": "SPARQL",
}  # fmt: skip
OTHER_PARAMETERS = {
    "targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf", "path", "severity", "message", "deactivated",
    "name", "description", "order", "group", "defaultValue", "flags", "ignoredProperties", "qualifiedMinCount",
    "qualifiedMaxCount", "qualifiedValueShapesDisjoint", "prefixes", "select", "declare", "prefix", "namespace",
    "inversePath", "alternativePath", "zeroOrMorePath", "oneOrMorePath", "zeroOrOnePath",
}  # fmt: skip


class ShapesGraph(Index):
    """An indexed shapes graph. `prepared` is where an engine keeps what it made of each shape, `key` by what it is known on disk."""

    key = ""

    @cached_property
    def prepared(self) -> dict[Node, Any]:
        """What an engine made of a shape, by the shape; a graph is not changed after it was made."""
        return {}

    @cached_property
    def custom_parameters(self) -> frozenset[NamedNode]:
        """The parameters of constraint components that the graph itself defines."""
        parameters = [node for (_, predicate), nodes in self.by_subject.items() if predicate == sh("parameter") for node in nodes]
        return frozenset(path for node in parameters if not isinstance(node, Literal) for path in self.named(node, PATH))

    @cached_property
    def components(self) -> list[Node]:
        """The constraint components that the graph itself defines."""
        return [subject for subject, predicate in self.by_subject if predicate == sh("parameter")]


@dataclass(frozen=True)
class Shape:
    """One shape and what the graph says of it."""

    node: Node
    index: ShapesGraph

    @property
    def path(self) -> Object | None:
        """The path of a property shape; None for a node shape."""
        return next(iter(self.index.objects(self.node, PATH)), None)

    @property
    def severity(self) -> NamedNode:
        """The severity of the shape's results."""
        return next(iter(self.index.named(self.node, SEVERITY)), VIOLATION)

    @property
    def message(self) -> str:
        """The message template of the shape, in English or without a language."""
        return english(self.index.objects(self.node, MESSAGE))

    @property
    def deactivated(self) -> bool:
        """True if the shape is switched off."""
        return any(isinstance(v, Literal) and v.value == "true" for v in self.index.objects(self.node, DEACTIVATED))

    def targets(self) -> list[tuple[str, Object]]:
        """The shape's targets as (kind, value); a shape that is also a class targets its instances."""
        found = [(kind, value) for kind, iri in TARGETS.items() for value in self.index.objects(self.node, iri)]
        types = self.index.objects(self.node, RDF_TYPE)
        if NamedNode(RDFS + "Class") in types or NamedNode(OWL + "Class") in types:
            found.append(("targetClass", self.node))
        return found

    def constraints(self) -> list[tuple[str, Object]]:
        """The shape's constraints as (parameter, value)."""
        return [(name, value) for name in COMPONENTS for value in self.index.objects(self.node, sh(name))]

    def property_shapes(self) -> list[Shape]:
        """The property shapes that the shape names by sh:property."""
        return [Shape(node, self.index) for node in self.index.objects(self.node, PROPERTY) if isinstance(node, (NamedNode, BlankNode))]


def english(values: Iterable[Object]) -> str:
    """The text without a language or in English, else any; an empty text if there is none."""
    texts = sorted(
        (value for value in values if isinstance(value, Literal)),
        key=lambda text: (text.language not in (None, "en"), text.language or "", text.value),
    )
    return texts[0].value if texts else ""


def targeted_shapes(index: ShapesGraph) -> list[Shape]:
    """Every shape that has a target of its own, in the order of the graph."""
    seen: dict[Node, None] = {}
    for subject, predicate in index.by_subject:
        if predicate.value.startswith(SH) or predicate == RDF_TYPE:
            seen.setdefault(subject)
    candidates = [Shape(node, index) for node in seen]
    shapes = [shape for shape in candidates if _is_shape(shape) and shape.targets()]
    return [shape for shape in shapes if not shape.deactivated]


def _is_shape(shape: Shape) -> bool:
    types = shape.index.objects(shape.node, RDF_TYPE)
    if NODE_SHAPE in types or PROPERTY_SHAPE in types:
        return True
    return any(shape.index.objects(shape.node, iri) for iri in TARGETS.values())


def description_of(index: ShapesGraph, root: Node) -> list[Quad]:
    """All statements about a shape, about whatever it names, and about the graph's own constraint components."""
    found: list[Quad] = []
    queue: list[Node] = [root, *index.components]
    seen: set[Node] = set()
    by_node: dict[Node, list[tuple[NamedNode, list[Object]]]] = {}
    for (subject, predicate), objects in index.by_subject.items():
        by_node.setdefault(subject, []).append((predicate, objects))
    while queue:
        node = queue.pop()
        if node in seen:
            continue
        seen.add(node)
        for predicate, objects in by_node.get(node, ()):
            for object_ in objects:
                found.append(Quad(node, predicate, object_))
                if isinstance(object_, (NamedNode, BlankNode)) and object_ in by_node:
                    queue.append(object_)
    return found
