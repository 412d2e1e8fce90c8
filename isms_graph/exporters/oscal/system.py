"""The controls, processes and policies as OSCAL components, and the ISMS as an OSCAL system security plan."""

from __future__ import annotations

from pyoxigraph import Literal, NamedNode

from isms_graph.exporters.document import NOT_STATED
from isms_graph.exporters.evidence import by_clause
from isms_graph.exporters.oscal.build import CATALOG, JSON, PROFILE, Oscal, control_id, line, prose
from isms_graph.exporters.oscal.standard import clauses, excluded, soa_lines, statements_of_applicability
from isms_graph.exporters.records import in_order
from isms_graph.namespaces import ISO27001, isms, local_name

_NOT_YET = (isms("Draft"), isms("Planned"))
_STATES = {"Implemented": "implemented", "PartlyImplemented": "partial", "NotImplemented": "not-implemented"}
_THIS = "this-system"


def _component(at: Oscal, node: NamedNode, type_: str) -> JSON:
    native = ("description", "purpose") if type_ == "process-procedure" else ("description",)
    said = at.extension(node, native)
    purpose = at.of.named(node, "purpose", empty="")
    return {
        "uuid": at.uuid("component", node.value), "type": type_, "title": line(at.of.label(node)), "description": at.told(node),
        "purpose": line(purpose) if purpose else None, **said, "responsible-roles": at.responsible(node),
    }  # fmt: skip


def component_definition(at: Oscal) -> JSON:
    """Each component with the clauses and the controls of Annex A that it stands for."""
    met = _met(at)
    found: list[JSON] = []
    for node, type_ in at.components.items():
        requirements = [
            {
                "uuid": at.uuid("requirement", node.value, element.value),
                "control-id": control_id(element),
                "description": at.told(node),
            }
            for element, means in met.items()
            if node in means
        ]
        implementation = {
            "uuid": at.uuid("implementation", node.value),
            "source": CATALOG,
            "description": "What this stands for in the clauses and Annex A of ISO/IEC 27001:2022.",
            "implemented-requirements": requirements,
        }
        found.append({**_component(at, node, type_), "control-implementations": [implementation] if requirements else []})
    return {"metadata": at.metadata("Controls, processes and policies"), "components": found}


def _met(at: Oscal) -> dict[NamedNode, list[NamedNode]]:
    """The components for each clause and each control of Annex A: those that implement it, or are kept under it."""
    found: dict[NamedNode, list[NamedNode]] = {}
    for node in at.components:
        for element in at.of.nodes(node, "implements", "underClause"):
            if element.value.startswith(ISO27001):
                found.setdefault(_whole(at, element), []).append(node)
    return dict(sorted(found.items(), key=lambda pair: in_order(local_name(pair[0].value))))


def _whole(at: Oscal, element: NamedNode) -> NamedNode:
    """The clause of an item of a list; anything else is what it is."""
    return next(iter(at.of.nodes(element, "itemOf")), element)


def system_security_plan(at: Oscal) -> JSON:
    """The scope, what lies in it, and how each requirement of the profile is met as the Statement of Applicability says."""
    soa = statements_of_applicability(at)
    version = ", ".join(sorted({at.of.named(one, "version", empty="") for one in soa} - {""}))
    systems = at.of.instances("ManagementSystem")
    scopes = [one for one in at.of.instances("Scope") if not at.of.over(one)]
    scope = prose("\n\n".join(at.of.named(one, "description", empty=at.of.label(one)) for one in scopes))
    begun = min((day for one in systems for day in at.of.days(one, "establishedOn")), default=None)
    return {
        "metadata": at.metadata("Information security management system", version, soa, **_all(at, soa, ("version",))),
        "import-profile": {"href": PROFILE},
        "system-characteristics": {
            "system-ids": [{"identifier-type": "https://ietf.org/rfc/rfc4122", "id": at.uuid("system", *[one.value for one in systems])}],
            "system-name": at.isms.label(systems[0]) if systems else f"ISMS of {at.name}",
            "description": scope,
            **_all(at, systems, ()),
            "system-information": {"information-types": [_information(at, scope)]},
            "status": {"state": "operational" if begun and begun <= at.isms.as_of else "under-development"},
            "authorization-boundary": {"description": scope, **_all(at, scopes, ("description",))},
        },
        "system-implementation": {
            "users": [_user(at, one) for one in at.of.instances("Role") if not at.of.over(one)],
            "components": [_this(at), *(_running(at, node, type_) for node, type_ in at.components.items())],
            "inventory-items": [_asset(at, one) for one in at.assets],
        },
        "control-implementation": {
            "description": "What each clause and each control of Annex A that is not excluded is met by.",
            "implemented-requirements": _requirements(at),
        },
        "back-matter": {"resources": resources(at)},
    }


def _all(at: Oscal, nodes: list[NamedNode], native: tuple[str, ...]) -> JSON:
    """The properties and links of several elements that share one place."""
    said = [at.extension(one, native, titled=False) for one in nodes]
    return {key: [part for one in said for part in one[key]] for key in ("props", "links")}


def _information(at: Oscal, scope: str) -> JSON:
    """OSCAL wants at least one type of information; the ISMS keeps assets, and classifies those."""
    return {"uuid": at.uuid("information"), "title": "Information in the scope of the ISMS", "description": scope}


