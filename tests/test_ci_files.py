"""What is shipped for CI services: the steps of the action and of the template run as a script, in a repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from conftest import workspace
from test_baselines import HELD, PERSON, VACANT, repository
from test_formats import SCHEMA

import isms_graph

ROOT = Path(isms_graph.__file__).parent.parent
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


def shell(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a step in a folder, with `isms` on the path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["sh", "-e", "-c", script], cwd=folder, env={**os.environ, "PATH": path, **environment}, capture_output=True, text=True, check=False
    )


def action(folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run the action's checking step as the service would: inputs come as environment variables."""
    given = {name: spec["default"] for name, spec in ACTION["inputs"].items()} | {name.replace("_", "-"): v for name, v in inputs.items()}
    step = ACTION["runs"]["steps"][1]
    environment = {}
    for name, value in step["env"].items():
        for known, text in {**{f"inputs.{key}": value_ for key, value_ in given.items()}, "github.action_path": str(ROOT)}.items():
            value = value.replace("${{ " + known + " }}", text)
        environment[name] = value
    assert not any("${{" in value for value in environment.values())
    return shell(step["run"], folder, GITHUB_STEP_SUMMARY=str(folder / "summary.md"), **environment)


def test_the_action_annotates_what_a_pull_request_breaks(tmp_path: Path) -> None:
    place = repository(tmp_path, a_ttl=PERSON + HELD, b_ttl=':cto a isms:Role ; rdfs:label "CTO" .')
    workspace(place, a_ttl=PERSON + VACANT)
    done = action(tmp_path, workspace="isms", since="main")
    assert done.returncode == 1, done.stderr
    assert "file=isms/a.ttl,line=6" in done.stdout
    assert "role-vacant" in done.stdout
    assert '"CTO"' not in done.stdout
    jsonschema.Draft4Validator(SCHEMA).validate(json.loads((tmp_path / "isms.sarif").read_text()))
    assert "open findings gained since main" in (tmp_path / "summary.md").read_text()


def test_the_action_is_green_when_nothing_is_broken(tmp_path: Path) -> None:
    repository(tmp_path, a_ttl=PERSON + VACANT)
    done = action(tmp_path, workspace="isms", since="main", fail_on="ofi")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "isms.sarif").read_text())["runs"][0]["results"] == []


def test_the_action_says_what_is_wrong_with_its_input(tmp_path: Path) -> None:
    repository(tmp_path, a_ttl=PERSON)
    done = action(tmp_path, workspace="nowhere")
    assert done.returncode == 2
    assert "nowhere" in done.stderr


@pytest.mark.parametrize("text", ["$(touch broken)", "`touch broken`", "; touch broken", "--output=text=broken", "* ?"])
def test_no_input_becomes_a_command(tmp_path: Path, text: str) -> None:
    repository(tmp_path, a_ttl=PERSON)
    for name in ("workspace", "since", "stage", "baseline"):
        assert action(tmp_path, **{"workspace": "isms", name: text}).returncode == 2
    assert not (tmp_path / "broken").exists()


def test_no_input_stands_in_the_text_of_a_step() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]


def test_several_paths_with_spaces(tmp_path: Path) -> None:
    for name in ("one place", "another"):
        (tmp_path / name).mkdir()
        workspace(tmp_path / name, a_ttl=PERSON if name == "another" else VACANT)
    done = action(tmp_path, workspace="one place\nanother", fail_on="never")
    assert done.returncode == 0, done.stderr


def test_the_gitlab_template_writes_its_reports(tmp_path: Path) -> None:
    job = yaml.safe_load((ROOT / "ci" / "gitlab.yml").read_text(encoding="utf-8"))[".isms-check"]
    repository(tmp_path, a_ttl=PERSON + VACANT)
    done = shell("\n".join(job["script"]), tmp_path, **{**job["variables"], "ISMS_WORKSPACE": "isms"})
    assert done.returncode == 1, done.stderr
    for report in job["artifacts"]["reports"].values():
        assert (tmp_path / report).stat().st_size > 0


def test_the_pre_commit_hook_runs_the_command(tmp_path: Path) -> None:
    hook, layout = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    repository(tmp_path, a_ttl=PERSON + VACANT)
    assert shell(f"{hook['entry']} isms", tmp_path).returncode == 1
    assert hook["pass_filenames"] is False
    (tmp_path / "untidy.ttl").write_text("<a:s>   <a:p> 1.\n", encoding="utf-8")
    assert shell(f"{layout['entry']} untidy.ttl", tmp_path).returncode == 0
    assert (tmp_path / "untidy.ttl").read_text(encoding="utf-8") == "<a:s> <a:p> 1 .\n"
