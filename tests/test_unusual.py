"""Correct but unusual situations: no check finds anything in them, whatever the stage of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from isms_graph.checks import check
from isms_graph.examples import read_example
from isms_graph.resources import folder

UNUSUAL = sorted((folder("shapes") / "examples" / "unusual").glob("*.ttl"))


def test_there_are_enough() -> None:
    assert len(UNUSUAL) >= 30


@pytest.mark.parametrize("path", UNUSUAL, ids=lambda path: path.stem)
def test_nothing_is_found(path: Path) -> None:
    one = read_example(path)
    assert len(one.shows) > 40, "the header says what is unusual, and why it is right"
    assert one.quads or one.removals
    found = check(one.isms(), one.stage).findings
    assert [(finding.check, finding.message) for finding in found if finding.open] == []
