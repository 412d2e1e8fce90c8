"""The process map as SVG: four lanes, numbered arrows, and a legend that says what each arrow carries."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from dataclasses import dataclass
from html import escape

from isms_graph.render.process_map import LANES, Box, Flow, ProcessMap

_BOX_W, _BOX_H, _GAP_X, _GAP_Y = 190, 62, 90, 34
_MARGIN, _TOP = 24, 96
_LEGEND_ROW, _LEGEND_COLUMNS = 17, 2
_RED, _INK, _GREY, _LINE = "#c00000", "#1c2733", "#5b6773", "#5f7f9f"
_LANE_FILL = ("#eef4fb", "#eef9f1", "#fdf7ea", "#f7eefb")


@dataclass
class _Placed:
    box: Box
    x: float
    y: float


_Point = tuple[float, float]


@dataclass
class _Curve:
    """Cubic Bezier segments, each of four points."""

    segments: list[tuple[_Point, _Point, _Point, _Point]]

    def at(self, t: float) -> _Point:
        """The point at t from 0 to 1, every segment taking an equal part."""
        number = min(int(t * len(self.segments)), len(self.segments) - 1)
        u = t * len(self.segments) - number
        weights = ((1 - u) ** 3, 3 * u * (1 - u) ** 2, 3 * u * u * (1 - u), u**3)
        points = self.segments[number]
        return (
            sum(w * x for w, (x, _) in zip(weights, points, strict=True)),
            sum(w * y for w, (_, y) in zip(weights, points, strict=True)),
        )

    def path(self) -> str:
        """The curve as SVG path data."""
        x, y = self.segments[0][0]
        rest = " ".join("C" + " ".join(f"{a:.1f},{b:.1f}" for a, b in points[1:]) for points in self.segments)
        return f"M{x:.1f},{y:.1f} {rest}"


def svg(map_: ProcessMap) -> str:
    """The map as an SVG document that fits a page in landscape."""
    placed = _place(map_)
    bottom = max((item.y + _BOX_H for item in placed.values()), default=_TOP) + 40
    width = _MARGIN * 2 + len(LANES) * _BOX_W + (len(LANES) - 1) * _GAP_X + 2 * 40
    curves = _route(map_.flows, placed)
    badges = _badges(curves, placed)
    notes = _notes(map_)
    rows = -(-len(map_.flows) // _LEGEND_COLUMNS)
    height = bottom + 46 + rows * _LEGEND_ROW + (26 + len(notes) * _LEGEND_ROW if notes else 0) + _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" '
        f'font-family="Helvetica, Arial, sans-serif" role="img" aria-label="Process map of {escape(map_.name)}">',
        '<defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0,0 L10,5 L0,10 z" fill="{_LINE}"/></marker><marker id="gap" viewBox="0 0 10 10" refX="9" refY="5" '
        f'markerWidth="7" markerHeight="7" orient="auto"><path d="M0,0 L10,5 L0,10 z" fill="{_RED}"/></marker></defs>',
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="white"/>',
        _text(_MARGIN, 34, f"Processes of {map_.name} and how they interact", 19, bold=True),
        _text(_MARGIN, 56, _subtitle(map_), 12, _GREY),
    ]
    for lane, name in enumerate(LANES):
        left = _lane_x(lane) - 20
        parts.append(f'<rect x="{left}" y="70" width="{_BOX_W + 40}" height="{bottom - 70:.0f}" rx="8" fill="{_LANE_FILL[lane]}"/>')
        parts.append(_text(left + 12, 88, name.upper(), 11, _GREY, bold=True))
    for flow, curve in zip(map_.flows, curves, strict=True):
        red = flow.missing or bool(flow.gaps)
        dash = ' stroke-dasharray="6 4"' if flow.missing else ""
        colour, marker = (_RED, "gap") if red else (_LINE, "arrow")
        parts.append(f'<path d="{curve.path()}" fill="none" stroke="{colour}" stroke-width="1.4"{dash} marker-end="url(#{marker})"/>')
    parts += [_box(item) for item in placed.values()]
    for number, (flow, (x, y)) in enumerate(zip(map_.flows, badges, strict=True), 1):
        colour = _RED if flow.missing or flow.gaps else _INK
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="8.5" fill="white" stroke="{colour}"/>')
        parts.append(_text(x, y + 3.4, str(number), 9.5, colour, anchor="middle", bold=True))
    parts += _legend(map_, bottom + 28, width, rows)
    y = bottom + 46 + rows * _LEGEND_ROW
    if notes:
        parts.append(_text(_MARGIN, y + 10, "Gaps", 12, _RED, bold=True))
        parts += [_text(_MARGIN, y + 10 + (row + 1) * _LEGEND_ROW, note, 11, _RED) for row, note in enumerate(notes)]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _subtitle(map_: ProcessMap) -> str:
    gaps = sum(len(box.gaps) for box in map_.boxes) + sum(len(flow.gaps) for flow in map_.flows) + len(map_.other_gaps)
    handed = sum(not flow.missing for flow in map_.flows)
    found = "no gaps" if not gaps else f"{gaps} gap{'s' if gaps > 1 else ''} in red"
    return f"As of {map_.as_of}. {len(map_.boxes)} processes, {handed} interactions, {found} (ISO/IEC 27001, clause 4.4)."


def _lane_x(lane: int) -> int:
    return _MARGIN + 40 + lane * (_BOX_W + _GAP_X)


def _place(map_: ProcessMap) -> dict[str, _Placed]:
    """Rows within lanes, ordered so that what is connected lies at the same height; lanes are centred."""
    lanes: list[list[Box]] = [[box for box in map_.boxes if box.lane == lane] for lane in range(len(LANES))]
    neighbours: dict[str, list[str]] = defaultdict(list)
    for flow in map_.flows:
        neighbours[flow.start].append(flow.end)
        neighbours[flow.end].append(flow.start)
    most = max((len(lane) for lane in lanes), default=0)

    def heights() -> dict[str, float]:
        return {box.id: row + (most - len(lane)) / 2 for lane in lanes for row, box in enumerate(lane)}

    for _ in range(6):
        for lane in lanes:
            at = heights()

            def wish(box: Box, at: dict[str, float] = at) -> float:
                near = [at[other] for other in neighbours[box.id] if other in at]
                return sum(near) / len(near) if near else at[box.id]

            lane.sort(key=lambda box: (wish(box), box.id))
    at = heights()
    return {
        box.id: _Placed(box, _lane_x(number), _TOP + 8 + at[box.id] * (_BOX_H + _GAP_Y))
        for number, lane in enumerate(lanes)
        for box in lane
    }


def _route(flows: tuple[Flow, ...], placed: dict[str, _Placed]) -> list[_Curve]:
    """A curve for each flow; the ends on one side of a box are spread over its height."""
    ports: dict[tuple[str, str], list[tuple[float, int, str]]] = defaultdict(list)
    sides: list[tuple[str, str]] = []
    for number, flow in enumerate(flows):
        start, end = placed[flow.start], placed[flow.end]
        if start.x < end.x:
            side = ("right", "left")
        elif start.x > end.x:
            side = ("left", "right")
        else:
            side = ("left", "left") if number % 2 else ("right", "right")
        sides.append(side)
        ports[flow.start, side[0]].append((end.y, number, "start"))
        ports[flow.end, side[1]].append((start.y, number, "end"))
    ends: dict[tuple[int, str], tuple[float, float]] = {}
    for (id_, side_name), members in ports.items():
        box = placed[id_]
        for row, (_, number, which) in enumerate(sorted(members), 1):
            x = box.x + (_BOX_W if side_name == "right" else 0)
            ends[number, which] = (x, box.y + _BOX_H * row / (len(members) + 1))
    used: dict[float, int] = defaultdict(int)
    curves: list[_Curve] = []
    for number, flow in enumerate(flows):
        one, two = ends[number, "start"], ends[number, "end"]
        if abs(placed[flow.start].box.lane - placed[flow.end].box.lane) > 1:
            curves.append(_detour(one, two, placed, used))
            continue
        bend = max(34.0, abs(two[0] - one[0]) * 0.42) if one[0] != two[0] else 30.0 + abs(two[1] - one[1]) * 0.12
        first = one[0] + (bend if sides[number][0] == "right" else -bend)
        second = two[0] + (bend if sides[number][1] == "right" else -bend)
        curves.append(_Curve([(one, (first, one[1]), (second, two[1]), two)]))
    return curves


def _detour(one: _Point, two: _Point, placed: dict[str, _Placed], used: dict[float, int]) -> _Curve:
    """A curve past the lanes between its ends, through a height at which no box of them stands."""
    low, high = sorted((one[0], two[0]))
    between = [item for item in placed.values() if low < item.x and item.x + _BOX_W < high]
    levels = {item.y - _GAP_Y / 2 for item in between} | {item.y + _BOX_H + _GAP_Y / 2 for item in between}
    free = [y for y in levels if not any(item.y - 8 < y < item.y + _BOX_H + 8 for item in between)]
    height = min(free or [one[1]], key=lambda y: (abs(y - one[1]) + abs(y - two[1]) + 14 * used[y], y))
    lane = height + ((used[height] + 1) // 2) * 6 * (1 if used[height] % 2 else -1)
    used[height] += 1
    step = _GAP_X if two[0] > one[0] else -_GAP_X
    into, out = (one[0] + step, lane), (two[0] - step, lane)
    return _Curve(
        [
            (one, (one[0] + step / 2, one[1]), (into[0] - step / 2, lane), into),
            (into, into, out, out),
            (out, (out[0] + step / 2, lane), (two[0] - step / 2, two[1]), two),
        ]
    )


def _badges(curves: list[_Curve], placed: dict[str, _Placed]) -> list[tuple[float, float]]:
    """A place for the number of each curve, on the curve, away from boxes and from the other numbers."""
    taken: list[tuple[float, float]] = []
    for curve in curves:

        def free(point: tuple[float, float]) -> float:
            x, y = point
            inside = any(box.x - 9 < x < box.x + _BOX_W + 9 and box.y - 9 < y < box.y + _BOX_H + 9 for box in placed.values())
            nearest = min(((x - a) ** 2 + (y - b) ** 2 for a, b in taken), default=1e6)
            return -1e6 if inside else min(nearest, 900.0)

        steps = [0.5 + sign * step / 60 for step in range(29) for sign in (1, -1)]
        taken.append(max((curve.at(t) for t in steps), key=free))
    return taken


def _box(item: _Placed) -> str:
    red = bool(item.box.gaps)
    lines = textwrap.wrap(item.box.label, 23)[:2] or [""]
    owner = textwrap.shorten(item.box.owner or "no owner", 36, placeholder=" ...")
    tooltip = escape("\n".join([item.box.label, item.box.owner or "no owner", *item.box.gaps]))
    parts = [
        f"<g><title>{tooltip}</title>",
        f'<rect x="{item.x}" y="{item.y:.1f}" width="{_BOX_W}" height="{_BOX_H}" rx="6" fill="white" '
        f'stroke="{_RED if red else _INK}" stroke-width="{2.6 if red else 1.1}"/>',
    ]
    first = item.y + (20 if len(lines) == 2 else 27)
    parts += [_text(item.x + _BOX_W / 2, first + 15 * row, line, 12.5, anchor="middle", bold=True) for row, line in enumerate(lines)]
    parts.append(_text(item.x + _BOX_W / 2, item.y + _BOX_H - 9, owner, 9.5, _RED if not item.box.owner else _GREY, anchor="middle"))
    return "".join([*parts, "</g>"])


def _legend(map_: ProcessMap, y: float, width: float, rows: int) -> list[str]:
    labels = {box.id: box.label for box in map_.boxes}
    column = (width - 2 * _MARGIN) / _LEGEND_COLUMNS
    parts: list[str] = []
    for number, flow in enumerate(map_.flows):
        x, line = _MARGIN + column * (number // rows), y + _LEGEND_ROW * (number % rows)
        colour = _RED if flow.missing or flow.gaps else _INK
        what = f"missing: {flow.label}" if flow.missing else flow.label
        text = textwrap.shorten(f"{labels[flow.start]} → {labels[flow.end]}: {what}", 88, placeholder=" ...")
        parts.append(_text(x + 18, line, str(number + 1), 10.5, colour, anchor="end", bold=True))
        parts.append(_text(x + 26, line, text, 10.5, colour))
    return parts


def _notes(map_: ProcessMap) -> list[str]:
    notes = [gap for box in map_.boxes for gap in box.gaps]
    notes += [gap for flow in map_.flows for gap in flow.gaps]
    return [line for note in dict.fromkeys([*notes, *map_.other_gaps]) for line in textwrap.wrap(note, 150)]


def _text(x: float, y: float, text: str, size: float, colour: str = _INK, anchor: str = "start", bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}"{weight}>{escape(text)}</text>'
