"""The shapes lint: what would make a check pass, or fire, in silence is refused."""

from __future__ import annotations

import pytest
from test_compiler import constraint

from isms_graph.shacl.lint import lint
from isms_graph.vocabulary import load_vocabulary

STAGE = "asks [] for isms:stage alone"


def problems(where: str) -> list[str]:
    return [text for text in lint(constraint(where), load_vocabulary()) if STAGE in text]


@pytest.mark.parametrize(
    "where",
    [
        "[] isms:stage [ isms:expects isms:RunningSystem ] . $this isms:owner [] .",
        "$this isms:owner [] . [] isms:stage/isms:expects isms:RunningSystem .",
        "$this isms:owner [] . FILTER NOT EXISTS { [] isms:stage isms:Stage1 }",
        "[] isms:stage isms:Stage1 . [] isms:asOf ?today . $this isms:reviewedOn ?date . FILTER (?date <= ?today)",
    ],
)
def test_the_stage_of_any_node_is_refused(where: str) -> None:
    """A certification audit has a stage too, and a check that asks for it so is switched on by an old audit."""
    assert problems(where)


@pytest.mark.parametrize(
    "where",
    [
        "[] isms:asOf ?today ; isms:stage [ isms:expects isms:RunningSystem ] . $this isms:reviewedOn ?date . FILTER (?date <= ?today)",
        "[] isms:stage isms:Stage1 ; isms:asOf [] . $this isms:owner [] .",
        "[] a isms:Assessment ; isms:stage/isms:expects isms:RunningSystem . $this isms:owner [] .",
        "?audit a isms:CertificationAudit ; isms:stage isms:Stage2 . $this isms:foundIn ?audit .",
        "$this isms:owner [] ; isms:treatedBy [] .",
    ],
)
def test_the_stage_of_the_assessment_or_of_a_named_node_is_taken(where: str) -> None:
    assert not problems(where)
