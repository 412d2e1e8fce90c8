"""The evidence index: what document or record shows that a clause, and each control of Annex A, is met, from when, and where it is kept."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from pyoxigraph import NamedNode

from isms_graph.elements import class_label
from isms_graph.exporters.document import NOT_STATED, Cell, Document, Section, Table
from isms_graph.exporters.records import NOTHING, Records, in_order
from isms_graph.graph import Isms
from isms_graph.namespaces import isms, local_name

_DATES = ("date", "approvedOn", "completedOn", "endedOn", "startedOn")
_EVERYTHING = isms("Evidence")  # the class that meets the most general of the requirements


def evidence_index(isms_: Isms) -> Document:
    """The index as of the date; what is withdrawn, or is of a later date, is left out."""
    of = Records(isms_)
    found = by_clause(of)
    clauses = [one for one in of.instances("Clause") if of.nodes(one, "parentClause")]
    clauses = [one for one in clauses if found.get(one) or not any(found.get(near) for near in _near(of, one))]
    clauses.sort(key=lambda one: in_order(local_name(one.value)))
    rows = [row for clause in clauses for row in _rows(of, of.label(clause), found.get(clause, {}))]
    annex, empty = _annex_rows(of)
    known = _shown(of, of.instances("DocumentedInformation"))
    sections = (
        Section(
            "By clause",
            (_BY_CLAUSE,),
            Table(("Clause", "Document or record", "Kind", "Shows", *_ENDS), (28, 40, 16, 34, 10, 12, 34), tuple(rows)),
        ),
        Section(
            "By control of Annex A",
            (_BY_CONTROL,),
            Table(("Control", "Own control", "Document or record", "Kind", *_ENDS), (28, 34, 38, 14, 10, 12, 30), tuple(annex)),
        ),
    )
    facts = (
        ("Documents and records", len(known)),
        ("of these without a date", sum(_made(of, one) is None for one in known)),
        ("Clauses with nothing", sum(not found.get(clause) for clause in clauses)),
        ("Applicable controls of Annex A with nothing", empty),
    )
    return of.deliverable("Evidence index", facts, sections, None)


_ENDS = ("Date", "Valid until", "Kept at")
_BY_CLAUSE = (
    "Documents stand under the clause that asks for them, records under the clause of what they show. What shows or describes a control "
    "that implements Annex A stands under the controls of Annex A. The date is that of the record, or of the approval of a document."
)
_BY_CONTROL = (
    "What shows that the organization's controls operate and what describes them, the latest first. "
    "What the Statement of Applicability excludes is said to be excluded."
)


def by_clause(of: Records) -> dict[NamedNode, dict[NamedNode, set[str]]]:
    """By clause, each document or record up to the as-of date, with what it shows."""
    found: dict[NamedNode, dict[NamedNode, set[str]]] = {}

    def put(clause: NamedNode, item: NamedNode, shown: str) -> None:
        if _is_current(of, item):
            found.setdefault(clause, {}).setdefault(item, set()).add(shown)

    for wanted in of.instances("DocumentedInformationRequirement"):
        kinds = [kind for kind in of.nodes(wanted, "metBy") if kind != _EVERYTHING]
        items = [*of.related("fulfils", wanted), *(one for kind in kinds for one in of.instances(local_name(kind.value)))]
        for clause in of.nodes(wanted, "ofClause"):
            for item in items:
                put(clause, item, of.label(wanted))
    for item in of.instances("DocumentedInformation"):
        about = of.nodes(item, "evidences", "describes")
        for clause in _clauses(of, item, own=not of.nodes(item, "evidences")):
            put(clause, item, "")
        for one in about:
            if not of.nodes(one, "implements"):
                for clause in _clauses(of, one):
                    put(clause, item, of.label(one))
    return found


def _near(of: Records, clause: NamedNode) -> list[NamedNode]:
    """The clause above, if it is of the second level, and those below: a part need not repeat what stands under the whole."""
    above = [one for one in of.nodes(clause, "parentClause") if of.nodes(one, "parentClause")]
    return [*above, *of.related("parentClause", clause)]


def _clauses(of: Records, node: NamedNode, own: bool = True) -> list[NamedNode]:
    """The clauses that an element serves, or else the one under which such elements are kept."""
    said = [one for one in of.nodes(node, "underClause") if "Clause" in {local_name(kind.value) for kind in of.isms.classes(one)}]
    number = of.isms.clause(node) if own else ""
    return said or [one for one in of.instances("Clause") if number and local_name(one.value) == number]


def _item(of: Records, item: NamedNode) -> tuple[Cell, ...]:
    return of.label(item), _kind(of, item), *_ends(of, item)


def _kind(of: Records, item: NamedNode) -> str:
    return class_label(of.isms, item) + (", draft" if isms("Draft") in of.nodes(item, "status") else "")


def _shown(of: Records, items: Iterable[NamedNode]) -> list[NamedNode]:
    """The documents and records among some elements, the latest first."""
    return _latest_first(of, {one for one in items if _is_current(of, one)} & set(of.instances("DocumentedInformation")))


def _is_current(of: Records, item: NamedNode) -> bool:
    return not of.withdrawn(item) and bool(_made(of, item) or not of.days(item, *_DATES))


def _made(of: Records, item: NamedNode) -> date | None:
    """Of when an item is; a decision is of the review that took it."""
    days = [of.past(item, *_DATES), *(of.past(review, "date") for review in of.nodes(item, "decidedIn"))]
    return max((day for day in days if day), default=None)


def _ends(of: Records, item: NamedNode) -> tuple[Cell, Cell, Cell]:
    """Of when an item is, until when it holds, and where it is kept."""
    end = of.planned(item, "validUntil")
    valid: Cell = NOT_STATED if end is None else f"{end} (run out)" if end < of.as_of else end
    return _made(of, item) or NOT_STATED, valid, of.named(item, "location")


def _rows(of: Records, clause: str, items: dict[NamedNode, set[str]]) -> list[tuple[Cell, ...]]:
    if not items:
        return [(clause, NOTHING, *[""] * 5)]
    rows: list[tuple[Cell, ...]] = []
    for item in _latest_first(of, items):
        shown = "\n".join(sorted(items[item] - {""})) or NOT_STATED
        rows.append((clause, of.label(item), _kind(of, item), shown, *_ends(of, item)))
    return rows


def _latest_first(of: Records, items: Iterable[NamedNode]) -> list[NamedNode]:
    ordered = sorted(items, key=lambda one: (of.label(one), str(one)))
    return sorted(ordered, key=lambda one: _made(of, one) or date.min, reverse=True)


def _annex_rows(of: Records) -> tuple[list[tuple[Cell, ...]], int]:
    """The rows of Annex A, and how many controls that are not excluded have nothing."""
    rows: list[tuple[Cell, ...]] = []
    empty = 0
    for annex in of.annex_a():
        title, before = of.label(annex), len(rows)
        if _excluded(of, annex):
            rows.append((title, "excluded", *[""] * 5))
            continue
        rows += [(title, "", *_item(of, item)) for item in _shown(of, of.related("underClause", annex))]
        for control in of.nodes(annex, "implementedBy"):
            if not of.over(control):
                items = _shown(of, [*of.related("evidences", control), *of.related("describes", control)])
                rows += [(title, of.label(control), *_item(of, item)) for item in items] or [(title, of.label(control), NOTHING, *[""] * 4)]
        empty += all(row[2] == NOTHING for row in rows[before:])
        if len(rows) == before:
            rows.append((title, NOTHING, *[""] * 5))
    return rows, empty


def _excluded(of: Records, annex: NamedNode) -> bool:
    entries = [one for one in of.related("forControl", annex) if not any(of.over(whole) for whole in of.nodes(one, "partOf"))]
    return {of.cell(said) for one in entries for said in of.isms.values(one, isms("applicable"))} == {"no"}
