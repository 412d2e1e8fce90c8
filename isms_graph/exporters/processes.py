"""The process map (4.4): the picture, each process with what goes in and comes out, what is handed over, and the gaps."""

from __future__ import annotations

from isms_graph.checks import check
from isms_graph.exporters.document import Document, Section, Table
from isms_graph.exporters.records import NOTHING, Records
from isms_graph.findings import Report
from isms_graph.graph import Isms
from isms_graph.render.process_map import process_map as drawn
from isms_graph.render.svg import svg

_PROCESSES = ("Process", "Responsible", "Purpose", "Clauses and controls", "Takes", "Gives", "Latest evidence", "Evidence date")


def report_of(isms_: Isms) -> Report:
    """The check report for the stage of the workspace, made once."""
    return isms_.kept(check)


def process_map(isms_: Isms) -> Document:
    """The processes in force and what they hand over; the gaps are the findings against clause 4.4."""
    of = Records(isms_)
    map_ = drawn(isms_, report_of(isms_))
    nodes = [one for one in of.instances("Process") if not of.withdrawn(one)]
    rows = tuple(
        (
            of.label(one), of.named(one, "owner"), of.named(one, "purpose"),
            of.covered(of.nodes(one, "underClause")), of.named(one, "input"), of.named(one, "output"), *of.latest_evidence([one]),
        )
        for one in sorted(nodes, key=lambda one: (of.label(one), str(one)))
    )  # fmt: skip
    handed = of.asked(
        "handovers",
        {"giver": ("From", 30), "item": ("What is handed over", 40), "taker": ("To", 30), "last_record": ("Latest record", 12)},
        ("giver", "item", "taker"),
    )
    gaps = [gap for box in map_.boxes for gap in box.gaps] + [gap for flow in map_.flows for gap in flow.gaps] + list(map_.other_gaps)
    sections = (
        Section("Map", picture=svg(map_) if map_.boxes else "") if map_.boxes else Section("Map", ("No process is described.",)),
        Section("Processes", table=Table(_PROCESSES, (24, 18, 34, 12, 30, 30, 26, 10), rows), empty=NOTHING),
        Section("What is handed over", table=handed, empty=NOTHING),
        Section("Gaps", table=Table(("Gap",), (100,), tuple((gap,) for gap in dict.fromkeys(gaps))), empty="The checks found none."),
    )
    facts = (
        ("Processes", len(map_.boxes)),
        ("Interactions", sum(not flow.missing for flow in map_.flows)),
        ("Gaps", len(dict.fromkeys(gaps))),
    )
    return of.deliverable("Process map", facts, sections, None)
