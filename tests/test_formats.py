"""Every form of a check report in every situation: the same exit code, and content that its readers accept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from conftest import DATA, HEADER, Run, workspace
from pyoxigraph import NamedNode, RdfFormat, parse

from isms_graph.catalogue import load_catalogue
from isms_graph.namespaces import SHAPES, sh
from isms_graph.render.formats import FORMATS

Command = Callable[..., Run]
SCHEMA = json.loads((Path(__file__).parent / "vendor" / "sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8"))
# A role that nobody holds; a second fault, and a waiver for the first.
VACANT = ':manager a isms:Role ; rdfs:label "ISMS manager, <b>\\"|%" ; isms:responsibility "All." ; isms:assignedBy :top .'
TOP = ':top a isms:TopManagement , isms:Role ; rdfs:label "Board" ; isms:heldBy :ada . :ada a isms:Person ; rdfs:label "Ada" .'
WAIVER = f"""@prefix shapes: <{SHAPES}> .
:w a isms:Waiver ; rdfs:label "Until the new one starts" ; isms:owner :manager ; isms:approvedBy :top ;
    isms:justification "Starts in May." ;
    isms:waivesCheck shapes:role-vacant ; isms:waivesNode :manager ; isms:validUntil "2027-05-31"^^xsd:date ."""
SELECT = ("--select", "role-vacant", "--as-of", "2026-11-23")
SITUATIONS = {"clean": 0, "findings": 1, "waived": 0, "known": 0, "stale": 1}


def situation(name: str, folder: Path, isms_command: Command) -> list[object]:
    """The arguments of `isms check` for a situation."""
    faulty = name != "clean"
    place = workspace(folder, isms_ttl=TOP + (VACANT if faulty else "") + (WAIVER if name == "waived" else ""))
    arguments: list[object] = ["check", place, *SELECT]
    if name in ("known", "stale"):
        baseline = folder / "known.json"
        assert isms_command(*arguments, "--baseline", baseline, "--update-baseline").code == 0
        arguments += ["--baseline", baseline]
    if name == "stale":
        workspace(folder, isms_ttl=TOP)
    return arguments


@pytest.mark.parametrize("name", SITUATIONS)
@pytest.mark.parametrize("form", FORMATS)
def test_exit_codes_are_the_same_in_every_form(isms_command: Command, tmp_path: Path, form: str, name: str) -> None:
    arguments = situation(name, tmp_path, isms_command)
    run = isms_command(*arguments, "--output", form)
    assert run.code == SITUATIONS[name], run
    assert run.out.strip()
    assert isms_command(*arguments, "--output", form, "--fail-on", "never").code == 0


@pytest.mark.parametrize("form", FORMATS)
def test_bad_input_is_bad_in_every_form(isms_command: Command, tmp_path: Path, form: str) -> None:
    run = isms_command("check", tmp_path, "--output", form)
    assert (run.code, run.out) == (2, "")


def output(isms_command: Command, arguments: list[object], form: str) -> str:
    return isms_command(*arguments, "--output", form).out


@pytest.mark.parametrize("name", SITUATIONS)
def test_sarif_is_valid_and_complete(isms_command: Command, tmp_path: Path, name: str) -> None:
    log = json.loads(output(isms_command, situation(name, tmp_path, isms_command), "sarif"))
    jsonschema.Draft4Validator(SCHEMA).validate(log)
    (run,) = log["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["role-vacant"]
    assert len(run["results"]) == (0 if name in ("clean", "stale") else 1)
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert bool(result.get("suppressions")) == (name == "waived")
        assert (result.get("baselineState") == "unchanged") == (name == "known")
        (place,) = result["locations"]
        assert place["physicalLocation"]["artifactLocation"]["uri"].endswith("isms.ttl")
        assert place["physicalLocation"]["region"]["startLine"] == HEADER.count("\n") + 1


def test_sarif_of_a_large_report(isms_command: Command) -> None:
    log = json.loads(isms_command("check", DATA / "harbour-neglected", "--output", "sarif").out)
    jsonschema.Draft4Validator(SCHEMA).validate(log)
    (run,) = log["runs"]
    assert len(run["tool"]["driver"]["rules"]) == len(load_catalogue().checks)
    assert len({result["partialFingerprints"]["ismsGraph/v1"] for result in run["results"]}) == len(run["results"]) > 300


@pytest.mark.parametrize(
    ("name", "failures", "skipped"), [("clean", 0, 0), ("findings", 1, 0), ("waived", 0, 1), ("known", 0, 0), ("stale", 1, 0)]
)
def test_junit(isms_command: Command, tmp_path: Path, name: str, failures: int, skipped: int) -> None:
    root = ElementTree.fromstring(output(isms_command, situation(name, tmp_path, isms_command), "junit"))  # noqa: S314 - our own output
    assert (int(root.get("failures", -1)), int(root.get("skipped", -1))) == (failures, skipped)
    assert len(root.findall(".//failure")) == failures
    assert {case.get("name") for case in root.iter("testcase")} >= {"role-vacant"}


def test_github_annotations_escape_what_would_end_them(isms_command: Command, tmp_path: Path) -> None:
    (line,) = output(isms_command, situation("findings", tmp_path, isms_command), "github").splitlines()
    assert line.startswith("::warning file=")
    assert f",line={HEADER.count(chr(10)) + 1}," in line
    assert '"|%25' in line
    clean = output(isms_command, situation("clean", tmp_path, isms_command), "github")
    assert clean.startswith("::notice")


def test_gitlab_code_quality(isms_command: Command, tmp_path: Path) -> None:
    (entry,) = json.loads(output(isms_command, situation("findings", tmp_path, isms_command), "gitlab"))
    assert set(entry) == {"description", "check_name", "fingerprint", "severity", "location"}
    assert entry["severity"] in ("info", "minor", "major", "critical", "blocker")
    assert entry["location"]["lines"]["begin"] == HEADER.count("\n") + 1


def test_markdown_cannot_be_broken_by_a_label(isms_command: Command, tmp_path: Path) -> None:
    text = output(isms_command, situation("findings", tmp_path, isms_command), "markdown")
    row = next(line for line in text.splitlines() if "role-vacant" in line)
    assert "&lt;b&gt;" in row
    assert "\\|" in row
    assert row.replace("\\|", "").count("|") == 6


def test_turtle_is_the_standard_report(isms_command: Command, tmp_path: Path) -> None:
    quads = list(parse(output(isms_command, situation("waived", tmp_path, isms_command), "turtle"), format=RdfFormat.TURTLE))
    said = {quad.predicate: quad.object for quad in quads}
    assert getattr(said[sh("conforms")], "value", "") == "false"
    assert said[sh("sourceShape")] == NamedNode(SHAPES + "role-vacant")
    assert said[sh("focusNode")] == NamedNode("https://example.org/isms/manager")
    assert said[NamedNode("https://w3id.org/isms-graph/ns/waivedBy")] == NamedNode("https://example.org/isms/w")
    clean = output(isms_command, situation("clean", tmp_path, isms_command), "turtle")
    assert "sh:conforms true" in clean


def test_json_lines(isms_command: Command, tmp_path: Path) -> None:
    first, second = map(json.loads, output(isms_command, situation("waived", tmp_path, isms_command), "json-lines").splitlines())
    assert first["report"]["counts"] == {"major": 0, "minor": 0, "ofi": 0}
    assert second["finding"]["waiver"]["reason"] == "Starts in May."


def test_waived_findings_are_shown(isms_command: Command, tmp_path: Path) -> None:
    text = output(isms_command, situation("waived", tmp_path, isms_command), "text")
    assert "Waived" in text
    assert "Starts in May." in text
    assert "No findings (1 waived)" in text


@pytest.mark.parametrize("form", [form for form in FORMATS if form != "junit"])  # which holds times
def test_output_is_deterministic(isms_command: Command, tmp_path: Path, form: str) -> None:
    arguments = situation("findings", tmp_path, isms_command)
    assert output(isms_command, arguments, form) == output(isms_command, arguments, form)
