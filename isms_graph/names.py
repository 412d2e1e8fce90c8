"""From what people write to the element that they mean."""

from __future__ import annotations

from pyoxigraph import NamedNode

from isms_graph.errors import AmbiguousName, UnknownName
from isms_graph.graph import Isms
from isms_graph.namespaces import ISO27001, RDFS_LABEL, nearest


def resolve(isms_: Isms, name: str) -> NamedNode:
    """The element with an IRI, a prefixed or local name, an identifier (R-07), a clause number, or a label.

    Raises UnknownName with the nearest labels, AmbiguousName with the candidates.
    """
    described = isms_.elements() | _standard_elements(isms_)
    for iri in _as_iris(isms_, name.strip()):
        if iri in described:
            return iri
    wanted = name.strip().casefold()
    labels: dict[str, set[NamedNode]] = {}
    for node in described:
        for key in _names(isms_, node):
            labels.setdefault(key.casefold(), set()).add(node)
    matching = labels.get(wanted, set())
    if len(matching) == 1:
        return matching.pop()
    if matching:
        raise AmbiguousName(name, [(isms_.short(node), isms_.label(node)) for node in sorted(matching, key=str)])
    raise UnknownName("element", name, [repr(label) for label in _near(isms_, name, wanted, labels)])


def _near(isms_: Isms, name: str, wanted: str, labels: dict[str, set[NamedNode]]) -> list[str]:
    """At most three names to offer: the organisation's own that look alike, its own that contain the words, then others."""
    own = isms_.elements()
    ours = {label: nodes for label, nodes in labels.items() if nodes & own}
    inside = sorted(label for label in ours if wanted and wanted in label)
    near = [*nearest(name, ours), *inside, *nearest(name, labels)]
    return list(dict.fromkeys(isms_.label(min(labels[label], key=str)) for label in near))[:3]


def _as_iris(isms_: Isms, name: str) -> list[NamedNode]:
    candidates = [name.strip("<>")]
    prefix, colon, local = name.partition(":")
    if colon and prefix in isms_.prefixes:
        candidates.append(isms_.prefixes[prefix] + local)
    candidates += [isms_.workspace.base + name, ISO27001 + name]
    found = []
    for text in candidates:
        try:
            found.append(NamedNode(text))
        except ValueError:
            continue
    return found


def _standard_elements(isms_: Isms) -> set[NamedNode]:
    return {term for term in isms_.vocabulary.terms if term.value.startswith(ISO27001)}


def _names(isms_: Isms, node: NamedNode) -> set[str]:
    from isms_graph.namespaces import isms

    own = {isms_.short(node)}
    for property_ in (RDFS_LABEL, isms("identifier"), isms("number")):
        own |= {value.value for value in isms_.values(node, property_) if hasattr(value, "value")}
    return own
