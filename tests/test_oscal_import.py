"""`isms oscal import`: what is taken from a catalogue and a crosswalk, and what is refused, each fault with its place."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from pyoxigraph import NamedNode

from isms_graph.errors import InputError, Problems
from isms_graph.graph import Isms, load
from isms_graph.importers.catalog import MAX_CONTROLS, read_catalogue
from isms_graph.importers.catalog_turtle import as_turtle
from isms_graph.importers.crosswalk import Mapped
from isms_graph.namespaces import RDFS_LABEL, isms
from isms_graph.sources.layout import laid_out

Command = Callable[..., Run]
UUID = "0f9d6c3a-5d1e-4b7a-9c55-3d0d5a1f7e10"
A = "https://w3id.org/isms-graph/iso27001/A."


def control(id_: str, title: str = "A control", **more: Any) -> dict[str, Any]:
    return {"id": id_, "title": title, **more}


def prop(name: str, value: str, **more: str) -> dict[str, str]:
    return {"name": name, "value": value, **more}


def content(**parts: Any) -> dict[str, Any]:
    """A catalogue of the layout that NIST publishes; `parts` take the place of parts of it."""
    metadata = {
        "title": "A framework", "version": "3.1", "oscal-version": "1.1.2", "last-modified": "2026-01-01T00:00:00Z",
        "parties": [{"uuid": "p-1", "type": "organization", "name": "Framework Board"}, {"uuid": "p-2", "name": "A helper"}],
        "responsible-parties": [{"role-id": "contact", "party-uuids": ["p-2"]}, {"role-id": "creator", "party-uuids": ["p-1"]}],
        "links": [{"rel": "license", "href": "https://example.org/licence"}, {"rel": "canonical", "href": "#r-1"}],
    }  # fmt: skip
    groups = [
        {
            "id": "ac", "class": "family", "title": "Access control",
            "controls": [
                control(
                    "ac-2", "Accounts",
                    props=[
                        prop("label", "AC-02", **{"class": "zero-padded"}), prop("label", "AC-2"),
                        prop("label", "x", ns="https://other.example"),
                    ],
                    params=[
                        {"id": "p1", "label": "a period"},
                        {"id": "p2", "select": {"choice": ["lock", "remove after {{ insert: param, p1 }}"]}},
                    ],
                    parts=[
                        {"name": "statement", "prose": "The organization:", "parts": [
                            {"name": "item", "props": [prop("label", "a.")], "prose": "Will {{ insert: param, p2 }} accounts; and"},
                            {"name": "item", "props": [prop("label", "b.")], "prose": "Asks {{ insert: param, p9 }}."}]},
                        {"name": "guidance", "prose": "Accounts are many."},
                        {"name": "assessment-objective", "prose": "Never read."},
                    ],
                    controls=[control("ac-2.1", "Accounts, by machine", props=[prop("label", "AC-2(1)")])],
                ),
                control("ac-13", "Supervision", props=[prop("label", "AC-13"), prop("status", "Withdrawn")]),
            ],
        },
        {"title": "Without an id", "groups": [{"id": "deep", "title": "Deep", "controls": [control("Ü 1".replace(" ", "-"), "Übung")]}]},
    ]  # fmt: skip
    back = {"resources": [{"uuid": "r-1", "rlinks": [{"href": "https://example.org/framework"}]}]}
    return {"catalog": {"uuid": UUID, "metadata": metadata, "groups": groups, "back-matter": back, **parts}}


def written(folder: Path, what: object, name: str = "catalog.json") -> Path:
    file = folder / name
    file.write_text(what if isinstance(what, str) else json.dumps(what), encoding="utf-8")
    return file


def taken(folder: Path, command: Command, *options: object, what: object = None) -> Isms:
    """The workspace with the catalogue taken in as `fw`."""
    file = written(folder, content() if what is None else what)
    (folder / "ws").mkdir(exist_ok=True)
    run = command("oscal", "import", file, "--into", folder / "ws" / "fw.ttl", *options)
    assert (run.code, run.err) == (0, "")
    return load(folder / "ws")


def values(isms_: Isms, id_: str, name: str) -> list[str]:
    node = NamedNode(f"urn:uuid:{UUID}{id_}")
    return [getattr(value, "value", "") for value in isms_.values(node, RDFS_LABEL if name == "label" else isms(name))]


def problems(folder: Path, what: object) -> list[str]:
    """What is wrong with a catalogue, without the path."""
    file = written(folder, what)
    with pytest.raises(InputError) as raised:
        read_catalogue(file)
    found = raised.value.problems if isinstance(raised.value, Problems) else (raised.value,)
    assert all(str(one).startswith(str(file)) for one in found)
    return [str(one).removeprefix(f"{file}: ") for one in found]


def test_a_set_its_groups_and_its_controls(tmp_path: Path, isms_command: Command) -> None:
    isms_ = taken(tmp_path, isms_command)
    assert values(isms_, "", "label") == ["A framework"]
    facts = [values(isms_, "", name)[0] for name in ("identifier", "edition", "publisher", "licence", "takenFrom")]
    assert facts == ["fw", "3.1", "Framework Board", "https://example.org/licence", "https://example.org/framework"]
    assert isms_.classes(NamedNode(f"urn:uuid:{UUID}#ac")) == [isms("ControlGroup")]
    assert isms_.classes(NamedNode(f"urn:uuid:{UUID}#ac-2")) == [isms("ReferenceControl")]
    assert values(isms_, "#ac-2", "label") == ["AC-2 Accounts"]
    assert values(isms_, "#ac-2", "identifier") == ["AC-2"]
    assert values(isms_, "#ac-2.1", "partOf") == [f"urn:uuid:{UUID}#ac-2"]
    assert values(isms_, "#ac-2", "partOf") == [f"urn:uuid:{UUID}#ac"]
    assert values(isms_, "#ac", "partOf") == [f"urn:uuid:{UUID}"]
    assert values(isms_, "#_group-1", "label") == ["Without an id"]
    assert values(isms_, "#%C3%9C-1", "label") == ["Ü-1 Übung"]
    assert values(isms_, "#ac-13", "status") == [isms("Withdrawn").value]
    assert values(isms_, "#ac-2", "status") == []


def test_the_prose_comes_only_if_asked_for(tmp_path: Path, isms_command: Command) -> None:
    isms_ = taken(tmp_path, isms_command)
    assert "organization" not in (tmp_path / "ws" / "fw.ttl").read_text()
    assert values(isms_, "#ac-2", "description") == []
    isms_ = taken(tmp_path, isms_command, "--text", "--replace")
    assert values(isms_, "#ac-2", "description") == [
        "The organization:\na. Will [lock; remove after [a period]] accounts; and\nb. Asks [p9]."
    ]
    assert values(isms_, "#ac-2", "note") == ["Accounts are many."]
    assert "Never read" not in (tmp_path / "ws" / "fw.ttl").read_text()


def test_the_same_text_each_time_laid_out_as_isms_fmt_does(tmp_path: Path) -> None:
    file = written(tmp_path, content())
    texts = {as_turtle(read_catalogue(file, with_text=True), "fw", [Mapped("ac-2", "subsetOf", "5.16")]) for _ in range(2)}
    assert len(texts) == 1
    assert laid_out(next(iter(texts))) == next(iter(texts))


def test_nothing_is_written_over(tmp_path: Path, isms_command: Command) -> None:
    file, into = written(tmp_path, content()), tmp_path / "fw.ttl"
    arguments = ("oscal", "import", file, "--into", into)
    assert "Nothing was written" in isms_command(*arguments, "--dry-run").out
    assert not into.exists()
    assert isms_command(*arguments).code == 0
    assert "--replace puts the new one in its place" in isms_command(*arguments).err
    assert isms_command(*arguments, "--replace").code == 0
    into.write_text("# mine\n")
    refused = isms_command(*arguments, "--replace")
    assert (refused.code, into.read_text()) == (2, "# mine\n")
    assert "holds something else" in refused.err


@pytest.mark.parametrize("name", ["isms", "ISO27001", "urn", "1st", "a b", "a:b", "", "x" * 41])
def test_a_short_name_has_to_be_one(tmp_path: Path, isms_command: Command, name: str) -> None:
    run = isms_command("oscal", "import", written(tmp_path, content()), "--into", tmp_path / "fw.ttl", "--name", name)
    assert run.code == 2
    assert "short name" in run.err or "means something else" in run.err


def test_a_file_that_is_no_catalogue(tmp_path: Path) -> None:
    assert problems(tmp_path, "<catalog/>")[0].endswith("The XML and YAML forms of OSCAL are not read; take the JSON form.")
    assert problems(tmp_path, '{"catalog": {')[0].startswith(f"{tmp_path / 'catalog.json'}:1:")
    assert "this is no OSCAL document" in problems(tmp_path, [])[0]
    assert "'metadata' is missing" in " ".join(problems(tmp_path, {"catalog": {}}))
    assert "resolved into a catalogue first" in problems(tmp_path, {"profile": {}})[0]
    assert problems(tmp_path, content(groups=[])) == ["catalog: there is no control in it."]


def test_each_fault_is_said_once_with_its_place(tmp_path: Path) -> None:
    what = content(
        uuid="no uuid",
        groups=[
            {
                "id": "g",
                "title": 5,
                "props": "none",
                "controls": [control("a"), control("a"), {"title": "No id"}, control("b c"), 7, control("d", " ")],
            },
            {"id": "a", "title": "The id of a control"},
            {"id": "n" * 101, "title": "Long"},
        ],
        controls={"id": "x"},
    )
    unique = "Ids are unique in a catalogue; correct one of them."
    assert problems(tmp_path, what) == [
        "catalog: 'uuid' is no UUID: 'no uuid'.",
        "catalog/groups/0: 'title' has to be a text.",
        "catalog/groups/0/props: a list is expected.",
        f"catalog/groups/0/controls/1: the id 'a' stands at catalog/groups/0/controls/0 already. {unique}",
        "catalog/groups/0/controls/2: 'id' is missing.",
        "catalog/groups/0/controls/3: the id 'b c' has spaces or signs that do not print, or more than 100 characters.",
        "catalog/groups/0/controls/4: an object is expected.",
        "catalog/groups/0/controls/5: 'title' has to be a text.",
        f"catalog/groups/1: the id 'a' stands at catalog/groups/0/controls/0 already. {unique}",
        f"catalog/groups/2: the id '{'n' * 60}' has spaces or signs that do not print, or more than 100 characters.",
        "catalog/controls: a list is expected.",
    ]


@pytest.mark.parametrize("version", ["2.0.0", "1.3.0", "0.9", "1", "1.1", ""])
def test_other_versions_are_refused(tmp_path: Path, version: str) -> None:
    what = content()
    what["catalog"]["metadata"]["oscal-version"] = version
    assert len(problems(tmp_path, what)) == 1


@pytest.mark.parametrize("version", ["1.0.0", "1.0.4", "1.1.3", "1.2.0", "1.0.0-rc2"])
def test_versions_that_are_read(tmp_path: Path, version: str) -> None:
    what = content()
    what["catalog"]["metadata"]["oscal-version"] = version
    assert read_catalogue(written(tmp_path, what)).controls


def nested(depth: int) -> dict[str, Any]:
    one = control("last")
    for number in range(depth):
        one = control(f"c-{number}", controls=[one])
    return content(groups=[], controls=[one])


def test_what_is_nested_too_deeply(tmp_path: Path) -> None:
    assert len(read_catalogue(written(tmp_path, nested(10))).controls) == 11
    assert problems(tmp_path, nested(13))[0].endswith("groups and controls are nested more than 12 deep.")
    assert "nested too deeply" in problems(tmp_path, '{"catalog":' + "[" * 200_000 + "]" * 200_000 + "}")[0]
    parts: dict[str, Any] = {"name": "statement", "prose": "x"}
    for _ in range(200):
        parts = {"name": "statement", "prose": "x", "parts": [parts]}
    found = read_catalogue(written(tmp_path, content(controls=[control("x", parts=[parts])])), with_text=True)
    assert found.entries["x"].statement.count("x") < 20


def test_what_is_too_large(tmp_path: Path) -> None:
    many = content(groups=[], controls=[control(f"c-{number}") for number in range(MAX_CONTROLS + 5)])
    assert [text.partition(": ")[2][:40] for text in problems(tmp_path, many)] == ["there are too many groups and controls: m"[:40]]
    assert "more than 2,000,000 values" in problems(tmp_path, '{"catalog":[' + "[]," * 1_000_001 + "[]]}")[0]
    assert "40" in problems(tmp_path, " " * 40_000_001)[0]
    assert "a number that is too long" in problems(tmp_path, '{"catalog":' + "9" * 5_000 + "}")[0]


def test_a_parameter_that_names_itself_does_not_grow_without_bound(tmp_path: Path) -> None:
    bomb = [{"id": f"p{number}", "select": {"choice": [f"{{{{ insert: param, p{number + 1} }}}}"] * 50}} for number in range(6)]
    what = content(controls=[control("x", params=bomb, parts=[{"name": "statement", "prose": "{{ insert: param, p0 }}" * 50}])])
    assert len(read_catalogue(written(tmp_path, what), with_text=True).entries["x"].statement) <= 100_000


def test_memory_and_time_are_bounded(tmp_path: Path) -> None:
    """In a process of its own, with the largest file that is still read."""
    file = written(tmp_path, '{"catalog":{"uuid":[' + '"x",' * 1_999_990 + '"x"]}}')
    code = f"from isms_graph.importers.catalog import read_catalogue\nfrom pathlib import Path\nread_catalogue(Path({str(file)!r}))"
    limit = 700 * 2**20
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )  # fmt: skip
    assert "isms_graph.errors.Problems" in done.stderr


@pytest.mark.parametrize("text", ["\\ud800 half", "\\u0000", "\\u001b[2J", "\\u009b1m"])
def test_text_that_no_file_can_hold_or_show(tmp_path: Path, isms_command: Command, text: str) -> None:
    raw = json.dumps(content()).replace("Accounts, by machine", text)
    file = written(tmp_path, raw)
    run = isms_command("oscal", "import", file, "--into", tmp_path / "fw.ttl")
    assert run.code == 2
    assert "catalog/groups/0/controls/0/controls/0" in run.err


def test_an_id_cannot_leave_its_iri(tmp_path: Path, isms_command: Command) -> None:
    ids = ["a>b", "a/../b", "a%3Eb", 'a"b', "a#b", "5.1", "A.5.1", "-", ".", "a\\b", "{x}"]
    isms_ = taken(tmp_path, isms_command, what=content(groups=[], controls=[control(id_, "</title> \"quoted\" \\ 'x'") for id_ in ids]))
    controls = [node for node in isms_.catalogued() if isms("ReferenceControl") in isms_.classes(node)]
    assert len(controls) == len(ids)
    assert all(node.value.startswith(f"urn:uuid:{UUID}#") for node in controls)
    assert "A.5.1 </title> \"quoted\" \\ 'x'" in {isms_.label(node) for node in controls}
