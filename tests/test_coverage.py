"""docs/coverage.md is up to date, and names every clause, list item, requirement and rule with checks or a reason."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

import isms_graph
from isms_graph.catalogue import load_catalogue
from isms_graph.namespaces import ISO27001, isms
from isms_graph.vocabulary import load_vocabulary

ROOT = Path(isms_graph.__file__).parent.parent
_SPEC = importlib.util.spec_from_file_location("coverage_page", ROOT / "scripts" / "coverage.py")
assert _SPEC and _SPEC.loader
coverage = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(coverage)

CATALOGUE = load_catalogue()
LINES = coverage.read_lines()
# Clauses that only hold others; what is asked stands in their subclauses.
CONTAINERS = {"4", "5", "6", "6.1", "7", "7.5", "8", "9", "9.2", "9.3", "10"}


def test_the_page_is_up_to_date() -> None:
    assert (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8") == coverage.page(), "run: make docs"


def test_every_check_that_is_named_exists() -> None:
    assert {check for line in LINES for check in line.checks} - set(CATALOGUE.checks) == set()


def test_every_clause_has_checks_or_a_reason() -> None:
    for line in coverage.clause_lines(CATALOGUE, LINES):
        assert line.ref in CONTAINERS or line.checks or line.remark, line.ref


def test_every_list_item_has_checks_or_a_reason() -> None:
    kinds = {isms("ClauseItem"), isms("ReviewInputKind")}
    items = {node.value.removeprefix(ISO27001) for kind in kinds for node in load_vocabulary().instances(kind)}
    assert {line.ref for line in LINES if line.part == "item"} == items
    assert [line.ref for line in LINES if line.part == "item" and not line.checks and not line.remark] == []


def test_every_requirement_is_decided_or_answered_otherwise() -> None:
    lines = coverage.requirement_lines(CATALOGUE, LINES)
    assert [line.ref for line in lines] == [f"R{number}" for number in range(1, 30)]
    assert [line.ref for line in lines if not line.checks and not line.remark] == []


def test_every_rule_is_decided() -> None:
    rules = [line for line in LINES if line.part == "rule"]
    assert {line.ref[0] for line in rules} == set("abcdefghij")
    assert [line.ref for line in rules if not line.checks] == []


@pytest.mark.parametrize("line", [line for line in LINES if line.remark], ids=lambda line: line.ref)
def test_remarks_say_why(line: Any) -> None:  # of a module that is loaded from its path
    remark = line.remark
    assert re.search(r"[Bb]ecause|`isms ", remark), remark
