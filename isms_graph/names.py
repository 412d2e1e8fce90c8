"""From what people write to the element that they mean."""

from __future__ import annotations

from functools import cached_property

from pyoxigraph import NamedNode

from isms_graph.errors import AmbiguousName, UnknownName, UsageError
from isms_graph.graph import Isms
from isms_graph.namespaces import ISO27001, RDFS_LABEL, isms, nearest
from isms_graph.sources.naming import comparable, of_sets


def resolve(isms_: Isms, name: str) -> NamedNode:
    """The element with an IRI, a prefixed or local name, an identifier (R-07), a clause number, or a label.

    What control sets hold answers to nist:AC-2, and to a name that nothing of the organization or of the standard has.
    Raises UnknownName with the nearest labels, AmbiguousName with the candidates.
    """
    known = _known(isms_)
    if name in known.iris:
        return known.iris[name]
    if not name.strip():
        raise UsageError("the name of an element is empty.")
    for iri in _as_iris(isms_, name.strip()):
        if iri in known.iris:
            return known.iris[iri]
    wanted, labels = name.strip().casefold(), known.labels
    matching = labels.get(wanted, set()) or known.of_sets.get(comparable(name), set()) or known.catalogued.get(wanted, set())
    if len(matching) == 1:
        return next(iter(matching))
    if matching:
        raise AmbiguousName(name, [(isms_.short(node), isms_.label(node)) for node in sorted(matching, key=str)])
    raise UnknownName("element", name, [repr(label) for label in _near(isms_, name, wanted, labels)])


class _Known:
    """The elements that have a name, by IRI; and by all their names in lower case, read when a name is not an IRI."""

    def __init__(self, isms_: Isms) -> None:
        self._isms, self._foreign = isms_, isms_.catalogued()
        self.iris = {node.value: node for node in isms_.described() | _standard_elements(isms_)}

    @cached_property
    def labels(self) -> dict[str, set[NamedNode]]:
        """Every name in lower case, and who has it, control sets and their parts left out."""
        return self._labels(set(self.iris.values()) - self._foreign)

    @cached_property
    def catalogued(self) -> dict[str, set[NamedNode]]:
        """The names of control sets and their parts."""
        return self._labels(self._foreign)

    @cached_property
    def of_sets(self) -> dict[str, set[NamedNode]]:
        """The parts of control sets by the short name of the set and their own, such as nist:ac-2."""
        sets = {node for node in self._foreign if isms("ControlSet") in self._isms.classes(node)}
        quads = (quad for source in self._isms.sources for quad in source.quads) if sets else ()
        return {name: set(nodes) for name, nodes in of_sets(quads, sets).items()}

    def _labels(self, nodes: set[NamedNode]) -> dict[str, set[NamedNode]]:
        labels: dict[str, set[NamedNode]] = {}
        for node in nodes:
            for key in _names(self._isms, node):
                labels.setdefault(key.strip().casefold(), set()).add(node)
        return labels


def _known(isms_: Isms) -> _Known:
    return isms_.kept(_Known)


def _near(isms_: Isms, name: str, wanted: str, labels: dict[str, set[NamedNode]]) -> list[str]:
    """At most three names to offer: the organisation's own that look alike, its own that contain the words, then others."""
    own = isms_.elements()
    ours = {label: nodes for label, nodes in labels.items() if nodes & own}
    inside = sorted(label for label in ours if wanted and wanted in label)
    near = [*nearest(name, ours), *inside, *nearest(name, labels)]
    return list(dict.fromkeys(isms_.label(min(labels[label], key=str)) for label in near))[:3]


def _as_iris(isms_: Isms, name: str) -> list[str]:
    candidates = [name.strip("<>")]
    prefix, colon, local = name.partition(":")
    if colon and prefix in isms_.prefixes:
        candidates.append(isms_.prefixes[prefix] + local)
    candidates += [isms_.workspace.base + name, ISO27001 + name]
    return candidates


def _standard_elements(isms_: Isms) -> set[NamedNode]:
    return {term for term in isms_.vocabulary.terms if term.value.startswith(ISO27001)}


def _names(isms_: Isms, node: NamedNode) -> set[str]:
    own = {isms_.short(node)}
    for property_ in (RDFS_LABEL, isms("identifier"), isms("number")):
        own |= {value.value for value in isms_.values(node, property_) if hasattr(value, "value")}
    return own
