"""Which statements a query may see: those of the whole ISMS, or of some graphs and what follows from them alone.

A token that is held to some graphs sees as default graph the statements of those graphs, the ontology, and what follows
from both. Nothing that follows from a statement elsewhere is in it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad

from isms_graph.graph import Isms
from isms_graph.namespaces import ASSESSMENT, RDF_TYPE, XSD, isms, nearest
from isms_graph.reasoning import by_predicate, entailed

from .problems import Problem

Graphs = list[NamedNode]


@dataclass(frozen=True)
class Dataset:
    """The arguments of pyoxigraph's query: `default` is None for the store's own default graph."""

    default: list[NamedNode | BlankNode | DefaultGraph] | None
    named: list[NamedNode | BlankNode]


@dataclass
class Datasets:
    """The graphs of one ISMS; `scopes` are the sets of graphs that tokens are held to."""

    isms: Isms
    scopes: Sequence[Sequence[str]] = ()
    named: list[str] = field(init=False)
    _whole: dict[frozenset[str], Graphs] = field(default_factory=dict)
    # Graphs of the server's own; nobody who writes a file can guess their names.
    _own: str = field(default_factory=lambda: f"urn:isms-graph:{secrets.token_hex(16)}:")

    def __post_init__(self) -> None:
        store = self.isms.with_file_graphs()
        self.named = sorted(graph.value for graph in store.named_graphs() if isinstance(graph, NamedNode))
        if self.scopes:
            store.extend(Quad(quad.subject, quad.predicate, quad.object, self._ontology) for quad in self._common())
        for number, scope in enumerate(self.scopes):
            self._prepare(frozenset(scope), NamedNode(f"{self._own}{number}"))

    def of(self, default: Sequence[str], named: Sequence[str], scope: Sequence[str] | None) -> Dataset:
        """The dataset that a query asks for by the names of graphs, within what its token may see. Raises Problem.

        Without any names it is everything that may be seen.
        """
        seen = self.visible(scope)
        for name in {*default, *named}:
            if name not in seen:
                raise Problem(400, f"There is no graph <{name}> here.", _advice(name, seen))
        if default or named:
            return Dataset([*_nodes(default)], [*_nodes(named)])
        return Dataset(None if scope is None else [*self._whole[frozenset(scope)]], [*_nodes(seen)])

    def visible(self, scope: Sequence[str] | None) -> list[str]:
        """The named graphs that may be seen."""
        return self.named if scope is None else [name for name in self.named if name in scope]

    @property
    def _ontology(self) -> NamedNode:
        return NamedNode(self._own + "ontology")

    def _common(self) -> Iterable[Quad]:
        yield from self.isms.vocabulary.quads
        yield Quad(ASSESSMENT, RDF_TYPE, isms("Assessment"))
        yield Quad(ASSESSMENT, isms("asOf"), Literal(self.isms.as_of.isoformat(), datatype=NamedNode(XSD + "date")))

    def _prepare(self, scope: frozenset[str], name: NamedNode) -> None:
        store, graphs = self.isms.store, _nodes(self.visible(sorted(scope)))
        stated = [quad for graph in graphs for quad in store.quads_for_pattern(None, None, None, graph)]
        follows = entailed(by_predicate([*self.isms.vocabulary.quads, *stated]), self.isms.vocabulary)
        store.extend(Quad(quad.subject, quad.predicate, quad.object, name) for quad in follows)
        self._whole[scope] = [*graphs, self._ontology, name]

    def sizes(self, scope: Sequence[str] | None) -> tuple[int, list[tuple[str, int]]]:
        """How many statements the default graph and each named graph have."""
        store = self.isms.store
        counts = [(name, _count(self.isms, NamedNode(name))) for name in self.visible(scope)]
        if scope is None:
            return sum(1 for _ in store.quads_for_pattern(None, None, None, DefaultGraph())), counts
        whole = {
            (q.subject, q.predicate, q.object) for g in self._whole[frozenset(scope)] for q in store.quads_for_pattern(None, None, None, g)
        }
        return len(whole), counts


def _count(isms_: Isms, graph: NamedNode) -> int:
    return sum(1 for _ in isms_.store.quads_for_pattern(None, None, None, graph))


def _nodes(names: Iterable[str]) -> Graphs:
    return [NamedNode(name) for name in names]


def _advice(name: str, seen: Sequence[str]) -> str:
    near = nearest(name, seen)
    if near:
        return f"Did you mean <{near[0]}>?"
    return f"Graphs are {', '.join(f'<{one}>' for one in seen[:5])}{' ...' if len(seen) > 5 else '.'}" if seen else "There are none."
