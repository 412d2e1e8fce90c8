"""An engine that is asked again and again while the data change: a check that no changed statement touches keeps its results."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pyoxigraph import BlankNode, DefaultGraph, NamedNode, Quad, Store

from isms_graph.index import Node
from isms_graph.namespaces import ASSESSMENT, PREFIXES, RDF_TYPE, sh
from isms_graph.shacl import sparql
from isms_graph.shacl.compiled import CompiledEngine
from isms_graph.shacl.compiler import compile_shape
from isms_graph.shacl.engine import Validation
from isms_graph.shacl.model import Shape, ShapesGraph, targeted_shapes
from isms_graph.vocabulary import load_vocabulary


@dataclass(frozen=True)
class Mentions:
    """What a query reads: IRIs, and whether it reads any property, or any class, through a variable."""

    iris: frozenset[str]
    any_property: bool
    any_class: bool

    def touched_by(self, properties: set[str], classes: set[str]) -> bool:
        """True if changed statements with these properties, or these types, can change the answer."""
        if self.any_property or self.iris & properties:
            return True
        return bool(classes) and (self.any_class or bool(self.iris & classes))


def mentions(shape: Shape) -> Mentions:
    """What the queries of a shape read, or everything where that cannot be told."""
    iris: set[str] = set()
    any_property = any_class = False
    try:
        for reporting, query in compile_shape(shape):
            iris |= {iri for token in sparql.tokens(query.text) if (iri := _iri(token))}
            for node in reporting.index.objects(reporting.node, sh("sparql")):
                if isinstance(node, (NamedNode, BlankNode)):
                    select = sparql.parse_select(reporting.index.text(node, sh("select")))
                    for run in _triples(select.where):
                        property_, class_ = _open_places(run)
                        any_property, any_class = any_property or property_, any_class or class_
    except sparql.NotUnderstood:
        return Mentions(frozenset(), True, True)
    return Mentions(frozenset(iris), any_property, any_class)


def _iri(token: sparql.Token) -> str:
    if token.kind == "iri":
        return token.text[1:-1]
    if token.text == "a":
        return RDF_TYPE.value
    prefix, _, local = token.text.partition(":")
    return PREFIXES.get(prefix, "") + local.replace("\\", "") if token.kind == "pname" else ""


def _triples(group: sparql.Group) -> Iterator[list[sparql.Token]]:
    if group.select:
        yield from _triples(group.select.where)
    for element in group.elements:
        match element:
            case sparql.Triples(tokens):
                yield tokens
            case sparql.Optional_(inner) | sparql.Minus(inner):
                yield from _triples(inner)
            case sparql.Union(groups):
                for inner in groups:
                    yield from _triples(inner)
            case sparql.Filter(expression) | sparql.Bind(expression, _):
                for part in expression.parts:
                    if isinstance(part, sparql.Exists):
                        yield from _triples(part.group)


def _open_places(tokens: list[sparql.Token]) -> tuple[bool, bool]:
    """Whether a variable stands for a property, and whether one (or a blank node) stands for a class, in some triples.

    Errs to the safe side: behind a path in parentheses the object may be taken for a property.
    """
    subject, property_, object_ = 0, 1, 2
    place, outer = subject, []
    any_property = any_class = False
    for token, following in zip(tokens, [*tokens[1:], sparql.Token("mark", ".")], strict=True):
        if token.text in (".", ";"):
            place = subject if token.text == "." else property_
        elif token.text == "[":
            outer.append(object_ if place == object_ else property_)
            place = property_
        elif token.text == "]":
            place = outer.pop() if outer else object_
        elif token.kind != "mark":
            if place == property_:
                any_property = any_property or token.kind == "var"
                any_class = any_class or (_iri(token) == RDF_TYPE.value and following.kind not in ("iri", "pname"))
                place = property_ if following.text in ("/", "|", "*", "+", "?", ")") else object_
            elif place == subject:
                place = property_
    return any_property, any_class


class RememberingEngine:
    """The compiled engine with a memory: a check that no changed statement touches keeps its results."""

    name = "compiled"

    def __init__(self) -> None:
        self.touched: set[Quad] = set()
        self._mentions: dict[Node, Mentions] = {}
        self._limits: set[Quad] = set()
        self._last: Validation | None = None
        self.ran = 0

    def validate(self, shapes: ShapesGraph, store: Store) -> Validation:
        """See `Engine.validate`; `touched` are the statements that came or went since the last time."""
        limits = {quad for limit in load_vocabulary().computed for quad in store.quads_for_pattern(None, limit, None, DefaultGraph())}
        limits |= set(store.quads_for_pattern(ASSESSMENT, None, None, DefaultGraph()))
        touched = self.touched | (limits ^ self._limits)
        self._limits, self.touched = limits, set()
        properties = {quad.predicate.value for quad in touched if quad.predicate != RDF_TYPE}
        classes = {quad.object.value for quad in touched if quad.predicate == RDF_TYPE and isinstance(quad.object, NamedNode)}
        stale = None if self._last is None else {node for node, what in self._mentions.items() if what.touched_by(properties, classes)}
        if not self._mentions:
            self._mentions = {shape.node: mentions(shape) for shape in targeted_shapes(shapes)}
        fresh = CompiledEngine().validate(shapes, store, only=stale)
        self.ran = len(fresh.focus_nodes)
        if self._last is not None and stale is not None:
            owner = self._owner(shapes)
            fresh.results.extend(result for result in self._last.results if owner[result.row.shape] not in stale)
            fresh.focus_nodes = {**self._last.focus_nodes, **fresh.focus_nodes}
            fresh.seconds = {**dict.fromkeys(self._last.seconds, 0.0), **fresh.seconds}
            fresh.referred = {**self._last.referred, **fresh.referred}
        self._last = fresh
        return fresh

    @staticmethod
    def _owner(shapes: ShapesGraph) -> dict[Node, Node]:
        """The shape with the target for each shape that reports."""
        found: dict[Node, Node] = {}
        for shape in targeted_shapes(shapes):
            found[shape.node] = shape.node
            found.update((inner.node, shape.node) for inner in shape.property_shapes())
        return found
