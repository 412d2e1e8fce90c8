"""The risk register (6.1.2, 8.2): the criteria, the assessments, and each risk with its levels, its owner and its treatment."""

from __future__ import annotations

from pyoxigraph import NamedNode

from isms_graph.exporters.document import NOT_STATED, Cell, Document, Section, Table
from isms_graph.exporters.records import Fact, Records, in_order
from isms_graph.graph import Isms
from isms_graph.namespaces import isms

_STATES = (("inherent", "before"), ("current", "now"), ("residual", "after"))
_FIGURES = ("Likelihood", "Consequence", "Level")
ABOVE, WITHIN = "above", "within"


def risk_register(isms_: Isms) -> Document:
    """The register as the graph states it; risks that are closed or withdrawn stand apart."""
    of = Records(isms_)
    everything = sorted(of.instances("Risk"), key=lambda one: (in_order(of.reference(one)), str(one)))
    risks = [one for one in everything if not of.over(one)]
    past_ones = [one for one in everything if of.over(one)]
    criteria = [one for one in of.instances("RiskCriteria") if not of.over(one)]
    held = [one for one in of.instances("RiskAssessment") if not of.over(one)]
    held.sort(key=lambda one: (of.days(one, "endedOn", "startedOn", "date", "plannedFor"), str(one)), reverse=True)
    sections = [
        Section("Risks", table=_what(of, risks)),
        Section("Levels and treatment", (_READING,), _levels(of, risks)),
        *(section for one in criteria for section in _criteria(of, one)),
        Section("Risk assessments", table=_assessments(of, held), empty="No risk assessment is recorded."),
        Section("Closed and withdrawn risks", table=_closed(of, past_ones)),
    ]
    if not criteria:
        sections.insert(2, Section("Risk criteria", (f"The risk criteria are {NOT_STATED}.",)))
    return of.deliverable("Risk register", _figures(of, risks), sections, None)


_READING = (
    "L is the likelihood, C the consequence: before any control, now with the controls that operate, and after the treatment is complete. "
    "The level follows from the risk criteria below. Acceptances that hold on the date of this document are listed."
)


def standing(of: Records, risk: NamedNode, property_: str = "currentLevel") -> tuple[Cell, Cell]:
    """The highest level that may be kept by the criteria that judge the risk, and whether its own level is above or within it."""
    limits = [limit for one in of.nodes(risk, "judgedBy") if isinstance(limit := of.number(one, "acceptUpTo"), int)]
    level = of.number(risk, property_)
    if not limits:
        return NOT_STATED, NOT_STATED
    return max(limits), NOT_STATED if not isinstance(level, int) else ABOVE if level > max(limits) else WITHIN


def _figures(of: Records, risks: list[NamedNode]) -> list[Fact]:
    judged = [standing(of, one)[1] for one in risks]
    return [
        ("Risks", len(risks)),
        ("of these above the acceptance level", judged.count(ABOVE)),
        ("not judged", judged.count(NOT_STATED)),
        ("without an owner", sum(not of.nodes(one, "owner") for one in risks)),
        ("without a treatment option", sum(not of.nodes(one, "treatmentOption") for one in risks)),
    ]


def _what(of: Records, risks: list[NamedNode]) -> Table:
    columns = ("ID", "Risk", "Risk owner", "Arises from", "Concerns", "Would be lost", "Assessed last in", "Reviewed on")
    rows = tuple(
        (
            of.reference(one), of.told(one), of.named(one, "owner"), of.named(one, "arisesFrom"),
            of.named(one, "concernsAsset"), of.named(one, "threatensProperty"),
            _last_assessment(of, one), of.past(one, "reviewedOn") or NOT_STATED,
        )
        for one in risks
    )  # fmt: skip
    return Table(columns, (8, 34, 18, 28, 28, 14, 26, 11), rows)


def _last_assessment(of: Records, risk: NamedNode) -> str:
    held = [(day, one) for one in of.nodes(risk, "assessedIn") if (day := of.past(one, "endedOn", "date"))]
    return of.names([one for day, one in held if day == max(held, key=lambda pair: pair[0])[0]])


