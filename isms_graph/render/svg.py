"""The process map as SVG on one A4 page: processes side by side in four lanes, and below them an arrow for each thing handed over."""

from __future__ import annotations

from html import escape

from isms_graph.render.map_layout import FOOT, MARGIN, NAME, NOTE_ROW, OWNER, SMALLEST, TOP, Column, Layout, Line, layout
from isms_graph.render.process_map import LANES, ProcessMap
from isms_graph.render.svg_text import GREY, INK, RED, element, legible, width, wrap

_FILL = ("#eef4fb", "#eef8f0", "#fdf6e6", "#f6eefb")
_STRONG = ("#2f6ca8", "#2e7d4f", "#a06a00", "#7a4a9c")
_BAR = 12.5
_HOW = "Each line leaves the bar of the process that gives and points at those that receive."


def svg(map_: ProcessMap) -> str:
    """The map as an SVG document that prints on one page in landscape."""
    placed = layout(map_)
    wide, high = placed.page.width, placed.page.height
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {high:.0f}" '
        f'width="{297 * placed.page.scale:.0f}mm" height="{210 * placed.page.scale:.0f}mm" '
        f'font-family="Helvetica, Arial, sans-serif" role="img" aria-label="Process map of {escape(map_.name)}">',
        f'<rect width="{wide:.0f}" height="{high:.0f}" fill="white"/>',
        _title(f"Processes of {map_.name} and how they interact", wide - 2 * MARGIN),
        element(MARGIN, 46, f"{_subtitle(map_)} {_HOW}", 10, GREY),
    ]
    for lane in placed.lanes:
        parts.append(
            f'<rect class="lane" x="{lane.left:.1f}" y="{TOP}" width="{lane.width:.1f}" '
            f'height="{placed.rows_bottom + FOOT - TOP:.1f}" rx="5" fill="{_FILL[lane.number]}"/>'
        )
        parts.append(element(lane.left + 7, TOP + 13, LANES[lane.number].upper(), 9.5, _STRONG[lane.number], bold=True))
        if not lane.count:
            parts.append(element(lane.left + 7, TOP + 32, "no process", OWNER, GREY))
    parts += [_lifeline(column, placed) for column in placed.columns.values()]
    parts += [_line(line, placed) for line in placed.lines]
    parts += [_bar(column, placed) for column in placed.columns.values()]
    parts += [_box(column, placed) for column in placed.columns.values()]
    return legible("\n".join([*parts, *_notes(placed), "</svg>"])) + "\n"


def _title(text: str, room: float) -> str:
    size = max(SMALLEST, min(18.0, 18.0 * room / width(text, 18.0, bold=True)))
    return element(MARGIN, 30, wrap(text, room, size, 1, bold=True)[0], size, bold=True)


def _subtitle(map_: ProcessMap) -> str:
    gaps = sum(len(box.gaps) for box in map_.boxes) + sum(len(flow.gaps) for flow in map_.flows) + len(map_.other_gaps)
    handed = sum(not flow.missing for flow in map_.flows)
    processes = f"{len(map_.boxes)} process{'es' if len(map_.boxes) != 1 else ''}"
    interactions = f"{handed} interaction{'s' if handed != 1 else ''}"
    found = "no gaps" if not gaps else f"{gaps} gap{'s' if gaps > 1 else ''} in red"
    return f"As of {map_.as_of}. {processes}, {interactions}, {found} (ISO/IEC 27001, clause 4.4)."


def _lifeline(column: Column, placed: Layout) -> str:
    """The line of a process from its box down to its number."""
    strong = _STRONG[column.box.lane]
    look = f'stroke="{strong}" stroke-opacity="0.4"' if not column.alone else f'stroke="{RED}" stroke-dasharray="3 4"'
    top, foot = column.top + placed.box_height, placed.rows_bottom
    number = element(column.x, foot + 8.5, str(column.number), SMALLEST, RED if column.alone else strong, anchor="middle", bold=True)
    return f'<path d="M{column.x:.1f},{top:.1f} V{foot:.1f}" fill="none" stroke-width="0.9" {look}/>{number}'


def _bar(column: Column, placed: Layout) -> str:
    """The part of a process's line from which its own things leave, with its number."""
    own = [line.y for line in placed.lines if line.thing.start == column.box.id]
    if not own:
        return ""
    top, bottom = min(own) - placed.row * 0.48, max(own) + placed.row * 0.48
    return (
        f'<rect class="bar" x="{column.x - _BAR / 2:.1f}" y="{top:.1f}" width="{_BAR}" height="{bottom - top:.1f}" rx="1.5" '
        f'fill="{_STRONG[column.box.lane]}"/>'
        + element(column.x, (top + bottom) / 2 + 2.7, str(column.number), SMALLEST, "white", anchor="middle", bold=True)
    )


