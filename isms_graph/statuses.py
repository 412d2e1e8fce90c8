"""How far the management system has come: a verdict on each verb of clause 4.4, progress by phase, and a roadmap.

A verb is `shown` if its evidence is there and no finding stands against its clauses, `shown with gaps` if there are
minor findings, and `not shown` if evidence of an expected kind is missing or a major finding stands against it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

from pyoxigraph import DefaultGraph, NamedNode

from isms_graph.assessment import default_stage, headcount, size_band
from isms_graph.catalogue import SEVERITY_ORDER
from isms_graph.checks import check
from isms_graph.findings import Finding, Report
from isms_graph.graph import Isms
from isms_graph.index import Node
from isms_graph.namespaces import ISO27001, RDF_TYPE, isms
from isms_graph.phases import PhaseFindings, by_phase
from isms_graph.queries import Table, query

_NOT_IN_FORCE = frozenset(isms(name) for name in ("Draft", "Planned", "Withdrawn", "Cancelled"))
_VERDICTS = ("shown", "shown with gaps", "not shown")
# What tells a system from documents: the checks that look for a trace of life, and the class of what they look at.
LIFE = {
    "policies that somebody follows": ("Policy", "policy-on-paper"),
    "controls with evidence of operation": ("Control", "control-without-evidence"),
    "processes with evidence of running": ("Process", "process-without-evidence"),
    "risks looked at within their interval": ("Risk", "risk-not-reviewed"),
}


@dataclass(frozen=True)
class Verb:
    """One of establish, implement, maintain, improve. `evidence` is the answer of the query called `query`."""

    name: str
    meaning: str
    verdict: str
    evidence: Table
    query: str
    missing: tuple[str, ...]
    gaps: tuple[Finding, ...]


@dataclass(frozen=True)
class Phase:
    """One of the six phases: how many elements of each expected kind exist, which are missing, which findings stand."""

    name: str
    meaning: str
    clauses: tuple[str, ...]
    present: tuple[tuple[str, int], ...]
    missing: tuple[str, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Roadmap:
    """The organisation's own dates beside what is typical at its size. Months are counted from the start."""

    headcount: int | None
    band: str
    established: date | None
    certified: date | None
    months: int | None
    typical_from: int | None
    typical_to: int | None
    because: str


@dataclass(frozen=True)
class Life:
    """How many of the elements of a kind show that they are more than paper: `alive` of `total`, decided by `check`."""

    kind: str
    alive: int
    total: int
    check: str


@dataclass(frozen=True)
class Status:
    """The state of the management system. `next_step` says what to do first, in the order of the phases."""

    report: Report
    verbs: tuple[Verb, ...]
    phases: tuple[Phase, ...]
    life: tuple[Life, ...]
    roadmap: Roadmap
    next_step: str

    @property
    def score(self) -> float | None:
        """The share of policies, controls, processes and risks that show life (R25), from 0 to 1; None if there are none."""
        total = sum(one.total for one in self.life)
        return sum(one.alive for one in self.life) / total if total else None


def status(isms_: Isms, stage: str | None = None) -> Status:
    """The verdict on each verb, progress by phase, and the roadmap. Raises what `check` raises."""
    report = check(isms_, stage or default_stage(isms_)[0])
    verbs = tuple(_verb(isms_, node, report) for node in _ordered(isms_, "Verb"))
    phases = tuple(_phase(isms_, one) for one in by_phase(isms_.vocabulary, report.open))
    return Status(report, verbs, phases, _life(isms_, report), _roadmap(isms_), _next_step(phases))


def _life(isms_: Isms, report: Report) -> tuple[Life, ...]:
    found = Counter(finding.check for finding in report.open)
    totals = {kind: len(_in_force(isms_, isms(class_))) for kind, (class_, _) in LIFE.items()}
    return tuple(Life(kind, totals[kind] - found[check_], totals[kind], check_) for kind, (_, check_) in LIFE.items())


def _ordered(isms_: Isms, class_: str) -> list[NamedNode]:
    return sorted(isms_.vocabulary.instances(isms(class_)), key=lambda node: int(isms_.vocabulary.text(node, isms("order"))))


def _clauses(isms_: Isms, property_: str, node: NamedNode) -> set[str]:
    return {
        clause.value.removeprefix(ISO27001)
        for clause in isms_.vocabulary.instances(isms("Clause"))
        if node in isms_.vocabulary.objects(clause, isms(property_))
    }


