"""What people see: reports, status, explanations, tables and the process map."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import DATA, Run, base, example, workspace

from isms_graph.catalogue import load_catalogue
from isms_graph.checks import check
from isms_graph.explain import KINDS, listing
from isms_graph.graph import Isms
from isms_graph.render.process_map import mermaid, process_map
from isms_graph.render.svg import svg
from isms_graph.statuses import status

Command = Callable[..., Run]


#### Check reports


def test_text_fits_80_columns_and_has_no_colour_when_piped(isms_command: Command) -> None:
    for arguments in (("check", DATA / "harbour-neglected"), ("status", DATA / "harbour-neglected"), ("explain", "risk-without-owner")):
        out = isms_command(*arguments).out
        assert "\x1b" not in out
        assert not [line for line in out.splitlines() if len(line) > 80]
        assert not [line for line in out.splitlines() if line != line.rstrip()]


def test_findings_stand_under_their_clause_with_place_and_advice(isms_command: Command) -> None:
    out = isms_command("check", DATA / "harbour-neglected").out
    for number in ("4.", "5.", "6.", "7.", "8.", "9.", "10."):
        assert re.search(rf"^{re.escape(number)}\d", out, re.MULTILINE), f"a heading of clause {number}"
    assert re.search(r"\.ttl:\d+", out)
    assert "Do: " in out


def test_json_has_the_stable_form(isms_command: Command) -> None:
    report = json.loads(isms_command("check", DATA / "harbour-neglected", "--output", "json").out)
    assert list(report) == ["workspace", "as_of", "stage", "conforms", "counts", "checks", "findings", "stale", "since"]
    assert list(report["counts"]) == ["major", "minor", "ofi"]
    assert list(report["checks"][0]) == ["id", "clause", "severity", "focus_nodes"]
    keys = ["check", "clause", "severity", "focus", "label", "path", "value", "message", "advice", "source", "fingerprint"]
    keys += ["waiver", "known"]
    assert all(list(finding) == keys for finding in report["findings"])
    assert len({finding["fingerprint"] for finding in report["findings"]}) == len(report["findings"])
    assert sum(report["counts"].values()) == len(report["findings"])
    assert all(finding["source"]["line"] for finding in report["findings"] if finding["focus"] != "urn:isms-graph:assessment")


def test_every_message_names_things_and_not_iris(neglected: Isms) -> None:
    for finding in check(neglected).findings:
        assert "://" not in finding.message
        assert "(no " not in finding.message
        assert finding.message[0].isupper() or finding.message[0].isdigit() or finding.message[0] in '"('
        assert finding.message.endswith("."), finding.message


def test_several_outputs_in_one_run(isms_command: Command, tmp_path: Path) -> None:
    outputs = ["--output", "text", "--output", f"json={tmp_path / 'r.json'}", "--output", f"text={tmp_path / 'r.txt'}"]
    run = isms_command("check", DATA / "harbour-saas", *outputs)
    assert run.code == 0
    assert json.loads((tmp_path / "r.json").read_text())["conforms"] is True
    assert "No findings." in run.out
    assert "No findings." in (tmp_path / "r.txt").read_text()


@pytest.mark.parametrize(("fail_on", "code"), [("major", 0), ("minor", 1), ("ofi", 1), ("never", 0)])
def test_exit_codes_follow_fail_on(isms_command: Command, tmp_path: Path, fail_on: str, code: int) -> None:
    place = workspace(tmp_path, a_ttl=":r a isms:Risk .")
    for output in ("text", "json"):
        run = isms_command("check", place, "--select", "risk-without-owner", "--fail-on", fail_on, "--output", output)
        assert run.code == code


def test_select_and_ignore(isms_command: Command) -> None:
    selected = json.loads(isms_command("check", DATA / "harbour-neglected", "--select", "9", "--ignore", "9.1", "--output", "json").out)
    clauses = {one["clause"] for one in selected["checks"]}
    assert clauses
    assert all(clause.startswith("9.") and clause != "9.1" for clause in clauses)


def test_timing_names_the_slowest(isms_command: Command) -> None:
    assert "the slowest:" in isms_command("check", DATA / "harbour-saas", "--timing").out


#### Status


def test_verdicts_on_the_two_organisations(harbour: Isms, neglected: Isms) -> None:
    assert [verb.verdict for verb in status(harbour).verbs] == ["shown"] * 4
    assert [verb.name for verb in status(harbour).verbs] == ["establish", "implement", "maintain", "improve"]
    assert {verb.verdict for verb in status(neglected).verbs} <= {"not shown", "shown with gaps"}


def test_each_verb_has_evidence_and_gaps_of_its_own(neglected: Isms) -> None:
    for verb in status(neglected).verbs:
        assert verb.evidence.rows or verb.missing or verb.gaps
        assert all(gap.message for gap in verb.gaps)


def test_phases_in_order_and_what_is_missing(tmp_path: Path) -> None:
    from isms_graph.graph import load

    text = ':i a isms:ManagementSystem ; isms:establishedOn "2026-09-01"^^xsd:date . :s a isms:Scope .'
    started = load(
        workspace(tmp_path, a_ttl=text),
        as_of="2026-11-23",
    )
    answer = status(started, "stage1")
    assert [phase.name for phase in answer.phases] == ["foundation", "planning", "support", "operation", "evaluation", "improvement"]
    assert ("scope", 1) in answer.phases[0].present
    assert "issue" in answer.phases[0].missing
    assert answer.next_step.startswith("Foundation: ")
    assert answer.roadmap.months == 2
    assert (answer.roadmap.typical_from, answer.roadmap.typical_to) == (4, 6)


def test_paper_or_system(harbour: Isms, neglected: Isms) -> None:
    alive, paper = status(harbour), status(neglected)
    assert alive.score == 1.0
    assert paper.score is not None
    assert paper.score < 0.6
    assert all(0 <= one.alive <= one.total and one.total for one in (*alive.life, *paper.life))


def test_the_roadmap_compares_with_what_is_typical(harbour: Isms) -> None:
    roadmap = status(harbour).roadmap
    assert roadmap.headcount == 20
    assert roadmap.established is not None
    assert roadmap.certified is not None
    assert roadmap.months == (roadmap.certified.year - roadmap.established.year) * 12 + roadmap.certified.month - roadmap.established.month


def test_status_as_json(isms_command: Command) -> None:
    answer = json.loads(isms_command("status", DATA / "harbour-saas", "--output", "json").out)
    assert {"verbs", "phases", "roadmap", "next"} <= set(answer)


#### Explain


HEADINGS = ("Raised against", "Why an auditor looks", "How it is decided", "What to do", "Not checked", "An example that fails")
NAMES = ["Risk", "isms:Risk", "risk", "owner", "treatedBy", "treated by", "6.1.3", "A.5.23", "Surveillance", "establish", "top-risks"]


@pytest.mark.parametrize("id_", load_catalogue().checks)
def test_explain_a_check(isms_command: Command, id_: str) -> None:
    run = isms_command("explain", id_)
    assert run.code == 0
    for heading in (*HEADINGS, "An example that passes"):
        assert heading in run.out
    assert "Found: " in run.out.split("An example that passes")[0]
    assert "Found: " not in run.out.split("An example that passes")[1]


@pytest.mark.parametrize("name", NAMES)
def test_explain_terms_by_any_name(isms_command: Command, name: str) -> None:
    assert isms_command("explain", name).code == 0
    json.loads(isms_command("explain", name, "--output", "json").out)


@pytest.mark.parametrize("kind", KINDS)
def test_everything_that_is_listed_can_be_explained(isms_command: Command, kind: str) -> None:
    rows = listing(kind)
    assert len(rows) > 10
    assert isms_command("explain", "--list", kind).code == 0
    for name, title in rows[:: max(1, len(rows) // 12)]:
        assert title
        assert isms_command("explain", name).code == 0


#### The process map


def test_map_of_the_demonstration(harbour: Isms) -> None:
    drawn = process_map(harbour)
    assert len(drawn.boxes) >= 15
    assert len(drawn.flows) >= 25
    assert not [flow for flow in drawn.flows if flow.missing or flow.gaps]
    assert not [box for box in drawn.boxes if box.gaps]
    assert {box.lane for box in drawn.boxes} == {0, 1, 2, 3}


def test_gaps_are_marked(neglected: Isms) -> None:
    drawn = process_map(neglected)
    assert any(box.gaps for box in drawn.boxes) or any(flow.missing or flow.gaps for flow in drawn.flows)
    assert "#c00000" in svg(drawn)
    assert "linkStyle" in mermaid(drawn) or "classDef gap" in mermaid(drawn)


def test_what_is_withdrawn_is_not_on_the_map(neglected: Isms) -> None:
    drawn = process_map(neglected)
    assert "Improvement" not in {box.label for box in drawn.boxes}
    assert any("improvement process" in gap for gap in drawn.other_gaps), "that nothing covers improvement is said all the same"


def test_a_missing_flow_is_drawn_between_the_processes_that_lack_it() -> None:
    isms_ = example("required-flow-missing.fail.ttl").isms()
    missing = [flow for flow in process_map(isms_).flows if flow.missing]
    assert [(flow.start.rsplit("/", 1)[1], flow.end.rsplit("/", 1)[1], flow.label) for flow in missing] == [
        ("process-evaluation", "process-governance", "internal audit to management review"),
        ("process-evaluation", "process-governance", "monitoring to management review"),
    ]
    assert "-. " in mermaid(process_map(isms_))


def test_labels_cannot_break_out_of_the_picture() -> None:
    isms_ = base(':process-risk rdfs:label "<script>alert(1)</script> & \\"quoted\\""@fr .')
    for quad in list(isms_.store.quads_for_pattern(None, None, None, None)):
        if str(quad.object) == '"Risk assessment and treatment"':
            isms_.store.remove(quad)
    drawn = process_map(isms_)
    assert "<script" not in svg(drawn)
    assert "<script" not in mermaid(drawn)
    ElementTree.fromstring(svg(drawn))  # noqa: S314 - our own output


def test_map_to_a_file(isms_command: Command, tmp_path: Path) -> None:
    assert isms_command("map", DATA / "harbour-saas", "--output", f"svg={tmp_path / 'map.svg'}").code == 0
    assert (tmp_path / "map.svg").read_text().startswith("<svg")
    assert isms_command("map", DATA / "harbour-saas").out.startswith("flowchart LR")
