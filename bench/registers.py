"""Measure registers: a large workbook, what registers add to a load, hostile workbooks; print the results as Markdown.

python -m bench.registers [--rows N]

Each run is a process of its own. Peak memory is VmHWM, which begins anew with each program.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pyoxigraph import RdfFormat, serialize

from isms_graph.exporters.registers import write_registers
from isms_graph.graph import load
from isms_graph.sources import workspace
from isms_graph.vocabulary import load_vocabulary

RUNS = 5
ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "data" / "harbour-saas"
MEASURED = """
import re, sys, time
from pathlib import Path
began = time.perf_counter()
{action}
seconds = time.perf_counter() - began
peak = re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1]
print(seconds, int(peak) // 1024, file=sys.stderr)
"""
LOAD = MEASURED.format(action="from isms_graph import load; load([sys.argv[1]])")
LOADED = """
import isms_graph.graph, isms_graph.sources.registers
from isms_graph.vocabulary import load_vocabulary
load_vocabulary()
""" + MEASURED.format(action="isms_graph.graph.load([sys.argv[1]])")  # without the imports
COMMAND = MEASURED.format(
    action="""
from isms_graph.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
"""
)


def median(code: str, *arguments: object) -> tuple[float, int]:
    """The median seconds and the largest peak in MB of some runs after one warm-up."""
    runs = []
    for _ in range(RUNS + 1):
        done = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=True)
        seconds, peak = done.stderr.split()[-2:]
        runs.append((float(seconds), int(peak)))
    return statistics.median(one for one, _ in runs[1:]), max(peak for _, peak in runs[1:])


def register(path: Path, rows: int) -> Path:
    """A workbook of risks with twelve columns, as they are kept: names, levels, words, dates and owners by name."""
    import openpyxl

    heads = ["id", "name", "description", "owner", "inherent likelihood", "inherent consequence", "inherent level", "treatment option"]
    heads += ["residual likelihood", "residual consequence", "residual level", "reviewed on"]
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Risks")
    sheet.append(heads)
    for row in range(rows):
        one, two = row % 5 + 1, row % 4 + 1
        text = f"What may happen to part {row} of the works, and what would follow from it."
        owner = "Managing director" if row % 2 else "Head of platform"
        sheet.append([f"W-{row}", f"Loss of part {row}", text, owner, one, two, one * two, "modify", 1, two, two, "2026-03-31"])
    book.save(path)
    return path


def as_turtle(place: Path) -> Path:
    """Harbour with its registers as Turtle; the other files are as they are."""
    shutil.copytree(SOURCE, place)
    found = workspace.find([SOURCE])
    for source in workspace.read(found, load_vocabulary()):
        if source.path.suffix in workspace.TABLES:
            (place / f"{source.path.stem}.ttl").write_bytes(serialize(source.quads, format=RdfFormat.TURTLE) or b"")
            (place / source.path.name).unlink()
    config = (place / "isms.toml").read_text(encoding="utf-8")
    (place / "isms.toml").write_text(config[: config.index("[tables")], encoding="utf-8")
    assert len(load([place]).store) == len(load([SOURCE]).store)
    return place


def hostile(place: Path) -> list[tuple[str, float, int]]:
    """What refusing each hostile workbook of the tests takes: name, seconds of computing, peak in MB."""
    sys.path.insert(0, str(ROOT / "tests"))
    from test_workbook import HOSTILE, READ

    found = []
    for name, write in HOSTILE.items():
        path = write(place / "hostile.xlsx")
        runs = []
        for _ in range(RUNS):
            done = subprocess.run([sys.executable, "-c", READ, str(path)], capture_output=True, text=True, check=True)
            runs.append(done.stdout.split())
        assert all(what == "refused" for what, *_ in runs), name
        found.append((name, statistics.median(float(seconds) for _, seconds, _ in runs), max(int(peak) for *_, peak in runs)))
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    rows = parser.parse_args(arguments).rows
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        book = register(place / "works.xlsx", rows)
        plain = shutil.copytree(SOURCE, place / "plain")
        tried = median(COMMAND, "import", book, plain, "--as", "risk", "--dry-run")
        taken = shutil.copytree(SOURCE, place / "taken")
        subprocess.run([sys.executable, "-m", "isms_graph.cli", "import", book, taken, "--as", "risk"], check=True, capture_output=True)
        print(f"{rows:,} rows of 12 columns beside Harbour: {book.stat().st_size // 1000:,} KB, {len(load([taken]).store):,} statements\n")
        print("| whole process | s | peak memory |\n|---|---:|---:|")
        for name, (seconds, peak) in (
            ("load Harbour alone", median(LOAD, plain)),
            ("load Harbour with the register", median(LOAD, taken)),
            ("`isms import --dry-run` of it", tried),
        ):
            print(f"| {name} | {seconds:.2f} | {peak} MB |")
        turtle, books = as_turtle(place / "turtle"), place / "books"
        write_registers(load([SOURCE]), books)
        print("\n| load of Harbour in a process that has its imports | ms |\n|---|---:|")
        for name, source in (("Turtle alone", turtle), ("risks.csv and soa.csv", SOURCE), ("everything in a workbook", books)):
            print(f"| {name} | {median(LOADED, source)[0] * 1000:.0f} |")
        found = hostile(place)
        slow, large = max(found, key=lambda one: one[1]), max(found, key=lambda one: one[2])
        print(f"\nOf {len(found)} hostile workbooks: slowest {slow[0]!r} {slow[1]:.2f} s, largest {large[0]!r} {large[2]} MB.")


if __name__ == "__main__":
    main()
