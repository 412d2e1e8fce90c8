"""Each finding has its place in one of the six phases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import DATA, Run

from isms_graph.catalogue import load_catalogue
from isms_graph.checks import check
from isms_graph.graph import Isms
from isms_graph.phases import by_phase
from isms_graph.vocabulary import load_vocabulary

VOCABULARY = load_vocabulary()


def test_the_phases_are_those_of_the_clauses() -> None:
    phases = by_phase(VOCABULARY, [])
    assert [(VOCABULARY.label(one.phase), one.clauses) for one in phases] == [
        ("foundation", ("4", "5")), ("planning", ("6",)), ("support", ("7",)), ("operation", ("8",)), ("evaluation", ("9",)),
        ("improvement", ("10",)),
    ]  # fmt: skip


def test_no_finding_is_lost_and_annex_a_is_operation(neglected: Isms) -> None:
    found = check(neglected).open
    phases = by_phase(VOCABULARY, found)
    assert sorted(one.fingerprint for phase in phases for one in phase.findings) == sorted(one.fingerprint for one in found)
    assert {one.clause.split(".")[0] for one in phases[3].findings} == {"8", "A"}
    for phase in (*phases[:3], *phases[4:]):
        assert {one.clause.split(".")[0] for one in phase.findings} <= set(phase.clauses)


def test_every_check_has_a_phase(neglected: Isms) -> None:
    one = check(neglected).open[0]
    findings = [replace(one, clause=check_.clause) for check_ in load_catalogue().checks.values()]
    assert sum(len(phase.findings) for phase in by_phase(VOCABULARY, findings)) == len(findings)


@pytest.mark.parametrize("more", [("--watch",), ("--each",)])
def test_the_order_goes_with_one_text_only(isms_command: Callable[..., Run], more: tuple[str, ...]) -> None:
    assert isms_command("check", DATA / "harbour-saas", "--order", "phase", *more).code == 2


def test_the_same_findings_in_either_order(isms_command: Callable[..., Run], tmp_path: Path) -> None:
    by = {}
    for order in ("clause", "phase"):
        file = tmp_path / order
        isms_command("check", DATA / "harbour-neglected", "--order", order, "--output", f"text={file}")
        lines = file.read_text(encoding="utf-8").splitlines()
        by[order] = sorted(line for line in lines if line.startswith(("  MAJOR", "  MINOR", "  OFI")))
    assert by["clause"] == by["phase"] != []
