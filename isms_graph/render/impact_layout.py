"""Where everything in the picture of an impact stands: cards in stacks, stacks by distance, one A4 page in landscape.

Units are points. Text is as large as the page allows; what does not fit at the smallest size is counted. Wires run in the
gutters between stacks and in the corridor above the cards, so that none crosses a card.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from isms_graph.elements import Element
from isms_graph.render.impact_groups import Group, Link, Picture, name_of, plural
from isms_graph.render.svg_text import width, wrap

A4 = (841.9, 595.3)
SMALLEST = 5.8
MARGIN, TOP, FOOT = 18.0, 65.0, 13.0
GUTTER, CORRIDOR = 30.0, 22.0
KEY_ROW, KEY_ROWS = 7.6, 3
_NARROWEST, _WIDEST = 88.0, 170.0  # of a card, at the smallest size
_SPLIT = 8  # members that a card has at least on each side of a break
_TIGHT = 1.1  # widths are estimated for a wide font; lines on cards are this much closer to that of Helvetica
_SHEETS = (1.0, 1.25, 1.6, 2.0, 3.0, 5.0, 9.0)  # larger than A4 only if not even the headings fit


class Style(NamedTuple):
    """How large text is, compared with the smallest; the most lines for a member and for an action, and members on a card.

    `owners` stand in full below members.
    """

    scale: float
    lines: int
    most: int
    owners: bool
    action: int = 4

    @property
    def size(self) -> float:
        """The size of text."""
        return SMALLEST * self.scale

    @property
    def head(self) -> float:
        """The size of headings."""
        return self.size * 1.2

    @property
    def row(self) -> float:
        """The height of a line of text."""
        return self.size * 1.22

    @property
    def pad(self) -> float:
        """The empty space around the text of a card."""
        return 4.0 if self.lines > 1 else 2.8

    @property
    def gap(self) -> float:
        """The empty space between cards."""
        return 6.0 if self.lines > 1 else 4.2


_FULL = 10**6
_STYLES = [
    *(Style(scale, 3, _FULL, True) for scale in (1.8, 1.6, 1.45, 1.3)),
    *(Style(scale, 2, _FULL, False) for scale in (1.4, 1.25, 1.12, 1.0)),
    Style(1.0, 1, _FULL, False),
    *(Style(1.0, 1, most, False) for most in (40, 30, 24, 20, 16, 13, 11, 9, 8, 7, 6)),
    *(Style(1.0, 1, most, False, 3) for most in (6, 5, 4, 3)),
    *(Style(1.0, 1, most, False, 2) for most in (3, 2, 1)),
    *(Style(1.0, 1, most, False, 1) for most in (1, 0)),
]


class Member(NamedTuple):
    """An element on a card: lines of its name, its strength, and its owner: in full below, or initials at the right."""

    name: tuple[str, ...]
    strength: str
    below: tuple[str, ...]
    initials: str
    element: Element


@dataclass(frozen=True)
class Card:
    """A group, or a part of it in a stack. `links` are those that lead here, with the lines that say which."""

    group: int
    head: tuple[str, ...]
    links: tuple[tuple[Link, tuple[str, ...]], ...]
    actions: tuple[str, ...]
    members: tuple[Member, ...]
    more: int
    continued: bool = False
    left: float = 0.0
    top: float = 0.0
    width: float = 0.0
    height: float = 0.0


@dataclass(frozen=True)
class Wire:
    """The course of a link: its corners, from the nearer group to the farther."""

    link: Link
    points: tuple[tuple[float, float], ...]


@dataclass
class Layout:
    """Everything placed. `bands` are the distances with the left and right end of their stacks."""

    style: Style
    width: float
    height: float
    cards: list[Card] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)
    bands: list[tuple[int, float, float]] = field(default_factory=list)
    bottom: float = 0.0


Owners = dict[str, tuple[str, str]]  # IRI of an element -> its owner in full, and in initials


def layout(drawn: Picture, owners: Owners) -> Layout:
    """Place a picture with the largest text with which it fits on the page."""
    for sheet in _SHEETS:
        for style in _STYLES if sheet == 1 else _STYLES[-5:]:
            stacks = _stacked(drawn, owners, style, sheet)
            if stacks:
                return _placed(drawn, stacks, style, sheet)
    raise AssertionError("nine sheets of A4 hold a card for each class")


def _stacked(drawn: Picture, owners: Owners, style: Style, sheet: float) -> list[list[list[Card]]] | None:
    """For each distance its stacks of cards, or None where they do not fit."""
    distances = sorted({group.hops for group in drawn.groups})
    counts = [1] * len(distances)
    corridor = CORRIDOR if len(drawn.groups) > 1 else 0.0
    room = A4[1] * sheet - TOP - corridor - FOOT - MARGIN - (0 if style.owners else KEY_ROWS * KEY_ROW)
    while True:
        total = sum(counts)
        wide = min(_WIDEST * style.scale, (A4[0] * sheet - 2 * MARGIN - GUTTER * (total - 1)) / total)
        if wide < _NARROWEST * style.scale:
            return None
        cards = [[_card(drawn, n, owners, style, wide) for n, one in enumerate(drawn.groups) if one.hops == hops] for hops in distances]
        stacks = [_flow(of_distance, room, style) for of_distance in cards]
        if any(_high(stack, style) > room for one in stacks for stack in one):
            return None
        needed = [len(one) for one in stacks]
        if all(need <= count for need, count in zip(needed, counts, strict=True)):
            balanced = [_balanced(of_distance, room, style, count) for of_distance, count in zip(cards, needed, strict=True)]
            return [[_grown(drawn, owners, stack, style, room) for stack in one] for one in balanced]
        counts = [max(need, count) for need, count in zip(needed, counts, strict=True)]


def _grown(drawn: Picture, owners: Owners, stack: list[Card], style: Style, room: float) -> list[Card]:
    """A stack in which cards show more, as far as there is room: what to do, then members, those of the shortest card first, then names."""
    if style.lines > 1:
        return stack
    stack = list(stack)
    styles = [style._replace(most=max(len(card.members), 1)) for card in stack]

    def fits(number: int, wanted: Style) -> bool:
        old = stack[number]
        stack[number] = _card(drawn, old.group, owners, wanted, old.width)
        if _high(stack, style) > room:
            stack[number] = old
            return False
        styles[number] = wanted
        return True

    whole = [n for n, card in enumerate(stack) if len(card.members) + card.more == len(drawn.groups[card.group].members)]
    for number in whole:
        fits(number, styles[number]._replace(action=_STYLES[0].action))
    open_ = [n for n in whole if stack[n].more]
    while open_:
        number = min(open_, key=lambda n: (len(stack[n].members), n))
        if not fits(number, styles[number]._replace(most=len(stack[number].members) + 1)) or not stack[number].more:
            open_.remove(number)
    for number in whole:
        fits(number, styles[number]._replace(lines=2))
    return stack


def _high(stack: list[Card], style: Style) -> float:
    return sum(card.height for card in stack) + style.gap * (len(stack) - 1)


def _balanced(cards: list[Card], room: float, style: Style, count: int) -> list[list[Card]]:
    """The cards in so many stacks, about equally high."""
    for share in (0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95):
        stacks = _flow(cards, room * share, style, whole=True)
        if len(stacks) <= count and all(_high(stack, style) <= room for stack in stacks):
            return stacks
    return _flow(cards, room, style)


def _flow(cards: list[Card], room: float, style: Style, whole: bool = False) -> list[list[Card]]:
    """Cards one below the other; a new stack begins where the next does not fit. Long cards are broken, unless `whole`."""
    stacks: list[list[Card]] = [[]]
    for one in cards:
        card = one
        while True:
            left = room - _high(stacks[-1], style) - (style.gap if stacks[-1] else 0)
            if card.height <= left:
                break
            parts = None if whole else _broken(card, left, style)
            if parts:
                stacks[-1].append(parts[0])
                card = parts[1]
            elif not stacks[-1]:
                break
            stacks.append([])
        stacks[-1].append(card)
    return [stack for stack in stacks if stack]


def _broken(card: Card, room: float, style: Style) -> tuple[Card, Card] | None:
    """A card in two parts, the first no higher than `room`."""
    for count in range(len(card.members) - _SPLIT, _SPLIT - 1, -1):
        first = _measured(replace(card, members=card.members[:count], more=0), style)
        if first.height <= room:
            text = " ".join(card.head) + ("" if card.continued else ", continued")
            head = wrap(text, card.width - 2 * style.pad, style.head, 2, True)
            rest = replace(card, head=tuple(head), links=(), actions=(), members=card.members[count:], continued=True)
            return first, _measured(rest, style)
    return None


def _card(drawn: Picture, number: int, owners: Owners, style: Style, wide: float) -> Card:
    group = drawn.groups[number]
    room = (wide - 2 * style.pad) * _TIGHT
    head = group.heading if group.hops else _asked(drawn, group)
    links = [(one, tuple(wrap(one.text, room, style.size, 3))) for one in drawn.links if one.far == number]
    most = style.most + 1 if len(group.members) == style.most + 1 else style.most  # "and 1 more" needs the room of one
    members = [_member(group, n, owners, style, room) for n in range(min(len(group.members), most))]
    actions = [line for action in group.actions for line in wrap(action, room, style.size, style.action)]
    card = Card(number, tuple(wrap(head, room, style.head, 3, True)), tuple(links), tuple(actions), tuple(members), 0, width=wide)
    return _measured(replace(card, more=len(group.members) - len(members)), style)


def _asked(drawn: Picture, group: Group) -> str:
    """The heading of the card of an origin."""
    if not drawn.forward:
        return group.heading if len(group.members) > 1 else plural(group.class_label, 1)
    return plural(f"{drawn.change} of {f'the {group.class_label}' if len(group.members) == 1 else f'{len(group.members)} elements'}", 1)


def _member(group: Group, number: int, owners: Owners, style: Style, room: float) -> Member:
    element = group.members[number]
    full, initials = owners.get(element.node, ("", ""))
    room -= style.size * 1.3 if group.hops else 0
    narrow = room - (0 if style.owners or not initials else width(initials, style.size) + 3)
    size = style.size if group.hops else style.head
    name = wrap(name_of(element), narrow, size, style.lines if group.hops else 8, bold=not group.hops)
    below = wrap(full, room, style.size, 2 if group.hops else 3) if style.owners or not group.hops else []
    return Member(tuple(name), group.strengths[number], tuple(below), "" if style.owners or not group.hops else initials, element)


def _measured(card: Card, style: Style) -> Card:
    rows = sum(len(lines) for _, lines in card.links) + len(card.actions) + (card.more > 0)
    rows += sum(len(one.name) + len(one.below) for one in card.members)
    high = 2 * style.pad + len(card.head) * style.head * 1.2 + rows * style.row + spaces(card, style)
    if card.links == () and not card.continued:
        high += sum(len(one.name) for one in card.members) * (style.head - style.size) * 1.22
    return replace(card, height=high)


def spaces(card: Card, style: Style) -> float:
    """The empty space between the parts of a card."""
    return style.row * 0.35 * (bool(card.links) + bool(card.actions))


def _placed(drawn: Picture, stacks: list[list[list[Card]]], style: Style, sheet: float) -> Layout:
    page = Layout(style, A4[0] * sheet, 0.0)
    flat = [(number, stack) for number, one in enumerate(stacks) for stack in one]
    wide = flat[0][1][0].width
    gutter = GUTTER if len(flat) < 2 else min(110.0, max(GUTTER, (page.width - 2 * MARGIN - wide * len(flat)) / (len(flat) - 1)))
    tallest = max(_high(stack, style) for _, stack in flat)
    far = any(len(one) > 1 for one in stacks) or any(drawn.groups[one.far].hops - drawn.groups[one.near].hops > 1 for one in drawn.links)
    top = TOP + (CORRIDOR if far else 4.0)
    left = MARGIN
    where: dict[int, tuple[int, Card]] = {}
    for place, (distance, stack) in enumerate(flat):
        y = top if distance else top + (tallest - _high(stack, style)) / 2
        for card in stack:
            page.cards.append(replace(card, left=left, top=y))
            where.setdefault(card.group, (place, page.cards[-1]))
            y += card.height + style.gap
        hops = drawn.groups[stack[0].group].hops
        if page.bands and page.bands[-1][0] == hops:
            page.bands[-1] = hops, page.bands[-1][1], left + wide
        else:
            page.bands.append((hops, left, left + wide))
        left += wide + gutter
    page.bottom = top + tallest
    page.wires = _wires(drawn, where, wide, gutter, top, style)
    return page


def ports(card: Card, style: Style) -> dict[Link, float]:
    """The y at which each link meets the card."""
    y = card.top + style.pad + len(card.head) * style.head * 1.2
    found = {}
    for link, lines in card.links:
        found[link] = y + style.row * 0.55
        y += len(lines) * style.row
    return found


def _wires(drawn: Picture, where: dict[int, tuple[int, Card]], wide: float, gutter: float, top: float, style: Style) -> list[Wire]:
    entries = {link: y for _, card in where.values() for link, y in ports(card, style).items()}
    taken: dict[int, list[float]] = {}
    for link, y in entries.items():
        taken.setdefault(where[link.far][0], []).append(y)
    exits: dict[int, float] = {}
    for near in sorted({link.near for link in drawn.links}):
        place, card = where[near]
        exits[near] = _free(card, taken.setdefault(place + 1, []), style)
        taken[place + 1].append(exits[near])
    lanes: dict[int, set[int]] = {}
    risers = sorted({link.near for link in drawn.links if where[link.far][0] > where[link.near][0] + 1})
    for link in drawn.links:
        lanes.setdefault(where[link.near][0] + 1, set()).add(link.near)
        lanes.setdefault(where[link.far][0], set()).add(link.near)

    def lane(place: int, near: int) -> float:
        ordered = sorted(lanes[place], key=lambda one: (where[one][0] + 1 != place, -exits[one] if where[one][0] + 1 == place else one))
        start = MARGIN + place * (wide + gutter) - gutter
        return start + 5 + (gutter - 16) * (ordered.index(near) + 1) / (len(ordered) + 1)

    wires = []
    for link in drawn.links:
        (near, source), (far, target) = where[link.near], where[link.far]
        x, y = source.left + source.width, exits[link.near]
        points = [(x, y), (lane(near + 1, link.near), y)]
        if far > near + 1:
            high = top - CORRIDOR + 4 + (CORRIDOR - 8) * (risers.index(link.near) + 1) / (len(risers) + 1)
            points += [(points[-1][0], high), (lane(far, link.near), high)]
        points += [(points[-1][0], entries[link]), (target.left, entries[link])]
        wires.append(Wire(link, tuple(points)))
    return wires


def _free(card: Card, taken: list[float], style: Style) -> float:
    """A y at the side of a card at which no other wire ends in the same gutter."""
    wanted = card.top + (style.pad + style.head * 0.6 if card.links or card.continued else card.height / 2)
    tries = sorted((card.top + 3 + n for n in range(max(1, int(card.height - 5)))), key=lambda y: abs(y - wanted))
    return max([wanted, *tries], key=lambda y: min([abs(y - other) for other in taken] + [2.5]))
