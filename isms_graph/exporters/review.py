"""The input to a management review (9.3.2): for each topic that it has to consider, what is on record and what was laid before reviews."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from pyoxigraph import NamedNode

from isms_graph.elements import class_label
from isms_graph.exporters.audits import HELD, by_grade, state, when
from isms_graph.exporters.document import NOT_STATED, Cell, Document, Section, Table
from isms_graph.exporters.records import NOTHING, Fact, Records, in_order
from isms_graph.graph import Isms
from isms_graph.namespaces import isms, local_name

Part = tuple[str, Table]


def management_review(isms_: Isms) -> Document:
    """The topics in the order of the standard; what is new counts from the latest review that was held."""
    of = Records(isms_)
    reviews = [one for one in of.instances("ManagementReview") if not of.over(one)]
    held = sorted((one for one in reviews if of.past(one, "date")), key=lambda one: (of.days(one, "date"), str(one)))
    to_come = sorted(
        (one for one in reviews if one not in held), key=lambda one: (of.planned(one, "plannedFor", "date") or date.max, str(one))
    )
    shown = held[-1:] + to_come[:1]
    since = of.past(held[-1], "date") if held else None
    sections = []
    for topic in sorted(of.instances("ReviewInputKind"), key=lambda one: in_order(local_name(one.value))):
        inputs = [one for review in shown for one in of.related("inputTo", review) if topic in of.nodes(one, "inputKind")]
        parts = [(heading, table) for heading, table in _ON_RECORD.get(local_name(topic.value), _none)(of, since) if table.rows]
        item = local_name(topic.value).rpartition("-")[2]
        sections.append(Section(of.label(topic), () if inputs or parts else (NOTHING,)))
        if inputs:
            sections.append(Section(f"{item}) Laid before reviews", table=_presented(of, inputs), level=2))
        sections += [Section(f"{item}) {heading}", table=table, level=2) for heading, table in parts]
    return of.deliverable("Management review input", _facts(of, held, to_come), sections, None)


def _facts(of: Records, held: list[NamedNode], to_come: list[NamedNode]) -> list[Fact]:
    facts: list[Fact] = [("Latest review", NOT_STATED), ("Next review", NOT_STATED)]
    if held:
        last = held[-1]
        facts[:1] = [
            ("Latest review", of.label(last)),
            ("Held on", of.past(last, "date") or NOT_STATED),
            ("Attended by", of.named(last, "attendedBy")),
        ]
    if to_come:
        facts[-1:] = [("Next review", of.label(to_come[0])), ("Planned for", of.planned(to_come[0], "plannedFor", "date") or NOT_STATED)]
    return facts


def _presented(of: Records, inputs: list[NamedNode]) -> Table:
    rows = tuple((of.named(one, "inputTo"), of.named(one, "description"), of.named(one, "presents")) for one in inputs)
    return Table(("Review", "What was laid before it", "About"), (20, 60, 40), rows)


def _none(of: Records, since: date | None) -> list[Part]:
    del of, since
    return []


def _table(columns: tuple[tuple[str, int], ...], rows: list[tuple[Cell, ...]]) -> Table:
    heads, widths = zip(*columns, strict=True)
    return Table(heads, widths, tuple(rows))


def _new(of: Records, node: NamedNode, since: date | None, *properties: str) -> bool:
    day = of.past(node, *properties)
    return bool(day and (since is None or day > since))


def _decisions(of: Records, since: date | None) -> list[Part]:
    """Decisions that are open, were done since the latest review, or are its own."""
    rows: list[tuple[Cell, ...]] = []
    for one in of.instances("Decision"):
        latest = any(of.past(review, "date") == since for review in of.nodes(one, "decidedIn"))
        if not of.withdrawn(one) and (not (of.done(one) or of.over(one)) or _new(of, one, since, "completedOn") or latest):
            rows.append(
                (
                    of.label(one), of.named(one, "decidedIn"), of.named(one, "owner"), of.planned(one, "dueOn") or NOT_STATED,
                    of.state(one), of.past(one, "completedOn") or "",
                    "\n".join(of.outcome(what) for what in of.nodes(one, "leadsTo")) or NOT_STATED,
                )
            )  # fmt: skip
    columns = (("Decision", 36), ("Review", 18), ("Responsible", 18), ("Due", 10), ("Status", 12), ("Done on", 10), ("Led to", 36))
    return [("Decisions that are open, done since the latest review or taken in it", _table(columns, rows))]


def _issues(of: Records, since: date | None) -> list[Part]:
    issues: list[tuple[Cell, ...]] = [
        (class_label(of.isms, one), of.told(one), of.named(one, "owner"), of.past(one, "reviewedOn", "date") or NOT_STATED)
        for one in of.instances("Issue")
        if not of.over(one)
    ]
    issues.sort(key=str)
    changes: list[tuple[Cell, ...]] = [
        (of.label(one), of.state(one), of.named(one, "promptedBy"), of.past(one, "startedOn") or NOT_STATED, of.named(one, "changes"))
        for one in of.instances("Change")
        if not of.withdrawn(one) and (not (of.done(one) or of.over(one)) or _new(of, one, since, "completedOn"))
    ]
    return [
        ("Changes of the management system that are open or done since the latest review",
         _table((("Change", 36), ("Status", 14), ("Prompted by", 30), ("Started on", 10), ("Changes", 40)), changes)),
        ("Issues as they are recorded today", _table((("Kind", 14), ("Issue", 76), ("Responsible", 20), ("Looked at on", 11)), issues)),
    ]  # fmt: skip


def _parties(of: Records, since: date | None) -> list[Part]:
    del since
    columns = {
        "party": ("Interested party", 28),
        "requirement": ("Requirement", 44),
        "addressed": ("Addressed", 11),
        "met_by": ("Met by", 44),
    }
    return [("What interested parties require today", of.asked("party-requirements", columns, ("party", "requirement")))]


def _nonconformities(of: Records, since: date | None) -> list[Part]:
    everything = [one for one in of.instances("Nonconformity") if not of.withdrawn(one)]
    rows: list[tuple[Cell, ...]] = []
    for one in everything:
        actions = of.related("corrects", one)
        if of.over(one) and not _new(of, one, since, "date") and not any(_new(of, action, since, "completedOn") for action in actions):
            continue
        judged = {
            of.cell(value)
            for action in actions
            for review in of.related("reviews", action)
            for value in of.isms.values(review, isms("effective"))
        }
        rows.append(
            (
                of.label(one), of.past(one, "date") or NOT_STATED, of.covered(of.nodes(one, "against")), of.named(one, "status"),
                of.named(one, "hasCause"), "\n".join(of.outcome(action) for action in actions) or NOT_STATED,
                "\n".join(sorted(map(str, judged))) or "not judged",
            )
        )  # fmt: skip
    years: dict[int, list[NamedNode]] = {}
    for one in everything:
        if day := of.past(one, "date"):
            years.setdefault(day.year, []).append(one)
    trend: list[tuple[Cell, ...]] = [(str(year), len(found), sum(of.over(one) for one in found)) for year, found in sorted(years.items())]
    columns = (
        ("Nonconformity", 32), ("Found on", 10), ("Against", 24), ("Status", 11), ("Cause", 26), ("Corrective actions", 36),
        ("Effective", 9),
    )  # fmt: skip
    return [
        ("Nonconformities that are open, or new or acted on since the latest review", _table(columns, rows)),
        ("Nonconformities by year", _table((("Year", 10), ("Found", 10), ("of these closed by now", 20)), trend)),
    ]


def _measurements(of: Records, since: date | None) -> list[Part]:
    """The latest two values of each metric; the verdict is on the latest."""
    del since
    rows: list[tuple[Cell, ...]] = []
    for one in of.instances("Metric"):
        if of.over(one):
            continue
        values = [(day, measured) for measured in of.related("ofMetric", one) if (day := of.past(measured, "date"))]
        values.sort(key=lambda pair: (pair[0], str(pair[1])))
        last = values[-1] if values else None
        targets = [
            f"{word} {of.named(one, name)}"
            for name, word in (("targetAtLeast", "at least"), ("targetAtMost", "at most"))
            if of.named(one, name, empty="")
        ]
        rows.append(
            (
                of.label(one), of.named(one, "unit"), "\n".join(targets) or NOT_STATED,
                _measured(of, values[-2] if len(values) > 1 else None),
                _measured(of, last), of.named(last[1], "evaluation") if last else NOT_STATED,
            )
        )  # fmt: skip
    columns = (("Metric", 32), ("Unit", 12), ("Target", 14), ("Value before", 16), ("Latest value", 16), ("Evaluation", 56))
    return [("Latest measurements", _table(columns, rows))]


def _measured(of: Records, pair: tuple[date, NamedNode] | None) -> str:
    return f"{of.named(pair[1], 'value')} ({pair[0]})" if pair else "none"


def _audits(of: Records, since: date | None) -> list[Part]:
    del since
    audits = [one for name in ("InternalAudit", "CertificationAudit") for one in of.instances(name) if not of.withdrawn(one)]
    audits = sorted((one for one in audits if state(of, one) == HELD), key=lambda one: (when(of, one), str(one)), reverse=True)
    rows: list[tuple[Cell, ...]] = [(of.label(one), class_label(of.isms, one), when(of, one), by_grade(of, one)) for one in audits]
    columns = {
        "finding": ("Finding", 40),
        "audit": ("Audit", 24),
        "grade": ("Grade", 18),
        "against": ("Against", 40),
        "owner": ("Responsible", 20),
    }
    return [
        ("Audits held, the latest first", _table((("Audit", 44), ("Kind", 22), ("Held until", 11), ("Findings", 36)), rows)),
        ("Findings that are open", of.asked("findings-open", columns, ("finding",))),
    ]


def _objectives(of: Records, since: date | None) -> list[Part]:
    del since
    columns = {
        "objective": ("Objective", 36), "metric": ("Metric", 30), "value": ("Value", 10), "date": ("Measured on", 11),
        "at_least": ("At least", 10), "at_most": ("At most", 10), "verdict": ("Verdict", 14),
    }  # fmt: skip
    return [("Objectives that are not over", of.asked("objectives-against-target", columns, ("objective", "metric")))]


def _risks(of: Records, since: date | None) -> list[Part]:
    columns = {
        "risk": ("Risk", 44), "current_level": ("Level now", 8), "accept_up_to": ("Accept up to", 8),
        "answer": ("Accepted or treated by", 44),
        "until": ("Until", 11),
    }  # fmt: skip
    assessments: list[tuple[Cell, ...]] = [
        (of.label(one), of.past(one, "endedOn", "date") or NOT_STATED, of.named(one, "promptedBy"), of.named(one, "description"))
        for one in of.instances("RiskAssessment")
        if not of.over(one) and _new(of, one, since, "endedOn", "date")
    ]
    actions: list[tuple[Cell, ...]] = [
        (of.label(one), of.named(one, "treats"), of.named(one, "owner"), of.planned(one, "dueOn") or NOT_STATED, of.state(one))
        for one in of.instances("TreatmentAction")
        if not of.withdrawn(one) and not of.over(one) and (not of.done(one) or _new(of, one, since, "completedOn"))
    ]
    return [
        ("Risks above the acceptance level", of.asked("risks-above-acceptance", columns, ("risk",))),
        ("Risk assessments since the latest review",
         _table((("Assessment", 36), ("Ended on", 10), ("Prompted by", 30), ("Result", 50)), assessments)),
        ("Treatment actions that are open or done since the latest review",
         _table((("Action", 36), ("Risk", 40), ("Responsible", 20), ("Due", 10), ("Status", 14)), actions)),
    ]  # fmt: skip


def _improvements(of: Records, since: date | None) -> list[Part]:
    rows: list[tuple[Cell, ...]] = [
        (of.label(one), of.named(one, "promptedBy"), of.named(one, "owner"), of.planned(one, "dueOn") or NOT_STATED, of.state(one))
        for one in of.instances("Improvement")
        if not of.withdrawn(one) and (not (of.done(one) or of.over(one)) or _new(of, one, since, "completedOn"))
    ]
    columns = (("Improvement", 40), ("Prompted by", 40), ("Responsible", 20), ("Due", 10), ("Status", 14))
    return [("Improvements that are open or done since the latest review", _table(columns, rows))]


# What is on record on a topic, by the end of its IRI; on the rest there is only what was laid before reviews.
_ON_RECORD: dict[str, Callable[[Records, date | None], list[Part]]] = {
    "9.3.2-a": _decisions, "9.3.2-b": _issues, "9.3.2-c": _parties, "9.3.2-d1": _nonconformities, "9.3.2-d2": _measurements,
    "9.3.2-d3": _audits, "9.3.2-d4": _objectives, "9.3.2-f": _risks, "9.3.2-g": _improvements,
}  # fmt: skip
