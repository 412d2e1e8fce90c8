"""The process map: processes in the lanes of plan, do, check and act, what they hand over, and the gaps."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from pyoxigraph import DefaultGraph, NamedNode

from isms_graph.checks import check
from isms_graph.findings import Report
from isms_graph.graph import Isms
from isms_graph.elements import owner_of
from isms_graph.namespaces import RDF_TYPE, isms

LANES = ("Plan", "Do", "Check", "Act")
_CLAUSE = "4.4"


@dataclass(frozen=True)
class Box:
    """A process. `gaps` are the messages of findings about it."""

    id: str
    label: str
    owner: str
    lane: int
    gaps: tuple[str, ...]


@dataclass(frozen=True)
class Flow:
    """Something handed over, by box ids. A flow that should be there and is not is `missing`; `gaps` as for boxes."""

    start: str
    end: str
    label: str
    missing: bool = False
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProcessMap:
    """What is drawn. `other_gaps` are findings on processes in general that no box or flow can carry."""

    name: str
    as_of: str
    boxes: tuple[Box, ...]
    flows: tuple[Flow, ...]
    other_gaps: tuple[str, ...]


def process_map(isms_: Isms, report: Report | None = None) -> ProcessMap:
    """The process map of an ISMS; the gaps are the findings against clause 4.4 of a check run."""
    report = report or check(isms_)
    findings = [finding for finding in report.open if finding.clause == _CLAUSE]
    of_node: dict[str, list[str]] = {}
    for finding in findings:
        of_node.setdefault(finding.focus, []).append(finding.message)
    boxes = tuple(
        Box(node.value, isms_.label(node), owner_of(isms_, node), _lane(isms_, node), tuple(of_node.pop(node.value, ())))
        for node in sorted(_instances(isms_, "Process"), key=lambda node: (_lane(isms_, node), isms_.label(node), node.value))
    )
    drawn = {box.id for box in boxes}
    flows: list[Flow] = []
    for node in sorted(_instances(isms_, "Interaction"), key=str):
        label = ", ".join(isms_.label(item) for item in isms_.values(node, isms("carries"))) or isms_.label(node)
        gaps = tuple(of_node.pop(node.value, ()))
        for start in isms_.values(node, isms("from")):
            for end in isms_.values(node, isms("to")):
                if isinstance(start, NamedNode) and isinstance(end, NamedNode) and {start.value, end.value} <= drawn:
                    flows.append(Flow(start.value, end.value, label, gaps=gaps))
    for flow in isms_.vocabulary.instances(isms("RequiredFlow")):
        for finding in findings:
            if finding.value == isms_.short(flow):
                of_node.pop(finding.focus, None)
                flows.extend(_missing(isms_, flow, finding.message, boxes))
    flows.sort(key=lambda flow: ([box.id for box in boxes].index(flow.start), [box.id for box in boxes].index(flow.end), flow.label))
    missing = {gap for flow in flows for gap in flow.gaps}
    other = tuple(finding.message for finding in findings if finding.focus not in drawn and finding.message not in missing)
    return ProcessMap(report.name, report.as_of.isoformat(), boxes, tuple(flows), other)


def _instances(isms_: Isms, class_: str) -> list[NamedNode]:
    """The elements of a class that are in force; what is withdrawn is not on the map."""
    quads = isms_.store.quads_for_pattern(None, RDF_TYPE, isms(class_), DefaultGraph())
    nodes = [quad.subject for quad in quads if isinstance(quad.subject, NamedNode)]
    return [node for node in nodes if isms("Withdrawn") not in isms_.values(node, isms("status"))]


def _lane(isms_: Isms, process: NamedNode) -> int:
    """The lane that most of the process's clauses belong to; clauses of Annex A are done, and so is the unknown."""
    votes: Counter[int] = Counter()
    for clause in isms_.values(process, isms("underClause")):
        steps = isms_.vocabulary.named(clause, isms("pdcaStep")) if isinstance(clause, NamedNode) else []
        if len(steps) == 1:
            votes[int(isms_.vocabulary.text(steps[0], isms("order"))) - 1] += 1
    return min(votes, key=lambda lane: (-votes[lane], lane)) if votes else 1


def _missing(isms_: Isms, flow: NamedNode, message: str, boxes: tuple[Box, ...]) -> list[Flow]:
    """A required flow that is missing, drawn between the first processes that could be its ends."""

    def end(property_: str) -> str | None:
        wanted = {clause.value for clause in isms_.vocabulary.named(flow, isms(property_))}
        for box in boxes:
            for clause in isms_.values(NamedNode(box.id), isms("underClause")):
                if isinstance(clause, NamedNode) and any(clause.value == one or clause.value.startswith(one + ".") for one in wanted):
                    return box.id
        return None

    start, stop = end("fromClause"), end("toClause")
    if start is None or stop is None or start == stop:
        return []
    return [Flow(start, stop, isms_.vocabulary.label(flow), missing=True, gaps=(message,))]


def mermaid(map_: ProcessMap) -> str:
    """The map as a Mermaid flowchart."""
    ids = {box.id: f"p{number}" for number, box in enumerate(map_.boxes, 1)}
    lines = ["flowchart LR"]
    for lane, name in enumerate(LANES):
        members = [box for box in map_.boxes if box.lane == lane]
        if members:
            lines.append(f"    subgraph {name}")
            lines += [
                f'        {ids[box.id]}["{_quoted(box.label)}<br/><small>{_quoted(box.owner or "no owner")}</small>"]' for box in members
            ]
            lines.append("    end")
    for flow in map_.flows:
        arrow = "-. " if flow.missing else "-- "
        text = f"missing: {flow.label}" if flow.missing else flow.label
        lines.append(f'    {ids[flow.start]} {arrow}"{_quoted(text)}" {".->" if flow.missing else "-->"} {ids[flow.end]}')
    red = [number for number, flow in enumerate(map_.flows) if flow.missing or flow.gaps]
    if red:
        lines.append(f"    linkStyle {','.join(str(number) for number in red)} stroke:#c00,color:#c00")
    gaps = [ids[box.id] for box in map_.boxes if box.gaps]
    if gaps:
        lines += ["    classDef gap stroke:#c00,stroke-width:3px", f"    class {','.join(gaps)} gap"]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;").replace("#", "&#35;")
