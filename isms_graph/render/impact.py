"""The answer to "what does this change affect" as text, CSV and JSON."""

from __future__ import annotations

import csv
import io
import re
import shlex
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from pyoxigraph import DefaultGraph, NamedNode
from rich.console import Console
from rich.text import Text

from isms_graph.edges import STRENGTHS
from isms_graph.elements import Element
from isms_graph.errors import UsageError
from isms_graph.graph import Isms
from isms_graph.impacts import Affected, Impact, Step, sentence
from isms_graph.names import resolve
from isms_graph.namespaces import isms
from isms_graph.render.report import console, indented, printed

MARKS = {
    "strong": ("", ""),
    "moderate": ("~ ", "look whether it has to change."),
    "weak": (". ", "somebody should hear of it."),
}
LONGEST_PATH = 100
_COLUMNS = ("hops", "strength", "class", "node", "label", "clause", "owner", "reviewed", "action")


def as_json(answer: Impact, isms_: Isms) -> dict[str, object]:
    """The answer in the stable JSON form; IRIs in full, properties by their short names.

    The path of an element over LONGEST_PATH steps away is left empty, as the paths of a long chain would fill the memory;
    `--why` gives it.
    """
    return {
        "origin": answer.origin,
        "origins": [one.node for one in answer.origins],
        "direction": answer.direction,
        "change": answer.change,
        "affected": [
            {
                "node": one.node,
                "label": one.label,
                "class": one.class_,
                "clause": one.clause,
                "hops": one.hops,
                "strength": one.strength,
                "path": [
                    {"from": step.subject, "property": isms_.short(NamedNode(step.property)), "to": step.object}
                    for step in (one.path if one.hops <= LONGEST_PATH else ())
                ],
                "action": one.action,
                "owner": one.owner,
                "reviewed": one.reviewed,
            }
            for one in answer.affected
        ],
    }


def as_csv(answer: Impact) -> str:
    """The answer as CSV with a header."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for one in answer.affected:
        writer.writerow((one.hops, one.strength, one.class_, one.node, one.label, one.clause, one.owner, one.reviewed, one.action))
    return out.getvalue()


def named(origins: tuple[Element, ...]) -> str:
    """The origins of an answer in words, with what they are."""
    names = [f"{one.class_label} {one.label!r}" if one.class_label else repr(one.label) for one in origins]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and the {names[-1]}"


def headline(answer: Impact) -> str:
    """The answer in one sentence."""
    forward = answer.direction == "affects"
    what = f"{_article(answer.change)} of the {named(answer.origins)}"
    if not answer.affected:
        return f"{what} reaches nothing else in this ISMS." if forward else f"Nothing in this ISMS affects the {named(answer.origins)}."
    count = f"{len(answer.affected)} of {answer.elements} elements ({answer.share:.0%})"
    return f"{what} may touch {count}." if forward else f"{count} may affect the {named(answer.origins)}."


def write_impact(answer: Impact, isms_: Isms, file: Path | None = None, remote: Sequence[str] = ()) -> None:
    """Print the answer for people: by distance, then in the order in which a change is worked through.

    `remote` are the options that lead to the endpoint, if the answer comes from one.
    """
    printed(file, lambda out: _write(out, answer, isms_, remote))


def _write(out: Console, answer: Impact, isms_: Isms, remote: Sequence[str]) -> None:
    if not answer.affected:
        indented(out, Text(headline(answer)), 0)
        for entry in _entries(isms_, answer):
            command = ["isms impact", _typed(isms_, entry.value, False), *_place(isms_), "--direction affected-by"]
            indented(out, Text(f"Why it is in is said by its entry in the SoA: {' '.join(command)}", style="dim"), 0)
        return
    forward = answer.direction == "affects"
    indented(out, Text(headline(answer), style="bold"), 0)
    for hops, at_distance in groupby(answer.affected, key=lambda one: one.hops):
        out.print(Text(f"\n{hops} step{'s' if hops > 1 else ''} away", style="bold"))
        ordered = sorted(at_distance, key=_as_worked_through)
        for _, same in groupby(ordered, key=lambda one: (one.class_, one.action)):
            members = list(same)
            action = f": {members[0].action}" if members[0].action else ""
            indented(out, Text.assemble((f"{members[0].class_label or 'not described anywhere'} ({len(members)})", "cyan"), action), 2)
            for one in members:
                _line(out, one, isms_)
    example = answer.affected[-1]
    out.print()
    for strength, (mark, meaning) in MARKS.items():
        if mark and any(one.strength == strength for one in answer.affected):
            indented(out, Text(f"{mark}{strength} link: {meaning}", style="dim"), 0)
    place = [shlex.quote(part) for part in remote] or _place(isms_)
    origins = [_typed(isms_, one.node, bool(remote)) for one in answer.origins]
    command = ["isms impact", origins[0], *place, *(part for one in origins[1:] for part in ("--and", one))]
    command += ([] if forward else ["--direction affected-by"]) + ["--why", _typed(isms_, example.node, bool(remote))]
    indented(out, Text(f"Why the last one is here: {' '.join(command)}", style="dim"), 0)


def _entries(isms_: Isms, answer: Impact) -> list[NamedNode]:
    """The entries of the SoA that decide on the Annex A controls that were asked for, if it was asked what affects them."""
    if answer.direction == "affects":
        return []
    found = (isms_.store.quads_for_pattern(None, isms("forControl"), NamedNode(one.node), DefaultGraph()) for one in answer.origins)
    return sorted({quad.subject for quads in found for quad in quads if isinstance(quad.subject, NamedNode)}, key=str)


def _article(change: str) -> str:
    return f"{'An' if change == 'addition' else 'A'} {change}"


def _as_worked_through(one: Affected) -> tuple[object, ...]:
    return one.guidance_order, one.class_, one.action, STRENGTHS.index(one.strength), in_order(one.node)


def in_order(name: str) -> tuple[tuple[int, str], ...]:
    """Sorts names with the numbers in them as numbers: R-9 before R-10."""
    return tuple((int(part) if part.isdecimal() else -1, part) for part in re.split(r"(\d+)", name))


def _line(out: Console, one: Affected, isms_: Isms) -> None:
    short = isms_.short(NamedNode(one.node))
    text = Text(MARKS[one.strength][0], style="dim")
    known = short != one.label and not short.startswith(("http:", "https:", "urn:"))
    text.append(f"{short}  {one.label}" if known else one.label, style="not dim")
    said = [part for part in (one.owner, f"reviewed {one.reviewed}" if one.reviewed else "") if part]
    if said:
        text.append(f"  [{'; '.join(said)}]")
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


def _typed(isms_: Isms, iri: str, partial: bool) -> str:
    """A name that leads to the element, to be typed in a shell: its label, or its short IRI where others have that label.

    In an ISMS that is there in part only, nobody knows whether others have it.
    """
    node = NamedNode(iri)
    try:
        unique = not partial and resolve(isms_, isms_.label(node)) == node
    except UsageError:
        unique = False
    return shlex.quote(isms_.label(node) if unique and "'" not in isms_.label(node) else isms_.short(node))


def _place(isms_: Isms) -> list[str]:
    root = str(isms_.workspace.root)
    return [] if root == "." else [shlex.quote(root)]
