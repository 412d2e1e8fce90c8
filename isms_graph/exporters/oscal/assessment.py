"""A check run as OSCAL: the plan says what is looked at by which means, the results say what was found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from pyoxigraph import NamedNode

from isms_graph.catalogue import Check
from isms_graph.checks import check
from isms_graph.exporters.oscal.build import JSON, PLAN, SSP, Oscal, control_id, line, prose, statement_id
from isms_graph.exporters.records import in_order
from isms_graph.findings import Finding, Report
from isms_graph.namespaces import ISO27001

_ABOUT = (
    "The checks decide what a graph can decide. A clause without a finding is not thereby satisfied: "
    "what the checks do not look at, an auditor has to."
)
_REASON = {"major": "fail", "minor": "fail", "ofi": "other"}


def _tool(at: Oscal) -> JSON:
    return {
        "uuid": at.uuid("component", "isms-graph"), "type": "software", "title": "isms-graph",
        "description": "Checks an ISMS kept as a graph against ISO/IEC 27001:2022.", "status": {"state": "operational"},
    }  # fmt: skip


def _activity(at: Oscal, report: Report) -> JSON:
    title = f"Check run for {report.stage}"
    return {"uuid": at.uuid("task", report.stage), "type": "action", "title": line(title), "timing": {"on-date": {"date": at.as_of}}}


def assessment_plan(at: Oscal) -> JSON:
    """One task, the check run, over all elements of the system security plan."""
    report = at.isms.kept(check)
    return {
        "metadata": at.head("Plan of the check run"),
        "import-ssp": {"href": SSP},
        "reviewed-controls": _reviewed(report),
        "assessment-subjects": [{"type": "component", "include-all": {}}],
        "assessment-assets": {
            "components": [_tool(at)],
            "assessment-platforms": [
                {
                    "uuid": at.uuid("platform", "isms-graph"),
                    "title": "isms check",
                    "uses-components": [{"component-uuid": at.uuid("component", "isms-graph")}],
                }
            ],
        },
        "tasks": [_activity(at, report)],
    }


def _reviewed(report: Report) -> JSON:
    """The clauses and controls of Annex A that a check which met anything looks at."""
    numbers = {_whole(number) for run in report.checks if run.focus_nodes for number in _numbers(run.check)}
    ids = [{"control-id": _id(number)} for number in sorted(numbers, key=in_order)]
    return {"description": prose(_ABOUT), "control-selections": [{"include-controls": ids} if ids else {"include-all": {}}]}


def _numbers(one: Check) -> tuple[str, ...]:
    return (one.clause, *one.also_clauses)


def _whole(number: str) -> str:
    return number.partition("-")[0]


def _id(number: str) -> str:
    return control_id(NamedNode(ISO27001 + number))


def assessment_results(at: Oscal) -> JSON:
    """One observation for each finding of the checks; one OSCAL finding for each clause that open nonconformities speak against."""
    report = at.isms.kept(check)
    titles = {run.check.id: run.check.label for run in report.checks}
    observations = {finding.fingerprint: _observation(at, titles, finding) for finding in report.findings}
    against: dict[str, list[Finding]] = defaultdict(list)
    for finding in report.open:
        if finding.severity in ("major", "minor"):
            against[finding.clause].append(finding)
    counts = report.counts()
    said = f"{counts['major']} major, {counts['minor']} minor, {counts['ofi']} for improvement; {len(report.waived)} waived."
    return {
        "metadata": at.head("Results of the check run"),
        "import-ap": {"href": PLAN},
        "results": [
            {
                "uuid": at.uuid("result", report.stage),
                "title": line(f"Check run for {report.stage} as of {at.isms.as_of}"),
                "description": prose(f"{len(report.checks)} checks. Findings: {said} {_ABOUT}"),
                "start": at.as_of,
                "end": at.as_of,
                "props": [at.prop("stage", report.stage, prose(report.stage_reason))],
                "local-definitions": {"components": [_tool(at)]},
                "reviewed-controls": _reviewed(report),
                "observations": list(observations.values()),
                "findings": [_finding(at, number, against[number]) for number in sorted(against, key=in_order)],
            }
        ],
    }


def _observation(at: Oscal, titles: Mapping[str, str], finding: Finding) -> JSON:
    focus = NamedNode(finding.focus) if ":" in finding.focus else None  # an element without an IRI cannot be pointed to
    props = [
        at.prop("check", finding.check), at.prop("severity", finding.severity), at.prop("fingerprint", finding.fingerprint),
        at.prop("clause", finding.clause), at.prop("state", "open" if finding.open else "waived" if finding.waiver else "known"),
        *([at.prop("place", finding.place)] if finding.place else []),
        *([at.prop("path", finding.path)] if finding.path else []),
        *([at.prop("waiver", finding.waiver, prose(finding.waiver_reason))] if finding.waiver else []),
    ]  # fmt: skip
    subjects = []
    if focus and focus in at.components:
        subjects.append({"subject-uuid": at.uuid("component", focus.value), "type": "component"})
    elif focus and focus in at.assets:
        subjects.append({"subject-uuid": at.uuid("asset", focus.value), "type": "inventory-item"})
    return {
        "uuid": at.uuid("observation", finding.fingerprint), "title": line(titles[finding.check]), "description": prose(finding.message),
        "props": props, "links": [{"href": focus.value, "rel": "focus", "text": line(finding.label)}] if focus else [],
        "methods": ["TEST"], "types": ["finding"],
        "origins": [{"actors": [{"type": "tool", "actor-uuid": at.uuid("component", "isms-graph")}]}],
        "subjects": subjects, "collected": at.as_of, "remarks": prose(finding.advice) if finding.advice else None,
    }  # fmt: skip


def _finding(at: Oscal, number: str, found: list[Finding]) -> JSON:
    worst = "major" if any(one.severity == "major" for one in found) else "minor"
    element = NamedNode(ISO27001 + number)
    return {
        "uuid": at.uuid("finding", number), "title": line(at.of.label(element)),
        "description": prose("\n\n".join(dict.fromkeys(one.message for one in found))),
        "props": [at.prop("severity", worst)],
        "target": {
            "type": "statement-id", "target-id": statement_id(number),
            "status": {"state": "not-satisfied", "reason": _REASON[worst]},
        },
        "related-observations": [{"observation-uuid": at.uuid("observation", one.fingerprint)} for one in found],
    }  # fmt: skip
