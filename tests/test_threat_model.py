"""Each promise of the threat model names tests, and they are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
TEXT = (TESTS.parent / "THREAT_MODEL.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`tests/(test_\w+\.py)::(test_\w+)`", TEXT)


def names_in(path: Path) -> set[str]:
    """The names of the tests that pytest would collect from a module."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return {node.name for node in body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test_")}


@pytest.mark.parametrize("file", sorted({file for file, _ in NAMED}))
def test_named_tests_are_there(file: str) -> None:
    assert sorted({name for other, name in NAMED if other == file} - names_in(TESTS / file)) == []


def test_nothing_that_is_promised_goes_without_a_test() -> None:
    promised = TEXT.partition("## What is promised")[2].partition("## What is not promised")[0]
    promises = re.split(r"^- ", promised, flags=re.MULTILINE)[1:]
    assert len(promises) > 20
    assert [promise for promise in promises if not re.search(r"`tests/test_\w+\.py::test_\w+`", promise)] == []


def test_every_mention_of_a_test_is_one_that_is_looked_for() -> None:
    assert len(re.findall(r"tests/", TEXT)) == len(NAMED)
    assert len(NAMED) == len(set(NAMED))
