"""`isms check`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import click

from isms_graph.catalogue import Catalogue, load_catalogue
from isms_graph.checks import check as run_checks
from isms_graph.cli.output import emit, parse_output
from isms_graph.cli.progress import progress
from isms_graph.cli.store import Place, load_at
from isms_graph.errors import EmptyWorkspace, InputError, Problems, UsageError
from isms_graph.findings import Known, Report
from isms_graph.render.formats import FORMATS, written
from isms_graph.shacl.engine import Engine

_UNREAD = "`isms import` takes registers in .csv and .xlsx into the workspace; other formats are not read."


@dataclass(frozen=True)
class Options:
    """What was asked for on the command line."""

    workspace: Sequence[str]
    as_of: str | None
    stage: str | None
    fail_on: str
    output: Sequence[str]
    select: Sequence[str]
    ignore: Sequence[str]
    engine: str
    owl: bool
    timing: bool
    baseline: str | None
    update_baseline: bool
    since: str | None
    watch: bool
    order: str = "clause"
    place: Place = field(default_factory=Place)


def run(options: Options) -> int:
    """Check a workspace and write the report; return the exit code."""
    outputs = [parse_output(text, FORMATS) for text in options.output] or [("text", None)]
    if options.update_baseline and not options.baseline:
        raise UsageError("--update-baseline needs --baseline FILE, the file to write.")
    if options.baseline and options.since is not None:
        raise UsageError("--baseline and --since are two ways to say what is known already; take one.")
    if options.place.endpoint is not None and (options.since is not None or options.watch):
        raise UsageError("--since and --watch look at files; they go without --endpoint.")
    catalogue = load_catalogue()
    if options.select or options.ignore:
        catalogue = catalogue.select(options.select, options.ignore)
    if options.watch:
        return _watch(options, catalogue)
    known = _known(options)
    with progress() as step:
        report = _check(options.workspace, options, catalogue, step)
        if options.since is not None:
            report = _since(report, options, catalogue, step)
    if options.baseline:
        from isms_graph.baselines import with_baseline, write_baseline

        path = Path(options.baseline)
        if options.update_baseline:
            count = write_baseline(path, report.findings)
            click.echo(f"{path}: {count} known findings written.", err=True)
            return 0
        report = with_baseline(report, known)
    for name, file in outputs:
        if name == "text":
            from isms_graph.render.report import write_text

            write_text(report, file, options.timing, options.order)
        else:
            emit(written(name, report, options.fail_on), file)
    return 1 if report.fails_on(options.fail_on) else 0


def _known(options: Options) -> list[Known]:
    """The baseline, read before anything is checked, so that a wrong file is noticed at once."""
    if not options.baseline or options.update_baseline:
        return []
    from isms_graph.baselines import read_baseline

    return read_baseline(Path(options.baseline))


def _check(
    workspace: Sequence[str | Path], options: Options, catalogue: Catalogue, step: Callable[[str], None], quiet: bool = False
) -> Report:
    isms_ = load_at(options.place, workspace, options.as_of, step)
    step(f"running {len(catalogue.checks)} checks")
    report = run_checks(isms_, options.stage, engine_named(options.engine), catalogue)
    if options.owl:
        step("looking for contradictions with the OWL reasoner")
        from isms_graph.owl import with_contradictions

        report = with_contradictions(report, isms_)
    if isms_.workspace.unread and not quiet:
        click.echo(f"Not read: {', '.join(isms_.workspace.unread)}. {_UNREAD}", err=True)
    return report


def _watch(options: Options, catalogue: Catalogue) -> int:
    from isms_graph.cli.watch import Watch, run_watch
    from isms_graph.graph import as_date
    from isms_graph.render.report import write_text

    others = options.baseline or options.since is not None or options.owl or options.engine != "compiled" or options.order != "clause"
    if options.output or others:
        raise UsageError("--watch shows what changes on the screen; it goes with --as-of, --stage, --fail-on, --select and --ignore only.")
    watch = Watch(options.workspace, as_date(options.as_of), options.stage, catalogue)
    return run_watch(watch, write_text, options.fail_on)


def _since(report: Report, options: Options, catalogue: Catalogue, step: Callable[[str], None]) -> Report:
    """The report compared with that of a git revision, both at the same date and for the same stage."""
    from isms_graph.revisions import at_revision, compare

    revision = options.since or ""
    step(f"checking {revision}")
    with at_revision(options.workspace, revision) as paths:
        before: Report | None = None
        if paths:
            then = replace(options, as_of=report.as_of.isoformat(), stage=report.stage)
            try:
                before = _check(paths, then, catalogue, step, quiet=True)
            except EmptyWorkspace:
                before = None  # the ISMS did not exist yet: everything is gained
            except (Problems, InputError) as error:
                raise InputError(f"the ISMS cannot be read as it was at {revision}: {error}") from None
    return compare(report, before, revision)


def engine_named(name: str) -> Engine:
    """The engine that --engine names."""
    if name == "reference":
        from isms_graph.shacl.reference import ReferenceEngine

        return ReferenceEngine()
    from isms_graph.shacl.compiled import CompiledEngine

    return CompiledEngine()
