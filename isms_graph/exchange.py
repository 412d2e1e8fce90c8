"""The form in which statements go to a store: no blank nodes, and comparable although stores write numbers their own way.

A blank node becomes `urn:isms-graph:genid:KEY:LABEL`, with the label of RDFC-1.0, so that the same statements give the
same names. KEY is made of the organisation's name in the store: two organisations never share one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation

from pyoxigraph import BlankNode, CanonicalizationAlgorithm, Dataset, Literal, NamedNode, Quad

from isms_graph.index import Object
from isms_graph.namespaces import XSD

GENID = "urn:isms-graph:genid:"
_INTEGERS = {
    XSD + name
    for name in (
        "integer", "long", "int", "short", "byte", "nonNegativeInteger", "positiveInteger", "nonPositiveInteger", "negativeInteger",
        "unsignedLong", "unsignedInt", "unsignedShort", "unsignedByte",
    )
}  # fmt: skip


def named(quads: Iterable[Quad], organisation: str) -> list[Quad]:
    """The statements with an IRI for each blank node, always the same one for the same statements."""
    dataset = Dataset(quads)
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    start = f"{GENID}{key(organisation)}:"

    def name(node: Object) -> Object:
        return NamedNode(start + node.value) if isinstance(node, BlankNode) else node

    return [_mapped(quad, name) for quad in dataset]


def key(organisation: str) -> str:
    """A short text that stands for the name of an organisation."""
    return hashlib.sha256(organisation.encode()).hexdigest()[:12]


def blank(quads: Iterable[Quad], foreign: str = "") -> list[Quad]:
    """The statements with blank nodes again; blank nodes of the store itself get names that begin with `foreign`."""

    def unname(node: Object) -> Object:
        if isinstance(node, BlankNode):
            return BlankNode(f"{foreign}{node.value}") if foreign else node
        if isinstance(node, NamedNode) and node.value.startswith(GENID):
            return BlankNode(node.value.removeprefix(GENID).replace(":", "x"))
        return node

    return [_mapped(quad, unname) for quad in quads]


def digest(graphs: Mapping[str, Iterable[Quad]]) -> str:
    """What the statements of some graphs are known by, whatever their order and the way numbers are written."""
    lines = sorted({line(quad, graph) for graph, quads in graphs.items() for quad in quads})
    return "sha256:" + hashlib.sha256("\n".join(lines).encode()).hexdigest()


def line(quad: Quad, graph: str = "") -> str:
    """A statement as it is compared."""
    return f"{quad.subject} {quad.predicate} {value(quad.object)} {graph}".rstrip()


def value(term: Object) -> Object:
    """A term with its value written in the one usual way: Virtuoso has 1 for true and 1.5 for 1.50, and en-gb for en-GB."""
    if not isinstance(term, Literal):
        return term
    if term.language:
        return Literal(term.value, language=term.language.lower())
    kind, text = term.datatype.value, term.value
    try:
        if kind in _INTEGERS:
            text = str(int(text))
        elif kind == XSD + "boolean":
            text = {"1": "true", "0": "false"}.get(text, text)
        elif kind == XSD + "decimal":
            text = f"{Decimal(text).normalize():f}"
        elif kind in (XSD + "double", XSD + "float"):
            text = repr(float(text))
    except (ValueError, InvalidOperation):
        return term  # it has no value of its type; it stays as it is
    return Literal(text, datatype=term.datatype)


def _mapped(quad: Quad, change) -> Quad:  # type: ignore[no-untyped-def]
    return Quad(change(quad.subject), quad.predicate, change(quad.object), change(quad.graph_name))
