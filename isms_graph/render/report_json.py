"""A check report in the stable JSON form."""

from __future__ import annotations

import json
from dataclasses import asdict

from isms_graph.findings import Finding, Report


def as_json(report: Report) -> dict[str, object]:
    """The report in the stable JSON form."""
    return {**_head(report), "findings": [finding_as_json(finding) for finding in report.findings], **_aside(report)}


def as_json_lines(report: Report) -> str:
    """A line for the report itself, then one for each finding."""
    lines = [{"report": {**_head(report), **_aside(report)}}, *({"finding": finding_as_json(finding)} for finding in report.findings)]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def finding_as_json(finding: Finding) -> dict[str, object]:
    """A finding in the stable JSON form."""
    source: dict[str, object] | None = None
    if finding.cell:
        source = {"file": finding.file, "sheet": finding.sheet, "cell": finding.cell}
    elif finding.file is not None:
        source = {"file": finding.file, "line": finding.line, "column": finding.column}
    return {
        "check": finding.check,
        "clause": finding.clause,
        "severity": finding.severity,
        "focus": finding.focus,
        "label": finding.label,
        "path": finding.path,
        "value": finding.value,
        "message": finding.message,
        "advice": finding.advice,
        "source": source,
        "fingerprint": finding.fingerprint,
        "waiver": None if finding.waiver is None else {"node": finding.waiver, "reason": finding.waiver_reason},
        "known": finding.known,
    }


def _head(report: Report) -> dict[str, object]:
    return {
        "workspace": report.workspace,
        "as_of": report.as_of.isoformat(),
        "stage": report.stage,
        "conforms": report.conforms,
        "counts": report.counts(),
        "checks": [
            {"id": run.check.id, "clause": run.check.clause, "severity": run.check.severity, "focus_nodes": run.focus_nodes}
            for run in report.checks
        ],
    }


def _aside(report: Report) -> dict[str, object]:
    comparison = report.comparison
    return {
        "stale": [asdict(known) for known in report.stale],
        "since": None
        if comparison is None
        else {
            "revision": comparison.revision,
            "lost": [finding_as_json(one) for one in comparison.lost],
            "unchanged": comparison.unchanged,
        },
    }
