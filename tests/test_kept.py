"""Compiled shapes kept on disk: the same results, nothing kept that does not hold any more, and no harm from a bad file."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from conftest import example

from isms_graph.assessment import assess
from isms_graph.catalogue import load_catalogue
from isms_graph.resources import shape_files
from isms_graph.shacl import kept
from isms_graph.shacl.compiled import CompiledEngine
from isms_graph.shacl.engine import Row
from isms_graph.shacl.model import ShapesGraph


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(kept, "_file", lambda name: tmp_path / "cache" / f"shapes-{name}.json")
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return tmp_path / "cache" / "shapes-one.json"


def shapes(key: str = "one") -> ShapesGraph:
    graph = ShapesGraph(load_catalogue().shapes.quads)
    graph.key = key
    return graph


def rows(graph: ShapesGraph) -> set[Row]:
    isms_ = example("risk-without-owner.fail.ttl").isms()
    assess(isms_, "surveillance")
    return CompiledEngine().validate(graph, isms_.store).rows


def test_what_was_kept_gives_the_same_rows(file: Path) -> None:
    first = rows(shapes())
    assert first
    assert file.is_file()
    again = shapes()
    kept.load(again)
    assert len(again.prepared) == len(load_catalogue().checks)
    assert rows(again) == first


def test_another_key_is_compiled_anew_and_takes_the_place_of_the_old(file: Path) -> None:
    rows(shapes())
    other = shapes("two")
    kept.load(other)
    assert other.prepared == {}
    rows(other)
    assert [path.name for path in file.parent.iterdir()] == ["shapes-two.json"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"key": "one", "shapes": {"x": [1]}}', '{"key": "two", "shapes": {}}', "\0"])
def test_a_bad_file_is_as_good_as_none(file: Path, content: str) -> None:
    file.parent.mkdir()
    file.write_text(content)
    graph = shapes()
    kept.load(graph)
    assert graph.prepared == {}
    assert rows(graph)


def test_nothing_is_written_where_python_does_not_write(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert rows(shapes())
    assert not file.exists()


def test_a_folder_that_cannot_be_written_is_no_problem(file: Path) -> None:
    file.parent.write_text("a file where the folder should be")
    assert rows(shapes())


def test_the_key_follows_the_files(tmp_path: Path) -> None:
    shape = tmp_path / "a.ttl"
    shape.write_text("x")
    before = kept.key([shape])
    assert kept.key([shape]) == before
    os.utime(shape, (1, 1))
    assert kept.key([shape]) != before
    assert load_catalogue().shapes.key == kept.key(shape_files())
