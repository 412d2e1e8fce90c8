"""`isms check --each` and `isms query --each`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import click
from pyoxigraph import Literal

from isms_graph.catalogue import load_catalogue
from isms_graph.cli.answers import parameter
from isms_graph.cli.check import Options, engine_named
from isms_graph.cli.output import emit, emit_json, parse_output
from isms_graph.cli.query import Form, with_names, write
from isms_graph.errors import InputError, UnknownName, UsageError
from isms_graph.graph import as_date
from isms_graph.namespaces import nearest
from isms_graph.portfolios import A, Answered, Checked, CheckJob, Crew, Job, Outcome, Processes, QueryJob, default_size, each
from isms_graph.queries import Question, questions, read_question
from isms_graph.render.formats import written
from isms_graph.render.portfolio import checks_as_json, failures, write_checks
from isms_graph.render.results import GRAPHS, TABLES
from isms_graph.results import Table
from isms_graph.sources.workspace import STAGES

ORGANISATION = "organisation"


@dataclass(frozen=True)
class Means:
    """How the organisations are worked through: in how many processes, or on which Dask cluster."""

    jobs: int | None = None
    dask: str | None = None


def run_check_each(options: Options, means: Means, reports: str | None) -> int:
    """Check each workspace as an organisation of its own; return the exit code."""
    outputs = [parse_output(text, ("text", "json")) for text in options.output] or [("text", None)]
    compared = options.baseline or options.update_baseline or options.since is not None
    if options.watch or compared or options.timing or options.order != "clause":
        raise UsageError("--watch, --baseline, --since, --timing and --order look at one organisation; they do not go with --each.")
    names = folder_names(options.workspace)
    load_catalogue().select(options.select, options.ignore)  # a name that does not exist is said once
    if options.stage is not None and options.stage not in STAGES:
        raise UnknownName("stage", options.stage, nearest(options.stage, STAGES), f"Stages are {', '.join(STAGES)}.")
    job = CheckJob(
        as_date(options.as_of), options.stage, options.fail_on, tuple(options.select), tuple(options.ignore),
        partial(engine_named, options.engine), options.owl, partial(written, "json", fail_on=options.fail_on) if reports else None,
    )  # fmt: skip

    def settled(name: str, outcome: Outcome[Checked]) -> Outcome[Checked]:
        if not reports or outcome.answer is None:
            return outcome
        _keep(Path(reports) / f"{name}.json", outcome.answer.report)
        return replace(outcome, answer=replace(outcome.answer, report=""))

    outcomes = _outcomes(names, job, means, settled)
    for format_, file in outputs:
        if format_ == "json":
            emit_json(checks_as_json(outcomes), file)
        else:
            write_checks(outcomes, file)
    return _code(outcomes) or int(any(outcome.answer.fails for outcome in outcomes.values() if outcome.answer))


def run_query_each(name: str | None, workspace: Sequence[str], as_of: str | None, params: Sequence[str], chosen: Form, means: Means) -> int:
    """Ask each workspace as an organisation of its own, and write one table; return the exit code."""
    if chosen.name in GRAPHS:
        raise UsageError(f"the answers of several organisations are one table; take {', '.join(TABLES[:-1])} or {TABLES[-1]}.")
    names = folder_names(workspace)
    question = _question(name)
    values = dict(parameter(text) for text in params)
    if isinstance(question, Question):
        for param in values:
            known = [one.name for one in question.parameters]
            if param not in known:
                raise UnknownName(f"parameter of {question.name}", param, nearest(param, known))
    outcomes = _outcomes(names, QueryJob(question, values, as_date(as_of), with_names(chosen)), means)
    answers = {one: outcome.answer for one, outcome in outcomes.items() if outcome.answer}
    if answers:
        _write_rows(answers, chosen)
    click.echo("".join(f"{line}\n" for line in failures(outcomes)), nl=False, err=True)
    return _code(outcomes)


def folder_names(paths: Sequence[str]) -> dict[str, str]:
    """The paths by names that tell them apart: each without the folders that all of them are in. Raises UsageError."""
    if not paths:
        raise UsageError("--each needs the organisations by name, such as `isms check --each orgs/*/`.")
    absolute = {os.path.abspath(path): path for path in paths}
    if len(absolute) < len(paths):
        raise UsageError("an organisation is given twice.")
    above = os.path.commonpath([os.path.dirname(path) for path in absolute])
    return {Path(path).relative_to(above).as_posix(): given for path, given in absolute.items()}


def _outcomes(
    names: Mapping[str, str], job: Job[A], means: Means, settled: Callable[[str, Outcome[A]], Outcome[A]] = lambda _, outcome: outcome
) -> dict[str, Outcome[A]]:
    """The outcomes by name, in the order given; `settled` sees each as soon as it is ready and says what to keep of it."""
    by_path = {path: name for name, path in names.items()}
    ready: dict[str, Outcome[A]] = {}
    with closing(_crew(means, len(names))) as crew, _bar(len(names)) as advance:
        for outcome in each(list(by_path), job, crew):
            name = by_path[outcome.workspace]
            ready[name] = settled(name, outcome)
            advance()
    return {name: ready[name] for name in names}


def _crew(means: Means, count: int) -> Crew:
    size = min(means.jobs or default_size(), count)
    if means.dask is None:
        return Processes(size)
    from isms_graph.clusters import Dask

    return Dask(means.dask, size)


@contextmanager
def _bar(total: int) -> Iterator[Any]:
    """A progress bar on the terminal; yields the function to call for each organisation that is done."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("organisations"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total)
        yield lambda: progress.advance(task)


def _keep(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"the folder for the reports cannot be made: {error.strerror}.", path.parent) from None
    emit(text, path)


def _code(outcomes: Mapping[str, Outcome[Any]]) -> int:
    """3 if there was a defect, 2 if an organisation has no answer, else 0."""
    missing = [outcome for outcome in outcomes.values() if outcome.answer is None]
    return 3 if any(outcome.defect for outcome in missing) else 2 if missing else 0


def _question(name: str | None) -> Question | str:
    if name is None:
        raise UsageError("which query? `isms query --list` lists the saved ones; a file ending in .rq is run as it is.")
    if not name.endswith(".rq"):
        known = questions()
        if name not in known:
            raise UnknownName("query", name, nearest(name, known), "`isms query --list` lists them.")
        return known[name]
    file = Path(name)
    if not file.is_file():
        raise InputError("there is no such query file.", file)
    text = file.read_text(encoding="utf-8")
    return read_question(file) if "#+ question" in text else text


def _write_rows(answers: Mapping[str, Answered], chosen: Form) -> None:
    columns = next(iter(answers.values())).table.columns
    if ORGANISATION in columns:
        raise UsageError(f"the query has a column {ORGANISATION!r}, which --each puts in front; give it another name.")
    rows = tuple((Literal(name), *row) for name, answer in answers.items() for row in answer.table.rows)
    write(Table((ORGANISATION, *columns), rows), replace(chosen, labels=False))  # the names are in it already
