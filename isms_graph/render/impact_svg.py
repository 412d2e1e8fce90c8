"""The picture of an impact as SVG on one A4 page: what changes on the left, what it reaches in columns by distance, and why."""

from __future__ import annotations

from html import escape
from itertools import chain, count

from pyoxigraph import NamedNode

from isms_graph.edges import STRENGTHS
from isms_graph.elements import holders_of
from isms_graph.graph import Isms
from isms_graph.impacts import Impact
from isms_graph.render.impact_groups import Picture, clean, distance, name_of, picture
from isms_graph.render.impact_layout import (
    A4,
    FOOT,
    KEY_ROW,
    KEY_ROWS,
    MARGIN,
    SMALLEST,
    TOP,
    Card,
    Layout,
    Owners,
    Wire,
    layout,
    ports,
    spaces,
)
from isms_graph.render.svg_text import GREY, INK, element, width, wrap

_ORIGIN = "#b35900"
_HUES = ((30, "#7a4a9c"), (49, "#b0413e"), (60, "#8a6300"), (67, "#2f6ca8"), (79, "#2e7d4f"), (10**9, "#5a6a3c"))  # by guidance order
_STROKES = {"strong": (1.5, ""), "moderate": (0.8, ""), "weak": (0.8, ' stroke-dasharray="2.5 2"')}
_FADED = "#7a8591"
_MEANING = {
    "strong": "strong: rests on it, look at it",
    "moderate": "moderate: look whether it has to change",
    "weak": "weak: somebody should hear of it",
}
_HOW = "Columns: the least number of steps. On a card: through what it is reached, what to do, what it is and whose."
_WHENCE = "Columns: the least number of steps. On a card: through what it matters here, what it is and whose."


def svg(answer: Impact, isms_: Isms) -> str:
    """The answer as an SVG document that prints on one page in landscape."""
    drawn = picture(answer, isms_)
    owners, key = _owners(answer, isms_)
    page = layout(drawn, owners)
    foot = [] if page.style.owners else _key(page, key)
    page.height = max(page.bottom + 12 + FOOT + len(foot) * KEY_ROW + 4, 150.0)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {page.width:.1f} {page.height:.1f}" '
        f'width="{page.width / A4[0] * 297:.1f}mm" height="{page.height / A4[0] * 297:.1f}mm" '
        f'font-family="Helvetica, Arial, Liberation Sans, sans-serif" role="img" aria-label="{escape(drawn.title)}">',
        f'<rect width="{page.width:.1f}" height="{page.height:.1f}" fill="white"/>',
        *_titles(drawn, page),
    ]
    for hops, left, right in page.bands:
        text = distance(hops) if hops else "What changes" if drawn.forward else "What is asked about"
        parts.append(f'<path d="M{left:.1f},{TOP - 3:.1f} H{right:.1f}" stroke="{_ORIGIN if not hops else "#c5cdd6"}" stroke-width="1"/>')
        parts.append(element(left, TOP - 7, text, min(9.0, page.style.head), _ORIGIN if not hops else GREY, bold=True))
    for wire in sorted(page.wires, key=lambda one: -STRENGTHS.index(one.link.strength)):
        parts.append(_wire(wire, drawn))
    parts += [_card(card, drawn, page) for card in page.cards]
    if not answer.affected:
        left = page.cards[-1].left + page.cards[-1].width + 30
        parts.append(element(left, page.cards[-1].top + page.cards[-1].height / 2 + 3, "Nothing else in this ISMS.", 11, GREY))
    else:
        parts += _legend(page)
    for number, line in enumerate(foot):
        parts.append(element(MARGIN, page.bottom + 12 + FOOT + number * KEY_ROW, line, SMALLEST, GREY))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _titles(drawn: Picture, page: Layout) -> list[str]:
    room = page.width - 2 * MARGIN
    size = min(16.0, 16.0 * room / width(drawn.title, 16.0, bold=True))
    lines = [drawn.title] if size >= 11.0 else wrap(drawn.title, room, size := 12.0, 2, bold=True)
    parts = [element(MARGIN, 31.0 - (len(lines) - 1 - n) * 13.5, line, size, bold=True) for n, line in enumerate(lines)]
    how = _HOW if drawn.forward else _WHENCE
    return [*parts, element(MARGIN, 43.0, wrap(f"{drawn.subtitle}. {how}", room, 8.0, 1)[0], 8.0, GREY)]


def _hue(drawn: Picture, number: int) -> str:
    group = drawn.groups[number]
    return next(hue for order, hue in _HUES if group.order <= order) if group.hops else _ORIGIN


def _look(strength: str, colour: str) -> str:
    stroke, dash = _STROKES[strength]
    return f'fill="none" stroke="{_FADED if strength == "weak" else colour}" stroke-width="{stroke}"{dash}'


