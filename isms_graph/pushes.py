"""Moving an organisation into a SPARQL store, all of it or nothing, and never twice.

The statements go into graphs of their own name first, and are read back. Then one update puts them in the place of what
the organisation had: its first act takes the digest out of the marker, its last one writes the new marker. A store that
runs an update as one transaction shows the old or the new state; one that does not, and stops half-way, is found out by
the missing digest. What is written first are sets of statements without blank nodes: written twice, they are the same.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote
from uuid import uuid4

from pyoxigraph import NamedNode, Quad

from isms_graph.endpoint import Endpoint
from isms_graph.errors import EndpointError, UsageError
from isms_graph.exchange import digest, key, line, named
from isms_graph.graph import Isms
from isms_graph.sources.workspace import CONFIG, DEFAULT_BASE, FILES, named_quads
from isms_graph.stores import Marker, counts, fetch, marker, read_store

STATEMENTS = 500  # in one request; Virtuoso takes some 5,000 and not very long ones
CHARACTERS = 200_000
_ASKED = 5
_STAGED = "urn:isms-graph:staged:"


@dataclass(frozen=True)
class Plan:
    """What a push would do: the statements of each graph to come, the graphs to go, and how many statements each has now."""

    organisation: str
    marker: Marker
    graphs: dict[str, list[Quad]]
    now: dict[str, int]
    before: Marker | None

    @property
    def removed(self) -> list[str]:
        """The graphs that the organisation has and no file has any more."""
        return sorted(set(self.now) - set(self.graphs))


def plan_push(endpoint: Endpoint, isms_: Isms, prefix: str | None = None) -> Plan:
    """What pushing an ISMS would do; only asks. The graphs are named by `prefix`, the organisation's name in the store, and their file.

    Raises UsageError if the organisation has no name, or if a graph of somebody else would be written over.
    """
    name = prefix or ("" if isms_.workspace.base == DEFAULT_BASE else f"{isms_.workspace.base}graph/")
    if not name:
        raise UsageError(f"what is the organisation called in the store? Set base in {CONFIG}, or give --graph-prefix IRI.")
    try:
        NamedNode(name)
    except ValueError:
        raise UsageError(f"--graph-prefix is an IRI, not {name!r}.") from None
    graphs = _graphs(isms_, name)
    old = marker(endpoint, name)
    kept = set(old.graphs) if old else set()
    now = counts(endpoint, sorted(kept | set(graphs)))
    foreign = sorted(graph for graph in set(graphs) - kept if now[graph])
    if foreign or name in graphs:
        raise UsageError(
            f"{endpoint.url} has a graph {(foreign or [name])[0]} already that is not of {name}, and it would be written over. "
            "Remove it there, or take another --graph-prefix."
        )
    space = isms_.workspace
    base = "" if space.base == DEFAULT_BASE else space.base
    as_of = space.as_of.isoformat() if space.as_of else ""
    new = Marker(name, tuple(sorted(graphs)), digest(graphs), uuid4().hex, base, as_of, space.stage or "")
    return Plan(name, new, graphs, {graph: now[graph] for graph in sorted(kept | {one for one in graphs if now[one]})}, old)


def push(endpoint: Endpoint, plan: Plan) -> None:
    """Carry out a plan. Raises EndpointError; the message says whether the store has the old state, the new one, or neither."""
    mine = f"{_STAGED}{key(plan.organisation)}:"
    staged = {graph: f"{mine}{plan.marker.push}:{number}" for number, graph in enumerate(plan.graphs, 1)}
    try:
        rows = endpoint.select("g", f'GRAPH ?g {{ ?s ?p ?o }} FILTER(STRSTARTS(STR(?g), "{mine}"))')
        _discard(endpoint, [node.value for (node,) in rows if isinstance(node, NamedNode)])  # of pushes that broke off
        for graph, quads in plan.graphs.items():
            for part in _parts(quads):
                endpoint.update(f"INSERT DATA {{ GRAPH {NamedNode(staged[graph])} {{\n{part}}} }}")
        _same(endpoint, plan, staged)
        if marker(endpoint, plan.organisation) != plan.before:
            raise endpoint.error(f"somebody else has pushed {plan.organisation} meanwhile.", "Look at it, and push again.")
    except EndpointError as error:
        _discard(endpoint, list(staged.values()))
        raise EndpointError(f"{error} Nothing was changed.") from None
    try:
        endpoint.update(_swap(plan, staged))
    except EndpointError as error:
        if not _applied(endpoint, plan):
            broken = _state(endpoint, plan)
            if "Nothing" in broken:
                _discard(endpoint, list(staged.values()))
            raise EndpointError(f"{error} {broken}") from None
    read_store(endpoint, [plan.organisation])


def _graphs(isms_: Isms, prefix: str) -> dict[str, list[Quad]]:
    """The statements by graph: each file's, and those that a file names itself."""
    quads = [quad for source in isms_.sources for quad in named_quads(isms_.workspace, source)]
    found: dict[str, list[Quad]] = {}
    for quad in named(quads, prefix):
        graph = quad.graph_name.value if isinstance(quad.graph_name, NamedNode) else ""
        graph = prefix + quote(graph.removeprefix(FILES), safe="/%") if graph.startswith(FILES) else graph
        found.setdefault(graph, []).append(quad)
    return found


