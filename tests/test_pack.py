"""The audit pack is complete, says what it was made of, is the same each time, and takes the place of nothing but an earlier pack."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import HEADER, Run
from test_deliverables import SMALL

from isms_graph.exporters import DELIVERABLES, FORMATS
from isms_graph.exporters.pack import write_pack
from isms_graph.graph import load


def sources(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "isms.ttl").write_text(HEADER + SMALL, encoding="utf-8")
    (folder / "isms.toml").write_text('base = "https://example.org/isms/"\n', encoding="utf-8")
    return folder


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a workspace in it."""
    sources(tmp_path / "isms")
    return tmp_path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a workspace and its pack, with everything in it."""
    folder = tmp_path_factory.mktemp("whole")
    write_pack(load(sources(folder / "isms"), as_of="2026-06-01"), folder / "pack")
    return folder


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """One format and two deliverables, for what has nothing to do with them."""
    monkeypatch.setattr("isms_graph.exporters.pack.FORMATS", ("html",))
    monkeypatch.setattr("isms_graph.exporters.pack.DELIVERABLES", ("soa", "treatment-plan"))


def packed(isms_command: Callable[..., Run], place: Path, name: str = "pack", workspace: str = "isms", as_of: str = "2026-06-01") -> Run:
    return isms_command("export", "audit-pack", place / name, place / workspace, "--as-of", as_of)


def contents(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in folder.iterdir()}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_the_pack_is_complete_and_its_hashes_hold(whole: Path) -> None:
    found = contents(whole / "pack")
    own = {"check-report.json", "check-report.txt", "index.html", "manifest.json", "SHA256SUMS"}
    assert set(found) == {f"{name}.{form}" for name in DELIVERABLES for form in FORMATS} | own
    lines = {name: value for value, name in (line.split("  ") for line in found["SHA256SUMS"].decode().splitlines())}
    assert lines == {name: sha256(content) for name, content in found.items() if name != "SHA256SUMS"}
    manifest = json.loads(found["manifest.json"])
    assert {one["path"]: one["sha256"] for one in manifest["files"]} == {
        name: value for name, value in lines.items() if name != "manifest.json"
    }
    assert {one["path"]: one["sha256"] for one in manifest["workspace"]} == {
        name: sha256((whole / "isms" / name).read_bytes()) for name in ("isms.ttl", "isms.toml")
    }
    assert (manifest["as_of"], manifest["stage"], manifest["organization"]) == ("2026-06-01", "stage2", "Acme, Acme Labs")
    assert re.fullmatch(r"\d+\.\d+\.\d+", manifest["program"]["version"])
    report = json.loads(found["check-report.json"])
    assert report["counts"] == manifest["findings"] and report["counts"]["minor"] > 0
    assert f"{report['counts']['major']} major" in found["check-report.txt"].decode()
    assert "DRAFT, not approved" in found["index.html"].decode()


def test_the_same_sources_and_date_give_the_same_bytes_wherever_they_lie(
    isms_command: Callable[..., Run], whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources(tmp_path / "another name" / "isms copy")
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    done = packed(isms_command, tmp_path, "other", "another name/isms copy")
    assert (done.code, done.err) == (0, "")
    assert f"{len(contents(whole / 'pack'))} files" in done.out
    assert contents(tmp_path / "other") == contents(whole / "pack")
    assert str(whole).encode() not in b"".join(contents(whole / "pack").values())


@pytest.mark.usefixtures("quick")
def test_an_earlier_pack_is_replaced(isms_command: Callable[..., Run], place: Path) -> None:
    packed(isms_command, place)
    before = contents(place / "pack")
    assert packed(isms_command, place, as_of="2026-07-01").code == 0
    after = contents(place / "pack")
    assert set(before) == set(after) and before["manifest.json"] != after["manifest.json"]
    (place / "pack" / "SHA256SUMS").unlink()  # broken off before the end
    (place / "pack" / "soa.html").unlink()
    assert packed(isms_command, place).code == 0
    assert contents(place / "pack") == before


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("notes.txt", "mine", "neither empty nor an earlier audit pack"),
        ("manifest.json", "{}", "neither empty nor an earlier audit pack"),
        ("manifest.json", "[1]", "neither empty nor an earlier audit pack"),
        ("manifest.json", '{"kind": "isms-graph audit pack", "files": [{}]}', "neither empty nor an earlier audit pack"),
    ],
)
@pytest.mark.usefixtures("quick")
def test_a_folder_with_anything_else_is_left_alone(isms_command: Callable[..., Run], place: Path, name: str, text: str, said: str) -> None:
    (place / "pack").mkdir()
    (place / "pack" / name).write_text(text)
    done = packed(isms_command, place)
    assert done.code == 2 and said in done.err
    assert contents(place / "pack") == {name: text.encode()}


@pytest.mark.parametrize("name", ["notes.txt", "soa.html"])
@pytest.mark.usefixtures("quick")
def test_a_pack_that_somebody_worked_in_is_left_alone(isms_command: Callable[..., Run], place: Path, name: str) -> None:
    packed(isms_command, place)
    (place / "pack" / name).write_text("mine")
    before = contents(place / "pack")
    done = packed(isms_command, place)
    assert done.code == 2 and f"or were changed since: {name}." in done.err
    assert contents(place / "pack") == before


@pytest.mark.usefixtures("quick")
def test_a_manifest_cannot_name_files_elsewhere(isms_command: Callable[..., Run], place: Path) -> None:
    (place / "precious").write_text("keep")
    (place / "pack").mkdir()
    listed = [{"path": "../precious", "sha256": sha256(b"keep")}]
    (place / "pack" / "manifest.json").write_text(json.dumps({"kind": "isms-graph audit pack", "files": listed}))
    assert packed(isms_command, place).code == 0
    assert (place / "precious").read_text() == "keep"


@pytest.mark.usefixtures("quick")
def test_nothing_is_written_through_a_link(isms_command: Callable[..., Run], place: Path) -> None:
    packed(isms_command, place)
    linked = place / "pack" / "SHA256SUMS"
    (place / "precious").write_text("keep")
    linked.unlink()
    linked.symlink_to(place / "precious")
    assert packed(isms_command, place).code == 0
    assert (place / "precious").read_text() == "keep" and not linked.is_symlink()


def test_the_pack_does_not_lie_in_the_workspace_and_not_on_a_file(isms_command: Callable[..., Run], place: Path) -> None:
    done = packed(isms_command, place, "isms/pack")
    assert done.code == 2 and "must not lie in the workspace" in done.err
    (place / "file").write_text("x")
    done = packed(isms_command, place, "file")
    assert done.code == 2 and "this is a file" in done.err
    assert sorted(os.listdir(place)) == ["file", "isms"]


def test_formats_whose_packages_are_missing_are_left_out(
    isms_command: Callable[..., Run], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [one for one in sys.modules if one.partition(".")[0] in ("docx", "reportlab")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "docx", None)
    monkeypatch.setitem(sys.modules, "reportlab", None)
    done = packed(isms_command, place)
    assert done.code == 0
    assert done.err.count("pip install 'isms-graph[documents]'") == 2
    assert {Path(name).suffix for name in contents(place / "pack") if Path(name).stem in DELIVERABLES} == {".html", ".xlsx"}
    assert set(json.loads((place / "pack" / "manifest.json").read_text())["left_out"]) == {"docx", "pdf"}