def _line(line: Line, placed: Layout) -> str:
    """A thing on its way: the line with a gap for its label, a head at each receiver, and the label."""
    thing, y = line.thing, line.y
    start = placed.columns[thing.start]
    red = thing.missing or bool(thing.gaps)
    colour = RED if red else _STRONG[start.box.lane]
    stops = [start.x] + [placed.columns[end].x for end in thing.ends]
    names = ", ".join(placed.columns[end].box.label for end in thing.ends)
    title = "\n".join([f"{start.box.label} → {names}: {thing.label}", *thing.gaps])
    parts = [f'<g class="thing"><title>{escape(title)}</title>']
    dash = ' stroke-dasharray="5 3"' if thing.missing else ""
    for a, b in _pieces(min(stops), max(stops), line):
        parts.append(f'<path class="line" d="M{a:.1f},{y:.1f} H{b:.1f}" fill="none" stroke="{colour}" stroke-width="1.2"{dash}/>')
    for end in thing.ends:
        parts.append(_head(start.x, placed.columns[end].x, y, colour))
    height = len(line.text) * (placed.page.size + 1)
    parts.append(
        f'<rect class="label" x="{line.left:.1f}" y="{line.text_y - height / 2:.1f}" '
        f'width="{line.right - line.left:.1f}" height="{height:.1f}" rx="2" fill="white" fill-opacity="0.85"/>'
    )
    first = line.text_y + placed.page.size * 0.35 - (len(line.text) - 1) * (placed.page.size + 0.6) / 2
    middle = (line.left + line.right) / 2
    for n, text in enumerate(line.text):
        parts.append(element(middle, first + n * (placed.page.size + 0.6), text, placed.page.size, RED if red else INK, anchor="middle"))
    return "".join([*parts, "</g>"])


def _pieces(low: float, high: float, line: Line) -> list[tuple[float, float]]:
    """The stretches of a line outside its label."""
    if line.above or high <= line.left or line.right <= low:
        return [(low, high)]
    return [(low, line.left), (line.right, high)]


def _head(start: float, end: float, y: float, colour: str) -> str:
    """An arrow head at the line of a receiver; a thing that stays in its process leaves it and comes back."""
    if start == end:
        return (
            f'<path d="M{start:.1f},{y - 2.5:.1f} h16 q5,2.5 0,5 h-6" fill="none" stroke="{colour}" stroke-width="1.2"/>'
            f'<path class="head" d="M{start + _BAR / 2:.1f},{y + 2.5:.1f} l6,-2.5 v5 z" fill="{colour}"/>'
        )
    back = -7.5 if end > start else 7.5
    return f'<path class="head" d="M{end:.1f},{y:.1f} l{back},-3.4 v6.8 z" fill="{colour}"/>'


def _box(column: Column, placed: Layout) -> str:
    box, middle = column.box, column.x
    red = bool(box.gaps) or column.alone
    tooltip = escape("\n".join([box.label, box.owner or "no owner", *box.gaps]))
    parts = [
        f"<g><title>{tooltip}</title>",
        f'<rect class="box" x="{column.left:.1f}" y="{column.top:.1f}" width="{placed.box_width:.1f}" height="{placed.box_height:.1f}" '
        f'rx="4" fill="white" stroke="{RED if red else _STRONG[box.lane]}" stroke-width="{2 if red else 1.1}"/>',
    ]
    y = column.top + (placed.box_height - len(column.name) * 10 - (len(column.owner) + column.alone) * 8.8) / 2 + 7.5
    for line in column.name:
        parts.append(element(middle, y, line, NAME, RED if red else INK, anchor="middle", bold=True))
        y += 10
    for line in column.owner:
        parts.append(element(middle, y, line, OWNER, GREY if box.owner else RED, anchor="middle"))
        y += 8.8
    if column.alone:
        parts.append(element(middle, y, "stands alone", OWNER, RED, anchor="middle"))
    return "".join([*parts, "</g>"])


def _notes(placed: Layout) -> list[str]:
    """The gaps in words."""
    if not placed.notes:
        return []
    top = placed.rows_bottom + FOOT + 14
    parts = [element(MARGIN, top, "Gaps", 9.5, RED, bold=True)]
    for number, column in enumerate(placed.notes):
        left, y = MARGIN + number * (placed.page.width / 2 - MARGIN + 10), top
        for note in column:
            parts.append(element(left, y + NOTE_ROW + 1, "•", SMALLEST, RED))
            for text in note:
                y += NOTE_ROW
                parts.append(element(left + 8, y + 1, text, SMALLEST, RED))
    return parts
