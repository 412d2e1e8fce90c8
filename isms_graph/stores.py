"""Organisations in a SPARQL store: which graphs each has, and whether they are whole.

An organisation is a graph with a few statements about itself, its marker: which graphs hold it, the digest of all their
statements, and what isms.toml says. The digest is written last, so that what was half written, or was changed behind
its back, is noticed by whoever reads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from pyoxigraph import BlankNode, Literal, NamedNode, Quad

from isms_graph.endpoint import Endpoint
from isms_graph.errors import CutAnswer, InputError, Problems, UsageError
from isms_graph.exchange import blank, digest, value
from isms_graph.graph import Isms, as_date, assemble
from isms_graph.index import Object
from isms_graph.namespaces import ISMS, RDF_TYPE, local_name
from isms_graph.sources.workspace import DEFAULT_BASE, STAGES, Source, Workspace
from isms_graph.vocabulary import load_vocabulary

TERMS = "https://w3id.org/isms-graph/store#"
_DEEPEST = 4
_HEX = "0123456789abcdef"


@dataclass(frozen=True)
class Marker:
    """What an organisation says of itself in the store; without a digest, a push broke off."""

    organisation: str
    graphs: tuple[str, ...]
    digest: str = ""
    push: str = ""
    base: str = ""
    as_of: str = ""
    stage: str = ""

    def statements(self) -> list[Quad]:
        """The marker as it stands in the store."""
        node = NamedNode(self.organisation)
        said = [("graph", NamedNode(graph)) for graph in self.graphs]
        texts = {"digest": self.digest, "push": self.push, "base": self.base, "asOf": self.as_of, "stage": self.stage}
        values: list[tuple[str, Object]] = [*said, *((name, Literal(text)) for name, text in texts.items() if text)]
        return [Quad(node, NamedNode(TERMS + name), one, node) for name, one in values]


@dataclass
class Content:
    """What was read: statements by graph (the empty text is the default graph), and the markers of the organisations."""

    graphs: dict[str, list[Quad]] = field(default_factory=dict)
    markers: list[Marker] = field(default_factory=list)


def marker(endpoint: Endpoint, organisation: str) -> Marker | None:
    """The marker of an organisation, None if there is none by that name."""
    node = _iri(organisation)
    found: dict[str, list[str]] = {}
    for property_, object_ in endpoint.select("p o", f"GRAPH {node} {{ {node} ?p ?o }}"):
        if isinstance(property_, NamedNode) and isinstance(object_, (NamedNode, Literal)) and property_.value.startswith(TERMS):
            found.setdefault(property_.value.removeprefix(TERMS), []).append(object_.value)
    if not found:
        return None
    one = {name: found[name][0] if len(found.get(name, ())) == 1 else "" for name in ("digest", "push", "base", "asOf", "stage")}
    return Marker(
        organisation, tuple(sorted(found.get("graph", ()))), one["digest"], one["push"], one["base"], one["asOf"],
        one["stage"] if one["stage"] in STAGES else "",
    )  # fmt: skip


def organisations(endpoint: Endpoint) -> list[str]:
    """The names of the organisations that the store holds."""
    rows = endpoint.select("g", f"GRAPH ?g {{ ?g <{TERMS}graph> ?part }}")
    return sorted(node.value for (node,) in rows if isinstance(node, NamedNode))


def read_store(endpoint: Endpoint, graphs: Sequence[str] = ()) -> Content:
    """The statements of organisations or single graphs; of the only organisation, or else of the default graph, if none is named.

    Raises EndpointError if a graph is empty, changes meanwhile or cannot be read in full, or an organisation is not whole.
    """
    if not graphs:
        graphs = organisations(endpoint)
        if len(graphs) > 1:
            raise UsageError(f"{endpoint.url} holds {len(graphs)} organisations; say which with --graph: {', '.join(graphs)}.")
    content = Content()
    wanted: list[str] = []
    for name in graphs:
        found = marker(endpoint, name)
        if found is None:
            wanted.append(name)
            continue
        if not found.digest:
            raise endpoint.error(f"the push of {name} broke off, and what is there is not whole.", "Push it again.")
        content.markers.append(found)
        wanted.extend(found.graphs)
    content.graphs = fetch(endpoint, list(dict.fromkeys(wanted)) or [""])
    for one in content.markers:
        if digest({graph: content.graphs[graph] for graph in one.graphs}) != one.digest:
            raise endpoint.error(
                f"the statements of {one.organisation} are not those that were pushed: a push broke off or is under way, or something "
                "else has changed them.",
                "Try again, or push again; to read the graphs as they are, name each of them with --graph.",
            )
    empty = [graph for graph, quads in content.graphs.items() if not quads]
    if empty:
        raise endpoint.error(f"there is nothing in {f'the graph {empty[0]}' if empty[0] else 'its default graph'}.", _which(endpoint))
    return content


def fetch(endpoint: Endpoint, graphs: Sequence[str]) -> dict[str, list[Quad]]:
    """All statements of some graphs, as many as the store counts before and after. Raises EndpointError."""
    before = counts(endpoint, graphs)
    found = {graph: _all_of(endpoint, graph, before[graph]) for graph in graphs}
    if counts(endpoint, graphs) != before:
        raise endpoint.error("the statements have changed while they were read.", "Try again.")
    return found


def counts(endpoint: Endpoint, graphs: Iterable[str]) -> dict[str, int]:
    """How many statements graphs hold."""
    wanted = list(graphs)
    found = dict.fromkeys(wanted, 0)
    named = [graph for graph in wanted if graph]
    for start in range(0, len(named), 200):
        part = ", ".join(map(_iri, named[start : start + 200]))
        for graph, count in endpoint.select(
            "g n", f"SELECT ?g (COUNT(*) AS ?n) WHERE {{ GRAPH ?g {{ ?s ?p ?o }} FILTER(?g IN ({part})) }} GROUP BY ?g"
        ):
            if isinstance(graph, NamedNode) and graph.value in found:
                found[graph.value] = _number(endpoint, count)
    if "" in found:
        found[""] = _count(endpoint, "", "")
    return found


def _all_of(endpoint: Endpoint, graph: str, expected: int, start: str = "") -> list[Quad]:
    """The statements whose hash begins with `start`: in one answer, or in sixteen parts if the store cuts it."""
    if not expected:
        return []
    try:
        rows = endpoint.select("s p o", _pattern(graph, start))
    except CutAnswer:
        rows = []
    if len(rows) == expected:
        return [_statement(endpoint, graph, row) for row in rows]
    parts = {start + digit: _count(endpoint, graph, start + digit) for digit in _HEX} if len(start) < _DEEPEST else {}
    if sum(parts.values()) != expected:
        raise endpoint.error(
            f"of the {expected:,} statements in {graph or 'its default graph'} it gives {len(rows):,}.",
            "It cuts its answers or is being written to; one that cuts gives statements with blank nodes never in full.",
        )
    return [quad for part, count in parts.items() for quad in _all_of(endpoint, graph, count, part)]


def _pattern(graph: str, start: str) -> str:
    part = f' FILTER(STRSTARTS(MD5(CONCAT(STR(?s), " ", STR(?p), " ", STR(?o))), "{start}"))' if start else ""
    return f"GRAPH {_iri(graph)} {{ ?s ?p ?o }}{part}" if graph else f"?s ?p ?o .{part}"


def _count(endpoint: Endpoint, graph: str, start: str) -> int:
    rows = endpoint.select("n", f"SELECT (COUNT(*) AS ?n) WHERE {{ {_pattern(graph, start)} }}")
    return _number(endpoint, rows[0][0] if len(rows) == 1 else None)


def _number(endpoint: Endpoint, term: Object | None) -> int:
    if isinstance(term, Literal) and term.value.isdecimal():
        return int(term.value)
    raise endpoint.error("it does not say how many statements there are.")


def _statement(endpoint: Endpoint, graph: str, row: Sequence[Object | None]) -> Quad:
    subject, predicate, object_ = row
    named = NamedNode(graph) if graph else None
    if isinstance(subject, (NamedNode, BlankNode)) and isinstance(predicate, NamedNode) and object_ is not None:
        boolean = isinstance(object_, Literal) and object_.datatype.value.endswith("#boolean")
        return Quad(subject, predicate, value(object_) if boolean else object_, named)
    raise endpoint.error("it gives rows that are no statements.")


def _which(endpoint: Endpoint) -> str:
    rows = endpoint.select("g", "SELECT DISTINCT ?g WHERE { GRAPH ?g { ?s ?p ?o } } LIMIT 20")
    names = sorted(node.value for (node,) in rows if isinstance(node, NamedNode))
    return f"Name a graph with --graph; it has {', '.join(names[:5])}{' and more' if len(names) > 5 else ''}." if names else "It is empty."


def load_remote(endpoint: Endpoint, graphs: Sequence[str] = (), as_of: str | date | None = None, stage: str | None = None) -> Isms:
    """The ISMS in a store, fetched in full and worked out here. `graphs` are organisations or single graphs; see `read_store`.

    Raises EndpointError, or Problems as for files.
    """
    content = read_store(endpoint, graphs)
    first = content.markers[0] if len(content.markers) == 1 else None
    space = Workspace(Path(), [], base=base_of(content), address=endpoint.url)
    if first is not None:
        space.as_of, space.stage = as_date(first.as_of or None), first.stage or None
    sources = [
        Source(Path(f"{number}.nq"), blank(quads, f"g{number}x"), graph=graph or endpoint.url)
        for number, (graph, quads) in enumerate(content.graphs.items(), 1)
    ]
    try:
        isms_ = assemble(space, sources, load_vocabulary(), as_date(as_of), stage)
    except Problems as found:
        places = {source.path: source.graph for source in sources}
        raise Problems([_at(problem, places) for problem in found.problems]) from None
    if isms_.as_of_origin not in ("given", "today"):
        isms_ = replace(isms_, as_of_origin="set in the store")
    return isms_


def base_of(content: Content) -> str:
    """The namespace of the organisation's own elements: what its marker says, or else the one that most elements are in."""
    for one in content.markers:
        if one.base:
            return one.base
    found = Counter(
        quad.subject.value.removesuffix(local_name(quad.subject.value))
        for quads in content.graphs.values()
        for quad in quads
        if quad.predicate == RDF_TYPE and isinstance(quad.subject, NamedNode) and str(quad.object).startswith(f"<{ISMS}")
    )
    return min(found, key=lambda base: (-found[base], base), default=DEFAULT_BASE) or DEFAULT_BASE


def _at(problem: InputError, places: Mapping[Path, str]) -> InputError:
    graph = places.get(problem.path) if problem.path else None
    return InputError(f"{graph}: {problem.message}", advice=problem.advice) if graph else problem


def _iri(text: str) -> str:
    try:
        return str(NamedNode(text))
    except ValueError:
        raise UsageError(f"a graph is named by its IRI, not by {text!r}.") from None
