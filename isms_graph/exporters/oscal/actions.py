"""The nonconformities and the risks with what is done about them, as an OSCAL plan of action and milestones."""

from __future__ import annotations

from datetime import date

from pyoxigraph import NamedNode

from isms_graph.exporters.document import NOT_STATED
from isms_graph.exporters.oscal.build import JSON, SSP, Oscal, line, moment, prose
from isms_graph.exporters.records import in_order
from isms_graph.exporters.risks import holds, standing
from isms_graph.namespaces import ISMS, isms, local_name

_KINDS = {"Modify": "mitigate", "Retain": "accept", "Avoid": "avoid", "Share": "share"}
_INITIAL, _ADJUSTED = {"name": "state", "value": "initial"}, {"name": "state", "value": "adjusted"}  # the states that OSCAL knows
_LEVELS = (("inherent", _INITIAL), ("current", _ADJUSTED), ("residual", Oscal.prop("state", "residual")))
_STANDING = "Whether the level of today is above or within what the risk criteria let be kept."
_FACETS = ("Likelihood", "Consequence", "Level")


def plan_of_action(at: Oscal) -> JSON | None:
    """An item for each nonconformity and for each risk that actions treat; None if there is neither, which OSCAL cannot say."""
    found = sorted((one for one in at.of.instances("Nonconformity") if not _void(at, one)), key=lambda one: in_order(at.of.reference(one)))
    risks = sorted((one for one in at.of.instances("Risk") if not _void(at, one)), key=lambda one: in_order(at.of.reference(one)))
    treated = [one for one in risks if any(not _void(at, action) for action in at.of.related("treats", one))]
    if not found and not treated:
        return None
    observations: dict[str, JSON] = {}
    return {
        "metadata": at.metadata("Plan of action"),
        "import-ssp": {"href": SSP},
        "risks": [*(_wrong(at, one, observations) for one in found), *(_risk(at, one) for one in risks)],
        "poam-items": [*(_item(at, one) for one in found), *(_item(at, one) for one in treated)],
        "observations": list(observations.values()),
    }


def _void(at: Oscal, node: NamedNode) -> bool:
    """True for what is withdrawn or cancelled; what is closed stays in the plan as closed."""
    return bool({isms("Withdrawn"), isms("Cancelled")} & set(at.of.nodes(node, "status")))


def _item(at: Oscal, node: NamedNode) -> JSON:
    return {
        "uuid": at.uuid("item", node.value), "title": line(at.of.label(node)), "description": at.told(node),
        "props": [at.prop("iri", node.value)], "related-risks": [{"risk-uuid": at.uuid("risk", node.value)}],
    }  # fmt: skip


def _wrong(at: Oscal, node: NamedNode, observations: dict[str, JSON]) -> JSON:
    """A nonconformity. Its causes, what prompted it and the reviews of its actions come along."""
    actions = [one for one in at.of.related("corrects", node) if not _void(at, one)]
    causes = at.of.nodes(node, "hasCause")
    day = at.of.past(node, "date") or at.isms.as_of
    reviews = [review for action in actions for review in at.of.related("reviews", action)]
    related = []
    for one in dict.fromkeys([*at.of.nodes(node, "promptedBy"), *reviews]):
        if one.value not in observations:
            observations[one.value] = _observation(at, one, day)
        related.append({"observation-uuid": at.uuid("observation", one.value)})
    statement = "\n\n".join(filter(None, (at.of.label(one) + ". " + at.of.named(one, "description", empty="") for one in causes)))
    said = at.extension(node, ("description",))
    for cause in causes:
        more = at.extension(cause, ("description",), titled=False)
        said = {"props": [*said["props"], *more["props"]], "links": [*said["links"], *more["links"]]}
    responses = [_action(at, node, one, "mitigate") for one in actions]
    correction = at.of.named(node, "correction", empty="")
    open_ = not at.of.done(node)
    return {
        "uuid": at.uuid("risk", node.value), "title": line(at.of.label(node)), "description": at.told(node),
        "statement": prose(f"Cause: {statement or NOT_STATED}"), **said,
        "status": ("remediating" if actions else "open") if open_ else "closed",
        "deadline": _deadline(at, actions) if open_ else None,
        "remediations": [*([_correction(at, node, correction)] if correction else []), *responses],
        "related-observations": related,
    }  # fmt: skip


