"""A check report in the stable JSON form."""

from __future__ import annotations

from isms_graph.checks import Report


def as_json(report: Report) -> dict[str, object]:
    """The report in the stable JSON form."""
    findings = []
    for finding in report.findings:
        source: dict[str, object] | None = None
        if finding.file is not None:
            source = {"file": finding.file, "line": finding.line, "column": finding.column}
        findings.append(
            {
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
            }
        )
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
        "findings": findings,
    }
