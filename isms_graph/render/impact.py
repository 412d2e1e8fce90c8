"""The answer to "what does this change affect" as text and JSON."""

from __future__ import annotations

import shlex
from itertools import groupby

from pyoxigraph import NamedNode
from rich.console import Console
from rich.text import Text

from isms_graph.errors import UsageError
from isms_graph.graph import Isms
from isms_graph.impacts import Affected, Impact, Step, sentence
from isms_graph.names import resolve
from isms_graph.render.report import console, indented


def as_json(answer: Impact, isms_: Isms) -> dict[str, object]:
    """The answer in the stable JSON form; IRIs in full, properties by their short names."""
    return {
        "origin": answer.origin,
        "direction": answer.direction,
        "affected": [
            {
                "node": one.node,
                "label": one.label,
                "class": one.class_,
                "clause": one.clause,
                "hops": one.hops,
                "path": [{"from": step.subject, "property": isms_.short(NamedNode(step.property)), "to": step.object} for step in one.path],
                "action": one.action,
                "owner": one.owner,
            }
            for one in answer.affected
        ],
    }


def write_impact(answer: Impact, isms_: Isms) -> None:
    """Print the answer for people: by distance, then in the order in which a change is worked through."""
    out = console()
    name = f"{answer.class_label} {answer.label!r}" if answer.class_label else repr(answer.label)
    forward = answer.direction == "affects"
    if not answer.affected:
        nothing = "reaches nothing else in this ISMS" if forward else "is reached by nothing else in this ISMS"
        indented(out, Text(f"A change of the {name} {nothing}."), 0)
        return
    verb = "may touch" if forward else "may be touched by"
    indented(
        out,
        Text(f"A change of the {name} {verb} {len(answer.affected)} of {answer.elements} elements ({answer.share:.0%}).", style="bold"),
        0,
    )
    for hops, at_distance in groupby(answer.affected, key=lambda one: one.hops):
        out.print(Text(f"\n{hops} step{'s' if hops > 1 else ''} away", style="bold"))
        ordered = sorted(at_distance, key=lambda one: (one.guidance_order, one.class_, one.label, one.node))
        for _, same in groupby(ordered, key=lambda one: one.class_):
            members = list(same)
            action = f": {members[0].action}" if members[0].action else ""
            indented(out, Text.assemble((f"{members[0].class_label or 'not described anywhere'} ({len(members)})", "cyan"), action), 2)
            for one in members:
                _line(out, one, isms_)
    example = answer.affected[-1]
    out.print()
    direction = "" if forward else " --direction affected-by"
    command = f"isms impact {_named(isms_, answer.origin)}{_place(isms_)}{direction} --why {_named(isms_, example.node)}"
    indented(out, Text(f"Why the last one is here: {command}", style="dim"), 0)


def _line(out: Console, one: Affected, isms_: Isms) -> None:
    short = isms_.short(NamedNode(one.node))
    label = one.label if short == one.label or len(short) > 14 else f"{short}  {one.label}"
    text = Text(label)
    if one.owner:
        text.append(f"  [{one.owner}]", style="dim")
    indented(out, text, 4)


def write_paths(paths: list[tuple[Step, ...]], isms_: Isms, what: str, node: str) -> None:
    """Print every shortest path as sentences."""
    out = console()
    if not paths:
        indented(out, Text(f"No path of impact leads between {what!r} and {node!r}."), 0)
        return
    for number, path in enumerate(paths, 1):
        if len(paths) > 1:
            out.print(Text(f"{'' if number == 1 else chr(10)}Path {number} of {len(paths)}", style="bold"))
        for step in path:
            indented(out, Text(f"{sentence(isms_, step)}."), 2)


def _named(isms_: Isms, iri: str) -> str:
    """A name that leads to the element, to be typed in a shell: its label, or its short IRI where others have that label."""
    node = NamedNode(iri)
    try:
        unique = resolve(isms_, isms_.label(node)) == node
    except UsageError:
        unique = False
    return shlex.quote(isms_.label(node) if unique else isms_.short(node))


def _place(isms_: Isms) -> str:
    root = str(isms_.workspace.root)
    return "" if root == "." else f" {shlex.quote(root)}"
