"""Correct but unusual situations, in which nothing may be found; and edges, which tell each part of a check from its absence."""

from __future__ import annotations

from pathlib import Path

import pytest

from isms_graph.catalogue import load_catalogue
from isms_graph.checks import check
from isms_graph.examples import read_example
from isms_graph.resources import folder

UNUSUAL, EDGES = (sorted((folder("shapes") / "examples" / name).glob("*.ttl")) for name in ("unusual", "edges"))


def test_there_are_enough() -> None:
    assert len(UNUSUAL) >= 30


@pytest.mark.parametrize("path", UNUSUAL, ids=lambda path: path.stem)
def test_nothing_is_found(path: Path) -> None:
    one = read_example(path)
    assert len(one.shows) > 40, "the header says what is unusual, and why it is right"
    assert one.quads or one.removals
    found = check(one.isms(), one.stage).findings
    assert [(finding.check, finding.message) for finding in found if finding.open] == []


@pytest.mark.parametrize("path", EDGES, ids=lambda path: path.stem)
def test_edges_give_what_they_say_of_their_own_check(path: Path) -> None:
    one = read_example(path)
    catalogue = load_catalogue().select([one.check])
    found = {(finding.check, finding.focus) for finding in check(one.isms(), one.stage, catalogue=catalogue).findings}
    assert found == {pair for pair in one.expected if pair[0] == one.check}
