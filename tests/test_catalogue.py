"""Every check: well-formed, described, and proven by a failing and a passing example."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from isms_graph.catalogue import load_catalogue
from isms_graph.checks import check
from isms_graph.examples import Example, read_example
from isms_graph.resources import folder
from isms_graph.shacl.lint import lint
from isms_graph.vocabulary import load_vocabulary

CATALOGUE = load_catalogue()
EXAMPLES = sorted((folder("shapes") / "examples").glob("*.*.ttl"))


@cache
def example(name: str) -> Example:
    return read_example(folder("shapes") / "examples" / name)


def test_the_shapes_lint_finds_nothing() -> None:
    assert lint(CATALOGUE.shapes, load_vocabulary()) == []


@pytest.mark.parametrize("id_", CATALOGUE.checks)
def test_check_is_complete(id_: str) -> None:
    one = CATALOGUE.checks[id_]
    assert one.file.stem == id_, "the file is named after the check"
    for text in (one.label, one.message, one.rationale, one.how_decided, one.advice, one.not_checked):
        assert text.strip(), "label, message, rationale, howDecided, advice and notChecked are there"
    assert one.decides, "the requirement that it serves is named"
    assert "{$this}" in one.message or "{?" in one.message, "the message names the thing"


@pytest.mark.parametrize("id_", CATALOGUE.checks)
def test_check_has_both_examples(id_: str) -> None:
    assert (id_, f"{id_}.fail.ttl", f"{id_}.pass.ttl") == (id_, example(f"{id_}.fail.ttl").path.name, example(f"{id_}.pass.ttl").path.name)
    assert example(f"{id_}.fail.ttl").shows and example(f"{id_}.pass.ttl").shows
    assert any(check_ == id_ for check_, _ in example(f"{id_}.fail.ttl").expected)
    assert not example(f"{id_}.pass.ttl").expected


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_example_gives_exactly_what_it_says(path: Path) -> None:
    one = example(path.name)
    assert one.check in CATALOGUE.checks, "the example belongs to a check"
    report = check(one.isms(), one.stage, catalogue=CATALOGUE)
    assert {(finding.check, finding.focus) for finding in report.open} == one.expected
    run = next(run for run in report.checks if run.check.id == one.check)
    assert run.focus_nodes > 0, "the check met something to look at"
    for finding in report.findings:
        assert "(no " not in finding.message, "every placeholder of the message is filled"


def test_the_base_is_clean() -> None:
    base = read_example(folder("shapes") / "examples" / "risk-without-owner.pass.ttl")
    base.removals, base.quads = [], []
    assert check(base.isms(), "surveillance").findings == ()
