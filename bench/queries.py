"""Measure every saved query on one, ten, a hundred ... organisations in one store; print the results as Markdown.

python -m bench.queries [--organisations N ...] [--together] [--only NAME ...] [--seconds S]

Each organisation is a copy of the neglected Harbour under a base of its own, so that queries about defects find some, in a
named graph of its own beside the ontology's. The queries are asked about one organisation, and
that may not take longer among many than alone. With --together they are asked about all at once: one
that lists everything may then take N times as long, and one about an element no longer than alone; the two that mix them
are left out. Each runs in a process of its own that is ended after S seconds. Exit 1 if the cost
grows by more than LIMIT.
"""

from __future__ import annotations

import argparse
import math
import os
import resource
import select
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, Store

from isms_graph import load
from isms_graph.assessment import assess
from isms_graph.graph import Isms
from isms_graph.queries import Question, questions, with_values

SOURCE = [Path(__file__).parent.parent / "data" / "harbour-neglected", Path(__file__).parent / "control-set.ttl"]
BASE = "https://harbour.example/isms/"
LIMIT = 2.0  # times the cost per organisation at the first size
FLOOR = 0.0005  # seconds; what takes less is not compared
ABOUT = {  # what is asked about, of the first organisation
    "control-line": {"control": "A.8.13"},
    "control-reasons": {"control": "control-mfa"},
    "controls-resting-on": {"element": "supplier-aws"},
    "coverage-by-mapping": {"set": "made-up"},
    "evidence-expiring": {"before": "2029-07-01"},
    "files-that-speak-of": {"element": "supplier-aws"},
    "owned-by": {"person": "eleanor"},
    "requirement-met-by": {"origin": "req-nis2-measures"},
    "risks-above-asset": {"asset": "asset-database"},
    "roles-falling-empty": {"person": "eleanor"},
    "what-hangs-on": {"origin": "supplier-aws"},
    "why-we-have-it": {"element": "control-mfa"},
}
OF_ONE = frozenset(ABOUT) - {"evidence-expiring", "control-line", "coverage-by-mapping"}  # the others answer for every organisation
SKIPPED = frozenset({"files-that-speak-of"})  # asks for the named graphs of files, which are those of one workspace
OF_ONE_ISMS = frozenset({"policies-not-acknowledged", "clauses-not-audited"})  # in a store of several they compare one with the others


def statements(isms_: Isms) -> list[Quad]:
    """What an organisation's own dataset holds, the ontology included."""
    return list(isms_.store.quads_for_pattern(None, None, None, DefaultGraph()))


def own_statements(quads: list[Quad]) -> list[Quad]:
    """Those that speak of the organisation, without the ontology."""
    return [
        quad for quad in quads if any(isinstance(term, NamedNode) and term.value.startswith(BASE) for term in (quad.subject, quad.object))
    ]


def renamed(quads: list[Quad], base: str) -> Iterator[Quad]:
    """The statements of the organisation as those of another one, in a graph of its own."""
    graph = NamedNode(base)
    known: dict[object, NamedNode] = {}

    def other(term: NamedNode | BlankNode | Literal) -> NamedNode | BlankNode | Literal:
        if isinstance(term, NamedNode) and term.value.startswith(BASE):
            if term not in known:
                known[term] = NamedNode(base + term.value.removeprefix(BASE))
            return known[term]
        return term

    for quad in quads:
        yield Quad(other(quad.subject), quad.predicate, other(quad.object), graph)  # type: ignore[arg-type]  # a predicate is renamed nowhere


