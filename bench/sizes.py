"""Measure load, check, query and impact for 1, 10, 100 ... organisations, beside rdflib and pySHACL; print the results as Markdown.

python -m bench.sizes [--organisations N ...] [--engines ENGINE ...] [--seconds S]

Each organisation is a copy of Alder Clinics under a base of its own, written as one Turtle file, and a dataset of its own:
all stay loaded until the end. "ours" loads (reasoning and validation of the input included), runs the whole catalogue,
asks QUERIES and what ORIGIN affects, in every organisation. "rdflib" parses the same files and answers the same queries, its
data being complete with conclusions; "pySHACL" checks the same graphs by the same shapes (`--engine reference`). Each
engine and size is a process of its own, ended after S seconds; its memory is the most that it ever had.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

from pyoxigraph import DefaultGraph, RdfFormat, serialize

from bench.impact import SOURCE
from isms_graph import impact, load
from isms_graph.checks import check
from isms_graph.graph import Isms
from isms_graph.queries import query, questions, with_values
from isms_graph.shacl.reference import ReferenceEngine, to_rdflib

QUERIES = ("figures", "risks-not-reviewed", "soa-without-control", "evidence-out-of-date", "findings-open", "annex-a-evidence")
ORIGIN = "supplier-nightwatch"
ENGINES = ("ours", "rdflib", "pySHACL")
STEPS = ("load", "check", "query", "impact")
Measured = dict[str, float]


def written(folder: Path, count: int) -> None:
    """The organisations as files org-0.ttl, org-1.ttl ... in the folder."""
    isms_ = load(SOURCE)
    text = serialize((quad.triple for source in isms_.sources for quad in source.quads), format=RdfFormat.TURTLE)
    assert text
    for number in range(count):
        place = folder / f"org-{number}"
        place.mkdir()
        base = f"https://org-{number}.example/isms/"
        (place / "isms.ttl").write_text(text.decode().replace(isms_.workspace.base, base), encoding="utf-8")
        (place / "isms.toml").write_text(f'base = "{base}"\nas-of = {isms_.as_of}\nstage = "{isms_.stage}"\n', encoding="utf-8")


def peak() -> float:
    """The most memory that this process ever had, in MB; not that of the one which started it, as ru_maxrss would be."""
    found = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) / 1024


def ours(places: list[Path]) -> Iterable[tuple[str, Callable[[], Any]]]:
    """The steps, each over all organisations."""
    loaded: list[Isms] = []
    yield "load", lambda: loaded.extend(load(place) for place in places)
    yield "check", lambda: [check(one) for one in loaded]
    yield "query", lambda: [len(query(one, name).rows) for one in loaded for name in QUERIES]
    yield "impact", lambda: [len(impact(one, ORIGIN).affected) for one in loaded]


def rdflib(places: list[Path]) -> Iterable[tuple[str, Callable[[], Any]]]:
    """Parsing, and the same queries; that the rows are as many is held."""
    from rdflib import Graph

    yield "load", lambda: [Graph().parse(place / "isms.ttl") for place in places]
    loaded = [(one, to_rdflib(statements(one), Graph())) for place in places if (one := prepared(place))]
    texts = [(isms_, graph, with_values(isms_, questions()[name], {})) for isms_, graph in loaded for name in QUERIES]
    expected = [len(query(isms_, name).rows) for isms_, _ in loaded for name in QUERIES]
    found: list[int] = []
    yield "query", lambda: found.extend(len(graph.query(text, initNs=isms_.prefixes)) for isms_, graph, text in texts)
    assert found == expected, (found, expected)


def pyshacl(places: list[Path]) -> Iterable[tuple[str, Callable[[], Any]]]:
    """The check by the reference engine; that it finds the same is held."""
    loaded = [load(place) for place in places]
    found: list[int] = []
    yield "check", lambda: found.extend(len(check(one, engine=ReferenceEngine()).findings) for one in loaded)
    assert found == [len(check(one).findings) for one in loaded]


def prepared(place: Path) -> Isms:
    """An organisation with all that its checks and queries read."""
    isms_ = load(place)
    query(isms_, QUERIES[0])
    return isms_


def statements(isms_: Isms) -> Iterable[Any]:
    """What the dataset of an organisation holds."""
    return isms_.store.quads_for_pattern(None, None, None, DefaultGraph())


def measure(engine: str, folder: Path) -> None:
    """Print a line of JSON for each step: wall and CPU seconds, and memory."""
    places = sorted(folder.iterdir())
    for step, action in {"ours": ours, "rdflib": rdflib, "pySHACL": pyshacl}[engine](places):
        wall, busy = perf_counter(), process_time()
        action()
        print(json.dumps({"step": step, "wall": perf_counter() - wall, "cpu": process_time() - busy, "memory": peak()}), flush=True)


def run(engine: str, folder: Path, seconds: float) -> dict[str, Measured]:
    """What one engine took in each step that it finished in time."""
    command = [sys.executable, "-m", "bench.sizes", "--measure", engine, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            out, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            out, _ = process.communicate()
        else:
            assert process.returncode == 0, (engine, process.returncode)
    return {row.pop("step"): row for row in map(json.loads, out.splitlines())}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--organisations", type=int, nargs="+", default=[1, 10])
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=ENGINES)
    parser.add_argument("--measure", nargs=2, metavar=("ENGINE", "FOLDER"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        measure(given.measure[0], Path(given.measure[1]))
        return
    each = sum(1 for source in load(SOURCE).sources for _ in source.quads)
    heads = ["organisations", "statements", "engine", *(f"{step}, CPU ms each" for step in STEPS), "together, s", "memory, MB"]
    print("| " + " | ".join(heads) + " |\n|---:|---:|---|" + "---:|" * (len(heads) - 3), flush=True)
    late: set[str] = set()
    for count in sorted(given.organisations):
        with TemporaryDirectory(prefix="isms-graph-bench-") as folder:
            written(Path(folder), count)
            for engine in given.engines:
                if engine in late:
                    continue
                found = run(engine, Path(folder), given.seconds if engine != "ours" else 24 * 3600)
                asked = [step for step in STEPS if engine == "ours" or step in {"rdflib": ("load", "query"), "pySHACL": ("check",)}[engine]]
                if set(found) != set(asked):
                    late.add(engine)
                cells = [f"{found[s]['cpu'] / count * 1000:,.1f}" if s in found else "not in time" if s in asked else "" for s in STEPS]
                wall = sum(one["wall"] for one in found.values())
                memory = max((one["memory"] for one in found.values()), default=0)
                print(
                    "| " + " | ".join([f"{count:,}", f"{count * each:,}", engine, *cells, f"{wall:,.1f}", f"{memory:,.0f}"]) + " |",
                    flush=True,
                )
    print(f"\n{os.cpu_count()} cores; an engine that was not ready in {given.seconds:g} s is left out from then on.")


if __name__ == "__main__":
    main()