def _parts(quads: list[Quad]) -> Iterator[str]:
    """The statements in requests that a store can take."""
    part: list[str] = []
    size = 0
    for text in sorted(f"{quad.triple} .\n" for quad in quads):
        if part and (len(part) == STATEMENTS or size + len(text) > CHARACTERS):
            yield "".join(part)
            part, size = [], 0
        part.append(text)
        size += len(text)
    yield "".join(part)


def _same(endpoint: Endpoint, plan: Plan, staged: dict[str, str]) -> None:
    """What was written is what is there. Virtuoso changes or leaves out some values without a word."""
    back = fetch(endpoint, list(staged.values()))
    for graph, quads in plan.graphs.items():
        sent, there = {line(quad): quad for quad in quads}, {line(quad): quad for quad in back[staged[graph]]}
        if sent.keys() != there.keys():
            lost, odd = sorted(sent.keys() - there.keys()), sorted(there.keys() - sent.keys())
            shown = f"{len(lost)} of {len(sent)} are not there, such as {lost[0]}" if lost else f"there is {odd[0]}"
            raise endpoint.error(f"it does not keep the statements of {graph} as they are: {shown}.")


def _swap(plan: Plan, staged: dict[str, str]) -> str:
    organisation = NamedNode(plan.organisation)
    every = tuple(sorted({*plan.now, *plan.graphs}))
    clear = f"DELETE WHERE {{ GRAPH {organisation} {{ {organisation} ?p ?o }} }}"

    def write(one: Marker) -> str:
        return f"INSERT DATA {{ GRAPH {organisation} {{ {' . '.join(str(quad.triple) for quad in one.statements())} }} }}"

    moves = [f"MOVE GRAPH {NamedNode(staged[graph])} TO GRAPH {NamedNode(graph)}" for graph in plan.graphs]
    drops = [f"DROP SILENT GRAPH {NamedNode(graph)}" for graph in plan.removed]
    begun = write(Marker(plan.organisation, every, push=plan.marker.push))
    return " ;\n".join([clear, begun, *moves, *drops, clear, write(plan.marker)])


def _applied(endpoint: Endpoint, plan: Plan) -> bool:
    """True once the marker is ours: an answer that was lost does not tell whether the store went on."""
    for attempt in range(_ASKED):
        if attempt:
            time.sleep(0.2 * 2**attempt)
        try:
            found = marker(endpoint, plan.organisation)
        except EndpointError:
            continue
        if found and found.push == plan.marker.push and found.digest:
            return True
    return False


def _state(endpoint: Endpoint, plan: Plan) -> str:
    try:
        found = marker(endpoint, plan.organisation)
    except EndpointError:
        return f"Whether {plan.organisation} was replaced is not known; `isms check --endpoint ... --graph {plan.organisation}` tells."
    if found and found.push == plan.marker.push:
        return f"{plan.organisation} is replaced in part, and will not be read; push again."
    return "Nothing was changed so far as can be seen."


def _discard(endpoint: Endpoint, graphs: list[str]) -> None:
    if not graphs:
        return
    try:
        endpoint.update(" ;\n".join(f"DROP SILENT GRAPH {NamedNode(graph)}" for graph in graphs))
    except EndpointError:
        return  # the first error matters