def timed(
    store: Store, text: str, isms_: Isms, graphs: list[NamedNode | BlankNode | DefaultGraph] | None, seconds: float
) -> tuple[float, int] | None:
    """The least time of up to five answers, and their rows; None if the first is not there in time."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        best, rows, begin = math.inf, 0, perf_counter()
        for _ in range(5):
            start = perf_counter()
            answer = store.query(text, base_iri=BASE, prefixes=isms_.prefixes, default_graph=graphs, use_default_graph_as_union=not graphs)
            rows = sum(1 for _ in answer)  # type: ignore[misc,union-attr]  # saved queries are SELECT
            best = min(best, perf_counter() - start)
            if perf_counter() - begin > seconds / 4:
                break
        os.write(writer, f"{best} {rows}".encode())
        os._exit(0)
    os.close(writer)
    arrived, _, _ = select.select([reader], [], [], seconds)
    said = os.read(reader, 100).decode() if arrived else ""
    os.close(reader)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    if not said:
        return None
    best_, rows_ = said.split()
    return float(best_), int(rows_)


def growth(first: tuple[float, int] | None, last: tuple[float, int] | None, more: float) -> float:
    """By how much the cost grew beyond that for `more` times as many organisations."""
    if first is None or last is None:
        return math.inf
    return max(last[0] / more, FLOOR) / max(first[0], FLOOR)


def shown(name: str, measured: list[tuple[float, int] | None], grown: float) -> str:
    """One line of the table."""
    cells = ["not in time" if one is None else f"{one[0] * 1000:,.1f}" for one in measured]
    rows = next((f"{one[1]:,}" for one in reversed(measured) if one), "")
    return "| " + " | ".join([name, rows, *cells, f"{grown:.1f}"]) + " |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--organisations", type=int, nargs="+", default=[1, 10])
    parser.add_argument("--together", action="store_true")
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--seconds", type=float, default=60)
    given = parser.parse_args()
    isms_ = load(SOURCE)
    assess(isms_)
    quads = statements(isms_)
    own = own_statements(quads)
    asked: dict[str, Question] = {name: one for name, one in questions().items() if name not in SKIPPED}
    wanted = set(given.only) or (set(asked) - OF_ONE_ISMS if given.together else set(asked))
    asked = {name: one for name, one in asked.items() if name in wanted}
    texts = {name: with_values(isms_, one, ABOUT.get(name, {})) for name, one in asked.items()}
    ontology = NamedNode("urn:isms-graph:ontology")
    store = Store()
    store.bulk_extend(Quad(quad.subject, quad.predicate, quad.object, ontology) for quad in set(quads) - set(own))
    graphs: list[NamedNode | BlankNode | DefaultGraph] | None = None if given.together else [NamedNode(BASE), ontology]
    measured: dict[str, list[tuple[float, int] | None]] = {name: [] for name in texts}
    sizes, there = sorted(given.organisations), 0
    for size in sizes:
        while there < size:
            store.bulk_extend(renamed(own, f"https://org-{there}.example/isms/" if there else BASE))
            there += 1
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{size:,} organisations, {len(store):,} statements, {memory:,.0f} MB", file=sys.stderr, flush=True)
        for number, (name, text) in enumerate(texts.items(), 1):
            print(f"\r{number}/{len(texts)} {name:40}", end="", file=sys.stderr, flush=True)
            measured[name].append(timed(store, text, isms_, graphs, given.seconds))
        print("\r" + " " * 60 + "\r", end="", file=sys.stderr)
    more = {name: sizes[-1] / sizes[0] if given.together and name not in OF_ONE else 1.0 for name in measured}
    grown = {name: growth(times[0], times[-1], more[name]) for name, times in measured.items()}
    print("| query | rows | " + " | ".join(f"{size:,} org., ms" for size in sizes) + " | growth |")
    print("|---|---:|" + "---:|" * (len(sizes) + 1))
    for name in sorted(grown, key=lambda each: (-grown[each], each)):
        print(shown(name, measured[name], grown[name]))
    slow = [name for name, factor in grown.items() if factor > LIMIT]
    print(f"\n{len(grown) - len(slow)} of {len(grown)} queries grow by at most {LIMIT:g}.")
    sys.exit(bool(slow))


if __name__ == "__main__":
    main()
