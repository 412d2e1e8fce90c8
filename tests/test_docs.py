"""What the documents show is what the commands print, and what they name is there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import Run

import isms_graph
from isms_graph.cli import cli

ROOT = Path(isms_graph.__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
_BLOCK = re.compile(r"(?:<!-- file: (?P<file>\S+) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)```", re.DOTALL)
_LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")
CUT = "[...]"
WRITES = ("isms init", "isms oscal import")


class Shown(NamedTuple):
    """A command in a document with the output that the document shows for it."""

    document: str
    command: str
    output: str
    before: tuple[str, ...]  # what the block has written before


def blocks(path: Path) -> list[re.Match[str]]:
    return list(_BLOCK.finditer(path.read_text(encoding="utf-8")))


def shown() -> Iterator[Shown]:
    for path in DOCUMENTS:
        for block in blocks(path):
            if block["language"] == "console":
                before: tuple[str, ...] = ()
                for part in re.split(r"^\$ ", block["text"], flags=re.MULTILINE)[1:]:
                    command, _, output = part.partition("\n")
                    yield Shown(path.name, command, output.rstrip("\n"), before)
                    before += (command,) if command.startswith(WRITES) else ()


def matches(expected: str, printed: str) -> bool:
    """True if the texts are equal, any lines standing for a line `[...]`."""
    parts = re.split(rf"^ *{re.escape(CUT)}$\n?", expected + "\n", flags=re.MULTILINE)
    return re.fullmatch("(?:.*\n)*".join(re.escape(part) for part in parts), printed.rstrip("\n") + "\n") is not None


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the demonstration data and the files that the documents show."""
    (tmp_path / "data").symlink_to(ROOT / "data")
    for path in DOCUMENTS:
        for block in blocks(path):
            if block["file"]:
                file = tmp_path / block["file"]
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(block["text"], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("one", list(shown()), ids=lambda one: f"{one.document}: {one.command}")
def test_output_is_what_the_command_prints(one: Shown, isms_command: Callable[..., Run]) -> None:
    for earlier in one.before:
        assert isms_command(*shlex.split(earlier)[1:]).code == 0
    command, *arguments = shlex.split(one.command)
    assert command == "isms", "only commands of this program are shown with their output"
    run = isms_command(*arguments)
    printed = run.out + run.err
    assert matches(one.output, printed), f"{one.command} prints\n{printed}"


def test_a_difference_is_noticed() -> None:
    assert matches("a\n[...]\nd", "a\nb\nc\nd\n")
    assert matches("a\n[...]", "a\n")
    assert not matches("a\n[...]\nd", "a\nb\nd!\n")
    assert not matches("a\nb", "a\nb\nc\n")


def test_every_verb_is_in_the_readme() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [verb for verb in cli.commands if f"isms {verb}" not in text] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for link in _LINK.findall(path.read_text(encoding="utf-8")):
        assert (path.parent / link).exists(), link


@pytest.mark.usefixtures("place")
def test_the_python_example_runs() -> None:
    found = [block["text"] for block in blocks(ROOT / "README.md") if block["language"] == "python"]
    examples = [text for text in found if "127.0.0.1:8080" not in text]  # those are for tests/test_serve_clients.py
    assert examples
    for example in examples:
        exec(compile(example, "README.md", "exec"), {})  # noqa: S102 - our own document
