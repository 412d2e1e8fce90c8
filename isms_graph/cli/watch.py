"""`isms check --watch`."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path

import click

from isms_graph.catalogue import Catalogue
from isms_graph.checks import check
from isms_graph.errors import InputError
from isms_graph.findings import Finding, Report
from isms_graph.shacl.remembering import RememberingEngine
from isms_graph.watching import Watched

INTERVAL = 0.3  # seconds between two looks at the files


class Watch:
    """One round after another: what the files say now, and how the findings differ from the round before."""

    def __init__(self, paths: Sequence[str | Path], as_of: date | None, stage: str | None, catalogue: Catalogue) -> None:
        self.watched = Watched(paths, as_of)
        self.engine = RememberingEngine()
        self.stage, self.catalogue = stage, catalogue
        self.report: Report | None = None

    def round(self) -> tuple[Report, list[Finding], list[Finding]]:
        """The report now, and the open findings gained and lost since the last round. Raises as `load` and `check` do."""
        isms_, touched = self.watched.refresh()
        self.engine.touched |= touched
        before = {finding.fingerprint: finding for finding in self.report.open} if self.report else {}
        self.report = check(isms_, self.stage, self.engine, self.catalogue)
        now = {finding.fingerprint: finding for finding in self.report.open}
        gained = [finding for finding in self.report.open if finding.fingerprint not in before]
        return self.report, gained, [finding for fingerprint, finding in before.items() if fingerprint not in now]


def run_watch(watch: Watch, show: Callable[[Report], None], fail_on: str, wait: Callable[[float], None] = time.sleep) -> int:
    """Show the report, then what each change of a file gains and loses, until interrupted; return the exit code.

    It is that of the last report: 1 if it has a finding at or above `fail_on`, 2 if there never was a report.
    """
    try:
        report, _, _ = watch.round()
        show(report)
    except InputError as error:
        click.echo(str(error), err=True)
    click.echo("Watching; press Ctrl-C to stop.", err=True)
    try:
        while True:
            wait(INTERVAL)
            _look(watch)
    except KeyboardInterrupt:
        click.echo(err=True)
    return 2 if watch.report is None else int(watch.report.fails_on(fail_on))


def _look(watch: Watch) -> None:
    """Check again if a file changed, and say what that gained and lost."""
    try:
        changed = watch.watched.changed()
        if not changed:
            return
        begin = time.perf_counter()
        report, gained, lost = watch.round()
    except InputError as error:
        click.echo(f"{datetime.now():%H:%M:%S} {error}", err=True)
        return
    seconds = time.perf_counter() - begin
    names = ", ".join(path.name for path in changed)
    counts = ", ".join(f"{count} {severity}" for severity, count in report.counts().items() if count) or "no findings"
    click.echo(f"{datetime.now():%H:%M:%S} {names}: {len(gained)} gained, {len(lost)} lost; now {counts} ({seconds * 1000:.0f} ms)")
    for sign, findings, colour in (("+", gained, "red"), ("-", lost, "green")):
        for finding in findings:
            click.secho(f"  {sign} {finding.place}: {finding.message}  [{finding.check}]", fg=colour)
