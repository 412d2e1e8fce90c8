"""Measure a cold `isms check`, its shares, and the engines side by side; print the results as Markdown.

python -m bench [WORKSPACE] [--without-pyshacl]
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

RUNS = 7
PACKAGES = ("pyoxigraph", "rdflib", "pyshacl", "click", "rich")


def median_of(action: Callable[[], float], runs: int = RUNS) -> float:
    """The median of some runs after one warm-up, in seconds."""
    action()
    return statistics.median(action() for _ in range(runs))


def whole_process(*command: str) -> float:
    """The wall time of a process from start to end."""
    begin = perf_counter()
    subprocess.run(command, capture_output=True, check=False)
    return perf_counter() - begin


def shares(workspace: str) -> dict[str, float]:
    """Where the time of one check goes, in seconds, in a fresh process."""
    code = f"""
from time import perf_counter
start = perf_counter()
import click, isms_graph.cli.commands, isms_graph.cli.check, isms_graph.render.report
from isms_graph.shacl.compiled import CompiledEngine
imported = perf_counter()
from isms_graph.sources import workspace
from isms_graph.vocabulary import load_vocabulary
from isms_graph import graph
from isms_graph.checks import check
from isms_graph.catalogue import load_catalogue
import isms_graph.reasoning as reasoning
spent = [0.0]
def timed(quads, vocabulary, plain=reasoning.entailed):
    begin = perf_counter()
    found = list(plain(quads, vocabulary))
    spent[0] += perf_counter() - begin
    return found
graph.entailed = timed
isms = graph.load({workspace!r})
loaded = perf_counter()
catalogue = load_catalogue()
shapes = perf_counter()
class Timed(CompiledEngine):
    seconds = 0.0
    def validate(self, *given):
        begin = perf_counter()
        found = super().validate(*given)
        Timed.seconds += perf_counter() - begin
        return found
check(isms, catalogue=catalogue, engine=Timed())
checked = perf_counter()
validation = Timed.seconds
print(imported - start, loaded - imported - spent[0], spent[0], shapes - loaded, validation, checked - shapes - validation)
"""
    names = ("imports", "load", "reasoning", "reading the checks", "validation", "limits and findings")
    runs = []
    for _ in range(RUNS):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        runs.append([float(number) for number in done.stdout.split()])
    return {name: statistics.median(run[column] for run in runs) for column, name in enumerate(names)}


def engines(workspace: str) -> dict[str, float]:
    """Validation of the same organisation by each engine, in seconds; all give the same rows."""
    import rdflib
    from pyoxigraph import DefaultGraph

    from isms_graph.assessment import assess
    from isms_graph.catalogue import load_catalogue
    from isms_graph.graph import load
    from isms_graph.shacl import reference
    from isms_graph.shacl.compiled import CompiledEngine

    isms = load(workspace)
    assess(isms)
    shapes = load_catalogue().shapes
    found = {}

    def compiled() -> float:
        begin = perf_counter()
        rows = CompiledEngine().validate(shapes, isms.store).rows
        seconds = perf_counter() - begin
        assert rows == found.setdefault("rows", rows)
        return seconds

    times = {"compiled (default)": median_of(compiled)}

    def pyshacl(graph_class: type[rdflib.Graph]) -> float:
        import pyshacl

        data = reference.to_rdflib(isms.store.quads_for_pattern(None, None, None, DefaultGraph()), graph_class())
        graph = reference.to_rdflib(shapes.quads, rdflib.Graph())
        begin = perf_counter()
        _, report, _ = pyshacl.validate(data, shacl_graph=graph, inplace=True, do_owl_imports=False)
        seconds = perf_counter() - begin
        assert isinstance(report, rdflib.Graph)
        results = len(set(report.objects(predicate=rdflib.URIRef("http://www.w3.org/ns/shacl#result"))))
        print(f"pySHACL: {results} results, {seconds:.1f} s", file=sys.stderr)
        return seconds

    times["pySHACL, parsed queries cached (--engine reference)"] = pyshacl(reference._Graph)
    times["pySHACL as it comes"] = pyshacl(rdflib.Graph)
    return times


def main() -> None:
    workspace = next((argument for argument in sys.argv[1:] if not argument.startswith("-")), "data/harbour-saas")
    isms_command = str(Path(sys.executable).parent / "isms")
    print(f"Machine: {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}; medians of {RUNS} runs.")
    print("Packages: " + ", ".join(f"{name} {version(name)}" for name in PACKAGES) + ".")
    baseline = median_of(lambda: whole_process(sys.executable, "-c", "import rdflib, pyoxigraph"))
    cold = median_of(lambda: whole_process(isms_command, "check", workspace))
    print(f"\n## A cold `isms check {workspace}`\n\n| whole process | ms | ratio |\n|---|---:|---:|")
    print(f"| `python -c 'import rdflib, pyoxigraph'` | {baseline * 1000:.0f} | 1.0 |")
    print(f"| `isms check {workspace}` | {cold * 1000:.0f} | {cold / baseline:.1f} |")
    parts = shares(workspace)
    total = sum(parts.values())
    print("\n| share of the check, inside the process | ms | |\n|---|---:|---:|")
    for name, seconds in parts.items():
        print(f"| {name} | {seconds * 1000:.0f} | {seconds / total:.0%} |")
    if "--without-pyshacl" in sys.argv:
        return
    times = engines(workspace)
    fastest = min(times.values())
    print("\n## Validation of the same organisation, same run\n\n| engine | seconds | times the default |\n|---|---:|---:|")
    for name, seconds in times.items():
        print(f"| {name} | {seconds:.3f} | {seconds / fastest:.0f} |")


if __name__ == "__main__":
    main()
