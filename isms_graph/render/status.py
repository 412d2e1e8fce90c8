"""The status of the management system as text."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from isms_graph.render.report import console, indented
from isms_graph.statuses import Phase, Roadmap, Status, Verb

_STYLES = {"shown": "green", "shown with gaps": "yellow", "not shown": "bold red"}
_SHOWN = 3


def write_status(status: Status) -> None:
    """Print the status for people."""
    out = console()
    report = status.report
    indented(out, Text(f"{report.name}, as of {report.as_of}, for {report.stage}"))
    out.print(Text("\nThe four verbs of clause 4.4", style="bold"))
    for verb in status.verbs:
        _verb(out, verb)
    out.print(Text("\nThe six phases", style="bold"))
    for number, phase in enumerate(status.phases, 1):
        _phase(out, number, phase)
    _life(out, status)
    out.print(Text("\nRoadmap", style="bold"))
    for line in roadmap_lines(status.roadmap):
        indented(out, Text(line), 2)
    out.print(Text("\nNext", style="bold"))
    indented(out, Text(status.next_step), 2)


def _verb(out: Console, verb: Verb) -> None:
    out.print(Text.assemble(f"\n  {verb.name.capitalize():<10} ", (verb.verdict, _STYLES[verb.verdict])))
    indented(out, Text(verb.meaning, style="dim"), 13)
    seen: set[str] = set()
    texts = verb.evidence.texts()
    for row in texts:
        if row[0] not in seen and len(seen) < _SHOWN:
            seen.add(row[0])
            link, day = row[-2], row[-1]
            via = f" ({', '.join(part for part in (link, day) if part)})" if link or day else ""
            indented(out, Text(f"+ {row[1]}: {row[0]}{via}"), 13)
    rest = len({row[0] for row in texts}) - len(seen)
    if rest > 0:
        indented(out, Text(f"+ {rest} more: isms query {verb.query}", style="dim"), 13)
    for kind in verb.missing:
        indented(out, Text(f"- nothing of the kind: {kind}", style="red"), 13)
    for gap in verb.gaps[:_SHOWN]:
        indented(out, Text(f"- {gap.message}", style="red" if gap.severity == "major" else "yellow"), 13)
    if len(verb.gaps) > _SHOWN:
        indented(out, Text(f"- {len(verb.gaps) - _SHOWN} more findings: isms check", style="dim"), 13)


def _life(out: Console, status: Status) -> None:
    score = "" if status.score is None else f": {status.score:.0%} show life"
    out.print(Text(f"\nPaper or system{score}", style="bold"))
    for one in status.life:
        style = "green" if one.alive == one.total else "yellow" if one.alive * 2 > one.total else "bold red"
        more = "" if one.alive == one.total else f"  [{one.check}]"
        indented(out, Text.assemble(f"{one.kind:<38} ", (f"{one.alive} of {one.total}", style), (more, "dim")), 2)


def _phase(out: Console, number: int, phase: Phase) -> None:
    total = len(phase.present) + len(phase.missing)
    done = "#" * len(phase.present) + "." * len(phase.missing)
    majors = sum(finding.severity == "major" for finding in phase.findings)
    minors = sum(finding.severity == "minor" for finding in phase.findings)
    found = ", ".join(f"{count} {word}" for count, word in ((majors, "major"), (minors, "minor")) if count) or "no nonconformity"
    clauses = " and ".join(phase.clauses)
    out.print()
    head = f"{number} {phase.name.capitalize():<12} clause {clauses:<8} [{done}] {len(phase.present)} of {total} kinds; {found}"
    indented(out, Text(head), 2)
    indented(out, Text("has " + ", ".join(f"{kind} ({count})" for kind, count in phase.present), style="dim"), 4)
    if phase.missing:
        indented(out, Text("lacks " + ", ".join(phase.missing), style="red"), 4)


def roadmap_lines(roadmap: Roadmap) -> list[str]:
    """The roadmap in sentences."""
    people = f"{roadmap.headcount} people" if roadmap.headcount is not None else "headcount not stated"
    lines = [f"Size: {people}, {roadmap.band}."]
    if roadmap.established is None:
        lines.append("The date on which the work began is not stated (established on), so the pace cannot be compared.")
        return lines
    if roadmap.certified:
        lines.append(f"Begun on {roadmap.established}, certified on {roadmap.certified}: {roadmap.months} months.")
    else:
        lines.append(f"Begun on {roadmap.established}: {roadmap.months} months ago, not certified yet.")
    if roadmap.typical_from is not None and roadmap.typical_to is not None and roadmap.months is not None:
        if roadmap.months < roadmap.typical_from and roadmap.certified:
            pace = "faster than is typical; check that what was promised is also lived"
        elif roadmap.months <= roadmap.typical_to:
            pace = "within what is typical" if roadmap.certified else "still within what is typical"
        else:
            pace = "longer than is typical; speed is not the goal, upkeep is"
        lines.append(f"Typical at this size: {roadmap.typical_from} to {roadmap.typical_to} months. That is {pace}.")
    return lines


def as_json(status: Status) -> dict[str, object]:
    """The status as plain values."""
    roadmap = status.roadmap
    return {
        "workspace": status.report.workspace,
        "as_of": status.report.as_of.isoformat(),
        "stage": status.report.stage,
        "verbs": [
            {
                "name": verb.name,
                "verdict": verb.verdict,
                "evidence": verb.evidence.records(),
                "missing": list(verb.missing),
                "gaps": [{"check": gap.check, "severity": gap.severity, "message": gap.message} for gap in verb.gaps],
            }
            for verb in status.verbs
        ],
        "phases": [
            {
                "name": phase.name,
                "clauses": list(phase.clauses),
                "present": dict(phase.present),
                "missing": list(phase.missing),
                "findings": len(phase.findings),
            }
            for phase in status.phases
        ],
        "paper_or_system": {
            "score": status.score,
            "kinds": [{"kind": one.kind, "alive": one.alive, "total": one.total, "check": one.check} for one in status.life],
        },
        "roadmap": {
            "headcount": roadmap.headcount,
            "band": roadmap.band,
            "months": roadmap.months,
            "established": roadmap.established and roadmap.established.isoformat(),
            "certified": roadmap.certified and roadmap.certified.isoformat(),
            "typical_from": roadmap.typical_from,
            "typical_to": roadmap.typical_to,
            "because": roadmap.because,
        },
        "next": status.next_step,
    }
