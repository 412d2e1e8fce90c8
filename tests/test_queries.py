"""Saved queries: well-formed, documented, and proven by a fixture with the expected rows."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rdflib
from conftest import DATA, Run, base
from pyoxigraph import DefaultGraph, Quad, Store
from rdflib.graph import DATASET_DEFAULT_GRAPH_ID

from isms_graph.errors import CatalogueError, UnknownName, UsageError
from isms_graph.examples import read_example
from isms_graph.graph import Isms, load
from isms_graph.namespaces import SPARQL_PREFIXES
from isms_graph.queries import Table, ask, query, questions, read_question, run, with_values
from isms_graph.resources import folder
from isms_graph.shacl.reference import to_rdflib
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


@pytest.fixture(scope="module")
def organisations() -> list[Isms]:
    """The demonstration organisations."""
    return [load(DATA / name) for name in ("harbour-saas", "harbour-neglected", "alder-clinics")]


def test_there_are_enough() -> None:
    assert len(QUESTIONS) >= 45


@pytest.mark.parametrize("name", QUESTIONS)
def test_fixture(name: str) -> None:
    columns, found = rows(name)
    reader = csv.reader(io.StringIO((EXAMPLES / f"{name}.csv").read_text(encoding="utf-8")))
    header, *expected = list(reader)
    assert columns == header
    assert found == expected
    assert expected, "a fixture without rows proves nothing"
    empty = [column for column, values in zip(header, zip(*expected, strict=True), strict=True) if not any(values)]
    assert not empty, "each column has a value in some row"
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
def test_the_order_names_each_column(name: str) -> None:
    """Each column that is not computed from the others is in the order, so that nothing is left to the engine."""
    text = "\n".join(line for line in QUESTIONS[name].text.splitlines() if not line.startswith("#"))
    columns = text[: text.index("WHERE")]
    while "(" in columns:
        columns = re.sub(r"\([^()]*\)", "", columns)
    order = text[text.rindex("ORDER BY") :]
    assert set(re.findall(r"\?\w+", columns)) <= set(re.findall(r"\?\w+", order))


@pytest.mark.parametrize("name", QUESTIONS)
def test_no_row_comes_twice(name: str, organisations: list[Isms]) -> None:
    question, example = QUESTIONS[name], read_example(EXAMPLES / f"{name}.ttl")
    asked = [ask(isms_, question, {}) for isms_ in organisations if all(one.default for one in question.parameters)]
    for answer in [*asked, ask(example.isms(), question, example.parameters)]:
        assert isinstance(answer, Table)
        assert len(set(answer.rows)) == len(answer.rows)


@pytest.mark.parametrize("name", [name for name, one in QUESTIONS.items() if all(parameter.default for parameter in one.parameters)])
def test_a_demonstration_organisation_has_an_answer(name: str, organisations: list[Isms]) -> None:
    assert any(query(isms_, name).rows for isms_ in organisations)


def filters(text: str) -> list[tuple[int, int]]:
    """Where the filters of a query begin and end, those inside others too."""
    found = []
    for start in re.finditer(r"FILTER\s*(NOT EXISTS|EXISTS)?\s*(?=[({])", text):
        depth = 0
        for place in range(start.end(), len(text)):
            depth += {"(": 1, "{": 1, ")": -1, "}": -1}.get(text[place], 0)
            if depth == 0:
                found.append((start.start(), place + 1))
                break
    return found


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_fixture_notices_each_filter(name: str) -> None:
    """For each filter there is something in the fixture that must not appear, and appears without the filter."""
    question, example = QUESTIONS[name], read_example(EXAMPLES / f"{name}.ttl")
    isms_ = example.isms()
    text = with_values(isms_, question, example.parameters)
    right = run(isms_, text)
    idle = [text[begin:end] for begin, end in filters(text) if run(isms_, text[:begin] + text[end:]) == right]
    assert idle == []


@pytest.fixture(scope="module")
def mirror() -> Callable[[Store], rdflib.Dataset]:
    """Makes one rdflib dataset equal to a store after another: most statements are those of the last, and rdflib takes its time."""
    data, held = rdflib.Dataset(), set[Quad]()

    def mirrored(store: Store) -> rdflib.Dataset:
        quads = set(store)
        gone, new = held - quads, quads - held
        for name in {quad.graph_name for quad in gone | new}:
            graph = data.graph(DATASET_DEFAULT_GRAPH_ID if isinstance(name, DefaultGraph) else str(name)[1:-1])
            for triple in to_rdflib((quad for quad in gone if quad.graph_name == name), rdflib.Graph()):
                graph.remove(triple)
            to_rdflib((quad for quad in new if quad.graph_name == name), graph)
            assert len(graph) == sum(quad.graph_name == name for quad in quads)
        held.clear()
        held.update(quads)
        return data

    return mirrored


@pytest.mark.filterwarnings("ignore:Dataset:DeprecationWarning")  # rdflib uses it itself
@pytest.mark.parametrize("name", QUESTIONS)
def test_two_engines_agree(name: str, mirror: Callable[[Store], rdflib.Dataset]) -> None:
    """rdflib gives the same rows in the same order."""
    question, example = QUESTIONS[name], read_example(EXAMPLES / f"{name}.ttl")
    isms_ = example.isms()
    text = with_values(isms_, question, example.parameters)
    answer = run(isms_, text)
    assert isinstance(answer, Table)
    rows_: Any = mirror(isms_.with_file_graphs() if "GRAPH" in text else isms_.store).query(SPARQL_PREFIXES + text)
    found = [[None if term is None else str(term) for term in row] for row in rows_]
    assert found == [[None if term is None else getattr(term, "value", "") for term in row] for row in answer.rows]


def understood(text: str) -> str:
    """A query without what the parser of shapes does not know."""
    text = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    text = re.sub(r"LIMIT \d+", "", re.sub(r"GRAPH \?\w+ ", "", text))
    return re.sub(r"VALUES\s+(\?\w+)\s*\{\s*UNDEF\s*\}", r"[] <urn:given> \1 .", text)


@pytest.mark.parametrize("name", QUESTIONS)
def test_no_expression_uses_what_its_group_does_not_bind(name: str) -> None:
    assert out_of_scope(parse_select(understood(QUESTIONS[name].text)).where, set()) == set()


@pytest.fixture(scope="module")
def plain() -> Isms:
    return base()


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_file_is_sparql_as_it_stands(name: str, plain: Isms) -> None:
    assert isinstance(run(plain, QUESTIONS[name].text), Table)


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
