"""The clauses and Annex A as an OSCAL catalog, numbers and titles only, and the profile of what the ISMS uses of it."""

from __future__ import annotations

from pyoxigraph import Literal, NamedNode

from isms_graph.exporters.oscal.build import CATALOG, JSON, VERSION, Oscal, control_id, line, prose, statement_id
from isms_graph.exporters.records import in_order
from isms_graph.namespaces import isms, local_name

_THEMES = {"5": "Organizational controls", "6": "People controls", "7": "Physical controls", "8": "Technological controls"}
_NOTE = "Numbers and titles of ISO/IEC 27001:2022. Its text is copyrighted and not in here; the titles of list items are in other words."


def catalog(at: Oscal) -> JSON:
    """A group for the clauses with a group for each chapter, and a group for each theme of Annex A."""
    items = sorted(at.of.instances("ClauseItem"), key=_order)
    below: dict[NamedNode | None, list[NamedNode]] = {}
    for one in sorted(at.of.instances("Clause"), key=_order):
        parents = at.of.nodes(one, "parentClause")
        below.setdefault(parents[0] if parents else None, []).append(one)
    lists: dict[NamedNode, list[NamedNode]] = {}
    for item in items:
        for one in at.of.nodes(item, "itemOf"):
            lists.setdefault(one, []).append(item)

    def control(one: NamedNode) -> JSON:
        return {**_control(at, one, lists.get(one, [])), "controls": [control(inner) for inner in below.get(one, [])]}

    chapters = [
        {"id": f"chapter-{local_name(top.value)}", "class": "clauses", **_named(at, top), "controls": [control(one) for one in below[top]]}
        for top in below.get(None, [])
        if top in below
    ]
    annex = at.of.annex_a()
    themes = [
        {
            "id": f"annex-a.{number}", "class": "annex-a", "title": title, "props": [{"name": "label", "value": f"A.{number}"}],
            "controls": [_control(at, one, []) for one in annex if local_name(one.value).split(".")[1] == number],
        }
        for number, title in _THEMES.items()
    ]  # fmt: skip
    everything = [{"id": "clauses", "class": "clauses", "title": "Clauses", "groups": chapters}, *themes]
    return {"metadata": {**_head(at, "ISO/IEC 27001:2022, clauses and Annex A"), "remarks": prose(_NOTE)}, "groups": everything}


def _head(at: Oscal, title: str) -> JSON:
    return {"title": line(title), "last-modified": at.as_of, "version": "2022", "oscal-version": VERSION}


def _order(node: NamedNode) -> list[tuple[int, str]]:
    return in_order(local_name(node.value))


def _named(at: Oscal, node: NamedNode) -> JSON:
    number, _, title = at.of.label(node).partition(" ")
    return {"title": line(title), "props": [{"name": "label", "value": number}, at.prop("iri", node.value)]}


def _control(at: Oscal, node: NamedNode, items: list[NamedNode]) -> JSON:
    number = local_name(node.value)
    parts = [
        {
            "id": statement_id(local_name(item.value)), "name": "item", "title": line(at.of.label(item).partition(" ")[2]),
            "props": [{"name": "label", "value": local_name(item.value).partition("-")[2] + ")"}, at.prop("iri", item.value)],
        }
        for item in items
    ]  # fmt: skip
    statement = {"id": statement_id(number), "name": "statement", "parts": parts}
    return {"id": control_id(node), "class": "annex-a" if number.startswith("A") else "clause", **_named(at, node), "parts": [statement]}


def excluded(at: Oscal) -> dict[NamedNode, list[NamedNode]]:
    """The controls of Annex A that every line of the Statement of Applicability excludes, with these lines."""
    found: dict[NamedNode, list[NamedNode]] = {}
    for control, entries in soa_lines(at).items():
        stated = {value.value for one in entries for value in at.isms.values(one, isms("applicable")) if isinstance(value, Literal)}
        if stated and stated <= {"false", "0"}:
            found[control] = entries
    return found


def clauses(at: Oscal) -> list[NamedNode]:
    """The clauses that ask for something, by number: all below the chapters."""
    return sorted((one for one in at.of.instances("Clause") if at.of.nodes(one, "parentClause")), key=_order)


def soa_lines(at: Oscal) -> dict[NamedNode, list[NamedNode]]:
    """The lines of the Statement of Applicability in force for each control of Annex A."""
    found: dict[NamedNode, list[NamedNode]] = {one: [] for one in at.of.annex_a()}
    for entry in at.of.instances("SoAEntry"):
        if not at.of.over(entry) and not any(at.of.over(whole) for whole in at.of.nodes(entry, "partOf")):
            for control in at.of.nodes(entry, "forControl"):
                found.setdefault(control, []).append(entry)
    return found


def profile(at: Oscal) -> JSON:
    """All clauses, which nobody may leave out, and the controls of Annex A that are not excluded; exclusions with their reasons."""
    out = excluded(at)
    used = [*clauses(at), *(one for one in at.of.annex_a() if one not in out)]
    reasons = []
    for control, entries in out.items():
        for entry in entries:
            said = at.extension(entry, ("forControl", "applicable", "justification"), titled=False)
            why = at.of.named(entry, "justification")
            reasons.append(at.prop("excluded-control", control_id(control), prose(f"{at.of.label(control)}: {why}")))
            reasons += [{**one, "class": control_id(control)} for one in said["props"]]
            reasons += [{**at.prop(one["rel"], one["href"], one["text"]), "class": control_id(control)} for one in said["links"]]
    version = ", ".join(sorted({at.of.named(one, "version", empty="") for one in statements_of_applicability(at)} - {""}))
    return {
        "metadata": at.metadata("What applies of ISO/IEC 27001:2022 in the ISMS", version, statements_of_applicability(at), props=reasons),
        "imports": [
            {
                "href": CATALOG,
                "include-controls": [{"with-ids": [control_id(one) for one in used]}],
                "exclude-controls": [{"with-ids": [control_id(one) for one in out]}] if out else [],
            }
        ],
        "merge": {"as-is": True},
    }


def statements_of_applicability(at: Oscal) -> list[NamedNode]:
    """The Statement of Applicability in force; several if there are."""
    return [one for one in at.of.instances("StatementOfApplicability") if not at.of.over(one)]
