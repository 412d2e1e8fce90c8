"""`isms check`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from isms_graph.catalogue import load_catalogue
from isms_graph.checks import check as run_checks
from isms_graph.cli.output import emit_json, parse_output
from isms_graph.cli.progress import progress
from isms_graph.graph import load
from isms_graph.shacl.engine import Engine

FORMATS = ("text", "json")
_UNREAD = "Registers in CSV are read when isms.toml says what their rows are; other formats are not."


def run(
    workspace: Sequence[str], as_of: str | None, stage: str | None, fail_on: str, output: Sequence[str],
    select: Sequence[str], ignore: Sequence[str], engine: str, owl: bool, timing: bool,
) -> int:  # fmt: skip
    """Check a workspace and write the report; return the exit code."""
    outputs = [parse_output(text, FORMATS) for text in output] or [("text", None)]
    catalogue = load_catalogue()
    if select or ignore:
        catalogue = catalogue.select(select, ignore)
    with progress() as step:
        step("reading the files")
        isms_ = load(workspace, as_of=as_of)
        step(f"running {len(catalogue.checks)} checks")
        report = run_checks(isms_, stage, _engine(engine), catalogue)
        if owl:
            step("looking for contradictions with the OWL reasoner")
            from isms_graph.owl import with_contradictions

            report = with_contradictions(report, isms_)
    if isms_.workspace.unread:
        click.echo(f"Not read: {', '.join(isms_.workspace.unread)}. {_UNREAD}", err=True)
    for name, file in outputs:
        if name == "text":
            from isms_graph.render.report import write_text

            write_text(report, file, timing=timing)
        else:
            from isms_graph.render.report_json import as_json

            emit_json(as_json(report), file)
    return 1 if report.fails_on(fail_on) else 0


def _engine(name: str) -> Engine:
    if name == "reference":
        from isms_graph.shacl.reference import ReferenceEngine

        return ReferenceEngine()
    from isms_graph.shacl.compiled import CompiledEngine

    return CompiledEngine()