def _this(at: Oscal) -> JSON:
    """The component that stands for the whole."""
    description = "The information security management system itself, where no single component is named."
    return {
        "uuid": at.uuid("component", _THIS), "type": _THIS, "title": "The ISMS", "description": description,
        "status": {"state": "operational"},
    }  # fmt: skip


def _user(at: Oscal, role: NamedNode) -> JSON:
    return {"uuid": at.uuid("user", role.value), "title": line(at.of.label(role)), "role-ids": [at.role_id(role)]}


def planned(at: Oscal, node: NamedNode) -> bool:
    """True for what is a draft, only planned, or begins later."""
    started = at.of.days(node, "startedOn")
    return any(status in _NOT_YET for status in at.of.nodes(node, "status")) or bool(started and min(started) > at.isms.as_of)


def _running(at: Oscal, node: NamedNode, type_: str) -> JSON:
    return {**_component(at, node, type_), "status": {"state": "under-development" if planned(at, node) else "operational"}}


def _asset(at: Oscal, node: NamedNode) -> JSON:
    guards = [one for one in at.of.related("protects", node) if one in at.components]
    return {
        "uuid": at.uuid("asset", node.value), "description": at.told(node),
        **at.extension(node, ("description",), titled=False),
        "responsible-parties": [one for one in at.responsible(node) if one["party-uuids"]],
        "implemented-components": [{"component-uuid": at.uuid("component", one.value)} for one in guards],
    }  # fmt: skip


def _requirements(at: Oscal) -> list[JSON]:
    met, out, lines = _met(at), excluded(at), soa_lines(at)
    kept, shows = set(documents(at)), by_clause(at.of)
    found = []
    for clause in clauses(at):
        requirement = _requirement(at, clause, met.get(clause, []), [])
        found.append({**requirement, "links": [_link(at, one, "reference") for one in shows.get(clause, {}) if one in kept]})
    for control in at.of.annex_a():
        if control not in out:
            named = [one for entry in lines[control] for one in at.of.nodes(entry, "realisedBy") if one in at.components]
            found.append(_requirement(at, control, list(dict.fromkeys([*named, *met.get(control, [])])), lines[control]))
    return found


def _link(at: Oscal, document: NamedNode, rel: str) -> JSON:
    return {"href": f"#{at.uuid('resource', document.value)}", "rel": rel, "text": line(at.of.label(document))}


def _requirement(at: Oscal, element: NamedNode, means: list[NamedNode], entries: list[NamedNode]) -> JSON:
    """How a clause or a control of Annex A is met. What the Statement of Applicability says stands with the requirement."""
    stated = {local_name(one.value) for entry in entries for one in at.of.nodes(entry, "implementationStatus")}
    state = _STATES.get(next(iter(stated))) if len(stated) == 1 else None
    why = [at.of.named(entry, "justification", empty="") for entry in entries]
    undecided = element.value.startswith(f"{ISO27001}A.") and not any(at.isms.values(entry, isms("applicable")) for entry in entries)
    remarks = "\n\n".join(filter(None, [f"Applicability: {NOT_STATED}." if undecided else "", *why]))
    owners = {json_["role-id"]: json_ for entry in entries for json_ in at.responsible(entry)}
    return {
        "uuid": at.uuid("plan", element.value), "control-id": control_id(element),
        **_all(at, entries, ("forControl", "justification")),
        "responsible-roles": list(owners.values()),
        "by-components": [_by(at, element, one, state) for one in means] or [_by(at, element, None, state)],
        "remarks": prose(remarks) if remarks else None,
    }  # fmt: skip


def _by(at: Oscal, element: NamedNode, node: NamedNode | None, state: str | None) -> JSON:
    """What one component does for a requirement; without one, that none is named."""
    if node is None:
        description, of = f"The component that meets this is {NOT_STATED}.", _THIS
    else:
        description, of = at.told(node), node.value
        state = "planned" if planned(at, node) else state
    latest = [one for _, one in at.of.evidence_of([node])][-1:] if node else []
    return {
        "component-uuid": at.uuid("component", of), "uuid": at.uuid("by", element.value, of), "description": description,
        "implementation-status": {"state": state} if state else None,
        "links": [_link(at, one, "evidence") for one in latest if not at.of.over(one)],
    }  # fmt: skip


def documents(at: Oscal) -> list[NamedNode]:
    """The documents and records in force that are no component, and neither the scope nor the Statement of Applicability."""
    elsewhere = {*at.components, *at.of.instances("Scope"), *at.of.instances("StatementOfApplicability")}
    return [one for one in at.of.instances("DocumentedInformation") if one not in elsewhere and not at.of.over(one)]


def resources(at: Oscal) -> list[JSON]:
    """The documents and records as resources of the back matter."""
    found: list[JSON] = []
    for node in documents(at):
        said = at.extension(node, ("description",))
        where = [one.value for one in at.isms.values(node, isms("location")) if isinstance(one, Literal)]
        found.append(
            {
                "uuid": at.uuid("resource", node.value), "title": line(at.of.label(node)), "description": at.prose_of(node, "description"),
                "props": said["props"], "rlinks": [{"href": one} for one in where if one.startswith(("https://", "http://"))],
                "remarks": _listed(said["links"]),
            }
        )  # fmt: skip
    return found


def _listed(links: list[JSON]) -> str | None:
    """Links in words, where OSCAL has no links; the texts are markup already."""
    return "\n".join(f"- {one['rel']}: {one['text']} ({prose(one['href'])})" for one in links) or None
