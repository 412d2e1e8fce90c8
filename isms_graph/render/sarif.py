"""A check report as SARIF 2.1.0, as code scanning services read it.

Every check that ran is a rule; waived findings are results with a suppression. A service takes at most 25,000 results
a run; of more, the most serious are kept and a notification says how many are left out.
"""

from __future__ import annotations

from importlib.metadata import version

from isms_graph.catalogue import SEVERITY_ORDER, Check
from isms_graph.findings import Finding, Report
from isms_graph.render.places import anchor_of, at_a_store, column_of

LEVELS = {"major": "error", "minor": "warning", "ofi": "note"}
MAX_RESULTS = 25_000
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def as_sarif(report: Report) -> dict[str, object]:
    """The report as a SARIF log with one run."""
    rules = {run.check.id: index for index, run in enumerate(report.checks)}
    kept = sorted(report.findings, key=lambda finding: SEVERITY_ORDER.index(finding.severity))[:MAX_RESULTS]
    left_out = len(report.findings) - len(kept)
    chosen = set(map(id, kept))
    invocation: dict[str, object] = {"executionSuccessful": True}
    if left_out:
        text = f"{left_out} of {len(report.findings)} findings, the least serious, are left out."
        invocation["toolExecutionNotifications"] = [{"level": "warning", "message": {"text": text}}]
    run = {
        "tool": {
            "driver": {
                "name": "isms-graph",
                "semanticVersion": version("isms-graph"),
                "rules": [_rule(run.check) for run in report.checks],
            }
        },
        "invocations": [invocation],
        "columnKind": "unicodeCodePoints",
        "automationDetails": {"id": f"isms-graph/{report.stage}"},
        "results": [_result(report, finding, rules[finding.check]) for finding in report.findings if id(finding) in chosen],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(check: Check) -> dict[str, object]:
    return {
        "id": check.id,
        "shortDescription": {"text": check.label},
        "fullDescription": {"text": check.rationale},
        "help": {"text": f"{check.how_decided}\n\nWhat to do: {check.advice}\n\nNot checked: {check.not_checked}"},
        "defaultConfiguration": {"level": LEVELS[check.severity]},
        "properties": {"tags": [f"ISO27001-{clause}" for clause in (check.clause, *check.also_clauses)][:10], "severity": check.severity},
    }


def _result(report: Report, finding: Finding, index: int) -> dict[str, object]:
    region: dict[str, object] = {"startLine": finding.line or 1}
    if column := column_of(finding):
        region["startColumn"] = column
    result: dict[str, object] = {
        "ruleId": finding.check,
        "ruleIndex": index,
        "level": LEVELS[finding.severity],
        "message": {"text": f"{finding.message} What to do: {finding.advice}"},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": _uri(anchor_of(report, finding), at_a_store(report))}, "region": region},
                "logicalLocations": [{"name": finding.label, "fullyQualifiedName": finding.focus}],
            }
        ],
        "partialFingerprints": {"ismsGraph/v1": finding.fingerprint},
    }
    if isinstance(finding.column, str):
        result["properties"] = {"column": finding.column, **({"cell": finding.place.rpartition(" ")[2]} if finding.cell else {})}
    if finding.waiver is not None:
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": finding.waiver_reason or finding.waiver}]
    elif finding.known:
        result["baselineState"] = "unchanged"
    return result


def _uri(path: str, is_iri: bool) -> str:
    from urllib.parse import quote

    return quote(path, safe="/:?#[]@!$&'()*+,;=%" if is_iri else "/")
