"""Where findings stand: the statement at fault or, for what is missing, where the element is declared; in every format."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from conftest import HEADER, Run, workspace
from hypothesis import given, settings
from hypothesis import strategies as st

from isms_graph.catalogue import load_catalogue
from isms_graph.checks import check
from isms_graph.findings import Finding
from isms_graph.graph import load
from isms_graph.sources.jsonld import lines_of_objects, names

Command = Callable[..., Run]
LINES = HEADER.count("\n")
ISMS = "https://w3id.org/isms-graph/ns/"


def findings(place: Path, *select: str) -> dict[str, Finding]:
    """The findings of some checks, by the local name of the element."""
    report = check(load(place, as_of="2026-11-23"), "surveillance", catalogue=load_catalogue().select(select))
    return {finding.focus.rsplit("/", 1)[-1]: finding for finding in report.findings}


def test_what_is_missing_is_placed_where_the_element_is_declared(tmp_path: Path) -> None:
    place = workspace(
        tmp_path,
        a_ttl=':theft rdfs:label "Theft" .\n',  # said here, declared there
        b_ttl='\n:fire a isms:Risk ; rdfs:label "Fire" .\n  :theft\n    a isms:Risk .\n',
    )
    found = findings(place, "risk-without-owner")
    assert (found["theft"].file, found["theft"].line, found["theft"].column) == ("b.ttl", LINES + 3, 3)
    assert (found["fire"].file, found["fire"].line) == ("b.ttl", LINES + 2)


def test_the_statement_at_fault_is_placed_where_it_stands(tmp_path: Path) -> None:
    place = workspace(
        tmp_path,
        a_ttl=':theft a isms:Risk ; rdfs:label """A\nlong\nname""" ;\n  isms:treatedBy :mfa ,\n    :nothing .\n:mfa a isms:Control .',
        b_ttl=":theft isms:owner\n   :nobody .",
    )
    report = check(load(place, as_of="2026-11-23"), catalogue=load_catalogue().select(["dangling-reference"]))
    places = {((finding.value or "").rsplit("/", 1)[-1], finding.file, finding.line, finding.column) for finding in report.findings}
    assert places == {("nothing", "a.ttl", LINES + 5, 5), ("nobody", "b.ttl", LINES + 2, 4)}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.trig", "PREFIX : <https://example.org/isms/>\n:register {\n  :fire a <NS#Risk> .\n}\n"),
        ("a.nt", "\n\n<https://example.org/isms/fire> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <NS#Risk> .\n"),
        ("a.nq", "\n\n<https://example.org/isms/fire> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <NS#Risk> <urn:g> .\n"),
        ("a.jsonld", '{"@graph": [\n {"@id": "https://example.org/isms/x", "@type": "NS#Threat", "NS#references": {"@id": "https://example.org/isms/fire"}},\n'
         ' {"@id": "https://example.org/isms/fire",\n  "@type": "NS#Risk"}]}'),
        ("a.jsonld", '{"@context": {"ex": "https://example.org/isms/"},\n "@graph": [\n {\n  "@id": "ex:fire",  "@type": "NS#Risk"}]}'),
    ],
    ids=["trig", "nt", "nq", "jsonld", "jsonld-prefixed"],
)  # fmt: skip
def test_other_formats(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text.replace("NS#", ISMS))
    found = findings(tmp_path, "risk-without-owner")["fire"]
    assert (found.file, found.line) == (name, 3)


def test_csv(tmp_path: Path) -> None:
    (tmp_path / "isms.toml").write_text('base = "https://example.org/isms/"\n[tables."risks.csv"]\nclass = "Risk"\n')
    (tmp_path / "risks.csv").write_text('id,name,treated by\nR-1,"Fire\nin the attic",\nR-2,Flood,nothing\n')
    found = findings(tmp_path, "risk-without-owner", "dangling-reference")
    assert (found["R-1"].file, found["R-1"].line, found["R-1"].column) == ("risks.csv", 2, "id")
    report = check(load(tmp_path, as_of="2026-11-23"), catalogue=load_catalogue().select(["dangling-reference"]))
    assert [(one.line, one.column) for one in report.findings] == [(4, "treated by")]


def sheet(folder: Path, rows: list[list[object]], toml: str = 'sheet = "Risks"') -> Path:
    (folder / "isms.toml").write_text(f'base = "https://example.org/isms/"\n[tables."risks.xlsx"]\nclass = "Risk"\n{toml}\n')
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.title = "Read me"
    page = book.create_sheet("Risks")
    for row in rows:
        page.append(row)
    book.save(folder / "risks.xlsx")
    return folder


def test_workbook(isms_command: Command, tmp_path: Path) -> None:
    place = sheet(tmp_path, [["id", "name", "treated by", "current level"], ["R-1", "Fire", None, 4.0], [], ["R-2", "Flood", "nothing", 6]])
    report = json.loads(isms_command("check", place, "--select", "dangling-reference", "--output", "json").out)
    assert [one["source"] for one in report["findings"]] == [{"file": "risks.xlsx", "sheet": "Risks", "cell": "C4"}]
    assert "risks.xlsx Risks!C4" in isms_command("check", place, "--select", "dangling-reference").out
    assert findings(place, "risk-without-owner")["R-1"].cell == "A2"


@pytest.mark.parametrize(
    ("rows", "toml", "message"),
    [
        ([["id", "current level"], ["R-1", "often"]], 'sheet = "Risks"', "Risks!B2: current level 'often' is not a whole number"),
        ([["id", "curent level"], ["R-1", 1]], 'sheet = "Risks"', "Risks!B1: there is no property 'curent level'"),
        ([["id"], ["R-1"], ["R-1"]], 'sheet = "Risks"', "Risks!A3: the id R-1 was used in row 2 already"),
        ([["id"]], 'sheet = "Rsiks"', "no sheet 'Rsiks'. It has 'Read me', 'Risks'"),
        ([["id"]], "sheet = 3", "'sheet' has to be a text"),
    ],
)
def test_a_wrong_workbook(isms_command: Command, tmp_path: Path, rows: list[list[object]], toml: str, message: str) -> None:
    run = isms_command("check", sheet(tmp_path, rows, toml))
    assert run.code == 2
    assert message in run.err


def test_what_is_no_workbook(isms_command: Command, tmp_path: Path) -> None:
    place = sheet(tmp_path, [["id"]])
    (place / "risks.xlsx").write_bytes(b"not a workbook")
    run = isms_command("check", place)
    assert run.code == 2
    assert "not a workbook" in run.err


def test_a_workbook_that_expands_too_far_is_refused(isms_command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("isms_graph.sources.workbook_scan.MAX_EXPANDED", 1000)
    run = isms_command("check", sheet(tmp_path, [["id"]]))
    assert run.code == 2
    assert "when unpacked" in run.err


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text(alphabet='ab"\\{}[],:\n', max_size=6), st.booleans(), st.booleans()), min_size=1, max_size=6))
def test_lines_in_generated_json(nodes: list[tuple[str, bool, bool]]) -> None:
    """The object that says most about an id is found on the line on which it was written, whatever stands in its texts."""
    text, expected = '{"@graph": [', {}
    for number, (noise, spread, referred) in enumerate(nodes):
        text += "\n" * (number % 3)
        if referred:
            text += json.dumps({"other": {"@id": f"n{number}"}}) + ",\n"
        expected[f"n{number}"] = text.count("\n") + 1
        node = {"text": noise, "@id": f"n{number}", "more": [{"a": noise}, 1]}
        text += json.dumps(node, indent=2 if spread else None) + ("," if number + 1 < len(nodes) else "")
    assert {name: line for name, line in lines_of_objects(text + "]}").items() if name in expected} == expected


def test_ids_as_written() -> None:
    assert names("https://x/a/b", "https://x/a/b", "urn:isms:")
    assert names("urn:isms:b", "b", "urn:isms:")
    assert names("https://x/a#b", "ex:b", "urn:isms:")
    assert not names("https://x/a#ab", "ex:b", "urn:isms:")
    assert not names("https://x/a#b", "ex:", "urn:isms:")
