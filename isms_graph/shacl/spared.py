"""Which statuses take an element out of a check, read from its query, so that nobody has to write them down a second time."""

from __future__ import annotations

import re

from pyoxigraph import BlankNode, NamedNode

from isms_graph.namespaces import isms, sh
from isms_graph.shacl import sparql
from isms_graph.shacl.model import ShapesGraph

_SPARED = re.compile(r"\?this isms:status (?:isms:(?P<one>\w+)|(?P<any>\?\w+)) ?\.?(?: FILTER \( (?P=any) IN \( (?P<several>[^)]*) \) \))?")
_NAME = re.compile(r"isms:(\w+)")


def spared(shapes: ShapesGraph, shape: NamedNode) -> frozenset[NamedNode]:
    """The statuses with which no element is reported by any query of the shape, whatever else is said of it."""
    if shapes.objects(shape, sh("property")):
        return frozenset()
    found: list[frozenset[NamedNode]] = []
    for node in shapes.objects(shape, sh("sparql")):
        if isinstance(node, (NamedNode, BlankNode)):
            try:
                where = sparql.parse_select(shapes.text(node, sh("select"))).where
            except sparql.NotUnderstood:
                return frozenset()
            found.append(frozenset(isms(name) for element in where.elements for name in _of(element)))
    return frozenset.intersection(*found) if found else frozenset()


def _of(element: sparql.Element) -> list[str]:
    """The statuses that a FILTER NOT EXISTS at the top of a query leaves out."""
    if not isinstance(element, sparql.Filter) or len(element.expression.parts) != 1:
        return []
    inside = element.expression.parts[0]
    if not isinstance(inside, sparql.Exists) or not inside.negated:
        return []
    match = _SPARED.fullmatch(" ".join(sparql.write_group(inside.group).strip("{} ").split()))
    if not match:
        return []
    return [match["one"]] if match["one"] else _NAME.findall(match["several"] or "")
