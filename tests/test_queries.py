"""Saved queries: well-formed, documented, and proven by a fixture with the expected rows."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import DATA, Run, base

from isms_graph.errors import CatalogueError, UnknownName, UsageError
from isms_graph.examples import read_example
from isms_graph.graph import Isms
from isms_graph.queries import Table, ask, query, questions, read_question, run
from isms_graph.resources import folder
from isms_graph.shacl.scope import out_of_scope
from isms_graph.shacl.sparql import parse_select

QUESTIONS = questions()
EXAMPLES = folder("queries") / "examples"
Command = Callable[..., Run]


def rows(name: str) -> tuple[list[str], list[list[str]]]:
    """The answer of a query on its fixture: columns, and rows with short names."""
    example = read_example(EXAMPLES / f"{name}.ttl")
    isms_ = example.isms()
    answer = ask(isms_, QUESTIONS[name], example.parameters)
    assert isinstance(answer, Table)
    return list(answer.columns), [["" if term is None else isms_.short(term) for term in row] for row in answer.rows]


def test_there_are_enough() -> None:
    assert len(QUESTIONS) >= 12


@pytest.mark.parametrize("name", QUESTIONS)
def test_fixture(name: str) -> None:
    columns, found = rows(name)
    reader = csv.reader(io.StringIO((EXAMPLES / f"{name}.csv").read_text(encoding="utf-8")))
    header, *expected = list(reader)
    assert columns == header
    assert found == expected
    assert expected, "a fixture without rows proves nothing"
    assert read_example(EXAMPLES / f"{name}.ttl").shows


@pytest.mark.parametrize("name", QUESTIONS)
def test_documented(name: str) -> None:
    question = QUESTIONS[name]
    columns, _ = rows(name)
    assert question.question.endswith("?") or "Show me" in question.question
    assert question.audience
    assert [column for column, _ in question.columns] == columns, "every column is described, in order"
    assert all(description.endswith(".") for _, description in question.columns)
    assert all(parameter.description for parameter in question.parameters)


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_order_is_total(name: str) -> None:
    """The same rows in the same order, whichever way the data were loaded."""
    example = read_example(EXAMPLES / f"{name}.ttl")
    backwards = read_example(EXAMPLES / f"{name}.ttl")
    one, other = example.isms(), backwards.isms()
    for source in other.sources:
        quads = list(other.store)
        other.store.clear()
        other.store.extend(reversed(quads))
        assert source.quads
    first, second = (ask(isms_, QUESTIONS[name], example.parameters) for isms_ in (one, other))
    assert isinstance(first, Table)
    assert first == second


@pytest.mark.parametrize("name", QUESTIONS)
def test_no_expression_uses_what_its_group_does_not_bind(name: str) -> None:
    text = "\n".join(line for line in QUESTIONS[name].text.splitlines() if not line.startswith("#"))
    plain = re.sub(r"VALUES\s+(\?\w+)\s*\{\s*UNDEF\s*\}", r"[] <urn:given> \1 .", re.sub(r"LIMIT \d+", "", text))
    assert out_of_scope(parse_select(plain).where, set()) == set()


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_file_is_sparql_as_it_stands(name: str) -> None:
    assert isinstance(run(base(), QUESTIONS[name].text), Table)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("#+ question: What?\nSELECT * {}", "exactly one #+ audience"),
        ("#+ question: What?\n#+ question: Why?\n#+ audience: all\nSELECT * {}", "exactly one #+ question"),
        ("#+ question: What?\n#+ audiense: all\nSELECT * {}", "did you mean audience"),
        ("#+ question: What?\n#+ audience: all\n#+ param: n number 3 -- A number.\nSELECT * {}", "a parameter reads"),
        ("#+ question: What?\n#+ audience: all\n#+ param: n integer 3 -- A number.\nSELECT * {}", "is not used"),
        ("#+ question: What?\n#+ audience: all\nSELECT * { VALUES ?n { UNDEF } }", "no #+ param: n"),
        (
            "#+ question: What?\n#+ audience: all\n#+ param: n integer -- A.\n#+ param: n string -- B.\nSELECT * { VALUES ?n { UNDEF } }",
            "two parameters have the same name",
        ),
    ],
)
def test_a_wrong_header_is_an_error_at_load(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "q.rq").write_text(text)
    with pytest.raises(CatalogueError, match=message.replace("+", r"\+")):
        read_question(tmp_path / "q.rq")


def test_duplicate_names_are_an_error_at_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "#+ question: What?\n#+ audience: all\nSELECT * {}"
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "same.rq").write_text(text)
    monkeypatch.setattr("isms_graph.queries.folder", lambda _: tmp_path)
    with pytest.raises(CatalogueError, match="already"):
        questions()


def test_a_value_never_becomes_query_text() -> None:
    nasty = '"} ?s ?p ?o . VALUES ?x { "'
    with pytest.raises(UnknownName):
        query(base(), "owned-by", person=nasty)
    with pytest.raises(UsageError):
        query(base(), "evidence-expiring", before="2026-01-01 } ")


def test_python_interface(harbour: Isms) -> None:
    table = query(harbour, "risks-not-reviewed", months=1)
    assert table.columns == ("risk", "owner", "last_reviewed")
    assert table.records()[0]["risk"].startswith("https://harbour.example/isms/R-")
    assert table.to_csv().splitlines()[0] == "risk,owner,last_reviewed"


def test_graphs_of_files_can_be_asked_for(isms_command: Command, tmp_path: Path) -> None:
    (tmp_path / "q.rq").write_text("SELECT DISTINCT ?g WHERE { GRAPH ?g { ?r a isms:Risk } }")
    found = isms_command("query", tmp_path / "q.rq", DATA / "harbour-saas", "--output", "csv")
    assert found.out.splitlines() == ["g", "urn:isms-graph:file:risks.csv"]


def test_construct_answers_with_turtle(isms_command: Command, tmp_path: Path) -> None:
    (tmp_path / "q.rq").write_text("CONSTRUCT { ?r isms:owner ?o } WHERE { ?r a isms:Risk ; isms:owner ?o }")
    found = isms_command("query", tmp_path / "q.rq", DATA / "harbour-saas")
    assert "isms:owner" in found.out
    assert isms_command("query", tmp_path / "q.rq", DATA / "harbour-saas", "--output", "csv").code == 2


def test_output_forms(isms_command: Command) -> None:
    arguments = ("query", "owned-by", DATA / "harbour-neglected", "--param", "person=role-ciso-nobody")
    assert isms_command(*arguments).code == 2
    listing = isms_command("query", "--list")
    assert all(name in listing.out for name in QUESTIONS)
