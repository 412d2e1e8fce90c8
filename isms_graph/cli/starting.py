"""`isms init`."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from isms_graph.cli.group import cli
from isms_graph.scaffold import GENERAL, SECTORS


@cli.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--name", required=True, help='The organization, such as "Acme Ltd".')
@click.option("--headcount", "people", required=True, type=click.IntRange(1, 10_000_000), metavar="N", help="How many people work in it.")
@click.option("--sector", type=click.Choice(SECTORS), default=GENERAL, show_default=True, help="Adds what is usual there, as suggestions.")
@click.option("--as-of", metavar="DATE", help="The day on which work on the ISMS begins. Default: today.")
def init(folder: Path, name: str, people: int, sector: str, as_of: str | None) -> None:
    """Begin an ISMS: write a workspace scaled to size and sector into the new folder DIR.

    Roles, processes and what they hand over, stubs of policies, a Statement of Applicability with every control of Annex A
    undecided, and empty registers. Nothing in it claims to be done: what it suggests is a draft, and `isms check` lists
    what is to be done. It writes over nothing.

    \b
    isms init acme --name "Acme Ltd" --headcount 30 --sector software
    """
    from datetime import date

    from isms_graph.graph import as_date
    from isms_graph.pulls import write_files
    from isms_graph.scaffold import new_workspace

    start = as_date(as_of)
    files = new_workspace(name, people, sector, start or date.today())
    write_files(folder, files)
    place = shlex.quote(str(folder))
    given = f" --as-of {start}" if start else ""
    click.echo(f"{folder}: {len(files)} files. Nothing in them claims to be done.\n")
    click.echo("Next: what is to be done before stage 1, phase by phase")
    click.echo(f"  isms check {place}{given} --stage stage1 --order phase")
    click.echo("What is still a draft or a suggestion")
    click.echo(f"  isms query drafts {place}{given}")
