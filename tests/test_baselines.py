"""Baselines and comparison with git revisions: only what is new fails, and what is gone has to leave the list."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Run, workspace

Command = Callable[..., Run]
PERSON = ':ada a isms:Person ; rdfs:label "Ada" .'
HELD = ':manager a isms:Role ; rdfs:label "ISMS manager" ; isms:heldBy :ada .'
VACANT = ':manager a isms:Role ; rdfs:label "ISMS manager" .'
SELECT = ("--select", "role-vacant", "--as-of", "2026-11-23")


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def repository(folder: Path, **files: str) -> Path:
    """A git repository with a workspace in it, committed."""
    git(folder, "init", "--quiet", "--initial-branch", "main")
    place = folder / "isms"
    place.mkdir()
    workspace(place, **files)
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "The ISMS")
    return place


def test_known_findings_do_not_fail_and_new_ones_do(isms_command: Command, tmp_path: Path) -> None:
    place = workspace(tmp_path, a_ttl=PERSON + VACANT)
    known = tmp_path / "known.json"
    assert "1 known findings written" in isms_command("check", place, *SELECT, "--baseline", known, "--update-baseline").err
    assert isms_command("check", place, *SELECT, "--baseline", known).code == 0
    workspace(tmp_path, a_ttl="\n\n" + PERSON + VACANT, b_ttl=':cto a isms:Role ; rdfs:label "CTO" .')
    run = isms_command("check", place, *SELECT, "--baseline", known)
    assert run.code == 1
    assert '"CTO"' in run.out
    assert '"ISMS manager"' not in run.out
    assert "1 known" in run.out


def test_an_element_without_an_iri_is_known_again_by_what_is_said_of_it(isms_command: Command, tmp_path: Path) -> None:
    nameless = VACANT.replace(":manager", "[]")
    place = workspace(tmp_path, a_ttl=PERSON + nameless)
    known = tmp_path / "known.json"
    assert "1 known findings written" in isms_command("check", place, *SELECT, "--baseline", known, "--update-baseline").err
    assert isms_command("check", place, *SELECT, "--baseline", known).code == 0
    workspace(tmp_path, a_ttl=PERSON + nameless + nameless.replace("ISMS", "Risk"))
    assert isms_command("check", place, *SELECT, "--baseline", known).code == 1


def test_a_stale_entry_fails_until_it_is_pruned(isms_command: Command, tmp_path: Path) -> None:
    place, known = workspace(tmp_path, a_ttl=PERSON + VACANT), tmp_path / "known.json"
    isms_command("check", place, *SELECT, "--baseline", known, "--update-baseline")
    workspace(tmp_path, a_ttl=PERSON + HELD)
    run = isms_command("check", place, *SELECT, "--baseline", known)
    assert run.code == 1
    assert "not found any more" in run.out
    assert "--update-baseline" in run.out
    assert isms_command("check", place, "--select", "risk-without-owner", "--baseline", known).code == 0, "its check did not run"
    isms_command("check", place, *SELECT, "--baseline", known, "--update-baseline")
    assert json.loads(known.read_text())["findings"] == []
    assert isms_command("check", place, *SELECT, "--baseline", known).code == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no such baseline"),
        ("{", "not valid JSON"),
        ("[]", "not a baseline"),
        ('{"version": 2, "findings": []}', "not a baseline"),
        ('{"version": 1, "findings": [{"check": "x"}]}', "not a baseline"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_a_bad_baseline(isms_command: Command, tmp_path: Path, content: str | bytes | None, message: str) -> None:
    known = tmp_path / "known.json"
    if content is not None:
        known.write_bytes(content if isinstance(content, bytes) else content.encode())
    run = isms_command("check", workspace(tmp_path, a_ttl=PERSON + HELD), *SELECT, "--baseline", known)
    assert run.code == 2
    assert message in run.err
    assert "known.json" in run.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--update-baseline",), "--baseline FILE"),
        (("--baseline", "known.json", "--since", "main"), "take one"),
        (("--select", "role-vacnt"), "role-vacant"),
        (("--output", "sarf"), "sarif"),
    ],
)
def test_wrong_options(isms_command: Command, tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    run = isms_command("check", workspace(tmp_path, a_ttl=PERSON + HELD), *options)
    assert run.code == 2
    assert message in run.err


def test_since_tells_gained_from_lost_and_unchanged(isms_command: Command, tmp_path: Path) -> None:
    place = repository(tmp_path, a_ttl=PERSON + VACANT, b_ttl=':cto a isms:Role ; rdfs:label "CTO" .')
    workspace(place, a_ttl=PERSON + HELD, c_ttl=':clerk a isms:Role ; rdfs:label "Clerk" .')
    run = isms_command("check", place, *SELECT, "--since", "main")
    assert run.code == 1
    assert 'Nobody holds the role "Clerk"' in run.out
    assert 'Nobody holds the role "CTO"' not in run.out
    assert "1 gained" in run.out
    assert "1 lost, 1 unchanged" in run.out
    report = json.loads(isms_command("check", place, *SELECT, "--since", "HEAD", "--output", "json").out)
    assert [one["label"] for one in report["since"]["lost"]] == ["ISMS manager"]
    assert report["since"]["unchanged"] == 1


def test_since_sees_what_a_change_in_one_file_breaks_in_another(isms_command: Command, tmp_path: Path) -> None:
    """The person goes from one file; the role in the other is vacant."""
    place = repository(tmp_path, people_ttl=PERSON, roles_ttl=HELD)
    assert isms_command("check", place, *SELECT, "--since", "main").code == 0
    workspace(place, people_ttl=PERSON.replace(" .", ' ; isms:leftOn "2026-01-31"^^xsd:date .'))
    run = isms_command("check", place, *SELECT, "--since", "main")
    assert run.code == 1
    assert "roles.ttl" in run.out


def test_since_before_there_was_an_isms_everything_is_gained(isms_command: Command, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "Nothing yet")
    place = tmp_path / "isms"
    place.mkdir()
    run = isms_command("check", workspace(place, a_ttl=PERSON + VACANT), *SELECT, "--since", "main")
    assert run.code == 1
    assert "1 gained" in run.out


def test_since_an_unreadable_revision(isms_command: Command, tmp_path: Path) -> None:
    place = repository(tmp_path, a_ttl=PERSON + "nonsense")
    workspace(place, a_ttl=PERSON + HELD)
    run = isms_command("check", place, *SELECT, "--since", "main")
    assert run.code == 2
    assert "as it was at main" in run.err


@pytest.mark.parametrize("revision", ["no-such-branch", "--output=x", "main:isms", ""])
def test_since_a_revision_that_does_not_exist(isms_command: Command, tmp_path: Path, revision: str) -> None:
    run = isms_command("check", repository(tmp_path, a_ttl=PERSON), *SELECT, f"--since={revision}")
    assert run.code == 2
    assert len(run.err.strip().splitlines()) == 1


def test_since_outside_a_repository(isms_command: Command, tmp_path: Path) -> None:
    run = isms_command("check", workspace(tmp_path, a_ttl=PERSON), *SELECT, "--since", "main")
    assert run.code == 2
    assert "not in a git repository" in run.err


def test_nothing_in_the_repository_changes(isms_command: Command, tmp_path: Path) -> None:
    place = repository(tmp_path, a_ttl=PERSON + HELD)
    workspace(place, a_ttl=PERSON + VACANT)
    before = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*"))
    isms_command("check", place, *SELECT, "--since", "main")
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")) == before
    assert VACANT in (place / "a.ttl").read_text()
