"""`isms export`: what an auditor asks for, as documents."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import click

from isms_graph.cli.group import CONTEXT, InOrder, cli
from isms_graph.cli.options import as_of_option, workspace_argument
from isms_graph.exporters import DELIVERABLES, FORMATS


@cli.group(cls=InOrder, context_settings=CONTEXT)
def export() -> None:
    """Write the documents that an auditor asks for.

    What the ISMS does not state is called "not stated"; a document that needs approval and has none calls itself a draft.

    \b
    isms export soa my-isms --output html=soa.html --output xlsx=soa.xlsx
    """


def _add(name: str, what: str) -> None:
    """The command for one deliverable."""

    @export.command(name=name, help=f"Write {what}.", short_help=what)
    @workspace_argument
    @as_of_option
    @click.option(
        "--output", multiple=True, metavar="FORMAT[=FILE]",
        help=f"{', '.join(FORMATS)}, to a file; repeatable. Without a file html goes to the screen and the others to {name}.FORMAT. "
        "Default: html.",
    )  # fmt: skip
    def one(workspace: Sequence[str], as_of: str | None, output: Sequence[str]) -> None:
        from isms_graph.cli.answers import licensed_text, loaded
        from isms_graph.cli.output import emit, emit_bytes, parse_output
        from isms_graph.exporters import deliverable, written

        wanted = [parse_output(text, FORMATS) for text in output or ("html",)]
        isms_ = loaded(workspace, as_of)
        made = deliverable(name, isms_, licensed_text(isms_.workspace))
        for form, file in wanted:
            content = written(made, form)
            if form == "html" and file is None:
                emit(content.decode())
            else:
                emit_bytes(content, file or Path(f"{name}.{form}"))


for _name, _what in DELIVERABLES.items():
    _add(_name, _what)


@export.command(name="audit-pack", short_help="all of these, the check report and a manifest of hashes")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@workspace_argument
@as_of_option
def audit_pack(folder: Path, workspace: Sequence[str], as_of: str | None) -> None:
    """Write all documents in all formats, the check report and a manifest with SHA-256 hashes into the folder DIR.

    DIR is new, empty or an earlier pack, which is replaced. The same workspace and date give the same bytes.

    \b
    isms export audit-pack pack-2026 my-isms --as-of 2026-11-23
    """
    from isms_graph.cli.answers import loaded
    from isms_graph.exporters.pack import write_pack

    pack = write_pack(loaded(workspace, as_of), folder)
    click.echo(f"{folder}: {len(pack.files)} files. To check them: cd {shlex.quote(str(folder))} && sha256sum -c SHA256SUMS")
    for form, why in pack.left_out.items():
        click.echo(f"Left out: {form}. {why}", err=True)


@export.command(short_help="the whole workspace as a workbook that can be kept in its place")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@workspace_argument
def registers(folder: Path, workspace: Sequence[str]) -> None:
    """Write the whole workspace as a workbook, a sheet for each class, into the new folder DIR.

    DIR is a workspace that says the same: isms.toml declares the sheets, and what fits no table stands in a Turtle file.

    \b
    isms export registers my-registers my-isms
    """
    from isms_graph.cli.answers import loaded
    from isms_graph.exporters.registers import BOOK, REST, write_registers

    done = write_registers(loaded(workspace, None), folder)
    click.echo(f"{folder / BOOK}: {done.elements:,} elements on {done.sheets} sheets, {done.statements:,} statements.")
    if done.beside:
        click.echo(f"{folder / REST}: {done.beside:,} statements that fit no table.")
    click.echo(f"Next: isms check {shlex.quote(str(folder))}")