def _in_force(isms_: Isms, kind: NamedNode) -> list[Node]:
    """The elements of a kind without drafts, which may be mere suggestions, and without what is only planned or is over."""
    quads = isms_.store.quads_for_pattern(None, RDF_TYPE, kind, DefaultGraph())
    return [quad.subject for quad in quads if not _NOT_IN_FORCE & set(isms_.values(quad.subject, isms("status")))]


def _missing(isms_: Isms, node: NamedNode) -> tuple[list[tuple[str, int]], list[str]]:
    present: list[tuple[str, int]] = []
    missing: list[str] = []
    for kind in isms_.vocabulary.named(node, isms("expectsKind")):
        count = len(_in_force(isms_, kind))
        if count:
            present.append((isms_.vocabulary.label(kind), count))
        else:
            missing.append(isms_.vocabulary.label(kind))
    return present, missing


def _against(report: Report, clauses: set[str], annex: bool) -> tuple[Finding, ...]:
    return tuple(f for f in report.open if f.clause in clauses or (annex and f.clause.startswith("A.")))


def _verb(isms_: Isms, node: NamedNode, report: Report) -> Verb:
    name = isms_.vocabulary.label(node)
    clauses = _clauses(isms_, "verb", node)
    if name != "establish":
        clauses.discard("4.4")  # the clause asks for all four; what is wrong with it counts once
    gaps = _against(report, clauses, annex=name == "implement")
    question = isms_.vocabulary.text(node, isms("shownBy"))
    evidence = query(isms_, question)
    _, missing = _missing(isms_, node)
    if missing or not evidence.rows or any(gap.severity == "major" for gap in gaps):
        verdict = "not shown"
    else:
        verdict = "shown with gaps" if any(gap.severity == "minor" for gap in gaps) else "shown"
    return Verb(name, isms_.vocabulary.definition(node), verdict, evidence, question, tuple(missing), gaps)


def _phase(isms_: Isms, one: PhaseFindings) -> Phase:
    present, missing = _missing(isms_, one.phase)
    return Phase(
        name=isms_.vocabulary.label(one.phase),
        meaning=isms_.vocabulary.definition(one.phase),
        clauses=one.clauses,
        present=tuple(present),
        missing=tuple(missing),
        findings=one.findings,
    )


def _next_step(phases: tuple[Phase, ...]) -> str:
    """What to do first: the earliest phase with something missing, then with the gravest finding."""
    for phase in phases:
        majors = [finding for finding in phase.findings if finding.severity == "major"]
        if phase.missing or majors:
            if majors:
                return f"{phase.name.capitalize()}: {majors[0].message} {majors[0].advice}"
            return f"{phase.name.capitalize()}: describe the {phase.missing[0]}."
    for severity in SEVERITY_ORDER[1:]:
        for phase in phases:
            for finding in phase.findings:
                if finding.severity == severity:
                    return f"{phase.name.capitalize()}: {finding.message} {finding.advice}"
    return "Keep it up: hold the next audit and review on time."


def _dates(isms_: Isms, class_: str, property_: str) -> list[date]:
    return sorted(
        date.fromisoformat(value.value)
        for quad in isms_.store.quads_for_pattern(None, RDF_TYPE, isms(class_), DefaultGraph())
        for value in isms_.values(quad.subject, isms(property_))
        if hasattr(value, "value") and value.value <= isms_.as_of.isoformat()
    )


def _roadmap(isms_: Isms) -> Roadmap:
    vocabulary, band = isms_.vocabulary, size_band(isms_)
    established = next(iter(_dates(isms_, "ManagementSystem", "establishedOn")), None)
    certified = next(iter(_dates(isms_, "Certificate", "date")), None)
    end = certified or isms_.as_of
    months = (end.year - established.year) * 12 + end.month - established.month if established else None
    for typical in vocabulary.instances(isms("TypicalDuration")):
        if band in vocabulary.named(typical, isms("typicalFor")):
            low, high = (int(vocabulary.text(typical, isms(name))) for name in ("monthsFrom", "monthsTo"))
            because = vocabulary.text(typical, isms("because"))
            break
    else:
        return Roadmap(headcount(isms_), vocabulary.label(band), established, certified, months, None, None, "")
    return Roadmap(headcount(isms_), vocabulary.label(band), established, certified, months, low, high, because)
