"""Tables on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from isms_graph.render.report import printable, printed


def write_table(columns: Sequence[str], rows: Sequence[Sequence[str]], file: Path | None = None) -> None:
    """Print rows under headings, wrapped to the width of the screen, or write them to a file; says so if there is none."""
    printed(file, lambda out: _write(out, columns, rows))


def _write(out: Console, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if not rows:
        out.print(f"No rows ({', '.join(columns)}).")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(printable(cell) for cell in row))
    if out.is_terminal:
        out.print(table)
        return
    with out.capture() as held:
        out.print(table)
    for line in held.get().splitlines():
        out.print(line.rstrip(), markup=False, soft_wrap=True)
