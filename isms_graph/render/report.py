"""A check report as text: findings by clause, readable at 80 columns."""

from __future__ import annotations

import io
import shlex
import sys
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import TextIO
from unicodedata import category

from rich.console import Console
from rich.text import Text

from isms_graph.errors import InputError
from isms_graph.findings import Finding, Report, clause_key
from isms_graph.namespaces import ISO27001
from isms_graph.phases import PhaseFindings, by_phase
from isms_graph.vocabulary import load_vocabulary

WORDS = {"major": "MAJOR", "minor": "MINOR", "ofi": "OFI"}
STYLES = {"major": "bold red", "minor": "yellow", "ofi": "cyan"}
SHOWN = 8
ORDERS = ("clause", "phase")


def console(file: TextIO | None = None) -> Console:
    """A console on the screen, without colour and 80 columns wide when piped; or on an open file, 100 columns wide."""
    if file is not None:
        return Console(file=file, width=100, no_color=True, highlight=False)
    return Console(width=None if sys.stdout.isatty() else 80, highlight=False)


def printable(text: str) -> str:
    """A text in which characters that steer a terminal or turn the direction of writing are replaced, one by one."""
    return "".join("\ufffd" if category(one) in ("Cc", "Cf", "Cs") and one not in "\n\t\u200c\u200d\u00ad" else one for one in text)


def indented(out: Console, text: Text, by: int = 0) -> None:
    """Print a text, wrapped, with every line indented and nothing at the ends of lines; what could steer a terminal is replaced."""
    text.plain = printable(text.plain)
    for line in text.wrap(out, max(20, out.width - by)):
        line.rstrip()
        out.print(Text(" " * by).append(line), soft_wrap=True)


def printed(file: Path | None, write: Callable[[Console], None]) -> None:
    """Let `write` print to the screen or to a file. Raises InputError if the file cannot be written."""
    if file is None:
        write(console())
        return
    try:
        with file.open("w", encoding="utf-8") as stream:
            write(console(stream))
    except OSError as error:
        raise InputError(f"the output cannot be written: {error.strerror}.", file) from None


def write_text(report: Report, file: Path | None = None, timing: bool = False, order: str = "clause") -> None:
    """Write the report for people, to the screen or to a file, in the order of ORDERS. Raises InputError if it cannot be written."""
    printed(file, lambda out: _write(out, report, timing, order))


def as_text(report: Report) -> str:
    """The report for people as a text."""
    held = io.StringIO()
    _write(console(held), report, timing=False, order="clause")
    return held.getvalue()


def _write(out: Console, report: Report, timing: bool, order: str) -> None:
    indented(out, Text(f"{report.name}, as of {report.as_of} ({report.as_of_origin}), for {_stage(report)}"))
    indented(out, Text(f"{report.statements:,} statements in {report.files} files", style="dim"))
    if report.comparison:
        indented(out, Text(f"Only what was gained since {report.comparison.revision}", style="dim"))
    if order == "phase":
        for number, phase in enumerate(by_phase(load_vocabulary(), report.open), 1):
            _print_phase(out, number, phase, report)
    else:
        _print_findings(out, report.open, report)
    _set_aside(out, report)
    out.print()
    _summary(out, report, order)
    if timing:
        _timing(out, report)


def _print_phase(out: Console, number: int, phase: PhaseFindings, report: Report) -> None:
    vocabulary = load_vocabulary()
    counts = ((sum(one.severity == severity for one in phase.findings), WORDS[severity]) for severity in WORDS)
    found = ", ".join(f"{count} {word}" for count, word in counts if count) or "no findings"
    clauses = f"clause{'s' * (len(phase.clauses) > 1)} {' and '.join(phase.clauses)}"
    out.print()
    indented(out, Text(f"{number} {vocabulary.label(phase.phase).upper()} ({clauses}): {found}", style="bold reverse"))
    indented(out, Text(f"Done when: {vocabulary.definition(phase.phase)}", style="dim"), 2)
    _print_findings(out, phase.findings, report)


def _print_findings(out: Console, findings: tuple[Finding, ...], report: Report) -> None:
    titles = _titles(report)
    for clause, in_clause in groupby(findings, key=lambda finding: finding.clause):
        out.print()
        indented(out, Text(titles.get(clause, clause), style="bold"))
        for _, of_check in groupby(in_clause, key=lambda finding: finding.check):
            _print_check(out, list(of_check), report)