def _levels(of: Records, risks: list[NamedNode]) -> Table:
    heads = tuple(f"{figure[0] if figure != 'Level' else figure} {state}" for _, state in _STATES for figure in _FIGURES)
    columns = ("ID", "Risk", *heads, "Accept up to", "Level now is", "Option", "Treated by", "Accepted by (until)")
    rows = []
    for one in risks:
        figures = [of.number(one, kind + figure) for kind, _ in _STATES for figure in _FIGURES]
        controls = [control for control in of.nodes(one, "treatedBy") if not of.over(control)]
        rows.append(
            (
                of.reference(one), of.label(one), *figures, *standing(of, one), of.named(one, "treatmentOption"),
                of.names(controls), "\n".join(acceptances(of, one)) or "none",
            )
        )  # fmt: skip
    return Table(columns, (9, 30, *[5, 5, 6] * 3, 7, 8, 9, 44, 22), tuple(rows))


def acceptances(of: Records, risk: NamedNode) -> list[str]:
    """Who accepted the risk until when, for each acceptance that holds on the as-of date."""
    found = []
    for one in of.related("accepts", risk):
        end = of.planned(one, "validUntil")
        if holds(of, one):
            found.append(f"{of.named(one, 'acceptedBy')} ({end or f'end {NOT_STATED}'})")
    return sorted(found)


def holds(of: Records, acceptance: NamedNode) -> bool:
    """True if an acceptance is in force on the as-of date: given, not a draft, not over and not run out."""
    end, given = of.planned(acceptance, "validUntil"), of.days(acceptance, "date")
    draft = {isms("Draft"), isms("Planned")} & set(of.nodes(acceptance, "status"))
    return not (of.over(acceptance) or draft or (end and end < of.as_of) or (given and min(given) > of.as_of))


def _criteria(of: Records, criteria: NamedNode) -> list[Section]:
    """What the scales mean, and the matrix."""
    levels: dict[tuple[Cell, Cell], Cell] = {}
    for cell in of.related("cellOf", criteria):
        levels[of.number(cell, "likelihood"), of.number(cell, "consequence")] = of.number(cell, "level")
    down = sorted({one for one, _ in levels if isinstance(one, int)}, reverse=True)
    across = sorted({one for _, one in levels if isinstance(one, int)})
    rows = tuple((one, *(levels.get((one, other), NOT_STATED) for other in across)) for one in down)
    words = (
        f"Scales and what they mean: {of.named(criteria, 'description')}",
        f"A risk may be kept up to level {of.number(criteria, 'acceptUpTo')}. Owner: {of.named(criteria, 'owner')}. "
        f"Reviewed on: {of.past(criteria, 'reviewedOn') or NOT_STATED}.",
    )
    matrix = Table(("Likelihood \\ consequence", *(str(one) for one in across)), (24, *[8] * len(across)), rows)
    return [Section(f"Risk criteria: {of.label(criteria)}", words, matrix, f"The matrix is {NOT_STATED}.")]


def _assessments(of: Records, held: list[NamedNode]) -> Table:
    columns = ("Assessment", "From", "To", "Criteria", "Responsible", "Prompted by", "Result")
    rows = tuple(
        (
            of.label(one), of.planned(one, "startedOn", "plannedFor") or NOT_STATED, of.past(one, "endedOn", "date") or NOT_STATED,
            of.named(one, "usesCriteria"), of.named(one, "owner"), of.named(one, "promptedBy"), of.named(one, "description"),
        )
        for one in held
    )  # fmt: skip
    return Table(columns, (26, 10, 10, 16, 14, 22, 40), rows)


def _closed(of: Records, risks: list[NamedNode]) -> Table:
    rows = tuple(
        (
            of.reference(one), of.label(one), of.named(one, "status"), of.named(one, "owner"),
            of.number(one, "currentLevel"), of.named(one, "justification"), of.past(one, "reviewedOn") or NOT_STATED,
        )
        for one in risks
    )  # fmt: skip
    return Table(("ID", "Risk", "Status", "Risk owner", "Last level", "Reason", "Reviewed on"), (8, 36, 12, 18, 9, 36, 12), rows)
