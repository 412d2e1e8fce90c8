"""The audit programme (9.2.2): the internal audits with when, who, what and against what, what they cover, and what they found."""

from __future__ import annotations

from collections import Counter
from datetime import date

from pyoxigraph import NamedNode

from isms_graph.exporters.document import NOT_STATED, Cell, Document, Section, Table
from isms_graph.exporters.records import NOTHING, Fact, Records, in_order
from isms_graph.graph import Isms
from isms_graph.namespaces import isms, local_name
from isms_graph.queries import query

HELD, PLANNED, NOT_HELD = "held", "planned", "not held"
_AUDITS = ("Audit", "State", "From", "To", "Auditors", "Criteria", "Covers", "Reported to", "Findings")


def audit_programme(isms_: Isms) -> Document:
    """The programmes in force with their audits; audits of no programme stand apart."""
    of = Records(isms_)
    programmes = [one for one in of.instances("AuditProgramme") if not of.over(one)]
    audits = sorted((one for one in of.instances("InternalAudit") if not of.withdrawn(one)), key=lambda one: (when(of, one), str(one)))
    outside = [one for one in audits if not set(programmes) & set(of.nodes(one, "partOf"))]
    sections = [
        Section(
            f"Audits: {of.label(one)}",
            (f"What it sets out to do: {of.named(one, 'description')}",),
            _audits(of, [audit for audit in audits if one in of.nodes(audit, "partOf")]),
            NOTHING,
        )
        for one in programmes
    ]
    if outside or not programmes:
        sections.append(Section("Audits in no programme in force", table=_audits(of, outside), empty=NOTHING))
    own = of.asked(
        "audits-of-own-work", {"person": ("Person", 20), "activity": ("Audit", 40), "own": ("Own work", 40)}, ("activity", "person"), audits
    )
    sections += [
        Section("Findings", table=_findings(of, audits), empty=NOTHING),
        Section("Coverage of the clauses", table=_clauses(of)),
        Section("Controls of Annex A that audits name", (_ANNEX,), _annex(of, audits), NOTHING),
        Section("Auditors who audited their own work", table=own, empty="There is none on record."),
    ]
    return of.deliverable("Audit programme", _facts(of, programmes, audits), sections, programmes)


_ANNEX = "Only controls that an audit names itself; one that audits a process or a control of the organization may have looked at more."


def state(of: Records, audit: NamedNode) -> str:
    """Whether an audit was held, is planned, was called off, or was not held though its date is past."""
    if isms("Cancelled") in of.nodes(audit, "status"):
        return "cancelled"
    if of.past(audit, "startedOn", "endedOn", "date"):
        return HELD
    plan = of.planned(audit, "plannedFor")
    return NOT_STATED if plan is None else PLANNED if plan >= of.as_of else NOT_HELD


def when(of: Records, audit: NamedNode) -> date:
    """The day by which audits are ordered; those without a date come last."""
    return of.past(audit, "startedOn", "endedOn", "date") or of.planned(audit, "plannedFor") or date.max


def by_grade(of: Records, audit: NamedNode) -> str:
    """How many findings of which grade an audit raised."""
    grades = Counter(of.named(one, "grade", empty="without grade") for one in of.related("foundIn", audit))
    return "\n".join(f"{grade}: {count}" for grade, count in sorted(grades.items())) or "none"


def _facts(of: Records, programmes: list[NamedNode], audits: list[NamedNode]) -> list[Fact]:
    facts: list[Fact] = []
    for one in programmes:
        facts += [("Cycle from", of.planned(one, "cycleStart") or NOT_STATED), ("Cycle to", of.planned(one, "cycleEnd") or NOT_STATED)]
        facts += [("Responsible", of.named(one, "owner")), ("Kept at", of.named(one, "location"))]
    states = Counter(state(of, one) for one in audits)
    return [*facts, ("Audits held", states[HELD]), ("planned", states[PLANNED]), ("not held though due", states[NOT_HELD])]


def _audits(of: Records, audits: list[NamedNode]) -> Table:
    rows = []
    for one in audits:
        rows.append(
            (
                of.label(one), state(of, one), of.past(one, "startedOn", "date") or of.planned(one, "plannedFor") or NOT_STATED,
                of.past(one, "endedOn") or NOT_STATED, of.named(one, "auditor"), of.named(one, "criteria"),
                of.covered(of.nodes(one, "audits")), of.named(one, "reportedTo"),
                by_grade(of, one) if state(of, one) == HELD else "",
            )
        )  # fmt: skip
    return Table(_AUDITS, (20, 8, 10, 10, 16, 30, 44, 16, 18), tuple(rows))


def _findings(of: Records, audits: list[NamedNode]) -> Table:
    columns = ("Finding", "Audit", "Grade", "Against", "Responsible", "Status", "What came of it")
    rows = []
    for audit in audits:
        for one in sorted(of.related("foundIn", audit), key=of.label):
            came = [of.outcome(what) for what in of.related("promptedBy", one)]
            rows.append(
                (
                    of.label(one), of.label(audit), of.named(one, "grade"), of.covered(of.nodes(one, "against")), of.named(one, "owner"),
                    of.named(one, "status"), "\n".join(sorted(came)) or NOT_STATED,
                )
            )  # fmt: skip
    return Table(columns, (36, 18, 16, 32, 16, 10, 40), tuple(rows))


def _clauses(of: Records) -> Table:
    """Each clause of the second level with the audits that covered it or are to."""
    answer = query(of.isms, "audit-coverage")
    found: dict[object, list[tuple[str, str, int]]] = {}
    for clause, audit, day, told, findings in answer.rows:
        count = of.cell(findings)
        found.setdefault(clause, []).append(
            (f"{of.cell(audit)} ({of.cell(day)})", str(of.cell(told)), count if isinstance(count, int) else 0)
        )
    rows: list[tuple[Cell, ...]] = []
    for clause in sorted(of.instances("Clause"), key=lambda one: in_order(local_name(one.value))):
        parents = of.nodes(clause, "parentClause")
        if not parents or any(of.nodes(parent, "parentClause") for parent in parents):
            continue
        audits = found.get(clause, [])
        rows.append(
            (
                of.label(clause),
                *("\n".join(label for label, told, _ in audits if told == wanted) or "none" for wanted in (HELD, PLANNED)),
                sum(count for _, _, count in audits),
            )
        )
    return Table(("Clause", "Audited in", "To be audited in", "Findings"), (44, 40, 34, 10), tuple(rows))


def _annex(of: Records, audits: list[NamedNode]) -> Table:
    rows = []
    for control in of.annex_a():
        naming = [one for one in audits if control in of.nodes(one, "audits")]
        if naming:
            held, planned = (
                "\n".join(f"{of.label(one)} ({when(of, one)})" for one in naming if state(of, one) == wanted) or "none"
                for wanted in (HELD, PLANNED)
            )
            rows.append((of.label(control), held, planned))
    return Table(("Control", "Audited in", "To be audited in"), (50, 40, 34), tuple(rows))
