"""Measure `isms check --each` over more and more organisations; print the results as Markdown.

python -m bench.portfolio [ORGANISATIONS ...]

Each organisation is a copy of Alder Clinics under a base of its own. Each line is a process of its own; its memory and that
of its largest worker are the most that they ever had.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from bench.impact import copies
from isms_graph.portfolios import CheckJob, Processes, each

COLUMNS = ("organisations", "jobs", "seconds", "CPU seconds each", "memory of the parent, MB", "of the largest worker, MB")


def measure(folder: Path, jobs: int) -> None:
    paths = sorted(folder.iterdir())
    begin = perf_counter()
    with closing(Processes(jobs)) as crew:
        failed = sum(outcome.answer is None for outcome in each(paths, CheckJob(), crew))
    seconds = perf_counter() - begin
    assert not failed
    parent, workers = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = sum(one.ru_utime + one.ru_stime for one in (parent, workers))
    row = [f"{len(paths):,}", str(jobs), f"{seconds:.1f}", f"{busy / len(paths):.3f}"]
    row += [f"{one.ru_maxrss / 1024:.0f}" for one in (parent, workers)]
    print("| " + " | ".join(row) + " |", flush=True)


def main() -> None:
    if sys.argv[1:2] == ["--measure"]:
        measure(Path(sys.argv[2]), int(sys.argv[3]))
        return
    print("| " + " | ".join(COLUMNS) + " |\n|" + "---:|" * len(COLUMNS), flush=True)
    for count in [int(text) for text in sys.argv[1:]] or [1, 10, 100]:
        with TemporaryDirectory(prefix="isms-graph-bench-") as folder:
            copies(Path(folder), count)
            for jobs in (1, 2):
                subprocess.run([sys.executable, "-m", "bench.portfolio", "--measure", folder, str(jobs)], check=True)


if __name__ == "__main__":
    main()
