"""The pictures of an impact: nothing is lost, nothing is too small, nothing runs through a card, whatever the labels are."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import DATA, Run, workspace

from isms_graph.graph import Isms, load
from isms_graph.impacts import Impact, impact
from isms_graph.namespaces import isms
from isms_graph.render.impact_graphs import MOST_NODES
from isms_graph.render.impact_groups import clean, picture, plural
from isms_graph.render.impact_pictures import PICTURES
from isms_graph.render.svg_text import width
from isms_graph.vocabulary import load_vocabulary

SVG = "{http://www.w3.org/2000/svg}"
A4 = 297 / 210
HOSTILE = (
    'say \\"hi\\" [x] (y) {z} | # & <script>alert(1)</script>',
    "line\\none", "x" * 200, "word " * 60, "🙂👩‍👩‍👧", "1. first", "- item", "end", "--> n0", "*a* _b_ `c`", "fa:fa-car",
    "\\\\N \\\\l \\\\", "%% comment", "#35; &amp; &lt;", "名" * 80, "\\u0001\\u202Eturned", "", "]]>",
)  # fmt: skip
CASES = [
    ("alder", ("site-limerick",), "affects", "change"),
    ("alder", ("supplier-nightwatch",), "affects", "removal"),
    ("alder", ("supplier-nightwatch",), "affected-by", "change"),
    ("alder", ("role-records",), "affects", "removal"),
    ("alder", ("supplier-corrib",), "affects", "change"),
    ("alder", ("soa",), "affected-by", "change"),
    ("alder", ("treatment-plan",), "affected-by", "change"),
    ("alder", ("A.8.15",), "affects", "change"),
    ("alder", ("A.8.15",), "affected-by", "change"),
    ("harbour", ("Amazon Web Services",), "affects", "removal"),
    ("harbour", ("doc-document-control",), "affected-by", "change"),
    ("harbour", ("R-07",), "affects", "change"),
    ("harbour", ("R-07", "Amazon Web Services"), "affected-by", "change"),
]
Case = tuple[Impact, Isms]


@pytest.fixture(scope="module")
def organisations(harbour: Isms) -> dict[str, Isms]:
    return {"harbour": harbour, "alder": load(DATA / "alder-clinics")}


@pytest.fixture(params=CASES, ids=lambda case: "-".join((*case[1], *case[2:])), scope="module")
def case(request: pytest.FixtureRequest, organisations: dict[str, Isms]) -> Case:
    name, what, direction, change = request.param
    return impact(organisations[name], what, direction, None, change), organisations[name]


def small(folder: Path, text: str) -> Isms:
    return load(workspace(folder, a_ttl=text, isms_toml='base = "https://example.org/isms/"'))


def fan(folder: Path, labels: tuple[str, ...]) -> Isms:
    """A supplier of many assets, with labels."""
    text = f':o a isms:Supplier ; rdfs:label "{labels[0]}" .\n'
    return small(
        folder, text + "".join(f':e{n} a isms:Asset ; rdfs:label "{one}" ; isms:providedBy :o .\n' for n, one in enumerate(labels))
    )


def rects(root: ElementTree.Element) -> list[tuple[float, float, float, float]]:
    """Left, top, right and bottom of the cards."""
    found = [
        [float(one.get(name, "")) for name in ("x", "y", "width", "height")]
        for one in root.iter(f"{SVG}rect")
        if one.get("class") == "card"
    ]
    return [(x, y, x + wide, y + high) for x, y, wide, high in found]


def wires(root: ElementTree.Element) -> list[list[tuple[float, float]]]:
    paths = [one.get("d", "") for one in root.iter(f"{SVG}path") if one.get("class") == "wire"]
    return [[(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+),([\d.]+)", path)] for path in paths]


def check(answer: Impact, isms_: Isms, smallest: float = 5.5) -> ElementTree.Element:
    """What holds of every picture."""
    text = PICTURES["svg"](answer, isms_)
    root = ElementTree.fromstring(text)  # noqa: S314 - our own output
    _, _, wide, high = (float(one) for one in root.get("viewBox", "").split())
    assert wide / high >= A4 - 0.01
    cards, texts = rects(root), list(root.iter(f"{SVG}text"))
    for one in texts:
        size, x, y = float(one.get("font-size", "")), float(one.get("x", "")), float(one.get("y", ""))
        assert size * 841.9 / wide >= smallest
        long = width(one.text or "", size, bold=bool(one.get("font-weight"))) / 1.1
        left = x - long if one.get("text-anchor") == "end" else x
        assert left >= 0
        assert left + long <= wide, one.text
        assert size <= y <= high - 2
        for left_, top, right, bottom in cards:
            if left_ <= x <= right and top <= y <= bottom:
                assert left + long <= right + 1, one.text
    for n, (left_, top, right, bottom) in enumerate(cards):
        assert left_ >= 0 and top >= 0 and right <= wide and bottom <= high
        assert not any(left_ < other[2] and other[0] < right and top < other[3] and other[1] < bottom for other in cards[:n])
    for points in wires(root):
        for (x1, y1), (x2, y2) in pairwise(points):
            for step in range(101):
                x, y = x1 + (x2 - x1) * step / 100, y1 + (y2 - y1) * step / 100
                assert not any(a + 0.3 < x < c - 0.3 and b + 0.3 < y < d - 0.3 for a, b, c, d in cards)
    drawn = [one for one in root.iter(f"{SVG}g") if len(one) > 1 and one[0].tag == f"{SVG}title" and one.get("class") != "link"]
    more = sum(int(found[1]) for one in texts if (found := re.fullmatch(r"and (\d+) more", one.text or "")))
    assert len(drawn) + more == len(answer.affected) + len(answer.origins)
    if not more:
        shown = sorted((one[0].text or "").split("\n")[0] for one in drawn)
        assert shown == sorted(
            clean(one.label) or "(no name)" for one in [*answer.origins, *(affected.element for affected in answer.affected)]
        )
    return root


def test_every_picture_is_whole_and_legible(case: Case) -> None:
    root = check(*case)
    links = picture(*case).links
    assert len(wires(root)) == len(links)
    assert sum(int(count) for one in links for count in re.findall(r"(?:\(| )(\d+)(?:\)| more)", one.text)) >= len(case[0].affected)


def test_a_wire_ends_at_the_card_that_it_leads_to_and_no_two_ends_are_one(case: Case) -> None:
    root = ElementTree.fromstring(PICTURES["svg"](*case))  # noqa: S314 - our own output
    cards = rects(root)
    ends = [points[-1] for points in wires(root)]
    assert len(set(ends)) == len(ends)
    for x, y in ends:
        assert any(abs(x - left) < 0.2 and top < y < bottom for left, top, _, bottom in cards)
    for x, y in [points[0] for points in wires(root)]:
        assert any(abs(x - right) < 0.2 and top < y < bottom for _, top, right, bottom in cards)


def test_wires_of_different_cards_never_run_on_each_other(case: Case) -> None:
    flat: list[tuple[tuple[float, float], float, float, float]] = []
    upright: list[tuple[tuple[float, float], float, float, float]] = []
    for points in wires(ElementTree.fromstring(PICTURES["svg"](*case))):  # noqa: S314 - our own output
        for (x1, y1), (x2, y2) in pairwise(points):
            low, high = sorted((x1, x2) if y1 == y2 else (y1, y2))
            (flat if y1 == y2 else upright).append((points[0], y1 if y1 == y2 else x1, low, high))
    for lines in (flat, upright):
        for start, at, low, high in lines:
            beside = [one for one in lines if one[0] != start and abs(one[1] - at) < 1.0]
            assert not [one for one in beside if low < one[3] and one[2] < high]


def test_mermaid_and_dot_hold_every_element(case: Case) -> None:
    answer, isms_ = case
    nodes = re.findall(r"^ +n\d+ \[label=", PICTURES["dot"](answer, isms_), re.MULTILINE)
    assert len(nodes) == len(answer.affected) + len(answer.origins)
    text = PICTURES["mermaid"](answer, isms_)
    if len(answer.affected) <= MOST_NODES:
        assert len(re.findall(r'^ +n\d+\["', text, re.MULTILINE)) == len(answer.affected) + len(answer.origins)
    else:
        counts = [int(one) for one in re.findall(r"\((\d+)\)</small><br/>", text)]
        assert sum(counts) == len(answer.affected) + len(answer.origins)
        assert len(re.findall(r'^ +g\d+\["', text, re.MULTILINE)) == len(counts) <= MOST_NODES


def test_pictures_are_the_same_twice(case: Case) -> None:
    answer, isms_ = case
    again = impact(isms_, [one.node for one in answer.origins], answer.direction, None, answer.change)
    for draw in PICTURES.values():
        assert draw(answer, isms_) == draw(again, isms_)


def test_a_small_answer_has_large_text_and_no_empty_page(organisations: dict[str, Isms]) -> None:
    root = check(impact(organisations["alder"], "supplier-castletroy", "affected-by"), organisations["alder"])
    assert min(float(one.get("font-size", "")) for one in root.iter(f"{SVG}text") if one.text == "Facilities manager") > 9
    assert float(root.get("viewBox", "").split()[3]) < 250


def test_direction_and_change_are_said(organisations: dict[str, Isms]) -> None:
    alder = organisations["alder"]
    removal = impact(alder, "supplier-nightwatch", change="removal")
    backward = impact(alder, "supplier-castletroy", "affected-by")
    for draw in PICTURES.values():
        assert "A removal of the cloud supplier" in draw(removal, alder)
        assert f"{len(removal.affected)} of {removal.elements} elements" in draw(removal, alder)
        assert "Arrows point towards it" in draw(backward, alder)
        assert "Arrows point" not in draw(removal, alder)
    assert re.search(r'class="head" d="M[\d.]+,[\d.]+ l5,', PICTURES["svg"](backward, alder))
    assert re.search(r'class="head" d="M[\d.]+,[\d.]+ l-5,', PICTURES["svg"](removal, alder))
    assert 'n1 -.->|"supplier is owned by role"| n0' in PICTURES["mermaid"](backward, alder)
    assert "n1 -> n0 [" in PICTURES["dot"](backward, alder)


def test_links_are_read_from_the_card_that_they_reach(organisations: dict[str, Isms]) -> None:
    texts = {one.text for one in check(impact(organisations["alder"], "supplier-nightwatch"), organisations["alder"]).iter(f"{SVG}text")}
    assert {"Risks (9)", "treated by control (8)", "threatens asset (1)", "SoA entry is part of this (1)"} <= texts


def test_strengths_look_different(tmp_path: Path) -> None:
    isms_ = small(
        tmp_path,
        ':o a isms:Supplier . :r a isms:Role . :o isms:owner :r . :a a isms:Asset ; rdfs:label "Strong" ; isms:providedBy :o .'
        ' :d a isms:Document ; rdfs:label "Weak" ; isms:references :o .',
    )
    answer = impact(isms_, "o")
    looks = {one.label: one.strength for one in answer.affected}
    assert looks == {"Strong": "strong", "Weak": "weak"}
    root = check(answer, isms_)
    dashes = [one.get("stroke-dasharray") for one in root.iter(f"{SVG}path") if one.get("class") == "wire"]
    assert sorted(map(str, dashes)) == ["2.5 2", "None"]
    assert "-.->" in PICTURES["mermaid"](answer, isms_) and "==>" in PICTURES["mermaid"](answer, isms_)
    assert "style=dashed" in PICTURES["dot"](answer, isms_)


def test_nothing_else_is_said(tmp_path: Path) -> None:
    isms_ = small(tmp_path, ':o a isms:Asset ; rdfs:label "Lonely" .')
    answer = impact(isms_, "Lonely")
    check(answer, isms_)
    for draw in PICTURES.values():
        assert "reaches nothing else" in draw(answer, isms_)
        assert "Nothing else in this ISMS" in draw(answer, isms_).replace("#46;", ".")


def test_hostile_labels(tmp_path: Path) -> None:
    isms_ = fan(tmp_path, HOSTILE)
    answer = impact(isms_, "o")
    assert len(answer.affected) == len(HOSTILE)
    root = check(answer, isms_)
    assert not [one for one in root.iter() if "script" in one.tag]
    mermaid = PICTURES["mermaid"](answer, isms_).split("---\n", 2)[2]
    for line in mermaid.splitlines():
        assert line.count('"') in (0, 2)
        label = line.split('"')[1] if '"' in line else ""
        assert not set(re.sub(r"#\d+;|<br/>|</?small>", "", label)) & set('<>[]{}|#&`*_;"\\%~$')
    for line in PICTURES["dot"](answer, isms_).splitlines():
        assert re.sub(r'"(?:[^"\\]|\\.)*"', "", line).count('"') == 0
        for text in re.findall(r'"((?:[^"\\]|\\.)*)"', line):
            assert not re.search(r"\\[^n\\\"]", re.sub(r"\\\\", "", text))
    for name, draw in PICTURES.items():
        assert not re.search("[\x00-\x08\u202e]", draw(answer, isms_)), name


def test_more_origins_than_cards_and_more_elements_than_room(tmp_path: Path) -> None:
    text = "".join(f':o{n} a isms:Supplier ; rdfs:label "Supplier {n}" .\n' for n in range(6))
    text += "".join(f':e{n} a isms:Asset ; rdfs:label "Asset number {n}" ; isms:providedBy :o{n % 6} .\n' for n in range(900))
    isms_ = small(tmp_path, text)
    answer = impact(isms_, [f"Supplier {n}" for n in range(6)])
    assert len(answer.affected) == 900
    texts = {one.text for one in check(answer, isms_).iter(f"{SVG}text")}
    assert "Change of 6 elements" in texts
    few = impact(isms_, ["Supplier 1", "Supplier 2"])
    assert len(rects(check(few, isms_))) > 2


def test_more_cards_than_a_page_holds_get_a_larger_sheet(tmp_path: Path) -> None:
    names = sorted(
        {iri.removeprefix(isms("").value) for iri in (one.value for one in load_vocabulary().superclasses) if isms("").value in iri}
    )
    text = ":o a isms:Role .\n" + "".join(f":e{n} a isms:{name} ; isms:owner :o .\n" for n, name in enumerate(names) if name != "Role")
    isms_ = small(tmp_path, text)
    answer = impact(isms_, "o")
    assert len(picture(answer, isms_).groups) > 40
    check(answer, isms_, smallest=4.5)


def test_words() -> None:
    assert [plural(word, 2) for word in ("risk", "SoA entry", "process", "policy", "statement of applicability", "survey")] == [
        "Risks", "SoA entries", "Processes", "Policies", "Statements of applicability", "Surveys",
    ]  # fmt: skip
    assert plural("risk", 1) == "Risk"


def test_the_command_writes_each_picture(isms_command: Callable[..., Run], tmp_path: Path) -> None:
    for name, start in (("svg", "<svg "), ("mermaid", "---\n"), ("dot", "digraph ")):
        file = tmp_path / f"picture.{name}"
        assert isms_command("impact", "R-07", DATA / "harbour-saas", "--output", f"{name}={file}").code == 0
        assert file.read_text(encoding="utf-8").startswith(start)
