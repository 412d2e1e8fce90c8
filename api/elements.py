"""One element of the ISMS with what the files say of it, as JSON."""

from __future__ import annotations

from typing import Any

from pyoxigraph import NamedNode

from isms_graph.elements import describe
from isms_graph.graph import Isms
from isms_graph.index import Object
from isms_graph.names import resolve
from isms_graph.namespaces import RDF_TYPE, RDFS_LABEL


def element(isms_: Isms, name: str) -> dict[str, Any]:
    """The element with an IRI, short name, identifier or label. Raises UnknownName or AmbiguousName.

    `says` holds its statements, `said_by` those of others that lead to it; in the order of the files, without its class and name.
    """
    node = resolve(isms_, name)
    about = describe(isms_, node)
    place = isms_.locator.declaration(node)
    quads = [quad for source in isms_.sources for quad in source.quads]
    says = [(quad.predicate, quad.object) for quad in quads if quad.subject == node and quad.predicate not in (RDF_TYPE, RDFS_LABEL)]
    said_by = [(quad.predicate, quad.subject) for quad in quads if quad.object == node and isinstance(quad.subject, NamedNode)]
    return {
        "node": about.node,
        "label": about.label,
        "class": about.class_,
        "class_label": about.class_label,
        "clause": about.clause,
        "owner": about.owner,
        "reviewed": about.reviewed,
        "when_affected": about.action,
        "source": {key: value for key, value in place._asdict().items() if value} if place else None,
        "says": [_said(isms_, property_, value) for property_, value in says],
        "said_by": [_said(isms_, property_, value) for property_, value in said_by],
    }


def _said(isms_: Isms, property_: NamedNode, value: Object) -> dict[str, str]:
    named = isinstance(value, NamedNode)
    return {
        "property": isms_.short(property_),
        "property_label": isms_.vocabulary.label(property_),
        "value": getattr(value, "value", ""),
        **({"label": isms_.label(value)} if named else {}),
    }
