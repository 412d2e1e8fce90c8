"""`isms oscal export`: an ISMS as OSCAL documents, and what OSCAL has no place for."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import click

from isms_graph.cli.options import as_of_option, workspace_argument
from isms_graph.cli.oscal import oscal


@oscal.command(name="export", short_help="catalog, profile, components, system security plan, check run, plan of action")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@workspace_argument
@as_of_option
def export_(folder: Path, workspace: Sequence[str], as_of: str | None) -> None:
    """Write the ISMS as OSCAL 1.1 documents into the folder DIR, with a list of what OSCAL has no place for.

    DIR is new, empty or an earlier export, which is replaced. The same workspace and date give the same bytes.

    \b
    isms oscal export my-oscal my-isms --as-of 2026-11-23
    """
    from isms_graph.cli.answers import loaded
    from isms_graph.exporters.oscal import LEFT_OUT, write_oscal

    done = write_oscal(loaded(workspace, as_of), folder)
    left = done.left_out.total()
    click.echo(f"{folder}: {len(done.files)} files. To check them: cd {shlex.quote(str(folder))} && sha256sum -c SHA256SUMS")
    click.echo(f"{done.elements - left:,} of {done.elements:,} elements are in them with all that is said of them.")
    if left:
        kinds = ", ".join(f"{kind} ({count})" for kind, count in done.left_out.most_common(5))
        more = f", and {len(done.left_out) - 5} more kinds" if len(done.left_out) > 5 else ""
        click.echo(f"{left:,} have no place in OSCAL: {kinds}{more}. Each is listed in {folder / LEFT_OUT}.")
    for name, why in done.unwritten.items():
        click.echo(f"Not written: {name}, since {why}.", err=True)
