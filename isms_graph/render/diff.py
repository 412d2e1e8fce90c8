"""How two states of an ISMS differ, as text and JSON."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from rich.console import Console
from rich.text import Text

from isms_graph.diffs import Diff, ElementChange, PropertyChange, Side
from isms_graph.findings import Finding
from isms_graph.render.impact import MARKS
from isms_graph.render.report import STYLES, WORDS, console, indented
from isms_graph.render.report_json import finding_as_json

OF_CLASS, FINDINGS, LONGEST = 10, 20, 160  # elements shown of a class, findings shown, characters shown of a value
_SIGNS = {"added": ("+", "green"), "removed": ("-", "red"), "modified": ("~", "yellow")}


def as_json(answer: Diff) -> dict[str, object]:
    """The difference in the stable JSON form; IRIs in full, properties and classes by their short names."""
    return {
        "before": _side(answer.before),
        "after": _side(answer.after),
        "added": [_element(one) for one in answer.added],
        "removed": [_element(one) for one in answer.removed],
        "modified": [
            {
                **_element(one),
                "properties": [
                    {"property": each.property, "label": each.label, "lost": list(each.lost), "gained": list(each.gained)}
                    for each in one.properties
                ],
                "action": one.action,
                "owner": one.owner,
            }
            for one in answer.modified
        ],
        "affected": [
            {
                "node": one.node,
                "label": one.label,
                "class": one.class_,
                "hops": one.hops,
                "strength": one.strength,
                "action": one.action,
                "owner": one.owner,
            }
            for one in answer.affected
        ],
        "findings": {
            "gained": [finding_as_json(one) for one in answer.gained],
            "lost": [finding_as_json(one) for one in answer.lost],
            "unchanged": answer.unchanged,
        },
        "figures": [{"figure": one.figure, "before": one.before, "after": one.after} for one in answer.figures],
    }


def _side(side: Side) -> dict[str, object]:
    return {"name": side.name, "as_of": side.as_of.isoformat(), "stage": side.stage}


def _element(one: ElementChange) -> dict[str, object]:
    return {"node": one.node or None, "label": one.label, "class": one.class_}


def write_diff(answer: Diff, before: str, after: str) -> None:
    """Print the difference for people; `before` and `after` are what the two states are called."""
    out = console()
    indented(out, Text(headline(answer), style="bold"))
    indented(out, Text(_between(answer, before, after), style="dim"))
    for kind, elements in (("added", answer.added), ("removed", answer.removed), ("modified", answer.modified)):
        _elements(out, kind, elements)
    _touched(out, answer)
    _findings(out, "Findings gained", "+", answer.gained)
    _findings(out, "Findings lost", "-", answer.lost)
    _figures(out, answer)


def headline(answer: Diff) -> str:
    """The difference in one sentence."""
    counts = [(len(answer.added), "added"), (len(answer.removed), "removed"), (len(answer.modified), "modified")]
    parts = [f"{count} {word}" for count, word in counts if count]
    if parts:
        first = parts[0].split()
        parts[0] = f"{first[0]} element{'' if first[0] == '1' else 's'} {first[1]}"
    said = [", ".join(parts) if parts else "No element differs"]
    if parts:
        said.append(f"{len(answer.affected) or 'no'} more may be touched")
    if parts or answer.gained or answer.lost:
        said.append(f"{len(answer.gained)} finding{'' if len(answer.gained) == 1 else 's'} gained, {len(answer.lost)} lost")
    return f"{'; '.join(said)}."


def _between(answer: Diff, before: str, after: str) -> str:
    was, now = answer.before, answer.after
    if (was.as_of, was.stage) == (now.as_of, now.stage):
        return f"From {before} to {after}, both as of {now.as_of}, for {now.stage}"
    return f"From {before} as of {was.as_of}, for {was.stage}, to {after} as of {now.as_of}, for {now.stage}"


def _elements(out: Console, kind: str, elements: tuple[ElementChange, ...]) -> None:
    if not elements:
        return
    sign, colour = _SIGNS[kind]
    out.print(Text(f"\n{kind.capitalize()}", style="bold"))
    for (label, action), same in groupby(elements, key=lambda one: (one.class_label, one.action)):
        members = list(same)
        _class(out, label or "no class", len(members), action)
        for one in members:
            indented(out, Text.assemble((f"{sign} ", colour), _short(one.label), (f"  [{one.owner}]" if one.owner else "", "dim")), 4)
            for change in one.properties:
                _property(out, change)


def _class(out: Console, label: str, count: int, action: str) -> None:
    indented(out, Text.assemble((f"{label} ({count})", "cyan"), f": {action}" if action else ""), 2)


def _property(out: Console, change: PropertyChange) -> None:
    lost, gained = ([_short(text) for text in texts] for texts in (change.lost, change.gained))
    if len(lost) == len(gained) == 1 and len(lost[0]) + len(gained[0]) <= LONGEST // 2:
        indented(out, Text.assemble((f"{change.label}: ", "dim"), f"{lost[0]} -> {gained[0]}"), 8)
        return
    for sign, colour, texts in (("-", "red", lost), ("+", "green", gained)):
        for text in texts:
            beside = f"  (beside what was there: {change.now} in all)" if sign == "+" and not lost and change.now > len(gained) else ""
            indented(out, Text.assemble((f"{change.label}: ", "dim"), (f"{sign} ", colour), text, (beside, "dim")), 8)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3].rstrip()}..."


def _touched(out: Console, answer: Diff) -> None:
    if answer.affected:
        out.print(Text("\nMay be touched", style="bold"))
    for (label, action), same in groupby(answer.affected, key=lambda one: (one.class_label, one.action)):
        members = list(same)
        _class(out, label or "not described anywhere", len(members), action)
        for one in members[:OF_CLASS]:
            text = Text(MARKS[one.strength][0], style="dim").append(one.label, style="not dim")
            indented(out, text.append(f"  [{one.owner}]" if one.owner else ""), 4)
        if len(members) > OF_CLASS:
            indented(out, Text(f"and {len(members) - OF_CLASS} more", style="dim"), 4)


def _findings(out: Console, title: str, sign: str, findings: Iterable[Finding]) -> None:
    ordered = sorted(findings, key=lambda one: list(WORDS).index(one.severity))
    if ordered:
        out.print(Text(f"\n{title}", style="bold"))
    for one in ordered[:FINDINGS]:
        colour = "red" if sign == "+" else "green"
        head = Text.assemble(
            (f"{sign} ", colour), (f"{WORDS[one.severity]:<5}  ", STYLES[one.severity]), (f"{one.clause} {one.check}", "dim")
        )
        indented(out, head, 2)
        indented(out, Text(one.message), 11)
        if one.place:
            indented(out, Text(one.place, style="dim"), 11)
    if len(ordered) > FINDINGS:
        indented(out, Text(f"and {len(ordered) - FINDINGS} more; --output json has them all", style="dim"), 2)


def _figures(out: Console, answer: Diff) -> None:
    changed = [one for one in answer.figures if one.before != one.after]
    if not changed:
        out.print(Text("\nThe figures are the same.", style="dim"))
        return
    out.print(Text("\nFigures that differ", style="bold"))
    width = max(len(one.figure) for one in changed)
    for one in changed:
        out.print(Text(f"  {one.figure:<{width}}  {one.before:>5} -> {one.after}"), soft_wrap=True)
