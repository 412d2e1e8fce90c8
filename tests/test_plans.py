"""The plan of work: a change with its follow-ups, which the checks track until it is done."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from conftest import DATA, Run, workspace
from pyoxigraph import Literal, NamedNode, RdfFormat, parse

from isms_graph.checks import check
from isms_graph.errors import UsageError
from isms_graph.graph import Isms, load
from isms_graph.impacts import impact
from isms_graph.namespaces import isms
from isms_graph.plans import plan

Command = Callable[..., Run]


def values(turtle: str, property_: str) -> list[str]:
    return [quad.object.value for quad in parse(turtle, format=RdfFormat.TURTLE) if quad.predicate == isms(property_)]


def test_each_affected_element_has_a_follow_up_with_its_owner_and_its_step(harbour: Isms) -> None:
    answer = impact(harbour, "EU data residency")
    made = plan(harbour, answer, date(2027, 2, 21))
    assert sorted(values(made.turtle, "followsUpOn")) == sorted(one.node for one in answer.affected)
    quads = list(parse(made.turtle, format=RdfFormat.TURTLE))
    said = {(quad.subject, quad.predicate): quad.object for quad in quads}
    of = {quad.object.value.rsplit("/", 1)[1]: quad.subject for quad in quads if quad.predicate == isms("followsUpOn")}
    steps = {name: said[node, isms("step")] for name, node in of.items()}
    assert steps["R-28"] == isms("RiskReassessment")
    assert steps["treatment-plan"] == isms("TreatmentReview")
    assert steps["soa-A.8.24"] == steps["soa"] == isms("SoAReview")
    assert steps["control-region-lock"] == steps["policy-residency"] == isms("ControlAdjustment")
    assert said[of["R-28"], isms("owner")] == NamedNode("https://harbour.example/isms/role-platform")
    due = {step: said[of[name], isms("dueOn")].value for name, step in steps.items()}
    days = [due[isms(name)] for name in ("RiskReassessment", "TreatmentReview", "SoAReview", "ControlAdjustment", "PostChangeReview")]
    assert days == sorted(days)
    assert days[-1] == "2027-02-21"
    assert len(set(days)) == 5


def test_a_step_in_which_nothing_is_affected_is_planned_all_the_same(tmp_path: Path) -> None:
    isms_ = load(workspace(tmp_path, a_ttl=":r a isms:Risk .", isms_toml='base = "https://example.org/isms/"'))
    made = plan(isms_, impact(isms_, "r"))
    assert made.follow_ups == len(set(values(made.turtle, "step"))) == 5
    assert len(made.without_owner) == 5


def test_the_checks_track_the_plan(tmp_path: Path, isms_command: Command) -> None:
    folder = tmp_path / "harbour"
    shutil.copytree(DATA / "harbour-saas", folder)
    run = isms_command("impact", "Deskmate", folder, "--change", "removal", "--plan", "--output", f"turtle={folder / 'plan.ttl'}")
    assert run.code == 0
    assert "follow-ups planned in" in run.err
    assert check(load(folder)).conforms
    late = check(load(folder, as_of="2027-01-20"))
    overdue = [finding for finding in late.findings if finding.check == "follow-up-overdue" and finding.file == "plan.ttl"]
    assert overdue
    done = (
        (folder / "plan.ttl")
        .read_text(encoding="utf-8")
        .replace("isms:status isms:Planned", 'isms:status isms:Completed ; isms:completedOn "2026-12-01"^^xsd:date')
    )
    (folder / "plan.ttl").write_text(done, encoding="utf-8")
    assert not [
        one for one in check(load(folder, as_of="2027-01-20")).findings if one.check == "follow-up-overdue" and one.file == "plan.ttl"
    ]


def test_a_second_plan_has_names_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "harbour"
    shutil.copytree(DATA / "harbour-saas", folder)
    first = plan(load(folder), impact(load(folder), "R-07"))
    (folder / "plan.ttl").write_text(first.turtle, encoding="utf-8")
    again = load(folder)
    assert plan(again, impact(again, "R-07")).iri != first.iri


def test_hostile_names(tmp_path: Path) -> None:
    label = 'Say "no" \\ to\n<http://x> . :evil a isms:Risk ; rdfs:label "\U0001f512'
    text = f":r a isms:Risk ; rdfs:label {Literal(label)} . :a a isms:Asset . "
    text += "<https://elsewhere.example/a%20b?c=d> a isms:Control ; isms:protects :a . "
    isms_ = load(workspace(tmp_path, a_ttl=text + ":r isms:concernsAsset :a .", isms_toml='base = "https://example.org/isms/"'))
    made = plan(isms_, impact(isms_, "a"))
    assert "https://elsewhere.example/a%20b?c=d" in values(made.turtle, "followsUpOn")
    assert any(label in quad.object.value for quad in parse(made.turtle, format=RdfFormat.TURTLE) if isinstance(quad.object, Literal))
    assert not any(quad.subject == NamedNode("https://example.org/isms/evil") for quad in parse(made.turtle, format=RdfFormat.TURTLE))


def test_what_makes_no_plan(harbour: Isms, isms_command: Command) -> None:
    with pytest.raises(UsageError, match="after 2026-11-23"):
        plan(harbour, impact(harbour, "R-07"), date(2026, 11, 23))
    with pytest.raises(UsageError, match="what a change affects"):
        plan(harbour, impact(harbour, "R-07", "affected-by"))
    for options in (["--due", "2027-01-01"], ["--plan", "--why", "R-08"], ["--plan", "--output", "csv"], ["--plan", "--due", "soon"]):
        assert isms_command("impact", "R-07", DATA / "harbour-saas", *options).code == 2
