"""A check report for CI services: GitHub annotations, GitLab Code Quality, JUnit, and a summary in Markdown.

Annotations and Code Quality show open findings only: what is waived or known needs no mark on a pull request.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import Any

from isms_graph.catalogue import SEVERITY_ORDER
from isms_graph.findings import Finding, Report, clause_key
from isms_graph.render.places import anchor_of, column_of, path_of

_COMMANDS = {"major": "error", "minor": "warning", "ofi": "notice"}
_QUALITY = {"major": "critical", "minor": "minor", "ofi": "info"}
WORDS = {"major": "major nonconformity", "minor": "minor nonconformity", "ofi": "opportunity for improvement"}
SHOWN = 200


def github(report: Report) -> str:
    """Workflow commands, one a line; a line that is only a note if nothing is open."""
    lines = []
    for finding in report.open:
        column = column_of(finding)
        place = [f"file={_property(anchor_of(report, finding))}", f"line={finding.line or 1}", *([f"col={column}"] if column else [])]
        title = _property(f"{finding.clause} {finding.check}")
        message = f"{finding.message} What to do: {finding.advice}"
        lines.append(f"::{_COMMANDS[finding.severity]} {','.join(place)},title={title}::{_data(message)}")
    lines.extend(f"::error title=baseline::{_data(_stale(one.check, one.message))}" for one in report.stale)
    return "\n".join(lines or [f"::notice title=isms-graph::No open findings; {len(report.checks)} checks ran."]) + "\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _stale(check: str, message: str) -> str:
    return f"The baseline lists a finding that is gone ({check}): {message} Run with --update-baseline."


def gitlab(report: Report) -> list[dict[str, object]]:
    """A Code Quality report."""
    return [
        {
            "description": f"{finding.message} What to do: {finding.advice}",
            "check_name": finding.check,
            "fingerprint": finding.fingerprint,
            "severity": _QUALITY[finding.severity],
            "location": {"path": anchor_of(report, finding), "lines": {"begin": finding.line or 1}},
        }
        for finding in report.open
    ]


def junit(report: Report, fail_on: str) -> str:
    """JUnit XML: a suite a clause, a case a check, which fails if it has an open finding at or above `fail_on`."""
    import junitparser

    library: Any = junitparser  # its classes are typed in part only
    failing = () if fail_on == "never" else SEVERITY_ORDER[: SEVERITY_ORDER.index(fail_on) + 1]
    of_check: dict[str, list[Finding]] = {}
    for finding in report.findings:
        of_check.setdefault(finding.check, []).append(finding)
    xml = library.JUnitXml("isms-graph")
    in_order = sorted(report.checks, key=lambda run: (clause_key(run.check.clause), run.check.id))
    for clause, runs in groupby(in_order, key=lambda run: run.check.clause):
        suite = library.TestSuite(clause)
        for run in runs:
            case = library.TestCase(run.check.id, classname=f"ISO27001-{clause}", time=round(run.seconds, 4))
            failed, waived, notes = [], [], []
            for finding in of_check.get(run.check.id, ()):
                line = f"{path_of(report, finding)}:{finding.line or 1}: {finding.message}"
                if finding.waiver is not None:
                    waived.append(f"{line} (waived: {finding.waiver_reason})")
                elif finding.open and finding.severity in failing:
                    failed.append(line)
                else:
                    notes.append(f"{line} ({'known' if finding.known else finding.severity})")
            if failed:  # one failure a case: readers of this format know no more
                failure = library.Failure(_xml(f"{run.check.label} ({len(failed)})"), run.check.severity)
                failure.text = _xml("\n".join([*failed, f"What to do: {run.check.advice}"]))
                case.result = [failure]
            elif waived:
                case.result = [library.Skipped(_xml("; ".join(waived)))]
            notes += waived if failed else []
            if notes:
                case.system_out = _xml("\n".join(notes))
            suite.add_testcase(case)
        xml.add_testsuite(suite)
    if report.stale and fail_on != "never":
        suite = library.TestSuite("baseline")
        for one in report.stale:
            case = library.TestCase(one.fingerprint, classname="baseline")
            case.result = [library.Failure(_xml(_stale(one.check, one.message)), "stale")]
            suite.add_testcase(case)
        xml.add_testsuite(suite)
    xml.update_statistics()
    return str(xml.tostring().decode("utf-8"))


def _xml(text: str) -> str:
    """The text without the control characters that XML has no way to write."""
    return re.sub("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", " ", text)


def markdown(report: Report) -> str:
    """A summary for a pull request or a job page."""
    counts = report.counts()
    since = f" gained since {_cell(report.comparison.revision)}" if report.comparison else ""
    lines = [
        f"## {_cell(report.name)}: " + ("no open findings" if not report.open else f"{len(report.open)} open findings{since}"),
        "",
        f"As of {report.as_of}, for {report.stage}; {len(report.checks)} checks ran.",
        "",
        "| severity | open |",
        "|---|---:|",
        *(f"| {WORDS[severity]} | {count} |" for severity, count in counts.items()),
    ]
    for what, findings in (("waived", report.waived), ("known from the baseline", report.known)):
        if findings:
            lines.append(f"| {what} | {len(findings)} |")
    if report.comparison:
        lost, unchanged = len(report.comparison.lost), report.comparison.unchanged
        lines += ["", f"Since {_cell(report.comparison.revision)}: {lost} lost, {unchanged} unchanged."]
    lines += [f"\n**Stale in the baseline:** {_cell(one.check)}: {_cell(one.message)}" for one in report.stale]
    if report.open:
        lines += ["", "| clause | severity | finding | where | what to do |", "|---|---|---|---|---|"]
    for finding in report.open[:SHOWN]:
        place = f"`{path_of(report, finding)}{f':{finding.line}' if finding.line else ''}`"
        cells = (finding.clause, finding.severity, f"{_cell(finding.message)} ({finding.check})", place, _cell(finding.advice))
        lines.append(f"| {' | '.join(cells)} |")
    if len(report.open) > SHOWN:
        lines.append(f"\nand {len(report.open) - SHOWN} more.")
    lines += [f"- waived: {_cell(one.message)} ({_cell(one.waiver_reason)})" for one in report.waived]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return " ".join("".join("\\" + char if char in "|\\`*_[]" else char for char in escaped).split())