def _wire(wire: Wire, drawn: Picture) -> str:
    """A link from group to group, with a head at the end that is touched."""
    colour = _hue(drawn, wire.link.near)
    (x, y), *rest = wire.points
    course = f"M{x:.1f},{y:.1f} " + " ".join(f"L{a:.1f},{b:.1f}" for a, b in rest)
    tip, back = (rest[-1], -5) if drawn.forward else ((x, y), 5)
    fill = _FADED if wire.link.strength == "weak" else colour
    return (
        f'<g class="link"><title>{escape(wire.link.text)} ({wire.link.strength})</title>'
        f'<path class="wire" d="{course}" stroke-linejoin="round" {_look(wire.link.strength, colour)}/>'
        f'<path class="head" d="M{tip[0]:.1f},{tip[1]:.1f} l{back},-2.6 v5.2 z" fill="{fill}"/></g>'
    )


def _card(card: Card, drawn: Picture, page: Layout) -> str:
    style, group, colour = page.style, drawn.groups[card.group], _hue(drawn, card.group)
    x, y = card.left + style.pad, card.top + style.pad
    fill = "#fdf0e6" if not group.hops else "#fbfcfd"
    parts = [
        "<g>",
        f'<rect class="card" x="{card.left:.1f}" y="{card.top:.1f}" width="{card.width:.1f}" height="{card.height:.1f}" rx="2.5" '
        f'fill="{fill}" stroke="{colour}" stroke-width="{1.6 if not group.hops else 0.7}"/>',
    ]
    for line in card.head:
        y += style.head * 1.2
        parts.append(element(x, y - style.head * 0.35, line, style.head, colour, bold=True))
    starts = ports(card, style)
    for link, lines in card.links:
        hue = _FADED if link.strength == "weak" else _hue(drawn, link.near)
        for number, line in enumerate(lines):
            parts.append(element(x, starts[link] + number * style.row + style.size * 0.33, line, style.size, hue))
        y += len(lines) * style.row
    for line in card.actions:
        y += style.row
        parts.append(element(x, y - style.row * 0.25, line, style.size, GREY))
    y += spaces(card, style)
    for one in card.members:
        size = style.size if group.hops else style.head
        inner = x + (style.size * 1.3 if group.hops else 0)
        parts.append(f"<g><title>{escape(_tooltip(name_of(one.element), one.element.owner))}</title>")
        if group.hops:
            parts.append(f'<path d="M{x:.1f},{y + style.row * 0.5:.1f} h{style.size * 0.95:.1f}" {_look(one.strength, INK)}/>')
        if one.initials:
            parts.append(element(card.left + card.width - style.pad, y + style.row * 0.78, one.initials, style.size, GREY, anchor="end"))
        for line in one.name:
            y += size * 1.22
            parts.append(element(inner, y - size * 0.27, line, size, GREY if one.strength == "weak" else INK, bold=not group.hops))
        for line in one.below:
            y += style.row
            parts.append(element(inner, y - style.row * 0.25, line, style.size, GREY))
        parts.append("</g>")
    if card.more:
        parts.append(element(x, y + style.row * 0.75, f"and {card.more} more", style.size, GREY, bold=True))
    return "".join([*parts, "</g>"])


def _tooltip(label: str, owner: str) -> str:
    return f"{label}\n{clean(owner)}" if owner else label


def _legend(page: Layout) -> list[str]:
    x, y, parts = MARGIN, page.bottom + 14.0, []
    for strength, text in _MEANING.items():
        parts.append(f'<path d="M{x:.1f},{y - 2.4:.1f} h20" {_look(strength, INK)}/>')
        parts.append(element(x + 25, y, text, 7.0, GREY))
        x += 25 + width(text, 7.0) + 14
    return parts


def _owners(answer: Impact, isms_: Isms) -> tuple[Owners, dict[str, str]]:
    """Who owns each element, in full and in initials, and what the initials stand for."""
    key: dict[str, str] = {}
    initials: dict[str, str] = {}
    owners: Owners = {}
    for one in [*answer.origins, *(affected.element for affected in answer.affected)]:
        shorts = []
        for role, holders in holders_of(isms_, NamedNode(one.node)):
            for name in holders or (role,):
                if name not in initials:
                    initials[name] = _initials(clean(name), key)
                    key[initials[name]] = clean(f"{name} ({role})" if holders and name != role else name)
                shorts.append(initials[name])
        owners[one.node] = clean(one.owner), f"{shorts[0]}+{len(shorts) - 1}" if len(shorts) > 1 else "".join(shorts)
    return owners, key


def _initials(name: str, taken: dict[str, str]) -> str:
    letters = [word[0].upper() for word in name.split() if word[0].isalnum()]
    short = "".join(letters[:3]) or "?"
    return next(one for one in chain([short], (f"{short}{n}" for n in count(2))) if one not in taken)


def _key(page: Layout, key: dict[str, str]) -> list[str]:
    """What the initials on the cards stand for, in as many lines as there is room for."""
    used = {one.initials.partition("+")[0] for card in page.cards for one in card.members if one.initials}
    if not used:
        return []
    text = "Owners: " + ";  ".join(f"{short} {key[short]}" for short in sorted(used)) + "."
    return wrap(text, (page.width - 2 * MARGIN) * 1.1, SMALLEST, KEY_ROWS)
