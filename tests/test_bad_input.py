"""Bad input: a message that says what is wrong, where and what to try, exit code 2, and never a traceback."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import HEADER, Run, workspace

Command = Callable[..., Run]
RISK = ':r a isms:Risk ; rdfs:label "Loss" .'


def test_missing_folder(isms_command: Command, tmp_path: Path) -> None:
    (tmp_path / "harbour").mkdir()
    run = isms_command("check", tmp_path / "harbor")
    assert run.code == 2
    assert "there is no such file or folder" in run.err
    assert "harbour" in run.err


def test_empty_folder_does_not_pass(isms_command: Command, tmp_path: Path) -> None:
    run = isms_command("check", tmp_path)
    assert run.code == 2
    assert "nothing was checked" in run.err


def test_a_file_without_statements_does_not_pass(isms_command: Command, tmp_path: Path) -> None:
    run = isms_command("check", workspace(tmp_path, a_ttl=""))
    assert run.code == 2
    assert "nothing was checked" in run.err


def test_a_graph_without_an_isms_does_not_pass(isms_command: Command, tmp_path: Path) -> None:
    run = isms_command("check", workspace(tmp_path, a_ttl=':x rdfs:label "just a thing" .'))
    assert run.code == 2
    assert "no element of an ISMS" in run.err


def test_syntax_error_with_line_and_column(isms_command: Command, tmp_path: Path) -> None:
    lines = HEADER.count("\n")
    run = isms_command("check", workspace(tmp_path, a_ttl=":r a isms:Risk\n  isms:owner :o ."))
    assert run.code == 2
    assert f"a.ttl:{lines + 2}:" in run.err
    assert "';' or ',' is missing" in run.err


def test_undeclared_prefix(isms_command: Command, tmp_path: Path) -> None:
    run = isms_command("check", workspace(tmp_path, a_ttl=":r a ism:Risk ."))
    assert run.code == 2
    assert "Declare the prefix" in run.err


@pytest.mark.parametrize(
    ("text", "wrong", "nearest"),
    [
        (":r a isms:Rsk .", "class isms:Rsk", "isms:Risk"),
        (":r a isms:Risk ; isms:ovner :o .", "property isms:ovner", "isms:owner"),
        (":r isms:treatmentOption isms:Modfy .", "term isms:Modfy", "isms:Modify"),
        (":c isms:implements iso27001:A.5.99 .", "term iso27001:A.5.99", "iso27001:A.5.9"),
    ],
)
def test_unknown_terms(isms_command: Command, tmp_path: Path, text: str, wrong: str, nearest: str) -> None:
    run = isms_command("check", workspace(tmp_path, a_ttl=RISK + "\n" + text))
    assert run.code == 2
    assert wrong in run.err
    assert nearest in run.err
    assert f"a.ttl:{HEADER.count(chr(10)) + 2}:" in run.err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (':r isms:reviewedOn "2026-01-01" .', "isms:reviewedOn needs an xsd:date"),
        (':r isms:reviewedOn "2026-02-30"^^xsd:date .', "'2026-02-30' is not a valid xsd:date"),
        (':r isms:currentLevel "high" .', "isms:currentLevel needs an xsd:integer"),
        (":r isms:currentLevel :o .", "isms:currentLevel needs a value, not an element"),
        (':r isms:owner "Ana" .', "isms:owner needs an element, not the text 'Ana'"),
        (':r isms:critical "ja"^^xsd:boolean .', "'ja' is not a valid xsd:boolean"),
    ],
)
def test_values_of_the_wrong_kind(isms_command: Command, tmp_path: Path, text: str, message: str) -> None:
    run = isms_command("check", workspace(tmp_path, a_ttl=RISK + "\n" + text))
    assert run.code == 2
    assert message in run.err
    assert f"a.ttl:{HEADER.count(chr(10)) + 2}:" in run.err


def test_a_whole_number_is_a_decimal(tmp_path: Path) -> None:
    from isms_graph.graph import load

    assert load(workspace(tmp_path, a_ttl=":m a isms:Measurement ; isms:value 95 .")).statement_count == 2


def test_all_problems_of_all_files_come_at_once(isms_command: Command, tmp_path: Path) -> None:
    run = isms_command("check", workspace(tmp_path, a_ttl=":r a isms:Rsk .\n:s a isms:Rks .", b_ttl=":t isms:ovner :u ."))
    assert run.code == 2
    assert len(run.err.strip().splitlines()) == 3


def test_an_element_without_a_class_is_refused(isms_command: Command, tmp_path: Path) -> None:
    """No check would look at it. All such elements come in one pass, each once, at its first statement."""
    text = RISK + '\n:f rdfs:label "Send the list" ;\n  isms:owner :o ; isms:dueOn "2026-01-31"^^xsd:date .\n[] isms:evidences :r .'
    run = isms_command("check", workspace(tmp_path, a_ttl=text, b_ttl=":f isms:note 'again' .\n:g isms:owner :o ."))
    first, second, third = run.err.strip().splitlines()
    lines = HEADER.count("\n")
    assert run.code == 2
    assert f"a.ttl:{lines + 3}" in first
    assert "f has statements and no class" in first
    assert "`a isms:...`" in first
    assert f"a.ttl:{lines + 4}:" in second
    assert "[ isms:evidences https://example.org/isms/r ] has statements and no class" in second
    assert f"b.ttl:{lines + 2}" in third


def test_the_class_may_be_in_another_file_and_what_is_outside_needs_none(tmp_path: Path) -> None:
    from isms_graph.graph import load

    text = RISK + ':law rdfs:label "A page on the web" . iso27001:A.5.1 isms:note "Ask Ana." . :s a isms:Site .'
    assert load(workspace(tmp_path, a_ttl=text, b_ttl=":r isms:owner :s .")).statement_count == 6


def test_a_class_that_is_lost_while_files_are_watched(tmp_path: Path) -> None:
    from isms_graph.errors import Problems
    from isms_graph.watching import Watched

    folder = workspace(tmp_path, a_ttl=RISK, b_ttl=":r isms:currentLevel 3 .", c_ttl=":x a isms:Site .")
    watched = Watched([folder])
    watched.refresh()
    workspace(tmp_path, a_ttl=':r rdfs:label "Loss" .')
    with pytest.raises(Problems, match="no class") as refused:
        watched.refresh()
    assert "b.ttl" in str(refused.value)
    workspace(tmp_path, a_ttl=RISK + "\n")
    assert watched.refresh()[0].has_any("Risk")


def test_not_utf_8(isms_command: Command, tmp_path: Path) -> None:
    (tmp_path / "a.ttl").write_bytes(HEADER.encode() + ':r rdfs:label "Sécurité" .'.encode("latin-1"))
    run = isms_command("check", tmp_path)
    assert run.code == 2
    assert f"a.ttl:{HEADER.count(chr(10)) + 1}: the file is not UTF-8" in run.err


def test_a_byte_order_mark_is_no_problem(tmp_path: Path) -> None:
    from isms_graph.graph import load

    (tmp_path / "a.ttl").write_bytes(b"\xef\xbb\xbf" + (HEADER + RISK).encode())
    assert load(tmp_path).statement_count == 2


def test_a_json_ld_context_on_the_network_is_not_fetched(isms_command: Command, tmp_path: Path) -> None:
    (tmp_path / "a.jsonld").write_text('{"@context": "http://127.0.0.1:9/context.jsonld", "@id": "http://x.example/a", "name": "b"}')
    run = isms_command("check", tmp_path)
    assert run.code == 2
    assert "nothing is fetched" in run.err


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("base = ", "not valid TOML"),
        ('bse = "https://example.org/"', "Did you mean 'base'"),
        ('base = "nonsense"', "'base' has to be an IRI"),
        ('base = "http://a b/"', "'base' has to be an IRI"),
        ('[tables."a.csv"]\nclass = "Risk"\nseparator = ""', "'separator' has to be a character"),
        ('as-of = "2026-01-01"', "without quotes"),
        ('stage = "stage3"', "'stage' has to be one of"),
        ('[tables."none.csv"]\nclass = "Risk"', "there is no such file"),
        ('[tables."a.csv"]\nclas = "Risk"', "there is no key 'clas'"),
    ],
)
def test_a_wrong_isms_toml(isms_command: Command, tmp_path: Path, toml: str, message: str) -> None:
    run = isms_command("check", workspace(tmp_path, a_ttl=RISK, isms_toml=toml))
    assert run.code == 2
    assert "isms.toml" in run.err
    assert message in run.err


def test_a_wrong_cell_names_file_and_line(isms_command: Command, tmp_path: Path) -> None:
    toml = '[tables."risks.csv"]\nclass = "Risk"\n'
    run = isms_command("check", workspace(tmp_path, isms_toml=toml, risks_csv="id,inherent likelihood\nR-1,often\n"))
    assert run.code == 2
    assert "risks.csv:2: inherent likelihood 'often' is not a number, and no risk criteria" in run.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--as-of", "yesterday"], "'yesterday' is not a date"),
        (["--stage", "stage-1"], "Did you mean stage1"),
        (["--output", "jsn"], "Did you mean json"),
        (["--select", "risk-without-ovner"], "Did you mean risk-without-owner"),
        (["--ignore", "12.3"], "There is no check or clause '12.3'"),
        (["--fail-on", "trivial"], "major"),
        (["--output", "json=/no/such/folder/x.json"], "cannot be written"),
        (["--no-such-option"], "No such option"),
    ],
)
def test_wrong_options(isms_command: Command, tmp_path: Path, arguments: list[str], message: str) -> None:
    run = isms_command("check", workspace(tmp_path, a_ttl=RISK), *arguments)
    assert run.code == 2
    assert message in run.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["impact", "Los"], "Did you mean 'Loss'"),
        (["query", "risk-not-reviewed"], "Did you mean risks-not-reviewed"),
        (["query", "risks-not-reviewed", "--param", "month=3"], "Did you mean months"),
        (["query", "risks-not-reviewed", "--param", "months=many"], "has to be a whole number"),
        (["query", "owned-by"], "needs --param person="),
        (["query", "missing.rq"], "there is no such query file"),
        (["explain", "risk-without-ovner"], "Did you mean risk-without-owner"),
        (["explain", "--list", "shapes"], "There is no kind of thing to list 'shapes'"),
        (["map", "--output", "png"], "Formats are mermaid, svg"),
        (["map"], "there is no process to draw"),
    ],
)
def test_wrong_use_of_other_verbs(
    isms_command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(workspace(tmp_path, a_ttl=RISK))
    run = isms_command(*arguments)
    assert run.code == 2
    assert message in run.err


def test_ambiguous_names_list_the_candidates(isms_command: Command, tmp_path: Path) -> None:
    run = isms_command("impact", "Loss", workspace(tmp_path, a_ttl=RISK + ':s a isms:Risk ; rdfs:label "Loss" .'))
    assert run.code == 2
    assert "https://example.org/isms/r" in run.err
    assert "https://example.org/isms/s" in run.err


def test_a_query_file_with_an_error_names_its_line(isms_command: Command, tmp_path: Path) -> None:
    (tmp_path / "q.rq").write_text("SELECT ?x WHERE {\n  ?x a isms:Risk ;; .\n  nonsense\n}")
    run = isms_command("query", tmp_path / "q.rq", workspace(tmp_path, a_ttl=RISK))
    assert run.code == 2
    assert "q.rq:3" in run.err


def test_a_query_does_not_reach_the_network(isms_command: Command, tmp_path: Path) -> None:
    (tmp_path / "q.rq").write_text("SELECT ?x WHERE { SERVICE <http://127.0.0.1:9/> { ?x ?p ?o } }")
    run = isms_command("query", tmp_path / "q.rq", workspace(tmp_path, a_ttl=RISK))
    assert run.code == 2
    assert "SERVICE would ask the network" in run.err


def test_files_that_are_not_read_are_named(isms_command: Command, tmp_path: Path) -> None:
    run = isms_command("check", workspace(tmp_path, a_ttl=RISK, risks_csv="id\n1\n", old_rdf="<x/>"))
    assert "Not read: old.rdf, risks.csv." in run.err


def test_a_defect_of_the_program_exits_3(isms_command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("lost")

    monkeypatch.setattr("isms_graph.cli.check.load_at", broken)
    run = isms_command("check", workspace(tmp_path, a_ttl=RISK))
    assert run.code == 3
    assert "a defect of the program: KeyError" in run.err


@pytest.mark.parametrize("name", ["klingon", "a\\u0000b", "zlib"])
def test_an_encoding_that_there_is_not(isms_command: Command, tmp_path: Path, name: str) -> None:
    toml = f'[tables."risks.csv"]\nclass = "Risk"\nencoding = "{name}"\n'
    run = isms_command("check", workspace(tmp_path, isms_toml=toml, risks_csv="id,name\nR-1,Fire\n"))
    assert run.code == 2
    assert "there is no encoding" in run.err


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_are_no_defect(tmp_path: Path, closed: str) -> None:
    workspace(tmp_path, a_ttl=':ada a isms:Person ; rdfs:label "Ada" .')
    command = f"exec {shlex.quote(sys.executable)} -m isms_graph.cli query people-not-briefed {shlex.quote(str(tmp_path))} {closed}"
    assert subprocess.run(["sh", "-c", command], check=False).returncode == 0
