"""What many tests start from."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from pyoxigraph import Quad, RdfFormat, parse

from isms_graph.examples import Example, read_example
from isms_graph.graph import Isms, load
from isms_graph.resources import folder

pytest_plugins = ["endpoints", "rdf_stores"]

os.environ.setdefault("DAY", str(date.today().toordinal()))  # which share tests/test_engines.py asks: processes agree past midnight
os.environ.setdefault("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")  # a reasoner that runs for a second
DATA = folder("data")
HEADER = """@prefix : <https://example.org/isms/> .
@prefix isms: <https://w3id.org/isms-graph/ns/> .
@prefix iso27001: <https://w3id.org/isms-graph/iso27001/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""


def quads(turtle: str) -> list[Quad]:
    """Statements in Turtle, prefixes declared."""
    return list(parse(HEADER + turtle, format=RdfFormat.TURTLE))


def pytest_collection_finish() -> None:
    """The imported modules and the tests stay: the garbage collector need not go through them again and again."""
    gc.collect()
    gc.freeze()


@cache
def _read(name: str) -> Example:
    return read_example(folder("shapes") / "examples" / name)


def example(name: str) -> Example:
    """An example by file name."""
    return _read(name)


def base(turtle: str = "") -> Isms:
    """The complete little ISMS that the examples start from, with statements added."""
    plain = Example(folder("shapes") / "examples" / "base.ttl", "base", passing=True, quads=quads(turtle))
    return plain.isms()


def workspace(folder_: Path, **files: str) -> Path:
    """A workspace with files, given by name with `_` for `.`; prefixes are put before Turtle."""
    for name, text in files.items():
        stem, _, suffix = name.rpartition("_")
        (folder_ / f"{stem}.{suffix}").write_text(HEADER + text if suffix == "ttl" else text, encoding="utf-8")
    return folder_


@pytest.fixture(scope="session")
def harbour() -> Isms:
    return load(DATA / "harbour-saas")


@pytest.fixture(scope="session")
def neglected() -> Isms:
    return load(DATA / "harbour-neglected")


class Run(NamedTuple):
    """What a command gave: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


@pytest.fixture
def isms_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    """Runs `isms ARGUMENTS` in this process."""
    from isms_graph.cli import main

    def run(*arguments: object) -> Run:
        monkeypatch.setattr("sys.argv", ["isms", *(str(argument) for argument in arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main()
        captured = capsys.readouterr()
        assert isinstance(stop.value.code, int)
        assert "Traceback" not in captured.err
        return Run(stop.value.code, captured.out, captured.err)

    return run
