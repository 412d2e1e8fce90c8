"""Measure impact answers against a bare breadth-first search, among many organisations; print the results as Markdown.

python -m bench.impact [ORGANISATIONS]

Each organisation is a copy of Alder Clinics under a base of its own, loaded when it is first asked. The bare search runs
over a prepared adjacency list of the same states and gives what is reached with distances, and nothing else. "Reached" is
an answer with strengths; "described" is the same with every element's owner, last review and what to do laid out.
"""

from __future__ import annotations

import re
import resource
import statistics
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from isms_graph import impact, load
from isms_graph.edges import PHASES, edges_of
from isms_graph.graph import Isms

COLUMNS = (
    "organisations loaded", "statements", "load, s", "first answer, ms", "described, us", "reached, us", "bare search, us",
    "ratio described", "ratio reached", "peak memory, MB",
)  # fmt: skip
SOURCE = Path(__file__).parent.parent / "data" / "alder-clinics"


def copies(folder: Path, count: int) -> list[Path]:
    """Copies of the organisation, each with a namespace of its own."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in SOURCE.iterdir() if path.is_file()}
    base = re.search(r'base = "([^"]*)"', texts["isms.toml"])
    assert base
    made = []
    for number in range(count):
        place = folder / f"org-{number}"
        place.mkdir()
        for name, text in texts.items():
            (place / name).write_text(text.replace(base[1], f"https://org-{number}.example/isms/"), encoding="utf-8")
        made.append(place)
    return made


def bare(adjacency: list[list[int]], start: int) -> dict[int, int]:
    """The bare search: states and their distances."""
    distance = {start: 0}
    frontier, depth = [start], 0
    while frontier:
        depth += 1
        following = []
        for state in frontier:
            for after in adjacency[state]:
                if after not in distance:
                    distance[after] = depth
                    following.append(after)
        frontier = following
    return distance


def measured(isms_: Isms) -> tuple[float, float, float]:
    """Microseconds a question, over every element that reaches at least five others: described, reached only, bare search."""
    edges = edges_of(isms_)
    steps = edges.steps("affects")
    adjacency = [[after for after, _ in each] for each in steps]
    origins = [node.value for node in edges.nodes if len(impact(isms_, node.value).affected) >= 5]  # elements are described once
    starts = [number * PHASES for number, node in enumerate(edges.nodes) if node.value in set(origins)]
    seconds = [0.0, 0.0, 0.0]
    for origin, start in zip(origins, starts, strict=True):
        marks = [perf_counter()]
        tuple(impact(isms_, origin).affected)
        marks.append(perf_counter())
        impact(isms_, origin)
        marks.append(perf_counter())
        bare(adjacency, start)
        marks.append(perf_counter())
        seconds = [spent + after - before for spent, before, after in zip(seconds, marks, marks[1:], strict=False)]
    described, reached, searched = (each / len(origins) * 1e6 for each in seconds)
    return described, reached, searched


def main() -> None:
    """Print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with TemporaryDirectory(prefix="isms-graph-bench-") as folder:
        places = copies(Path(folder), count)
        print("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS))
        loaded: list[Isms] = []
        loads: list[float] = []
        marks = {1, 10, 100, 300, 1000, count}
        for place in places:
            begin = perf_counter()
            loaded.append(load(place))
            loads.append(perf_counter() - begin)
            if len(loaded) in marks:
                begin = perf_counter()
                impact(loaded[-1], "supplier-nightwatch")
                first = perf_counter() - begin
                described, reached, searched = measured(loaded[-1])
                statements, peak = sum(one.statement_count for one in loaded), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                row = [f"{len(loaded):,}", f"{statements:,}", f"{statistics.median(loads):.3f}", f"{first * 1000:.1f}"]
                row += [f"{described:.1f}", f"{reached:.1f}", f"{searched:.1f}", f"{described / searched:.2f}", f"{reached / searched:.2f}"]
                row.append(f"{peak:,.0f}")
                print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
