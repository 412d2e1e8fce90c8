"""Contradictions found by the OWL reasoner, each with the element and the statements."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import DATA, Run, base, workspace

from isms_graph.errors import MissingExtra
from isms_graph.graph import load
from isms_graph.owl import CHECK, contradictions

Command = Callable[..., Run]


def test_the_complete_isms_is_consistent() -> None:
    assert contradictions(base()) == []


def test_a_risk_that_is_a_control() -> None:
    (found,) = contradictions(base(":risk-theft a isms:Control ."))
    assert found.node.value.endswith("risk-theft")
    assert "control (declared as isms:Control)" in found.message
    assert "risk (declared as isms:Risk)" in found.message


def test_a_person_that_a_property_makes_a_risk() -> None:
    """Nothing declares it: the domain of the property does, and the statement is named."""
    (found,) = contradictions(base(":ana isms:treatedBy :control-mfa ."))
    assert "Ana Lind" in found.message
    assert "ana treated by control-mfa" in found.message


def test_several_at_once() -> None:
    found = contradictions(base(":risk-theft a isms:Control . :req-gdpr a isms:ContractualRequirement ."))
    assert {one.node.value.rsplit("/", 1)[1] for one in found} == {"risk-theft", "req-gdpr"}


def test_what_is_left_is_narrowed_down_to_the_statements(tmp_path: Path) -> None:
    text = ":a a isms:Asset . :b a isms:Asset ; isms:dependsOn :a . :a isms:dependsOn :a , :b ."
    (found,) = contradictions(load(workspace(tmp_path, a_ttl=text)))
    assert [str(quad.predicate).rsplit("/", 1)[1] for quad in found.statements] == ["dependsOn>"]
    assert "These statements cannot all hold" in found.message


def test_as_findings_with_their_place(isms_command: Command, tmp_path: Path) -> None:
    place = workspace(tmp_path, a_ttl=":r a isms:Risk .\n:r isms:describes :r .")
    run = isms_command("check", place, "--owl", "--select", CHECK, "--output", "json")
    assert run.code == 1
    (finding,) = json.loads(run.out)["findings"]
    assert finding["check"] == CHECK
    assert finding["source"]["line"] in (6, 7)


def test_the_demonstration_organisation_is_consistent(isms_command: Command) -> None:
    assert isms_command("check", DATA / "harbour-saas", "--owl", "--select", CHECK).code == 0


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "owlready2", None)
    with pytest.raises(MissingExtra, match=r"pip install 'isms-graph\[owl\]'"):
        contradictions(base())
