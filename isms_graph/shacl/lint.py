"""The shapes lint: what would make a check pass in silence, found before anything is validated.

A misspelt class, property or SHACL parameter matches nothing, and then every ISMS conforms.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise

from pyoxigraph import BlankNode, Literal, NamedNode, Store

from isms_graph.index import Node, Object
from isms_graph.namespaces import ISMS, ISO27001, PREFIXES, RDF_TYPE, RDFS_LABEL, SH, nearest, sh, shorten
from isms_graph.shacl import scope, sparql
from isms_graph.shacl.compiler import compile_shape, path_text
from isms_graph.shacl.model import COMPONENTS, MESSAGE, OTHER_PARAMETERS, SEVERITY, Shape, ShapesGraph, english, targeted_shapes
from isms_graph.shacl.sparql import NotUnderstood
from isms_graph.vocabulary import Vocabulary

_COUNTS = {"minCount", "maxCount", "minLength", "maxLength"}
_KNOWN_SH = set(COMPONENTS) | OTHER_PARAMETERS | {"NodeShape", "PropertyShape", "Violation", "Warning", "Info"}
_KNOWN_SH |= {"IRI", "BlankNode", "Literal", "IRIOrLiteral", "BlankNodeOrIRI", "BlankNodeOrLiteral"}
_PLACEHOLDER = re.compile(r"\{[?$](\w+)(?:\|[^{}]*)?\}")
_SEVERITIES = {sh("Violation"), sh("Warning"), sh("Info")}


def lint(shapes: ShapesGraph, vocabulary: Vocabulary) -> list[str]:
    """Everything wrong with a shapes graph, one sentence each; an empty list if nothing is."""
    found: list[str] = []
    for (subject, predicate), objects in shapes.by_subject.items():
        for term in (predicate, *(node for node in objects if isinstance(node, NamedNode))):
            if problem := unknown(term, vocabulary):
                found.append(f"{_name(subject)}: {problem}")
        if predicate.value.startswith(SH):
            found.extend(f"{_name(subject)}: {text}" for text in _value(predicate, objects, shapes))
    for shape in targeted_shapes(shapes):
        found.extend(f"{_name(shape.node)}: {text}" for text in _shape(shape, vocabulary))
    for (subject, predicate), nodes in shapes.by_subject.items():
        for node in nodes if predicate == sh("sparql") else ():
            if isinstance(node, (NamedNode, BlankNode)):
                found.extend(f"{_name(subject)}: {text}" for text in _query(shapes.text(node, sh("select")), vocabulary))
    return sorted(set(found))


def unknown(term: NamedNode, vocabulary: Vocabulary) -> str:
    """What is wrong with a term of a namespace that the program knows; an empty text if nothing is."""
    if term.value.startswith((ISMS, ISO27001)) and term not in vocabulary.terms:
        known: set[str] = {shorten(node.value, PREFIXES) for node in vocabulary.terms}
    elif term.value.startswith(SH) and term.value.removeprefix(SH) not in _KNOWN_SH:
        known = {f"sh:{name}" for name in _KNOWN_SH}
    else:
        return ""
    short = shorten(term.value, PREFIXES)
    near = nearest(short, known, 1)
    return f"there is no term {short}" + (f"; the nearest is {near[0]}" if near else "")


def _value(predicate: NamedNode, objects: list[Object], shapes: ShapesGraph) -> Iterator[str]:
    name = predicate.value.removeprefix(SH)
    for value in objects:
        if name in _COUNTS and not (isinstance(value, Literal) and value.value.isdigit()):
            yield f"sh:{name} has to be a whole number"
        elif name == "in" and not shapes.list(value):
            yield "sh:in has to be a list with members"
        elif name == "severity" and value not in _SEVERITIES:
            yield "sh:severity has to be sh:Violation, sh:Warning or sh:Info"
        elif name == "path":
            try:
                path_text(value, shapes)
            except NotUnderstood as reason:
                yield f"sh:path is {reason}"


def _shape(shape: Shape, vocabulary: Vocabulary) -> Iterator[str]:
    for kind, value in shape.targets():
        if kind == "targetClass" and value not in vocabulary.classes:
            yield f"the target class {_name(value)} is not a class of the ontology"
        if kind in ("targetSubjectsOf", "targetObjectsOf") and value not in vocabulary.object_properties | vocabulary.datatype_properties:
            yield f"the target {_name(value)} is not a property of the ontology"
    reporting = [shape, *shape.property_shapes()]
    if not any(one.constraints() for one in reporting):
        yield "the shape has no constraint"
    for one in reporting:
        if [name for name, _ in one.constraints() if name != "property"]:
            if not one.index.objects(one.node, SEVERITY):
                yield "the shape that reports has no sh:severity"
            if not one.message and not any(name == "sparql" for name, _ in one.constraints()):
                yield "the shape that reports has no sh:message"
        yield from _placeholders(one)
    for path in (one.path for one in reporting):
        known = vocabulary.object_properties | vocabulary.datatype_properties | {RDF_TYPE, RDFS_LABEL}
        if isinstance(path, NamedNode) and path not in known:
            yield f"the path {_name(path)} is not a property of the ontology"
    try:
        for _, query in compile_shape(shape):
            Store().query(query.text)
    except NotUnderstood:
        pass  # the reference engine takes the shape
    except SyntaxError as error:
        yield f"the compiled query is not valid SPARQL: {error}"


def _placeholders(shape: Shape) -> Iterator[str]:
    """Placeholders of a message that no solution can fill."""
    for name, node in shape.constraints():
        filled, message = {"this", "value"}, shape.message
        if name == "sparql" and isinstance(node, (NamedNode, BlankNode)):
            message = english(shape.index.objects(node, MESSAGE)) or message
            try:
                select = sparql.parse_select(shape.index.text(node, sh("select")))
            except NotUnderstood:
                continue
            filled = {variable[1:] for variable, _ in select.projection}
        elif name in ("minCount", "maxCount", "hasValue"):
            filled = {"this"}
        for wanted in sorted(set(_PLACEHOLDER.findall(message)) - filled):
            yield f"sh:message has a place for {wanted}, which the constraint sh:{name} does not give"


def _query(text: str, vocabulary: Vocabulary) -> Iterator[str]:
    try:
        tokens = sparql.tokens(text)
    except NotUnderstood as reason:
        yield f"sh:select: {reason}"
        return
    for token in tokens:
        if token.kind == "pname":
            prefix, _, local = token.text.partition(":")
            if prefix not in PREFIXES:
                yield f"sh:select uses the unknown prefix {prefix}:"
            elif problem := unknown(NamedNode(PREFIXES[prefix] + local.replace("\\", "")), vocabulary):
                yield f"sh:select: {problem}"
        elif token.kind == "word" and token.text in ("MINUS", "VALUES", "SERVICE", "GRAPH"):
            yield f"sh:select uses {token.text}, which SHACL forbids or engines treat differently"
    if "isms:stage" in _anonymous(tokens):
        yield "sh:select asks [] for isms:stage alone, which certification audits have too; ask the node that has isms:asOf"
    named: set[str] = set()  # by AS in the projection
    with suppress(NotUnderstood):
        select = sparql.parse_select(text)
        named = {name for name, expression in select.projection if expression}
        for name in sorted(scope.out_of_scope(select.where, {"?this"})):
            yield f"sh:select uses {name} in an expression where nothing binds it"
    uses = Counter(token.text for token in tokens if token.kind == "var")
    if "?this" not in uses:
        yield "sh:select does not use $this"
    for name, count in sorted(uses.items()):
        if count == 1 and name != "?this" and name not in named:
            yield f"sh:select uses {name} only once; a misspelling? Write [] for a value that does not matter"


def _anonymous(tokens: list[sparql.Token]) -> set[str]:
    """The names in statements whose subject is `[]`, of which the node is bound neither to a class nor to be the assessment."""
    names: set[str] = set()
    for at, (first, second) in enumerate(pairwise(tokens)):
        if (first.text, second.text) != ("[", "]"):
            continue
        depth = 0
        statement: set[str] = set()
        for token in tokens[at + 2 :]:
            depth += {"[": 1, "]": -1}.get(token.text, 0)
            if depth < 0 or (depth == 0 and token.text in (".", "{", "}", ")", "FILTER", "BIND", "OPTIONAL")):
                break
            if depth == 0 and not (statement or token.kind in ("pname", "iri") or token.text in ("a", "^", "(", "!")):
                break  # `[]` is the object of a statement
            if depth == 0:
                statement.add(token.text)
        if not statement & {"isms:asOf", "a"}:
            names |= statement
    return names


def _name(node: Node | Object) -> str:
    if isinstance(node, NamedNode):
        return shorten(node.value, PREFIXES)
    return "a constraint" if isinstance(node, BlankNode) else str(node)
