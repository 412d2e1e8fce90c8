"""The forms of an answer: exact values, names where they are asked for, and readers of other people that read them back."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas
import polars
import pytest
from conftest import DATA, HEADER, Run
from pyoxigraph import QueryBoolean, QueryResultsFormat, QuerySolutions, RdfFormat, parse, parse_query_results

from isms_graph.errors import MissingExtra
from isms_graph.graph import Isms
from isms_graph.queries import run
from isms_graph.results import Table

Command = Callable[..., Run]
HARBOUR = DATA / "harbour-saas"
VALUES = """SELECT ?iri ?text ?tongue ?whole ?part ?day ?yes ?odd ?none WHERE {
  VALUES (?iri ?text ?tongue ?whole ?part ?day ?yes ?odd ?none) {
    (:R-31 "=1+1|<b>\\n[x](y)" "Bonjour"@fr-CA 7 0.1 "2026-11-23"^^xsd:date true "soon"^^xsd:date UNDEF)
    (:R-32 "a,\\"b\\"\\t" "Guten Tag"@de 8 2.5 "1815-06-18"^^xsd:date false 5 UNDEF)
} }"""


def table(isms_: Isms, text: str = VALUES) -> Table:
    answer = run(isms_, text)
    assert isinstance(answer, Table)
    return answer


@pytest.mark.parametrize(
    ("form", "written"),
    [
        (QueryResultsFormat.JSON, Table.to_sparql_json),
        (QueryResultsFormat.XML, Table.to_sparql_xml),
        (QueryResultsFormat.TSV, Table.to_tsv),
    ],
)
def test_standard_forms_keep_every_term(harbour: Isms, form: QueryResultsFormat, written: Callable[[Table], str]) -> None:
    answer = table(harbour)
    read = parse_query_results(written(answer), format=form)
    assert isinstance(read, QuerySolutions)
    assert tuple(variable.value for variable in read.variables) == answer.columns
    assert tuple(tuple(solution) for solution in read) == answer.rows


def test_blank_nodes_and_statements_as_values(harbour: Isms) -> None:
    answer = table(harbour, "SELECT (BNODE() AS ?b) (TRIPLE(:a, :b, 'c'@en) AS ?t) {}")
    row = json.loads(answer.to_sparql_json())["results"]["bindings"][0]
    assert row["b"]["type"] == "bnode"
    assert row["t"]["value"]["object"] == {"type": "literal", "value": "c", "xml:lang": "en"}
    read = parse_query_results(answer.to_sparql_xml(), format=QueryResultsFormat.XML)
    assert isinstance(read, QuerySolutions)
    assert next(read)["t"] == answer.rows[0][1]


def test_ask_is_a_boolean(harbour: Isms) -> None:
    answer = table(harbour, "ASK { ?r a isms:Risk }")
    assert json.loads(answer.to_sparql_json()) == {"head": {}, "boolean": True}
    read = parse_query_results(answer.to_sparql_xml(), format=QueryResultsFormat.XML)
    assert isinstance(read, QueryBoolean)
    assert bool(read)
    assert answer.to_tsv() == "?answer\ntrue\n"
    assert answer.to_csv() == "answer\ntrue\n"


def test_csv_has_the_values_as_they_are_written(harbour: Isms) -> None:
    _, first, second = csv.reader(io.StringIO(table(harbour).to_csv()))
    assert first[1:] == ["=1+1|<b>\n[x](y)", "Bonjour", "7", "0.1", "2026-11-23", "true", "soon", ""]
    assert second[1] == 'a,"b"\t'


def test_records_are_valid_json_whatever_the_numbers(harbour: Isms) -> None:
    answer = table(harbour, 'SELECT ("INF"^^xsd:double AS ?a) ("x"^^xsd:integer AS ?b) ("1"^^xsd:boolean AS ?c) (1.5 AS ?d) {}')
    assert answer.records() == [{"a": "INF", "b": "x", "c": True, "d": 1.5}]


def test_labels_take_the_place_of_iris_in_every_form(harbour: Isms) -> None:
    answer = table(harbour, "SELECT ?r ?n { BIND(:R-31 AS ?r) BIND(5 AS ?n) }")
    name = harbour.label(next(iter(answer.rows))[0])  # type: ignore[arg-type]
    labelled = answer.labels()
    assert name in labelled.to_csv()
    assert labelled.records() == [{"r": name, "n": 5}]
    assert json.loads(labelled.to_sparql_json())["results"]["bindings"][0]["r"] == {"type": "literal", "value": name}


def test_markdown_is_one_table(harbour: Isms) -> None:
    lines = table(harbour).to_markdown().splitlines()
    assert len(lines) == 4
    assert lines[1] == "|" + " --- |" * 9
    assert r"=1+1\|&lt;b><br>\[x\](y)" in lines[2]
    assert lines[2].startswith("| <https://harbour.example/isms/R-31> |")


def test_a_workbook_has_values_of_their_kind_and_no_formula(isms_command: Command, tmp_path: Path) -> None:
    file, query = tmp_path / "a.xlsx", tmp_path / "q.rq"
    query.write_text(VALUES)
    found = isms_command("query", query, HARBOUR, "--output", f"xlsx={file}", "--iris")
    assert found == Run(0, "", "")
    sheet = openpyxl.load_workbook(file).active
    heading, first, second = list(sheet.iter_rows())
    assert [cell.value for cell in heading] == ["iri", "text", "tongue", "whole", "part", "day", "yes", "odd", "none"]
    assert [cell.value for cell in first] == [
        "https://harbour.example/isms/R-31", "=1+1|<b>\n[x](y)", "Bonjour", 7, 0.1, datetime(2026, 11, 23), True, "soon", None,
    ]  # fmt: skip
    assert first[1].data_type == "s"
    assert first[1].quotePrefix
    assert second[5].value == "1815-06-18", "a sheet has no days before 1900"
    assert second[7].value == 5


@pytest.mark.parametrize("begin", ["=", "+", "-", "@"])
def test_no_text_becomes_a_formula(isms_command: Command, tmp_path: Path, begin: str) -> None:
    file = tmp_path / "a.xlsx"
    isms_command("query", "-e", f'SELECT ("{begin}cmd()" AS ?a) ("{begin}\\u0001" AS ?b) {{}}', HARBOUR, "--output", f"xlsx={file}")
    row = list(openpyxl.load_workbook(file).active.iter_rows())[1]
    assert [(cell.value, cell.data_type) for cell in row] == [(f"{begin}cmd()", "s"), (f"{begin}\ufffd", "s")]


def test_a_workbook_does_not_round_or_cut(isms_command: Command, tmp_path: Path) -> None:
    file = tmp_path / "a.xlsx"
    isms_command("query", "-e", "SELECT (12345678901234567890 AS ?n) (1.23456789012345678 AS ?d) {}", HARBOUR, "--output", f"xlsx={file}")
    row = list(openpyxl.load_workbook(file).active.iter_rows())[1]
    assert [cell.value for cell in row] == ["12345678901234567890", "1.23456789012345678"]
    query = tmp_path / "long.rq"
    query.write_text(f'SELECT ("{"x" * 33_000}" AS ?long) {{}}')
    found = isms_command("query", query, HARBOUR, "--output", f"xlsx={file}")
    assert found.code == 2
    assert "row 1 of ?long has 33000 characters" in found.err


def test_polars_columns_have_types(harbour: Isms) -> None:
    frame = table(harbour).to_polars()
    assert dict(frame.schema) == {
        "iri": polars.String, "text": polars.String, "tongue": polars.String, "whole": polars.Int64, "part": polars.Float64,
        "day": polars.Date, "yes": polars.Boolean, "odd": polars.String, "none": polars.String,
    }  # fmt: skip
    assert frame.row(0)[3:] == (7, 0.1, date(2026, 11, 23), True, "soon", None)
    assert frame["odd"].to_list() == ["soon", "5"]


def test_pandas_columns_have_types(harbour: Isms) -> None:
    frame = table(harbour).to_pandas()
    kinds = {name: str(kind) for name, kind in frame.dtypes.items()}
    assert kinds["whole"] == "Int64"
    assert kinds["part"] == "Float64"
    assert kinds["yes"] == "boolean"
    assert kinds["day"].startswith("datetime64[s")
    assert kinds["iri"] == "string"
    assert frame["day"][1] == pandas.Timestamp("1815-06-18")
    assert frame["none"].isna().all()
    assert frame["odd"].tolist() == ["soon", "5"]


UNBOUND = "SELECT ?n ?d ?t ?z ?big { VALUES (?n ?d ?t ?z ?big) { (1 1.5 '2026-01-02T03:04:05'^^xsd:dateTime '2026-01-02T03:04:05+02:00'^^xsd:dateTime 99999999999999999999) (UNDEF UNDEF UNDEF UNDEF 1) } }"  # noqa: E501


def test_unbound_is_null_and_zones_are_kept(harbour: Isms) -> None:
    frame = table(harbour, UNBOUND).to_polars()
    assert frame.row(1) == (None, None, None, None, "1")
    assert frame.row(0) == (1, 1.5, datetime(2026, 1, 2, 3, 4, 5), datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC), "99999999999999999999")
    other = table(harbour, UNBOUND).to_pandas()
    assert other.iloc[1].isna().tolist() == [True, True, True, True, False]
    assert other["z"][0] == pandas.Timestamp("2026-01-02T01:04:05Z")


def test_moments_of_several_zones_are_one_column(harbour: Isms) -> None:
    text = "SELECT ?t { VALUES ?t { '2026-01-02T03:00:00+02:00'^^xsd:dateTime '2026-01-02T01:00:00Z'^^xsd:dateTime } }"
    answer = table(harbour, text)
    moment = datetime(2026, 1, 2, 1, tzinfo=UTC)
    assert [str(one) for one in answer.typed()[0]] == [str(moment)] * 2
    assert answer.to_polars()["t"].to_list() == [moment] * 2
    assert answer.to_pandas()["t"].tolist() == [moment] * 2


def test_no_rows_have_columns(harbour: Isms) -> None:
    answer = table(harbour, "SELECT ?a ?b { FILTER(false) }")
    assert answer.to_polars().columns == ["a", "b"]
    assert list(answer.to_pandas().columns) == ["a", "b"]
    assert answer.to_csv() == "a,b\n"
    assert answer.to_tsv() == "?a\t?b\n"


@pytest.mark.parametrize("package", ["polars", "pandas"])
def test_a_missing_package_is_said(harbour: Isms, monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=rf"isms-graph\[{package}\]"):
        getattr(table(harbour), f"to_{package}")()


def test_a_workbook_without_its_package(isms_command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    found = isms_command("query", "top-risks", HARBOUR, "--output", f"xlsx={tmp_path / 'a.xlsx'}")
    assert found.code == 2
    assert "isms-graph[xlsx]" in found.err


GRAPH = "CONSTRUCT { ?r isms:owner ?o } WHERE { ?r a isms:Risk ; isms:owner ?o }"


@pytest.mark.parametrize(
    ("name", "form"),
    [("turtle", RdfFormat.TURTLE), ("ntriples", RdfFormat.N_TRIPLES), ("jsonld", RdfFormat.JSON_LD), ("rdfxml", RdfFormat.RDF_XML)],
)
def test_graphs_in_every_form(isms_command: Command, harbour: Isms, name: str, form: RdfFormat) -> None:
    answer = run(harbour, GRAPH)
    assert not isinstance(answer, Table)
    found = isms_command("query", "-e", GRAPH, HARBOUR, "--output", name)
    assert {quad.triple for quad in parse(found.out, format=form)} == set(answer)


@pytest.mark.parametrize("name", ["table", "csv", "tsv", "json", "markdown", "sparql-json", "sparql-xml"])
def test_a_file_holds_what_the_screen_shows(isms_command: Command, tmp_path: Path, name: str) -> None:
    file = tmp_path / "answer"
    arguments = ("query", "-e", "SELECT ?r ?l { ?r isms:currentLevel ?l } ORDER BY ?r LIMIT 3", HARBOUR, "--output")
    shown = isms_command(*arguments, name)
    assert isms_command(*arguments, f"{name}={file}") == Run(0, "", "")
    if name != "table":  # which is as wide as the screen
        assert file.read_text() == shown.out
    assert ("R-" in shown.out) == (name not in ("table", "markdown"))
    assert "harbour.example" in isms_command(*arguments, name, "--iris").out
    assert "harbour.example" not in isms_command(*arguments, name, "--labels").out


@pytest.mark.parametrize("name", ["csv", "tsv"])
def test_what_is_piped_is_what_a_file_holds(isms_command: Command, tmp_path: Path, name: str) -> None:
    """Also where a text looks like a command to a terminal."""
    (tmp_path / "a.ttl").write_text(HEADER + ':R-1 a isms:Risk ; rdfs:label "\\u001B[31mred\\u001B[0m" .')
    query = ("query", "-e", "SELECT ?name { ?risk a isms:Risk ; rdfs:label ?name }", tmp_path, "--output")
    assert "\x1b[31mred" in isms_command(*query, name).out
    isms_command(*query, f"{name}={tmp_path / 'out'}")
    assert isms_command(*query, name).out == (tmp_path / "out").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--output", "xlsx"), "a workbook needs a file: --output xlsx=FILE."),
        (("--output", "cvs"), "Did you mean csv"),
        (("--output", "turtle"), "only CONSTRUCT and DESCRIBE answer with a graph"),
        (("--output", "csv="), "the file is missing"),
        (("--output", "csv=/no/such/folder/a.csv"), "cannot be written"),
        (("--output", "xlsx=/no/such/folder/a.xlsx"), "cannot be written"),
        (("--output", "turtle", "--labels"), "--labels goes with tables"),
    ],
)
def test_usage(isms_command: Command, arguments: tuple[Any, ...], message: str) -> None:
    found = isms_command("query", "top-risks", HARBOUR, *arguments)
    assert found.code == 2
    assert message in found.err


def test_a_graph_is_no_table(isms_command: Command) -> None:
    found = isms_command("query", "-e", GRAPH, HARBOUR, "--output", "csv")
    assert found.code == 2
    assert "take --output turtle, ntriples, jsonld or rdfxml" in found.err
