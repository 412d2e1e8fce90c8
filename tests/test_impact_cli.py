"""`isms impact` on the command line: what it prints of long and hostile input, and what cannot be asked."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Run, workspace
from test_impacts import CHAIN

Command = Callable[..., Run]
CHAIN_OF_MANY = "".join(f":n{n} a isms:Asset ; isms:dependsOn :n{n - 1} .\n" for n in range(1, 3_000)) + ":n0 a isms:Asset ."


@pytest.mark.parametrize("form", ["text", "json", "csv", "svg", "dot", "mermaid"])
def test_a_long_chain_and_a_long_name_take_no_time_to_print(isms_command: Command, tmp_path: Path, form: str) -> None:
    folder = workspace(
        tmp_path, a_ttl=CHAIN_OF_MANY + f'\n:n1 rdfs:label "{"x" * 100_000}" .', isms_toml='base = "https://example.org/isms/"'
    )
    begin = time.perf_counter()
    run = isms_command("impact", "n0", folder, "--output", form)
    assert run.code == 0
    assert len(run.out) < 5_000_000
    assert time.perf_counter() - begin < 20
    if form == "json":
        paths = {len(one["path"]): one["hops"] for one in json.loads(run.out)["affected"]}
        assert max(paths) == 100
        assert paths[0] > 100, "what is further away has no path"


def test_names_cannot_steer_the_terminal(isms_command: Command, tmp_path: Path) -> None:
    text = ':a a isms:Asset ; rdfs:label "A" . :b a isms:Asset ; isms:dependsOn :a ; rdfs:label "\\u001B[31mred\\u202E" .'
    folder = workspace(tmp_path, a_ttl=text, isms_toml='base = "https://example.org/isms/"')
    for options in ([], ["--why", "b"]):
        out = isms_command("impact", "A", folder, *options).out
        assert "red" in out
        assert "\x1b" not in out and "\u202e" not in out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["", "--hops", "1"], "is empty"),
        (["control", "--direction", "affected-by", "--change", "removal"], "asked forward"),
        (["control", "--why", "risk", "--hops", "1"], "without --hops"),
        (["control", "--plan", "--as-of", "9999-12-30"], "no day 90 days after"),
    ],
)
def test_what_cannot_be_asked(isms_command: Command, tmp_path: Path, options: list[str], said: str) -> None:
    folder = workspace(tmp_path, a_ttl=CHAIN, isms_toml='base = "https://example.org/isms/"')
    run = isms_command("impact", options[0], folder, *options[1:])
    assert run.code == 2
    assert said in run.err


def test_when_nobody_reads_on_it_is_no_finding(tmp_path: Path) -> None:
    folder = workspace(tmp_path, a_ttl=CHAIN_OF_MANY, isms_toml='base = "https://example.org/isms/"')
    command = [sys.executable, "-c", "from isms_graph.cli import main; main()", "impact", "n0", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(30) == 141
