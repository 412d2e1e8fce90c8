"""`isms diff` and `isms what-if`: what is compared, what is printed, and how they exit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import DATA, HEADER, Run, workspace
from test_baselines import git, repository

Command = Callable[..., Run]
TOML = 'base = "https://example.org/isms/"\nas-of = 2026-11-23\n'
PERSON = ':ada a isms:Person ; rdfs:label "Ada" .'
HELD = ':manager a isms:Role ; rdfs:label "ISMS manager" ; isms:heldBy :ada .'
VACANT = ':manager a isms:Role ; rdfs:label "ISMS manager" .'
RISK = ':fire a isms:Risk ; rdfs:label "Fire" ; isms:owner :manager ; isms:currentLevel 4 .'


def two(tmp_path: Path, before: str, after: str) -> tuple[Path, Path]:
    places = (tmp_path / "before", tmp_path / "after")
    for place, text in zip(places, (before, after), strict=True):
        place.mkdir()
        workspace(place, isms_toml=TOML, a_ttl=text)
    return places


def change(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "change.ttl"
    path.write_text(HEADER + text)
    return path


def test_two_folders(isms_command: Command, tmp_path: Path) -> None:
    before, after = two(
        tmp_path, PERSON + HELD + RISK, PERSON.replace("Ada", "Ada Lovelace") + VACANT + ':new a isms:Risk ; rdfs:label "New" .'
    )
    run = isms_command("diff", before, after)
    assert run.code == 0
    assert run.out.startswith("1 element added, 1 removed, 2 modified; ")
    lines = [line.strip() for line in run.out.splitlines()]
    for line in ("+ New", "- Fire", "~ Ada Lovelace", "name: Ada -> Ada Lovelace", "held by: - Ada", "+ MINOR  5.3 role-vacant", "a.ttl:6"):
        assert line in lines, line
    assert "Findings lost" in lines and "Findings gained" in lines
    assert isms_command("diff", before, after, "--fail-on", "minor").code == 1
    assert isms_command("diff", before, after, "--fail-on", "minor", "--output", "json").code == 1


def test_json(isms_command: Command, tmp_path: Path) -> None:
    before, after = two(tmp_path, PERSON + HELD + RISK, PERSON + VACANT + RISK.replace("4", "6"))
    run = isms_command("diff", before, after, "--output", "json", "--stage", "stage1")
    found = json.loads(run.out)
    assert list(found) == ["before", "after", "added", "removed", "modified", "affected", "findings", "figures"]
    assert found["after"] == {"name": "after", "as_of": "2026-11-23", "stage": "stage1"}
    fire = next(one for one in found["modified"] if one["label"] == "Fire")
    assert fire == {
        "node": "https://example.org/isms/fire",
        "label": "Fire",
        "class": "isms:Risk",
        "properties": [{"property": "isms:currentLevel", "label": "current level", "lost": ["4"], "gained": ["6"]}],
        "action": "",
        "owner": "",
    }
    assert "role-vacant" in [one["check"] for one in found["findings"]["gained"]]
    assert {"figure": "Risks", "before": 1, "after": 1} in found["figures"]


def test_nothing_differs(isms_command: Command, tmp_path: Path) -> None:
    before, after = two(tmp_path, PERSON + HELD, "# The same\n" + HELD + "\n" + PERSON)
    run = isms_command("diff", before, after, "--fail-on", "ofi")
    assert run.code == 0
    assert run.out.startswith("No element differs.\n")
    assert "The figures are the same." in run.out


def test_revisions(isms_command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = repository(tmp_path, isms_toml=TOML, a_ttl=PERSON + HELD)
    git(tmp_path, "tag", "v1")
    workspace(place, a_ttl=PERSON + VACANT)
    git(tmp_path, "commit", "--quiet", "--all", "--message", "Vacant")
    workspace(place, a_ttl=PERSON + HELD + RISK)
    now = isms_command("diff", "main", "--in", place)
    assert now.out.startswith("1 element added, 1 modified; ")
    assert "held by: + Ada" in now.out
    assert "From main to the files as they are" in now.out
    both = isms_command("diff", "v1", "main", "--in", place)
    assert both.out.startswith("1 element modified; ")
    assert "held by: - Ada" in both.out
    monkeypatch.chdir(place)
    assert isms_command("diff", "main").out == now.out
    (place / "v1").mkdir()
    workspace(place / "v1", b_ttl=PERSON)
    forced = isms_command("diff", "git:v1", "git:main")
    assert forced.out.startswith("1 element modified; ")
    folder = isms_command("diff", "v1", "main")
    assert folder.out.startswith("1 element added"), "the folder of that name counts"


def test_a_folder_with_a_revision(isms_command: Command, tmp_path: Path) -> None:
    place = repository(tmp_path, isms_toml=TOML, a_ttl=PERSON + HELD)
    other = tmp_path / "other"
    other.mkdir()
    workspace(other, isms_toml=TOML, a_ttl=PERSON + VACANT)
    assert "held by: - Ada" in isms_command("diff", "main", other, "--in", place).out


def test_the_date_is_that_of_the_second(isms_command: Command, tmp_path: Path) -> None:
    before, after = two(tmp_path, PERSON + HELD, PERSON + HELD)
    (before / "isms.toml").write_text(TOML.replace("2026-11-23", "2025-01-01"))
    assert "both as of 2026-11-23" in " ".join(isms_command("diff", before, after).out.split())
    assert "both as of 2027-01-01" in " ".join(isms_command("diff", before, after, "--as-of", "2027-01-01").out.split())


def test_two_dates(isms_command: Command, tmp_path: Path) -> None:
    due = PERSON + HELD + ':act a isms:TreatmentAction ; rdfs:label "Act" ; isms:owner :manager ; isms:dueOn "2026-12-31"^^xsd:date .'
    place, other = two(tmp_path, due, due + RISK)
    run = isms_command("diff", "--as-of", "2026-12-01", "--as-of", "2027-02-01", "--in", place, "--fail-on", "minor")
    assert run.code == 1
    assert run.out.startswith("No element differs; ")
    assert "treatment-action-overdue" in run.out
    both = isms_command("diff", place, other, "--as-of", "2026-12-01", "--as-of", "2027-02-01")
    assert both.out.startswith("1 element added; ")
    assert "treatment-action-overdue" in both.out


@pytest.mark.parametrize(
    ("arguments", "messages"),
    [
        (("nowhere", "after"), ("neither a folder or file nor a git revision", "not in a git repository")),
        (("befor", "after"), ("Did you mean before?",)),
        (("git:main", "after"), ("not in a git repository",)),
        (("", "after"), ("neither",)),
        ((), ("what is to be compared?",)),
        (("--as-of", "2026-01-01"), ("what is to be compared?",)),
        (("before", "after", *("--as-of", "2026-01-01") * 3), ("once for both states, or twice",)),
        (("before", "after", "--as-of", "tomorrow"), ("'tomorrow' is not a date",)),
        (("before", "after", "--stage", "stage3"), ("stage1",)),
        (("before", "empty"), ("there is no file of an ISMS here",)),
        (("before", "other"), ("no element of an ISMS",)),
        (("before", "broken"), ("a.ttl:6",)),
        (("before", "--in", "missing"), ("there is no such file or folder",)),
    ],
)
def test_wrong_questions(
    isms_command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], messages: tuple[str, ...]
) -> None:
    two(tmp_path, PERSON + HELD, PERSON)
    for name, text in (("empty", None), ("other", "<urn:a> <urn:b> <urn:c> ."), ("broken", "nonsense")):
        (tmp_path / name).mkdir()
        if text:
            workspace(tmp_path / name, a_ttl=text)
    monkeypatch.chdir(tmp_path)
    run = isms_command("diff", *arguments)
    assert run.code == 2
    assert run.out == ""
    for message in messages:
        assert message in run.err


def test_wrong_revisions(isms_command: Command, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "Nothing yet")
    place = tmp_path / "isms"
    place.mkdir()
    workspace(place, isms_toml=TOML, a_ttl=PERSON + "nonsense")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "Broken")
    workspace(place, a_ttl=PERSON + HELD)
    for name, message in (
        ("mian", "git knows no revision 'mian'"),
        ("HEAD~1", "this was not there at HEAD~1"),
        ("HEAD", f"as it was at HEAD: {place}/a.ttl:6"),
    ):
        run = isms_command("diff", name, "--in", place)
        assert run.code == 2
        assert message in run.err


def test_what_if(isms_command: Command, tmp_path: Path) -> None:
    place, _ = two(tmp_path, PERSON + HELD + RISK, "")
    path = change(tmp_path, ":fire isms:currentLevel 6 . [] isms:removes :ada .")
    run = isms_command("what-if", path, place)
    assert run.code == 0
    assert run.out.startswith("1 element removed, 2 modified; ")
    assert "current level: 4 -> 6" in run.out
    assert "role-vacant" in run.out
    assert isms_command("what-if", path, place, "--fail-on", "minor").code == 1
    assert json.loads(isms_command("what-if", path, place, "--output", "json").out)["removed"][0]["label"] == "Ada"


def test_what_if_a_whole_folder(isms_command: Command, tmp_path: Path) -> None:
    before, after = two(tmp_path, PERSON + HELD, PERSON + HELD + RISK)
    (after / "isms.toml").write_text(TOML.replace("2026-11-23", "2030-01-01"))
    run = isms_command("what-if", after, before)
    assert run.out.startswith("1 element added; ")
    assert "both as of 2026-11-23" in " ".join(run.out.split())


def test_what_if_places_findings_in_the_change(isms_command: Command, tmp_path: Path) -> None:
    place, _ = two(tmp_path, PERSON + HELD, "")
    run = isms_command("what-if", change(tmp_path, "\n:new a isms:Risk ; rdfs:label 'New' ."), place, "--output", "json")
    sources = {(Path(one["source"]["file"]).name, one["source"]["line"]) for one in json.loads(run.out)["findings"]["gained"]}
    assert sources == {("change.ttl", 7)}


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [("", 0, "No element differs."), ("[] isms:removes :aada .", 2, "change.ttl:6"), ("nonsense", 2, "change.ttl:6")],
)
def test_what_if_with_little_or_wrong(isms_command: Command, tmp_path: Path, text: str, code: int, message: str) -> None:
    place, _ = two(tmp_path, PERSON + HELD, "")
    run = isms_command("what-if", change(tmp_path, text), place)
    assert run.code == code
    assert message in run.out + run.err


def test_what_if_everything_goes(isms_command: Command, tmp_path: Path) -> None:
    place, _ = two(tmp_path, PERSON, "")
    run = isms_command("what-if", change(tmp_path, "[] isms:removes :ada ."), place)
    assert run.code == 2
    assert "no element of an ISMS" in run.err


def test_long_answers_are_cut_and_say_so(isms_command: Command) -> None:
    text = isms_command("diff", "--as-of", "2026-11-23", "--as-of", "2027-12-01", "--in", DATA / "harbour-saas")
    assert "more; --output json has them all" in text.out
