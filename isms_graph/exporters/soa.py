"""The Statement of Applicability (6.1.3 d): each control of Annex A, whether it applies, why, and how far it is in place."""

from __future__ import annotations

from collections.abc import Mapping

from pyoxigraph import Literal, NamedNode

from isms_graph.exporters.document import NOT_STATED, Cell, Document, Section, Table
from isms_graph.exporters.records import Fact, Records
from isms_graph.graph import Isms
from isms_graph.index import Object
from isms_graph.namespaces import isms

_COLUMNS = (
    "Control", "Title", "Applicable", "Included because of", "Justification", "Implementation", "Owner", "Implementing controls",
    "Latest evidence", "Evidence date",
)  # fmt: skip
_WIDTHS = (8, 17, 10, 25, 25, 14, 13, 21, 19, 10)
_YES_NO = {"true": "yes", "1": "yes", "false": "no", "0": "no"}


def soa(isms_: Isms, texts: Mapping[str, str] | None = None) -> Document:
    """The Statement of Applicability as the graph states it; what is not stated is said to be so.

    `texts` are those of the standard by number, from a licensed copy; they get a column if there are any.
    """
    of = Records(isms_)
    documents = [one for one in of.instances("StatementOfApplicability") if not of.over(one)]
    entries = [one for one in of.instances("SoAEntry") if not any(of.over(whole) for whole in of.nodes(one, "partOf"))]
    lines = {control: [one for one in entries if control in of.isms.values(one, isms("forControl"))] for control in of.annex_a()}
    rows = [_row(of, control, entry) for control, found in lines.items() for entry in (found or (None,))]
    beyond = [one for one in of.instances("Control") if lines.keys().isdisjoint(of.nodes(one, "implements")) and not of.over(one)]
    sections = (
        _controls(rows, texts or {}),
        Section(
            "Other controls of the organization",
            ("Controls that implement no control of Annex A.",),
            Table(("Control", "Reason", "Owner", "Latest evidence", "Evidence date"), (30, 40, 20, 30, 10), _others(of, beyond)),
        ),
    )
    return of.deliverable("Statement of Applicability", _figures(lines, rows), sections, documents)


def _controls(rows: list[tuple[Cell, ...]], texts: Mapping[str, str]) -> Section:
    """The controls with their lines and, from a licensed copy, their texts."""
    heading = "Controls of Annex A"
    if not texts:
        return Section(heading, table=Table(_COLUMNS, _WIDTHS, tuple(rows)))
    note = "The texts of the controls are from the organization's own licensed copy of the standard and not to be passed on without one."
    with_text = tuple((*row, texts.get(str(row[0]), "")) for row in rows)
    return Section(heading, (note,), Table((*_COLUMNS, "Text (own licence)"), (*_WIDTHS, 30), with_text))


def _figures(lines: dict[NamedNode, list[NamedNode]], rows: list[tuple[Cell, ...]]) -> list[Fact]:
    """How many controls are what; one that two lines decide on differently counts with both."""

    def count(applicable: str, status: str | None = None) -> int:
        return len({row[0] for row in rows if row[2] == applicable and status in (None, row[5])})

    return [
        ("Controls of Annex A", len(lines)),
        ("Applicable", count("yes")),
        ("of these implemented", count("yes", "implemented")),
        ("Excluded", count("no")),
        ("Not decided", count(NOT_STATED)),
    ]


def _kind(of: Records, reason: Object) -> str:
    """The kind of driver that auditors tell apart."""
    kinds = {"Risk": "risk", "LegalRequirement": "legal", "ContractualRequirement": "contractual"}
    names = {one.value.rpartition("/")[2] for one in of.isms.classes(reason)}
    return next((kinds[name] for name in sorted(names) if name in kinds), "other")


def _reasons(of: Records, reasons: list[Object]) -> str:
    found = sorted({f"{_kind(of, one)}: {of.label(one)}" for one in reasons if not of.over(one)})
    return "\n".join(found) or NOT_STATED


def _row(of: Records, control: NamedNode, entry: NamedNode | None) -> tuple[Cell, ...]:
    number, _, title = of.label(control).partition(" ")
    if entry is None:
        return (number, title, *[NOT_STATED] * (len(_COLUMNS) - 2))
    stated = {_YES_NO.get(value.value, NOT_STATED) for value in of.isms.values(entry, isms("applicable")) if isinstance(value, Literal)}
    applicable = "yes and no" if len(stated) > 1 else stated.pop() if stated else NOT_STATED
    justification = of.named(entry, "justification")
    if applicable == "no":
        return (number, title, applicable, "excluded", justification, *["excluded"] * (len(_COLUMNS) - 5))
    controls = [one for one in of.nodes(entry, "realisedBy") if not of.over(one)]
    owners = of.isms.values(entry, isms("owner")) or [owner for one in controls for owner in of.isms.values(one, isms("owner"))]
    return (
        number, title, applicable, _reasons(of, of.isms.values(entry, isms("includedBecauseOf"))), justification,
        of.named(entry, "implementationStatus"), of.names(owners), of.names(controls), *of.latest_evidence(controls),
    )  # fmt: skip


def _others(of: Records, controls: list[NamedNode]) -> tuple[tuple[Cell, ...], ...]:
    return tuple(
        (
            of.label(one),
            _reasons(of, [*of.isms.values(one, isms("modifies")), *of.isms.values(one, isms("satisfies"))]),
            of.named(one, "owner"),
            *of.latest_evidence([one]),
        )
        for one in controls
    )