def _observation(at: Oscal, node: NamedNode, day: date) -> JSON:
    """What a nonconformity was seen by, or how it was looked at whether an action worked."""
    said = at.extension(node, ("description",))
    return {
        "uuid": at.uuid("observation", node.value), "title": line(at.of.label(node)), "description": at.told(node), **said,
        "methods": ["EXAMINE"], "types": ["discovery"], "collected": moment(at.of.past(node, "date") or day),
    }  # fmt: skip


def _correction(at: Oscal, node: NamedNode, text: str) -> JSON:
    """What was done at once, which is not a corrective action."""
    return {
        "uuid": at.uuid("correction", node.value), "lifecycle": "completed", "title": "Correction", "description": prose(text),
        "props": [{"name": "type", "value": "mitigate"}],
    }  # fmt: skip


def _deadline(at: Oscal, actions: list[NamedNode]) -> str | None:
    """When the last action that is not done is due."""
    days = [day for one in actions if not at.of.done(one) and (day := at.of.planned(one, "dueOn"))]
    return moment(max(days)) if days else None


def _action(at: Oscal, risk: NamedNode, node: NamedNode, kind: str) -> JSON:
    """A corrective action or a treatment as a response with one task, due when the action is."""
    due = at.of.planned(node, "dueOn")
    said = at.extension(node, ("description",))
    done = at.of.done(node)
    task = {
        "uuid": at.uuid("task", risk.value, node.value), "type": "action", "title": line(at.of.label(node)),
        "timing": {"on-date": {"date": moment(due)}} if due else None, "responsible-roles": at.responsible(node),
    }  # fmt: skip
    return {
        "uuid": at.uuid("response", risk.value, node.value), "title": line(at.of.label(node)),
        "lifecycle": "completed" if done else "planned", "description": at.told(node),
        "props": [{"name": "type", "value": kind}, *said["props"]], "links": said["links"], "tasks": [task],
    }  # fmt: skip


def _risk(at: Oscal, node: NamedNode) -> JSON:
    """A risk of the register with its levels, the controls that lower it, its treatment and the acceptances that hold."""
    actions = [one for one in at.of.related("treats", node) if not _void(at, one)]
    accepted = [one for one in at.of.related("accepts", node) if holds(at.of, one)]
    to_do = [one for one in actions if not at.of.done(one)]
    over = at.of.over(node)
    status = "closed" if over else "remediating" if to_do else "deviation-approved" if accepted else "open"
    kind = next((_KINDS[option] for one in at.of.nodes(node, "treatmentOption") if (option := local_name(one.value)) in _KINDS), "mitigate")
    native = ("description", *(state + facet for state, _ in _LEVELS for facet in _FACETS))
    said = at.extension(node, native)
    return {
        "uuid": at.uuid("risk", node.value), "title": line(at.of.label(node)), "description": at.told(node),
        "statement": prose(f"Risk owner: {at.of.named(node, 'owner')}. Arises from: {at.of.named(node, 'arisesFrom')}"),
        "status": status, **{**said, "props": [*said["props"], at.prop("current-level-is", str(standing(at.of, node)[1]), _STANDING)]},
        "characterizations": _levels(at, node),
        "mitigating-factors": [
            {
                "uuid": at.uuid("factor", node.value, control.value), "description": at.told(control),
                "subjects": [{"subject-uuid": at.uuid("component", control.value), "type": "component"}],
            }
            for control in at.of.nodes(node, "treatedBy") if control in at.components
        ],
        "deadline": _deadline(at, actions) if not over else None,
        "remediations": [*(_action(at, node, one, kind) for one in actions), *(_acceptance(at, node, one) for one in accepted)],
    }  # fmt: skip


def _levels(at: Oscal, node: NamedNode) -> list[JSON]:
    """The figures on the organization's own scales: before any control, today, and once the treatment is complete."""
    facets = [
        {"name": facet.lower(), "system": ISMS, "value": str(value), "props": [state]}
        for kind, state in _LEVELS
        for facet in _FACETS
        if isinstance(value := at.of.number(node, kind + facet), int)
    ]
    if not facets:
        return []
    return [{"origin": {"actors": [{"type": "party", "actor-uuid": at.organization()}]}, "facets": facets}]


def _acceptance(at: Oscal, risk: NamedNode, node: NamedNode) -> JSON:
    said = at.extension(node, ("description", "justification"))
    return {
        "uuid": at.uuid("response", risk.value, node.value), "lifecycle": "completed", "title": line(at.of.label(node)),
        "description": prose(at.of.named(node, "justification", "description")),
        "props": [{"name": "type", "value": "accept"}, *said["props"]], "links": said["links"],
    }  # fmt: skip
