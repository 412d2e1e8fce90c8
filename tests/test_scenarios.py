"""Change scenarios written from the domain and without the program, in tests/impact; see its README."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import DATA
from pyoxigraph import NamedNode

from isms_graph.graph import Isms, load
from isms_graph.impacts import impact
from isms_graph.namespaces import local_name
from isms_graph.queries import query

FOLDER = Path(__file__).parent / "impact"
SCENARIOS = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.toml"))
HELD_OUT_FROM = 30  # the number in the name of a scenario
LOADED: dict[str, Isms] = {}


def organisation(scenario: str) -> Isms:
    name = scenario.split("/")[0]
    if name not in LOADED:
        LOADED[name] = load(DATA / name)
    return LOADED[name]


def read(scenario: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / scenario).read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Score:
    """What the answer to a scenario shows: `hit` of `must`, and `wrong`, which is neither must nor may."""

    must: frozenset[str]
    hit: frozenset[str]
    wrong: frozenset[str]


def score(scenario: str) -> Score:
    asked = read(scenario)
    answer = impact(organisation(scenario), asked["origin"], asked["direction"], change=asked["change"])
    shown = frozenset(local_name(one.node) for one in answer.affected)
    must = frozenset(asked["must"])
    return Score(must, must & shown, shown - must - asked.get("may", {}).keys())


def test_there_are_enough_of_every_kind() -> None:
    assert len(SCENARIOS) >= 25
    asked = [read(scenario) for scenario in SCENARIOS]
    assert {one["direction"] for one in asked} == {"affects", "affected-by"}
    assert {one["change"] for one in asked} >= {"change", "removal"}
    assert any(len(one["origin"]) > 1 for one in asked)
    assert {scenario.split("/")[0] for scenario in SCENARIOS} == {"harbour-saas", "alder-clinics"}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenarios_are_well_formed(scenario: str) -> None:
    asked, isms_ = read(scenario), organisation(scenario)
    known = {local_name(node.value) for node in isms_.elements()} | {local_name(term.value) for term in isms_.vocabulary.terms}
    sets = [asked["must"], asked.get("may", {}), asked.get("must-not", {})]
    names = [name for one in sets for name in one]
    assert asked["question"].strip() and asked["reasoning"].strip() and asked["must"]
    assert len(names) == len(set(names)), "an element is in two sets"
    assert not set(names) - known
    assert all(reason.strip() for one in sets for reason in one.values())


@pytest.mark.parametrize(("held_out", "recall", "precision"), [(False, 0.86, 0.93), (True, 0.82, 0.83)])
def test_the_answers_are_right_on_the_whole(held_out: bool, recall: float, precision: float) -> None:
    """Recall: of what has to be looked at, what is shown. Precision: of what is shown and not merely defensible, what has to be."""
    scores = {one: score(one) for one in SCENARIOS if (int(Path(one).name[:2]) >= HELD_OUT_FROM) == held_out}
    must, hit, wrong = (sum(len(getattr(one, name)) for one in scores.values()) for name in ("must", "hit", "wrong"))
    assert hit / must >= recall, {scenario: sorted(one.must - one.hit) for scenario, one in scores.items() if one.must - one.hit}
    assert hit / (hit + wrong) >= precision, {scenario: sorted(one.wrong) for scenario, one in scores.items() if one.wrong}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_saved_queries_agree_with_the_command(scenario: str) -> None:
    asked, isms_ = read(scenario), organisation(scenario)
    name, parameter, column = {
        "affects": ("what-hangs-on", "origin", "element"),
        "affected-by": ("why-we-have-it", "element", "reason"),
    }[asked["direction"]]
    answer = impact(isms_, asked["origin"], asked["direction"])
    found = {str(record[column]) for origin in asked["origin"] for record in query(isms_, name, **{parameter: origin}).records()}
    assert found - {one.node for one in answer.origins} == {one.node for one in answer.affected}


@pytest.mark.parametrize("scenario", [one for one in SCENARIOS if read(one)["direction"] == "affects"])
def test_impacts_reach_at_least_what_the_command_finds(scenario: str) -> None:
    """`?x isms:impacts+ ?y` is the plain closure: everything the command finds, and what careful paths leave out."""
    asked, isms_ = read(scenario), organisation(scenario)
    answer = impact(isms_, asked["origin"])
    origins = " ".join(str(NamedNode(one.node)) for one in answer.origins)
    rows = isms_.store.query(f"SELECT DISTINCT ?y WHERE {{ VALUES ?x {{ {origins} }} ?x <https://w3id.org/isms-graph/ns/impacts>+ ?y }}")
    assert {row["y"].value for row in rows} >= {one.node for one in answer.affected}  # type: ignore[union-attr]
