"""What the pictures of an impact show: elements gathered in groups by distance and class, and the links between groups."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from unicodedata import category

from pyoxigraph import NamedNode

from isms_graph.checks import organization_name
from isms_graph.edges import STRENGTHS
from isms_graph.elements import Element
from isms_graph.graph import Isms
from isms_graph.impacts import Affected, Impact, Step
from isms_graph.namespaces import isms
from isms_graph.render.impact import headline

FAR = 9  # steps; what is further away stands with it
_LONGEST = 300  # characters of a name that are drawn
_MOST_ORIGINS = 4  # that get a card each
_MOST_LINKS = 3  # that are named on one arrow
_MOST_ACTIONS = 2  # that are named on one card


@dataclass(frozen=True)
class Group:
    """The elements of one class at one distance, strongest first; the groups at distance 0 are what changes."""

    hops: int
    class_label: str
    order: int
    actions: tuple[str, ...]
    members: tuple[Element, ...]
    strengths: tuple[str, ...]

    @property
    def heading(self) -> str:
        """The class and how many there are."""
        return f"{plural(self.class_label, len(self.members))} ({len(self.members)})"


@dataclass(frozen=True)
class Link:
    """The links through which the members of a group are reached from another, by place in the list of groups."""

    near: int
    far: int
    text: str
    strength: str


@dataclass(frozen=True)
class Picture:
    """What is drawn. Groups are in the order of distance and guidance, links in the order of groups."""

    title: str
    subtitle: str
    change: str
    forward: bool
    groups: tuple[Group, ...]
    links: tuple[Link, ...]


def picture(answer: Impact, isms_: Isms) -> Picture:
    """Gather the elements of an answer in groups. Each is reached along the last link of its strongest shortest path."""
    origins = [[one] for one in answer.origins] if len(answer.origins) <= _MOST_ORIGINS else [list(answer.origins)]
    groups = [_origin(one) for one in origins]
    at = {one.node: number for number, members in enumerate(origins) for one in members}
    found: dict[tuple[int, int, str, str], list[Affected]] = defaultdict(list)
    for one in answer.affected:
        found[min(one.hops, FAR), one.guidance_order, one.class_label, one.class_].append(one)
    for (hops, order, class_label, _), members in sorted(found.items(), key=lambda item: item[0]):
        members.sort(key=lambda one: (STRENGTHS.index(one.strength), one.label, one.node))
        at.update({one.node: len(groups) for one in members})
        elements, strengths = tuple(one.element for one in members), tuple(one.strength for one in members)
        groups.append(Group(hops, clean(class_label) or "not described", order, _actions(members), elements, strengths))
    towards = "" if answer.direction == "affects" else f" Arrows point towards {'it' if len(answer.origins) == 1 else 'them'}."
    return Picture(
        clean(headline(answer)) + (towards if answer.affected else ""),
        f"{clean(organization_name(isms_))}, as of {isms_.as_of.isoformat()}",
        answer.change,
        answer.direction == "affects",
        tuple(groups),
        tuple(_links(answer, isms_, groups, at)),
    )


def _origin(members: list[Element]) -> Group:
    classes = {one.class_label for one in members}
    class_label = clean(classes.pop()) if len(classes) == 1 else ""
    return Group(0, class_label or "element", 0, (), tuple(members), ("strong",) * len(members))


def _actions(members: list[Affected]) -> tuple[str, ...]:
    """What there is to do, the most frequent first."""
    counted = Counter(clean(one.action) for one in members if one.action)
    ranked = sorted(counted, key=lambda text: (-counted[text], text))
    more = len(ranked) - _MOST_ACTIONS
    said = [text if len(ranked) == 1 else f"{counted[text]}: {text}" for text in ranked[:_MOST_ACTIONS]]
    return tuple(said + ([f"{more} more of this kind: see the list."] if more > 0 else []))


def _links(answer: Impact, isms_: Isms, groups: list[Group], at: dict[str, int]) -> list[Link]:
    texts: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    best: dict[tuple[int, int], int] = {}
    for one in answer.affected:
        step = one.link
        near, far = at[step.cause if answer.direction == "affects" else step.effect], at[one.node]
        texts[near, far][seen_from(isms_, step, one.node, groups[near].class_label)] += 1
        best[near, far] = min(best.get((near, far), len(STRENGTHS)), STRENGTHS.index(one.strength))
    links = []
    for (near, far), counted in sorted(texts.items()):
        ranked = sorted(counted, key=lambda text: (-counted[text], text))
        more = sum(counted[text] for text in ranked[_MOST_LINKS:])
        said = [f"{text} ({counted[text]})" for text in ranked[:_MOST_LINKS]] + ([f"{more} more"] if more else [])
        links.append(Link(near, far, ", ".join(said), STRENGTHS[best[near, far]]))
    return links


def reading(isms_: Isms, property_: str) -> str:
    """How a statement with the property reads, with {subject} and {object} in it."""
    node = NamedNode(property_)
    return isms_.vocabulary.text(node, isms("readsAs")) or f"{{subject}} {isms_.vocabulary.label(node)} {{object}}"


def seen_from(isms_: Isms, step: Step, node: str, other: str) -> str:
    """A link in few words, as said on the card of one of its ends: "treated by control", "asset depends on this"."""
    template = reading(isms_, step.property)
    if step.subject != node:
        return clean(template.replace("{object}", "this").replace("{subject}", other))
    said = template.removeprefix("{subject} ").replace("{subject}", "this")
    return clean(said.removeprefix("is ").replace("{object}", other))


def name_of(element: Element) -> str:
    """The name of an element on one line."""
    label = clean(element.label[: _LONGEST * 2])
    return (f"{label[:_LONGEST]}..." if len(label) > _LONGEST or len(element.label) > _LONGEST * 2 else label) or "(no name)"


def distance(hops: int) -> str:
    """How far a group is away, in words."""
    return f"{hops} {'or more ' if hops == FAR else ''}step{'s' if hops > 1 else ''} away"


def plural(word: str, count: int) -> str:
    """The name of a class for a number of elements, with a capital."""
    first, of, rest = word.partition(" of ")
    if count != 1 and first:
        if first.endswith(("s", "x", "ch", "sh")):
            first += "es"
        elif first.endswith("y") and first[-2:-1] not in "aeiou":
            first = first[:-1] + "ies"
        else:
            first += "s"
    return f"{first[:1].upper()}{first[1:]}{of}{rest}"


def clean(text: str) -> str:
    """A text on one line, without characters that XML does not have or that turn the direction of writing."""
    kept = (" " if one.isspace() else one for one in text if one.isspace() or one == "\u200d" or category(one)[0] != "C")
    return " ".join("".join(kept).split())