def _print_check(out: Console, findings: list[Finding], report: Report) -> None:
    first = findings[0]
    label = next((run.check.label for run in report.checks if run.check.id == first.check), first.check)
    out.print()
    head = Text(f"{WORDS[first.severity]:<5}  ", style=STYLES[first.severity])
    indented(out, head.append(label, style="default bold").append(f"  [{first.check}]", style="dim"), 2)
    for finding in findings[:SHOWN]:
        indented(out, Text(finding.message), 9)
        if finding.place:
            indented(out, Text(finding.place, style="dim"), 11)
    if len(findings) > SHOWN:
        option = " --endpoint" if report.workspace.startswith(("http://", "https://")) else ""
        place = "" if report.workspace == "." else f"{option} {shlex.quote(report.workspace)}"
        more = f"and {len(findings) - SHOWN} more; see all with: isms check{place} --select {first.check} --output json"
        indented(out, Text(more, style="dim"), 9)
    indented(out, Text.assemble(("Do: ", "bold"), first.advice), 9)


def _set_aside(out: Console, report: Report) -> None:
    """What does not count, and why; and what the baseline lists without need."""
    if report.waived:
        out.print(Text("\nWaived", style="bold"))
    for finding in report.waived:
        indented(out, Text(f"{finding.message}  [{finding.check}]"), 2)
        indented(out, Text(f"because: {finding.waiver_reason or finding.waiver}", style="dim"), 4)
    if report.stale:
        out.print(Text("\nIn the baseline and not found any more", style="bold red"))
    for known in report.stale:
        indented(out, Text(f"{known.message}  [{known.check}]"), 2)
    if report.stale:
        indented(out, Text("Take them off the list: run again with --update-baseline.", style="dim"), 2)
    if report.comparison and report.comparison.lost:
        out.print(Text(f"\nFound at {report.comparison.revision} and gone now", style="bold green"))
        for finding in report.comparison.lost:
            indented(out, Text(f"{finding.message}  [{finding.check}]"), 2)


def _summary(out: Console, report: Report, order: str) -> None:
    counts = report.counts()
    looked = sum(run.focus_nodes for run in report.checks)
    parts = [f"{counts['major']} major", f"{counts['minor']} minor", f"{counts['ofi']} for improvement"]
    style = "bold red" if counts["major"] else "yellow" if counts["minor"] else "green"
    verdict = "No findings" if not report.open else ", ".join(parts)
    if report.comparison:
        verdict = f"Since {report.comparison.revision}: {len(report.open)} gained ({verdict.lower()})"
        verdict += f", {len(report.comparison.lost)} lost, {report.comparison.unchanged} unchanged"
    aside = [f"{len(found)} {word}" for found, word in ((report.waived, "waived"), (report.known, "known")) if found]
    verdict += f" ({', '.join(aside)})" if aside else ""
    indented(out, Text(f"{verdict}. {len(report.checks)} checks took {looked:,} looks at elements.", style=style))
    unmet = [run.check.id for run in report.checks if run.focus_nodes == 0]
    if unmet and order == "phase":  # a list of what is to be done is not the place for it
        indented(out, Text(f"{len(unmet)} of them met nothing to look at.", style="dim"))
    elif unmet:
        indented(out, Text(f"Met nothing to look at: {', '.join(unmet)}.", style="dim"), 0)
    if report.open:
        worst = min(report.open, key=lambda finding: (list(WORDS).index(finding.severity), clause_key(finding.clause)))
        indented(out, Text(f"Why an auditor looks, with examples: isms explain {worst.check}"))


def _timing(out: Console, report: Report) -> None:
    total = sum(run.seconds for run in report.checks) or 1.0
    out.print(f"\nEngine: {report.engine}. Checks took {total * 1000:.1f} ms; the slowest:")
    for run in sorted(report.checks, key=lambda run: -run.seconds)[:10]:
        out.print(f"  {run.seconds * 1000:8.1f} ms  {run.seconds / total:4.0%}  {run.check.id}")
    for run in report.checks:
        if run.referred:
            out.print(f"  referred to pySHACL: {run.check.id} ({run.referred})")


def _stage(report: Report) -> str:
    reason = "" if report.stage_reason in ("given", "set") else f" ({report.stage_reason})"
    return f"{report.stage}{reason}"


def _titles(report: Report) -> dict[str, str]:
    if not report.findings:
        return {}
    vocabulary = load_vocabulary()
    return {term.value.removeprefix(ISO27001): vocabulary.label(term) for term in vocabulary.terms if term.value.startswith(ISO27001)}
