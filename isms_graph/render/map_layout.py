"""Where everything on the process map stands: processes in columns by lane, and a row for each thing that is handed over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from isms_graph.render.process_map import LANES, Box, ProcessMap
from isms_graph.render.svg_text import width, wrap

A4 = (1123.0, 794.0)
SMALLEST = 7.4  # 5.5 points when the page is printed on A4
MARGIN, TOP = 24.0, 54.0
NAME, OWNER = 8.4, SMALLEST
NOTE_ROW = 9.0
FOOT = 12.0  # the numbers of the processes below the rows
_SIZES = (9.6, 9.0, 8.4, 7.9, SMALLEST)
_WIDEST, _EMPTY, _LANE_GAP, _PAD = 150.0, 62.0, 6.0, 5.0
_AIR = 1.6  # what a row is higher than its text, at least
_FEWEST_NOTES = 8  # lines in each of two columns
_BLOCK_GAP = 0.3  # between the lines of two processes, in rows
_BOTTOM = 14.0
_STUB = 15.0  # what stays visible of a line beside its label


@dataclass(frozen=True)
class Page:
    """How much larger than A4 the page is, and the size of the labels of lines."""

    scale: float
    size: float

    @property
    def width(self) -> float:
        """The width in units of the picture."""
        return A4[0] * self.scale

    @property
    def height(self) -> float:
        """The height in units of the picture."""
        return A4[1] * self.scale


@dataclass(frozen=True)
class Column:
    """A process: its number, the x of its line and the place of its box. One that nothing leads from or to stands `alone`."""

    box: Box
    number: int
    x: float
    left: float
    top: float
    name: tuple[str, ...]
    owner: tuple[str, ...]
    alone: bool


@dataclass(frozen=True)
class Lane:
    """A band of the page; the processes in it are `count`."""

    number: int
    left: float
    width: float
    count: int


@dataclass(frozen=True)
class Thing:
    """What a process hands over to one or more others."""

    start: str
    ends: tuple[str, ...]
    label: str
    missing: bool
    gaps: tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """A thing on its row, and its label between two x, in one or more lines; `above` the line if it has no room on it or beside it.

    Both heights are the middle; they are 0 until the rows are placed.
    """

    thing: Thing
    left: float
    right: float
    text: tuple[str, ...]
    above: bool
    y: float = 0.0
    text_y: float = 0.0


@dataclass(frozen=True)
class _Block:
    """The lines of one process with the number of their rows, and the heights of the rows in lines of text."""

    lines: tuple[tuple[int, Line], ...]
    heights: tuple[int, ...]


@dataclass(frozen=True)
class Layout:
    """Everything placed; `row` is the height of a row, and the notes are gaps in words, in columns, each in lines."""

    page: Page
    box_width: float
    box_height: float
    lanes: tuple[Lane, ...]
    columns: dict[str, Column]
    lines: tuple[Line, ...]
    rows_bottom: float
    row: float
    notes: tuple[tuple[tuple[str, ...], ...], ...]


def things(map_: ProcessMap) -> list[Thing]:
    """The flows of the map; what one process hands over to several is one thing."""
    found: dict[tuple[str, str, bool, bool], Thing] = {}
    for flow in map_.flows:
        key = (flow.start, flow.label, flow.missing, bool(flow.gaps))
        old = found.get(key, Thing(flow.start, (), flow.label, flow.missing, ()))
        found[key] = replace(old, ends=tuple(dict.fromkeys((*old.ends, flow.end))), gaps=(*old.gaps, *flow.gaps))
    return list(found.values())


def layout(map_: ProcessMap) -> Layout:
    """The largest labels with which the map fits A4; if none do, fewer gaps in words, or else a larger page of the same form."""
    handed = things(map_)
    order = _order(map_, handed)
    scale = 1.0
    while True:
        for size, all_notes in [*((size, True) for size in _SIZES), (SMALLEST, False)]:
            if placed := _try(map_, handed, order, Page(scale, size), all_notes):
                return placed
        scale *= 1.06


def _order(map_: ProcessMap, handed: list[Thing]) -> list[Box]:
    """The boxes by lane, and within a lane so that the lines are short: boxes trade places as long as it helps."""
    boxes = sorted(map_.boxes, key=lambda box: box.lane)
    at = {box.id: float(number) for number, box in enumerate(boxes)}

    def length() -> float:
        total = 0.0
        for thing in handed:
            stops = [at[id_] for id_ in (thing.start, *thing.ends)]
            total += max(stops) - min(stops) + 0.01 * sum(at[end] < at[thing.start] for end in thing.ends)
        return total

    best, better = length(), True
    while better:
        better = False
        for n, one in enumerate(boxes):
            for two in boxes[n + 1 :]:
                if one.lane == two.lane:
                    at[one.id], at[two.id] = at[two.id], at[one.id]
                    if (now := length()) < best - 1e-9:
                        best, better = now, True
                    else:
                        at[one.id], at[two.id] = at[two.id], at[one.id]
    return sorted(boxes, key=lambda box: at[box.id])


def _try(map_: ProcessMap, handed: list[Thing], order: list[Box], page: Page, all_notes: bool) -> Layout | None:
    """The layout on one page with labels of one size, if everything has room."""
    box_width, pitch, levels = _columns(order, page.width - 2 * MARGIN)
    names = {box.id: tuple(wrap(f"{n} {box.label}", box_width - 8, NAME, 4, bold=True)) for n, box in enumerate(order, 1)}
    owners = {box.id: tuple(_owner(box.owner or "no owner", box_width - 8)) for box in order}
    linked = {id_ for thing in handed if not thing.missing for id_ in (thing.start, *thing.ends)}
    under = {box.id: len(owners[box.id]) + (box.id not in linked) for box in order}
    box_height = max((len(names[box.id]) * 10 + under[box.id] * 8.8 + 9 for box in order), default=30.0)
    members = [[box for box in order if box.lane == lane] for lane in range(len(LANES))]
    widths = [pitch * (len(lane) - 1) + box_width + 2 * _PAD if lane else _EMPTY for lane in members]
    slack = page.width - 2 * MARGIN - _LANE_GAP * (len(LANES) - 1) - sum(widths)
    filled = sum(bool(lane) for lane in members) or 1
    lanes: list[Lane] = []
    columns: dict[str, Column] = {}
    left = MARGIN
    for number, lane in enumerate(members):
        room = widths[number] + (slack / filled if lane else 0)
        lanes.append(Lane(number, left, room, len(lane)))
        for place, box in enumerate(lane):
            x = left + room / 2 + (place - (len(lane) - 1) / 2) * pitch
            top = TOP + 20 + (place % levels) * (box_height + 6)
            columns[box.id] = Column(
                box, len(columns) + 1, x, x - box_width / 2, top, names[box.id], owners[box.id], alone=box.id not in linked
            )
        left += room + _LANE_GAP
    rows_top = TOP + 26 + max((column.top - TOP - 20 for column in columns.values()), default=0.0) + box_height + 6
    blocks = _blocks(handed, order, columns, page)
    rows = sum(sum(block.heights) + _BLOCK_GAP for block in blocks)
    room = page.height - _BOTTOM - rows_top - FOOT
    cut = 10_000 if all_notes else max(_FEWEST_NOTES, int((room - rows * (page.size + _AIR)) / NOTE_ROW) - 2)
    notes = _notes(map_, (page.width - 2 * MARGIN - 20) / 2 - 8, cut)
    if notes:
        room -= 18 + NOTE_ROW * max(sum(len(note) for note in column) for column in notes)
    row = min(page.size * 1.9, room / rows) if rows else page.size * 1.9
    if row < page.size + _AIR or room < 0:
        return None
    lines: list[Line] = []
    y = rows_top
    for block in blocks:
        for number, line in block.lines:
            middle = y + row * (sum(block.heights[:number]) + block.heights[number] / 2)
            lower = (row if line.above else 0) * len(line.text) / 2
            lines.append(replace(line, y=middle + lower, text_y=middle + lower - (row * (len(line.text) + 1) / 2 if line.above else 0)))
        y += row * (sum(block.heights) + _BLOCK_GAP)
    return Layout(page, box_width, box_height, tuple(lanes), columns, tuple(lines), max(y, rows_top + 30), row, notes)


def _owner(owner: str, room: float) -> list[str]:
    """The lines of an owner, if possible with the name in brackets on a line of its own."""
    role, bracket, name = owner.partition(" (")
    apart = [*wrap(role, room, OWNER), *wrap(f"({name}", room, OWNER)] if bracket else []
    whole = wrap(owner, room, OWNER, 4)
    return apart if apart and len(apart) <= len(whole) else whole


def _columns(order: list[Box], room: float) -> tuple[float, float, int]:
    """Width of boxes, distance of columns, and on how many levels boxes stand to be wide enough for their words."""
    words = [word for box in order for word in box.label.split()]
    wanted = min(_WIDEST, max([width(word, NAME, bold=True) + 9 for word in words] + [88.0]))
    lanes = len({box.lane for box in order})
    room -= _LANE_GAP * (len(LANES) - 1) + _EMPTY * (len(LANES) - lanes) + 2 * _PAD * lanes
    steps = len(order) - lanes
    for levels in range(1, 8):
        pitch = (room + 8 * lanes) / max(1, steps + levels * lanes)
        box_width = levels * pitch - 8
        if box_width >= wanted:
            break
    box_width = min(box_width, _WIDEST)
    return box_width, min(240.0, (room - box_width * lanes) / steps if steps else pitch), levels


def _blocks(handed: list[Thing], order: list[Box], columns: dict[str, Column], page: Page) -> list[_Block]:
    """A block for each process that hands something over; what leads to the left and to the right shares rows."""
    blocks = []
    for box in order:
        lines: list[tuple[int, Line]] = []
        heights: list[int] = []
        taken: list[list[tuple[float, float]]] = []
        own = [thing for thing in handed if thing.start == box.id]
        for thing in sorted(own, key=lambda thing: (sorted(columns[end].x for end in thing.ends), thing.label)):
            line, (low, high) = _label(thing, columns, page)
            fits = (n for n, spans in enumerate(taken) if all(high <= a or b <= low for a, b in spans))
            at = next(fits, len(taken))
            if at == len(taken):
                taken.append([])
                heights.append(1)
            taken[at].append((low, high))
            heights[at] = max(heights[at], len(line.text) + line.above)
            lines.append((at, line))
        if lines:
            blocks.append(_Block(tuple(lines), tuple(heights)))
    return blocks


def _label(thing: Thing, columns: dict[str, Column], page: Page) -> tuple[Line, tuple[float, float]]:
    """The place of a label, on its line near the start or else beside it, and what both take of the row."""
    text = tuple(wrap(("missing: " if thing.missing else "") + thing.label, page.width * 0.3, page.size, 3))
    wide = max(width(line, page.size) for line in text) + 6
    start = columns[thing.start].x
    stops = sorted({start, *(columns[end].x + (24 if end == thing.start else 0) for end in thing.ends)})
    low, high = stops[0], stops[-1]
    places: list[tuple[float, float]] = []
    for one, two in pairwise(stops):
        if two - one >= wide + 13 + _STUB:
            near_left = one + 13 if start <= one else two - 13 - wide
            places.append((abs(near_left - start), near_left))
    if not places:
        sides = (low - 10 - wide, high + 10) if high == start else (high + 10, low - 10 - wide)
        places += [(n, left) for n, left in enumerate(sides) if left > MARGIN and left + wide < page.width - MARGIN]
    above = not places
    upper = start + 13 if start + 13 + wide < page.width - MARGIN else start - 13 - wide
    left = upper if above else min(places)[1]
    return Line(thing, left, left + wide, text, above), (min(low, left - 5), max(high, left + wide + 5))


def _notes(map_: ProcessMap, room: float, most: int) -> tuple[tuple[tuple[str, ...], ...], ...]:
    """The gaps in words, in two columns of at most so many lines; what has no room is counted."""
    said = [gap for flow in map_.flows for gap in flow.gaps] + [*map_.other_gaps] + [gap for box in map_.boxes for gap in box.gaps]
    notes = [tuple(wrap(note, room, SMALLEST)) for note in dict.fromkeys(said)]
    for kept in range(len(notes), -1, -1):
        rest = len(notes) - kept
        more = (tuple(wrap(f"... and {rest} more: see isms check --select 4.4", room, SMALLEST)),) if rest else ()
        shown = (*notes[:kept], *more)
        lengths = [len(note) for note in shown]
        split = next(n for n in range(len(shown) + 1) if sum(lengths[:n]) >= sum(lengths[n:]))
        if sum(lengths[:split]) <= most:
            break
    return (shown[:split], shown[split:]) if shown else ()
