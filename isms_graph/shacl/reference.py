"""The reference engine: pySHACL on an rdflib graph. It defines what is right, and takes what the compiler refuses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from time import perf_counter
from typing import Any

import pyshacl
import rdflib
from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, Store, Triple
from rdflib.namespace import RDF
from rdflib.plugins.sparql import prepareQuery

from isms_graph.errors import CatalogueError
from isms_graph.index import Node, Object
from isms_graph.namespaces import SH, sh
from isms_graph.shacl.compiler import path_text, target_text
from isms_graph.shacl.engine import Result, Row, Validation, count_solutions
from isms_graph.shacl.model import Shape, ShapesGraph, description_of, english, targeted_shapes
from isms_graph.shacl.sparql import NotUnderstood

_SH = rdflib.Namespace(SH)


_prepared = cache(prepareQuery)


class _Graph(rdflib.Graph):
    """A graph that parses each query text once; pySHACL asks the same text for every focus node."""

    def query(self, query_object: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(query_object, str):
            query_object = _prepared(query_object)
        return super().query(query_object, *args, **kwargs)


@dataclass
class _Mirror:
    """The last store as an rdflib graph. The next one is mostly much the same, and rdflib takes its time to build a graph."""

    quads: set[Quad]
    graph: _Graph


_mirror = _Mirror(set(), _Graph())


def _mirrored(store: Store) -> _Graph:
    quads = set(store.quads_for_pattern(None, None, None, DefaultGraph()))
    for quad in _mirror.quads - quads:
        _mirror.graph.remove((_rdflib(quad.subject), _rdflib(quad.predicate), _rdflib(quad.object)))
    to_rdflib(quads - _mirror.quads, _mirror.graph)
    _mirror.quads = quads
    return _mirror.graph


class ReferenceEngine:
    """Validates with pySHACL."""

    name = "reference"

    def validate(self, shapes: ShapesGraph, store: Store) -> Validation:
        """See `Engine.validate`."""
        return self.validate_shapes([shape.node for shape in targeted_shapes(shapes)], shapes, store)

    def validate_shapes(self, nodes: Iterable[Node], shapes: ShapesGraph, store: Store) -> Validation:
        """Validate some shapes of a shapes graph, one after another."""
        data = _mirrored(store)
        found = Validation([], {}, {})
        for node in nodes:
            begin = perf_counter()
            found.results.extend(_validate(node, shapes, data))
            found.seconds[node] = perf_counter() - begin
            found.focus_nodes[node] = _count(Shape(node, shapes), store)
        return found


def to_rdflib(quads: Iterable[Quad], graph: rdflib.Graph) -> rdflib.Graph:
    """Add statements to an rdflib graph and return it."""
    for quad in quads:
        graph.add((_rdflib(quad.subject), _rdflib(quad.predicate), _rdflib(quad.object)))
    return graph


def _rdflib(term: Object) -> Any:
    if isinstance(term, NamedNode):
        return rdflib.URIRef(term.value)
    if isinstance(term, BlankNode):
        return rdflib.BNode(term.value)
    if isinstance(term, Triple):
        raise CatalogueError("the reference engine does not read triple terms")
    if term.language:
        return rdflib.Literal(term.value, lang=term.language)
    if term.datatype.value.endswith("#string"):
        return rdflib.Literal(term.value)
    return rdflib.Literal(term.value, datatype=rdflib.URIRef(term.datatype.value), normalize=False)


def _oxigraph(term: Any) -> Object:
    if isinstance(term, rdflib.URIRef):
        return NamedNode(str(term))
    if isinstance(term, rdflib.BNode):
        return BlankNode(str(term))
    if term.language:
        return Literal(str(term), language=term.language)
    return Literal(str(term), datatype=NamedNode(str(term.datatype))) if term.datatype else Literal(str(term))


def _validate(node: Node, shapes: ShapesGraph, data: rdflib.Graph) -> list[Result]:
    own = to_rdflib(description_of(shapes, node), rdflib.Graph())
    try:
        _, report, text = pyshacl.validate(data, shacl_graph=own, inplace=True, do_owl_imports=False, advanced=False, meta_shacl=False)
    except Exception as error:  # pySHACL raises many kinds; all mean that the shape cannot be evaluated
        raise CatalogueError(f"the shape {node} cannot be evaluated: {error}") from error
    if not isinstance(report, rdflib.Graph):
        raise CatalogueError(f"the shape {node} cannot be evaluated: {text}")
    root = report.value(predicate=RDF.type, object=_SH.ValidationReport)  # results of nested shapes hang below as details
    return [_result(result, report, shapes) for result in report.objects(root, _SH.result)]


def _result(result: Any, report: rdflib.Graph, shapes: ShapesGraph) -> Result:
    def of(name: str) -> Object | None:
        term = report.value(result, _SH[name])
        return None if term is None else _oxigraph(term)

    source, focus, severity, component = of("sourceShape"), of("focusNode"), of("resultSeverity"), of("sourceConstraintComponent")
    assert isinstance(source, (NamedNode, BlankNode)) and focus is not None
    assert isinstance(severity, NamedNode) and isinstance(component, NamedNode)
    path = of("resultPath")
    own_path = Shape(source, shapes).path
    written = "" if path is None else str(path) if isinstance(path, NamedNode) else path_text(own_path or path, shapes)
    row = Row(source, focus, written, of("value"), severity, component.value)
    template = _template(source, of("sourceConstraint"), shapes)
    if set(re.findall(r"\{[?$](\w+)\}", template)) <= {"this", "value"}:
        value = of("value")
        return Result(row, template, {"this": focus, **({} if value is None else {"value": value})})
    message = of("resultMessage")  # pySHACL filled it from the solution, which it does not hand out
    return Result(row, message.value if isinstance(message, Literal) else "")


def _template(source: Node, constraint: Object | None, shapes: ShapesGraph) -> str:
    own = english(shapes.objects(constraint, sh("message"))) if isinstance(constraint, (NamedNode, BlankNode)) else ""
    return own or Shape(source, shapes).message


def _count(shape: Shape, store: Store) -> int:
    try:
        return count_solutions(target_text(shape), store)
    except NotUnderstood:
        return len(shape.targets())
