"""The picture of the process map: it fits one page, nothing covers anything, and everything is said once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest
from conftest import DATA

from isms_graph.graph import load
from isms_graph.render.process_map import Box, Flow, ProcessMap, process_map
from isms_graph.render.svg import svg
from isms_graph.render.svg_text import RED, width, wrap

SVG = "{http://www.w3.org/2000/svg}"
ORGANISATIONS = ("alder-clinics", "harbour-saas", "harbour-neglected")
WORDS = ("Risk", "Policy", "Records", "Supplier", "Clinical", "Change", "Access", "Review", "Responsibilities", "Contract")
LONG = "Everything that anybody in the company has written down since the last review, with the comments of all who read it"
Area = tuple[float, float, float, float]


def made(boxes: int, flows: int, label: str = "", gaps: int = 0, spread: int = 40) -> ProcessMap:
    """A map with so many processes and flows between processes at most `spread` apart, the same for the same numbers."""
    dice = random.Random(boxes * 1000 + flows)  # noqa: S311 - not for secrets
    lanes = [0 if n < boxes * 0.3 else 1 if n < boxes * 0.85 else 2 if n < boxes - 1 else 3 for n in range(boxes)]
    processes = tuple(
        Box(f"b{n}", f"{dice.choice(WORDS)} and {dice.choice(WORDS)}", f"Head of {n} (Anna Example)", lane, (f"Gap of {n}.",) * gaps)
        for n, lane in enumerate(lanes)
    )
    ends = [(start, min(boxes - 1, max(0, start + dice.randint(-spread, spread)))) for start in dice.choices(range(boxes), k=flows)]
    return ProcessMap(
        "Made & Co",
        "2026-11-23",
        processes,
        tuple(Flow(f"b{start}", f"b{end}", label or f"{dice.choice(WORDS)} {n}") for n, (start, end) in enumerate(ends)),
        (),
    )


def hub(label: str) -> ProcessMap:
    """Twenty processes of which one hands the same thing to all, itself too, and the others give it something."""
    flows = [Flow("b9", f"b{n}", label) for n in range(20)] + [Flow(f"b{n}", "b9", "Reports") for n in range(20)]
    return ProcessMap("Hub", "2026-11-23", made(20, 0).boxes, tuple(flows), ())


MADE = {
    "nothing": made(0, 0),
    "one process": made(1, 0),
    "a flow to itself": made(1, 1),
    "few": made(4, 3),
    "many": made(40, 150),
    "many with gaps": made(40, 150, gaps=3),
    "marks": made(6, 9, label='<b>&"quoted"\' & more</b>'),
    "long labels": made(6, 9, label=LONG * 3),
    "long words": made(6, 9, label="W" * 300),
    "hub": hub("Rules"),
    "hub with a long label": hub(LONG),
}
MAPS = [*ORGANISATIONS, *MADE]


def drawn(name: str) -> tuple[ProcessMap, ElementTree.Element]:
    map_ = MADE[name] if name in MADE else process_map(load(DATA / name))
    return map_, ElementTree.fromstring(svg(map_))  # noqa: S314 - our own output


def areas(root: ElementTree.Element, *classes: str) -> list[Area]:
    """Left, top, right and bottom of the rectangles of some classes."""
    return [
        (float(one.attrib["x"]), float(one.attrib["y"]), *corner(one)) for one in root.iter(f"{SVG}rect") if one.get("class") in classes
    ]


def corner(rect: ElementTree.Element) -> tuple[float, float]:
    return float(rect.get("x", 0)) + float(rect.attrib["width"]), float(rect.get("y", 0)) + float(rect.attrib["height"])


def stretches(root: ElementTree.Element) -> Iterator[tuple[int, float, float, float]]:
    """The number of the thing, the height and the ends of each piece of a line."""
    for number, thing in enumerate(things(root)):
        for path in thing.iter(f"{SVG}path"):
            if path.get("class") == "line":
                start, end = path.attrib["d"].split(" H")
                x, y = start.removeprefix("M").split(",")
                yield number, float(y), float(x), float(end)


def heads(root: ElementTree.Element) -> list[Area]:
    """The areas of the arrow heads."""
    found = []
    for path in root.iter(f"{SVG}path"):
        if path.get("class") == "head":
            tip, back = path.attrib["d"].split(" ")[:2]
            x, y = (float(value) for value in tip[1:].split(","))
            across, up = (float(value) for value in back[1:].split(","))
            found.append((min(x, x + across), y - abs(up), max(x, x + across), y + abs(up)))
    return found


def things(root: ElementTree.Element) -> list[ElementTree.Element]:
    return [group for group in root.iter(f"{SVG}g") if group.get("class") == "thing"]


def overlap(one: Area, two: Area, tolerance: float = 0.15) -> bool:
    return one[0] < two[2] - tolerance and two[0] < one[2] - tolerance and one[1] < two[3] - tolerance and two[1] < one[3] - tolerance


@pytest.mark.parametrize("name", MAPS)
def test_the_page_is_a4_in_landscape_and_no_text_is_too_small(name: str) -> None:
    _, root = drawn(name)
    page_width, page_height = (float(value) for value in root.attrib["viewBox"].split()[2:])
    assert page_width / page_height == pytest.approx(297 / 210, abs=0.01)
    paper = float(root.attrib["width"].removesuffix("mm"))
    assert paper == 297 or (name.startswith("many") and paper < 2 * 297), "only very large maps need a larger sheet"
    points = paper / 25.4 * 72 / page_width
    assert min(float(text.attrib["font-size"]) for text in root.iter(f"{SVG}text")) * points >= 5.49


@pytest.mark.parametrize("name", MAPS)
def test_everything_is_inside_the_page(name: str) -> None:
    _, root = drawn(name)
    page_width, page_height = (float(value) for value in root.attrib["viewBox"].split()[2:])
    for rect in root.iter(f"{SVG}rect"):
        right, bottom = corner(rect)
        assert 0 <= float(rect.get("x", 0)) <= right <= page_width
        assert 0 <= float(rect.get("y", 0)) <= bottom <= page_height
    for text in root.iter(f"{SVG}text"):
        x, y, size = (float(text.attrib[key]) for key in ("x", "y", "font-size"))
        wide = width(text.text or "", size, text.get("font-weight") == "bold")
        left = x - wide * {"start": 0, "middle": 0.5}[text.attrib["text-anchor"]]
        assert left >= 0
        assert left + wide <= page_width, text.text
        assert size <= y <= page_height - size * 0.25, text.text


@pytest.mark.parametrize("name", MAPS)
def test_nothing_covers_anything(name: str) -> None:
    _, root = drawn(name)
    solid = areas(root, "box", "label", "bar")
    covered = [(one, two) for n, one in enumerate(solid) for two in solid[n + 1 :] if overlap(one, two)]
    assert not covered
    assert not [(head, area) for head in heads(root) for area in solid if overlap(head, area)]
    lanes = areas(root, "lane")
    assert len(lanes) == 4
    assert not [(one, two) for n, one in enumerate(lanes) for two in lanes[n + 1 :] if overlap(one, two)]
    for box in areas(root, "box"):
        assert any(lane[0] <= box[0] and box[2] <= lane[2] and lane[1] <= box[1] and box[3] <= lane[3] for lane in lanes)


@pytest.mark.parametrize("name", MAPS)
def test_lines_run_neither_on_each_other_nor_through_labels_and_boxes(name: str) -> None:
    _, root = drawn(name)
    pieces = list(stretches(root))
    solid = areas(root, "box", "label")
    for n, (thing, y, left, right) in enumerate(pieces):
        line = (left, y - 0.6, right, y + 0.6)
        assert not [area for area in solid if overlap(line, area)]
        for other, y2, left2, right2 in pieces[n + 1 :]:
            assert other == thing or not overlap(line, (left2, y2 - 0.6, right2, y2 + 0.6))


@pytest.mark.parametrize("name", MAPS)
def test_every_flow_has_a_head_and_every_thing_its_label_once(name: str) -> None:
    map_, root = drawn(name)
    assert len(heads(root)) == len({(flow.start, flow.end, flow.label, flow.missing) for flow in map_.flows})
    said = Counter(" ".join(text.text or "" for text in thing.iter(f"{SVG}text")).replace("- ", "").rstrip(" .-") for thing in things(root))
    meant = Counter(
        ("missing: " if missing else "") + label for _, label, missing in {(flow.start, flow.label, flow.missing) for flow in map_.flows}
    )
    if not name.startswith("long"):
        assert said == meant
    assert all(any(label.startswith(start) for label in meant) for start in said)
    names = Counter(f"{box.label} {box.owner or 'no owner'}" for box in map_.boxes)
    boxes = [group for group in root.iter(f"{SVG}g") if any(rect.get("class") == "box" for rect in group.iter(f"{SVG}rect"))]
    texts = [" ".join(text.text or "" for text in group.iter(f"{SVG}text")).removesuffix(" stands alone") for group in boxes]
    assert Counter(text.split(" ", 1)[1] for text in texts) == names


@pytest.mark.parametrize("name", ORGANISATIONS)
def test_heads_stand_at_the_processes_that_receive(name: str) -> None:
    map_, root = drawn(name)
    labels = {box.id: box.label for box in map_.boxes}
    at = {}
    for group in root.iter(f"{SVG}g"):
        rect = group.find(f"{SVG}rect")
        if rect is not None and rect.get("class") == "box":
            at[(group.findtext(f"{SVG}title") or "").split("\n")[0]] = float(rect.attrib["x"]) + float(rect.attrib["width"]) / 2
    for thing in things(root):
        start, rest = (thing.findtext(f"{SVG}title") or "").split(" → ")
        tips = [float(one.attrib["d"].split(",")[0][1:]) for one in thing.iter(f"{SVG}path") if one.get("class") == "head"]
        label = rest.split(": ", 1)[1].split("\n")[0]
        ends = [labels[flow.end] for flow in map_.flows if (labels[flow.start], flow.label) == (start, label)]
        assert tips == [pytest.approx(at[end], abs=0.11) for end in ends]


def test_a_missing_flow_is_dashed_and_red_and_its_gap_is_in_words() -> None:
    map_, root = drawn("harbour-neglected")
    missing = [flow for flow in map_.flows if flow.missing]
    red = [thing for thing in things(root) if any(path.get("stroke-dasharray") for path in thing.iter(f"{SVG}path"))]
    assert len(red) == len(missing) > 0
    for thing in red:
        assert {one.get("stroke") or one.get("fill") for one in thing.iter(f"{SVG}path") if one.get("class") == "head"} == {RED}
        assert {path.get("stroke") for path in thing.iter(f"{SVG}path") if path.get("class") == "line"} == {RED}
        assert {text.get("fill") for text in thing.iter(f"{SVG}text")} == {RED}
    gaps = [gap for box in map_.boxes for gap in box.gaps] + [gap for flow in map_.flows for gap in flow.gaps] + [*map_.other_gaps]
    words = " ".join(text.text or "" for text in root.iter(f"{SVG}text"))
    assert len(gaps) > 20
    assert not [gap for gap in gaps if gap not in words], "all gaps have room on the page"


def test_processes_with_gaps_and_those_that_stand_alone_are_red() -> None:
    map_, root = drawn("harbour-neglected")
    alone = {"Analytics and pricing", "Means and budget"}
    for group in root.iter(f"{SVG}g"):
        rect = group.find(f"{SVG}rect")
        if rect is None or rect.get("class") != "box":
            continue
        label = (group.findtext(f"{SVG}title") or "").split("\n")[0]
        box = next(box for box in map_.boxes if box.label == label)
        assert (rect.get("stroke") == RED) == bool(box.gaps)
        assert ("stands alone" in [text.text for text in group.iter(f"{SVG}text")]) == (label in alone)
    _, one = drawn("one process")
    assert [rect.get("stroke") for rect in one.iter(f"{SVG}rect") if rect.get("class") == "box"] == [RED]


def test_gaps_without_room_are_counted() -> None:
    map_, root = drawn("many with gaps")
    words = [text.text or "" for text in root.iter(f"{SVG}text")]
    shown = sum(text.startswith("Gap of ") for text in words)
    more = [text for text in words if text.startswith("... and ")]
    assert shown == len(map_.boxes) or more == [f"... and {len(map_.boxes) - shown} more: see isms check --select 4.4"]


def test_a_missing_flow_alone_does_not_make_a_process_connected() -> None:
    flow = Flow("b0", "b1", "Reports", missing=True, gaps=("No reports.",))
    text = svg(ProcessMap("Two", "2026-11-23", made(2, 0).boxes, (flow,), ()))
    assert text.count(">stands alone<") == 2
    assert "2 processes, 0 interactions, 1 gap in red" in text


def test_lanes_without_processes_say_so() -> None:
    assert svg(made(1, 1)).count(">no process<") == 3
    assert ">no process<" not in svg(made(20, 20))


def test_processes_stand_near_those_that_they_work_with() -> None:
    boxes = tuple(Box(f"b{n}", f"P{n}", "Anna", 1, ()) for n in range(6))
    flows = tuple(Flow(f"b{n}", f"b{n + 3}", "Reports") for n in range(3))
    root = ElementTree.fromstring(svg(ProcessMap("Six", "2026-11-23", boxes, flows, ())))  # noqa: S314 - our own output
    lines = [abs(right - left) for _, _, left, right in stretches(root)]
    columns = sorted((box[0] + box[2]) / 2 for box in areas(root, "box"))
    assert max(lines) <= columns[1] - columns[0] + 0.2, "each gives to its neighbour"


def test_characters_that_xml_does_not_have_are_left_out() -> None:
    text = svg(made(3, 3, label="a\x00b\x1b\u202ec\ufffe"))
    assert "abc" in "".join(ElementTree.fromstring(text).itertext())  # noqa: S314 - our own picture


def test_the_same_map_gives_the_same_picture() -> None:
    assert svg(made(22, 75)) == svg(made(22, 75))


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("one two three", ["one two", "three"]),
        ("one two three four five", ["one two", "three ..."]),
        ("one Donaudampfschifffahrt", ["one", "Donau ..."]),
    ],
)
def test_text_wraps_between_words_where_it_can(text: str, lines: list[str]) -> None:
    room = width("one two x", 10)
    assert wrap(text, room, 10, 2) == lines
