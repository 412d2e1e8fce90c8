"""Proposed changes: what is added, replaced and taken away, in memory only; and what cannot be done, with file and line."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import DATA, HEADER, workspace

from isms_graph.checks import check
from isms_graph.diffs import Diff, diff
from isms_graph.errors import InputError, Problems
from isms_graph.graph import Isms, load
from isms_graph.namespaces import isms
from isms_graph.proposals import propose

TOML = 'base = "https://example.org/isms/"\nas-of = 2026-11-23\n[tables."risks.csv"]\nclass = "Risk"\n'
ISMS = """
:system a isms:ManagementSystem ; rdfs:label "ISMS" ; isms:owner :cto .
:ana a isms:Person ; rdfs:label "Ana" .
:cto a isms:Role ; rdfs:label "CTO"@en , "Technikchefin"@de ; isms:heldBy :ana .
:cloud a isms:Supplier ; rdfs:label "Cloud" ; isms:owner :cto ; isms:critical true ; isms:description "Holds all data." ;
    rdfs:seeAlso [ rdfs:comment "inner" ; rdfs:seeAlso [ rdfs:comment "innermost" ] ] .
:data a isms:Asset ; rdfs:label "Data" ; isms:owner :cto ; isms:providedBy :cloud .
:backup a isms:Control ; rdfs:label "Backup" ; isms:owner :cto ; isms:reviewedOn "2026-01-01"^^xsd:date .
"""
RISKS = "id,label,owner,currentLevel,treatedBy\nloss,Loss,cto,4,backup\ntheft,Theft,cto,2,\n"


@pytest.fixture
def small(tmp_path: Path) -> Isms:
    place = tmp_path / "isms"
    place.mkdir()
    return load(workspace(place, isms_toml=TOML, a_ttl=ISMS, risks_csv=RISKS))


Change = Callable[..., Diff]


@pytest.fixture
def changed(small: Isms, tmp_path: Path) -> Change:
    """The difference that a change makes, given as Turtle or TriG."""

    def apply(text: str, suffix: str = "ttl") -> Diff:
        path = tmp_path / f"change.{suffix}"
        path.write_text(HEADER + text, encoding="utf-8")
        return diff(small, propose(small, path))

    return apply


def said(answer: Diff) -> dict[str, dict[str, tuple[tuple[str, ...], tuple[str, ...]]]]:
    return {one.label: {each.property: (each.lost, each.gained) for each in one.properties} for one in answer.modified}


def test_statements_are_added(changed: Change) -> None:
    answer = changed(':key a isms:Control ; rdfs:label "Keys" ; isms:owner :cto . :theft isms:treatedBy :key .')
    assert [(one.label, one.class_label) for one in answer.added] == [("Keys", "control")]
    assert said(answer) == {"Theft": {"isms:treatedBy": ((), ("Keys",))}}
    assert not answer.removed


def test_the_new_value_takes_the_place_of_the_old_where_there_is_one_at_a_time(changed: Change) -> None:
    answer = changed(':loss isms:currentLevel 9 . :cloud isms:critical false . :backup isms:reviewedOn "2026-11-01"^^xsd:date .')
    assert said(answer) == {
        "Loss": {"isms:currentLevel": (("4",), ("9",))},
        "Cloud": {"isms:critical": (("true",), ("false",))},
        "Backup": {"isms:reviewedOn": ((), ("2026-11-01",))},
    }


def test_a_text_takes_the_place_of_that_in_its_language(changed: Change) -> None:
    answer = changed(':cto rdfs:label "Chief"@en . :cloud isms:description "Holds some."@en ; rdfs:label "Wolke"@de .')
    assert said(answer) == {
        "Chief": {"rdfs:label": (("CTO",), ("Chief",))},
        "Cloud": {"isms:description": (("Holds all data.",), ("Holds some.",)), "rdfs:label": ((), ("Wolke",))},
    }


def test_saying_what_is_said_already_changes_nothing(changed: Change) -> None:
    assert not changed(":loss isms:currentLevel 4 ; isms:treatedBy :backup .").changed


@pytest.mark.parametrize("text", ["[] isms:removes :cloud .", ":ch a isms:Change ; isms:removes :cloud ."])
def test_an_element_goes_with_all_that_is_said_of_it_and_all_links_to_it(changed: Change, text: str) -> None:
    answer = changed(text)
    assert [one.label for one in answer.removed] == ["Cloud"], "and nothing of its blank nodes stays"
    assert said(answer) == {"Data": {"isms:providedBy": (("Cloud",), ())}}
    assert [one.label for one in answer.added] == (["ch"] if "Change" in text else [])
    assert "dangling-reference" not in {one.check for one in answer.gained}


def test_an_element_can_be_described_anew(changed: Change) -> None:
    answer = changed('[] isms:removes :backup . :backup a isms:Control ; rdfs:label "Copies" .')
    assert said(answer)["Copies"] == {
        "rdfs:label": (("Backup",), ("Copies",)),
        "isms:owner": (("CTO",), ()),
        "isms:reviewedOn": (("2026-01-01",), ()),
    }
    assert said(answer)["Loss"] == {"isms:treatedBy": (("Backup",), ())}


def test_single_statements_go_in_trig(changed: Change) -> None:
    answer = changed("GRAPH isms:removed { :loss isms:treatedBy :backup } :theft isms:treatedBy :backup .", "trig")
    assert said(answer) == {"Loss": {"isms:treatedBy": (("Backup",), ())}, "Theft": {"isms:treatedBy": ((), ("Backup",))}}


def test_json_ld(small: Isms, tmp_path: Path) -> None:
    path = tmp_path / "change.jsonld"
    path.write_text('{"@id": "loss", "https://w3id.org/isms-graph/ns/currentLevel": 9}')
    assert said(diff(small, propose(small, path))) == {"Loss": {"isms:currentLevel": (("4",), ("9",))}}


@pytest.mark.parametrize("text", ["", "# Nothing yet.\n", "\n\n"])
def test_a_change_that_says_nothing(changed: Change, text: str) -> None:
    answer = changed(text)
    assert not answer.changed
    assert answer.gained == answer.lost == ()


def test_without_the_management_system(changed: Change) -> None:
    answer = changed("[] isms:removes :system .")
    assert "management-system-missing" in {one.check for one in answer.gained}


def test_a_record_in_the_data_has_no_effect(tmp_path: Path) -> None:
    isms_ = load(
        workspace(tmp_path, isms_toml=TOML.partition("[")[0], a_ttl=ISMS + ":ch a isms:Change ; isms:removes :cloud , :long-gone .")
    )
    assert any(isms_.values(node, isms("critical")) for node in isms_.elements())
    assert "dangling-reference" not in {one.check for one in check(isms_).findings}


@pytest.mark.parametrize(
    ("text", "suffix", "line", "message"),
    [
        ("\n[] isms:removes :clod .", "ttl", 7, "no element clod to remove. Did you mean cloud?"),
        (":ch a isms:Change ;\n isms:removes iso27001:A.5.1 .", "ttl", 7, "no element iso27001:A.5.1 to remove."),
        (
            "GRAPH isms:removed {\n :loss isms:treatedBy :bakup }",
            "trig",
            7,
            "no statement loss isms:treatedBy bakup to remove. Said is backup.",
        ),
        ("GRAPH isms:removed {\n :loss isms:owns :backup }", "trig", 7, "Nothing is said by that property. Did you mean isms:owner?"),
        ("GRAPH isms:removed {\n :los isms:treatedBy :backup }", "trig", 7, "Nothing is said of los. Did you mean loss?"),
        ("GRAPH isms:removed { :loss isms:currentLevel 5 }", "trig", 6, "Said is "),
        ("GRAPH isms:removed { :cloud rdfs:seeAlso [] }", "trig", 6, "without a name"),
        ("GRAPH isms:remove { :loss isms:treatedBy :backup }", "trig", 6, "Did you mean isms:removed?"),
        (":loss isms:currentLevel 5 ,\n 6 .", "ttl", 6, "several values of isms:currentLevel"),
        (":loss isms:curentLevel 5 .", "ttl", 6, "no property isms:curentLevel. Did you mean isms:currentLevel"),
        (':loss isms:currentLevel "high" .', "ttl", 6, "needs an xsd:integer"),
        (":los isms:currentLevel 5 .", "ttl", 6, "los has statements and no class"),
        (":loss isms:currentLevel 5 ;;; . ]", "ttl", 6, ""),
        ("foo:loss isms:currentLevel 5 .", "ttl", 6, "Declare the prefix"),
    ],
)
def test_what_cannot_be_done_has_its_place(changed: Change, text: str, suffix: str, line: int, message: str) -> None:
    with pytest.raises(Problems) as error:
        changed(text, suffix)
    assert len(error.value.problems) == 1, str(error.value)
    problem = error.value.problems[0]
    assert message in str(problem)
    assert (problem.path.name if problem.path else "", problem.line) == (f"change.{suffix}", line)


def test_every_problem_is_said_at_once(changed: Change) -> None:
    with pytest.raises(Problems) as error:
        changed("[] isms:removes :clod .\n[] isms:removes :bakup .")
    assert [problem.line for problem in error.value.problems] == [6, 7]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("chage.ttl", None, "Did you mean"),
        ("change.csv", b"id\nx\n", "a file with statements"),
        ("change", b"", "a file with statements"),
        ("latin.ttl", HEADER.encode() + ':loss rdfs:label "Dürre" .'.encode("latin-1"), "not UTF-8"),
        ("binary.ttl", bytes(range(256)), "not UTF-8"),
    ],
)
def test_what_cannot_be_read(small: Isms, tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    (tmp_path / "change.ttl").write_text("")
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        propose(small, tmp_path / name)


def test_a_file_of_the_isms_itself_is_no_proposal(small: Isms) -> None:
    with pytest.raises(InputError, match="part of the ISMS already"):
        propose(small, small.workspace.root / "a.ttl")


def test_neither_the_disk_nor_the_isms_changes(tmp_path: Path, harbour: Isms) -> None:
    path = tmp_path / "change.ttl"
    path.write_text(
        HEADER.replace("https://example.org/isms/", harbour.workspace.base) + "[] isms:removes :supplier-aws . :R-07 isms:currentLevel 12 ."
    )
    before = fingerprint(DATA / "harbour-saas"), len(harbour.store), [len(source.quads) for source in harbour.sources]
    proposed = propose(harbour, path)
    check(proposed)
    assert len(proposed.store) != len(harbour.store)
    assert (fingerprint(DATA / "harbour-saas"), len(harbour.store), [len(source.quads) for source in harbour.sources]) == before
    assert [one.name for one in tmp_path.iterdir()] == ["change.ttl"]


def fingerprint(place: Path) -> dict[str, tuple[int, str]]:
    return {path.name: (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest()) for path in place.iterdir()}


def test_a_large_change(small: Isms, tmp_path: Path) -> None:
    path = tmp_path / "change.ttl"
    lines = (f':asset-{n} a isms:Asset ; rdfs:label "Asset {n}" ; isms:owner :cto ; isms:dependsOn :data .' for n in range(20_000))
    path.write_text(HEADER + "\n".join(lines))
    assert len(propose(small, path).elements()) > 20_000
