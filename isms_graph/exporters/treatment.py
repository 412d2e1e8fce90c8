"""The risk treatment plan (6.1.3 e, 8.3): who does what by when against which risk, who approved it, and what is accepted."""

from __future__ import annotations

from datetime import date

from pyoxigraph import NamedNode

from isms_graph.exporters.document import NOT_STATED, Cell, Document, Section, Table
from isms_graph.exporters.records import Fact, Records, in_order
from isms_graph.exporters.risks import holds, standing
from isms_graph.graph import Isms

_ACTIONS = ("Action", "Risks", "Controls", "Responsible", "Due", "Status", "Done on", "Remark")
_OPEN_ENDED = date.max


def treatment_plan(isms_: Isms) -> Document:
    """The plans in force with their actions; actions of no plan stand apart, as do acceptances of risks."""
    of = Records(isms_)
    plans = [one for one in of.instances("RiskTreatmentPlan") if not of.over(one)]
    actions = [one for one in of.instances("TreatmentAction") if not of.withdrawn(one)]
    actions.sort(key=lambda one: (of.planned(one, "dueOn") or _OPEN_ENDED, of.label(one), str(one)))
    outside = [one for one in actions if not set(plans) & set(of.nodes(one, "partOf"))]
    risks = sorted((one for one in of.instances("Risk") if not of.over(one)), key=lambda one: in_order(of.reference(one)))
    sections = [
        Section(f"Actions: {of.label(plan)}", table=_actions(of, [one for one in actions if plan in of.nodes(one, "partOf")]))
        for plan in plans
    ]
    if outside or not plans:
        sections.append(Section("Actions in no treatment plan in force", table=_actions(of, outside)))
    sections += [
        Section("How each risk is treated", (_APPROVAL,), _treatment(of, risks, plans, actions)),
        Section("Accepted risks", table=_accepted(of), empty="No acceptance is recorded."),
    ]
    return of.deliverable("Risk treatment plan", _figures(of, actions), sections, plans)


_APPROVAL = "The plan counts as approved by a risk owner if the owner, or who holds that role, approved or signed one."


def _figures(of: Records, actions: list[NamedNode]) -> list[Fact]:
    return [
        ("Actions", len(actions)),
        ("of these done", sum(of.done(one) for one in actions)),
        ("given up", sum(of.over(one) and not of.done(one) for one in actions)),
        ("overdue", sum(of.late(one) for one in actions)),
    ]


def _actions(of: Records, actions: list[NamedNode]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for one in actions:
        treated = sorted(of.nodes(one, "treats"), key=lambda risk: in_order(of.reference(risk)))
        rows.append(
            (
                of.label(one), "\n".join(f"{of.reference(risk)} {of.label(risk)}" for risk in treated) or NOT_STATED,
                of.named(one, "introduces"), of.named(one, "owner"), of.planned(one, "dueOn") or NOT_STATED,
                of.state(one), of.past(one, "completedOn") or "", of.named(one, "description", "justification", empty=""),
            )
        )  # fmt: skip
    return Table(_ACTIONS, (30, 34, 28, 18, 10, 12, 10, 34), tuple(rows))


def _treatment(of: Records, risks: list[NamedNode], plans: list[NamedNode], actions: list[NamedNode]) -> Table:
    columns = (
        "ID", "Risk", "Risk owner", "Option", "Level today", "Level once treated", "Accept up to", "Open actions", "Controls",
        "Plan approved by the owner",
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for one in risks:
        open_ = [action for action in of.related("treats", one) if action in actions and not of.done(action)]
        controls = [control for control in of.nodes(one, "treatedBy") if not of.over(control)]
        rows.append(
            (
                of.reference(one), of.label(one), of.named(one, "owner"), of.named(one, "treatmentOption"),
                of.number(one, "currentLevel"), of.number(one, "residualLevel"), standing(of, one)[0],
                of.names([action for action in open_ if not of.over(action)], "none"), of.names(controls),
                _approved_by_owner(of, one, plans),
            )
        )  # fmt: skip
    return Table(columns, (8, 30, 18, 10, 8, 9, 8, 28, 30, 12), tuple(rows))


def _approved_by_owner(of: Records, risk: NamedNode, plans: list[NamedNode]) -> str:
    owners = of.nodes(risk, "owner")
    dated = [plan for plan in plans if of.past(plan, "approvedOn")]
    agreed = {one for plan in dated for one in of.nodes(plan, "approvedBy", "approvalSignedBy")}
    agreed |= {person for role in agreed for person in of.nodes(role, "heldBy")}
    if not owners:
        return NOT_STATED
    return "yes" if all({one, *of.nodes(one, "heldBy")} & agreed for one in owners) else "no"


def _accepted(of: Records) -> Table:
    found = [one for one in of.instances("RiskAcceptance") if not of.withdrawn(one)]
    found.sort(key=lambda one: (not holds(of, one), of.days(one, "validUntil"), str(one)))
    rows = tuple(
        (
            of.label(one), of.names(of.nodes(one, "accepts")), of.named(one, "acceptedBy"),
            of.planned(one, "date") or NOT_STATED, of.planned(one, "validUntil") or NOT_STATED, "yes" if holds(of, one) else "no",
            of.named(one, "justification"),
        )
        for one in found
    )  # fmt: skip
    return Table(("Acceptance", "Risk", "Accepted by", "On", "Until", "Holds", "Reason"), (26, 30, 18, 10, 10, 7, 46), rows)
