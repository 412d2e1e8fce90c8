"""Queries of one's own: errors with their place and the nearest name, warnings without false alarms, and why nothing came."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import DATA, Run, base
from pyoxigraph import Literal, Quad

from isms_graph.errors import InputError
from isms_graph.graph import Isms, load
from isms_graph.namespaces import isms
from isms_graph.queries import questions, run
from isms_graph.query_terms import doubts, matching_nothing
from isms_graph.results import Table
from isms_graph.sparql_lexer import tokens
from isms_graph.sparql_patterns import Unclear, patterns, prologue

Command = Callable[..., Run]
HARBOUR = DATA / "harbour-saas"


@pytest.fixture(scope="module", params=["harbour-saas", "harbour-neglected", "alder-clinics"])
def organisation(request: pytest.FixtureRequest) -> Isms:
    return load(DATA / request.param)


def test_no_false_alarms(organisation: Isms) -> None:
    """The shipped queries are right, whatever the organisation has or lacks."""
    told = {name: [str(one) for one in doubts(organisation, question.text)] for name, question in questions().items()}
    assert {name: said for name, said in told.items() if said} == {}


@pytest.mark.parametrize("name", questions())
def test_the_patterns_of_shipped_queries_are_all_read(name: str) -> None:
    found = tokens(questions()[name].text)
    assert patterns(found, prologue(found)[0])


FINE = [
    "SELECT * { ?r a isms:Risk }",
    "SELECT ?r ?n { ?r a isms:Risk } VALUES ?n { 1 }",
    "SELECT ?r (COUNT(?x) AS ?n) { ?r a isms:Risk } GROUP BY ?r ORDER BY ?n",
    "SELECT ?y { ?r a isms:Risk BIND(:made-up AS ?y) }",
    "SELECT ?y { SELECT (isms:madeUp AS ?y) { ?r a isms:Risk } }",
    "SELECT ?k { ?r a isms:Risk } GROUP BY (STR(?r) AS ?k)",
    "CONSTRUCT { ?r isms:madeUp ?o } { ?r isms:owner ?o }",
    "CONSTRUCT WHERE { ?r isms:owner ?o }",
    "PREFIX mine: <https://elsewhere.example/> SELECT * { ?r mine:thing ?o }",
    "SELECT * { GRAPH isms:no-such-graph { ?s ?p ?o } }",
    'SELECT * { ?r isms:reviewedOn ?d FILTER(?d > "2026-01-01"^^xsd:date && xsd:integer(1) = 1) }',
    "SELECT * { :R-31 ?p ?o . <R-32> ?q ?o }",
    "SELECT ?w { ?w isms:waivesCheck shapes:control-without-evidence }",
    "DESCRIBE :R-31",
    "ASK { ?r a/rdfs:subClassOf* isms:Element }",
    "BASE <https://elsewhere.example/> SELECT * { <thing> ?p ?o }",
    "SELECT * { ?r !(isms:owner|^rdf:type) ?o }",
]


@pytest.mark.parametrize("text", FINE)
def test_what_exists_or_is_made_is_not_warned_about(harbour: Isms, text: str) -> None:
    run(harbour, text)
    assert [str(one) for one in doubts(harbour, text)] == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "SELECT ?r {\n  ?r isms:riskOwner ?o }",
            "2:6: warning: isms:riskOwner is in neither the ontology nor your data; did you mean isms:owner? Nothing can match it.",
        ),
        ("SELECT ?r { ?r a isms:Rsk }", "1:18: warning: isms:Rsk is in neither the ontology nor your data; did you mean isms:Risk?"),
        (
            "SELECT ?r { ?r a <https://w3id.org/isms-graph/ns/Riks> }",
            "neither the ontology nor your data; did you mean <https://w3id.org/isms-graph/ns/Risk>?",
        ),
        (
            "SELECT ?r { ?r isms:status isms:Opn }",
            "1:28: warning: isms:Opn is in neither the ontology nor your data; did you mean isms:Open?",
        ),
        ("SELECT * { :R-999 ?p ?o }", "1:12: warning: :R-999 is in neither the ontology nor your data; did you mean :R-"),
        ("SELECT * { <R-999> ?p ?o }", "1:12: warning: <R-999> is in neither the ontology nor your data"),
        ("SELECT * { shapes:control-without-evidnce ?p ?o }", "did you mean shapes:control-without-evidence?"),
        ("SELECT * { ?x isms:owner/^isms:ownr ?y }", "1:27: warning: isms:ownr is in neither"),
        ("SELECT * { ?x ?p ?o FILTER(?p = isms:ownr) }", "1:33: warning: isms:ownr is in neither"),
        ("SELECT * { ?x isms:owner [ rdfs:labl ?y ] }", "did you mean rdfs:label?"),
        ("SELECT ?r { ?r isms:Risk ?o }", "1:16: warning: isms:Risk is a class and no property; write `a isms:Risk` for what is one."),
        ("SELECT ?r { ?r a isms:owner }", "1:18: warning: isms:owner is a property and no class"),
        ("SELECT ?r { OPTIONAL { ?r rdf:type isms:owner } }", "isms:owner is a property and no class"),
        ("SELECT ?risl { ?risk a isms:Risk }", "1:8: warning: ?risl is selected and never bound; did you mean ?risk?"),
        ("SELECT ?x { ?risk a isms:Risk FILTER(?x > 3) } ORDER BY ?x", "1:8: warning: ?x is selected and never bound"),
        ("SELECT ?n { { SELECT ?n ?zzz { ?n a isms:Risk } } }", "1:25: warning: ?zzz is selected and never bound"),
        ("CONSTRUCT { ?risl rdfs:label 1 } { ?risk a isms:Risk }", "?risl is in the template and never bound; did you mean ?risk?"),
        (
            "PREFIX isms: <http://w3id.org/isms-graph/ns/> SELECT ?r { ?r a isms:Risk }",
            "the query declares isms: as <http://w3id.org/isms-graph/ns/>, and it is <https://w3id.org/isms-graph/ns/>.",
        ),
    ],
)
def test_what_can_match_nothing_is_told_once(harbour: Isms, text: str, told: str) -> None:
    run(harbour, text)
    (only,) = [str(one) for one in doubts(harbour, text)]
    assert told in only


def test_a_class_that_the_data_use_as_a_property_is_one() -> None:
    isms_ = base()
    assert "no property" in str(doubts(isms_, "SELECT * { ?r isms:Risk ?o }"))
    changed = base()
    changed.store.add(Quad(isms("x"), isms("Risk"), Literal("y")))
    assert doubts(changed, "SELECT * { ?r isms:Risk ?o }") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is no query. Write one such as SELECT"),
        ("SELCT * {}", "1:1: SELCT is no word of SPARQL. Did you mean SELECT?"),
        ("SELECT * {\n ?s a ?o\n FITLER(?o = 1) }", "3:2: FITLER is no word of SPARQL. Did you mean FILTER?"),
        ("SELECT risk { ?s ?p ?o }", "1:8: risk is no word of SPARQL. Variables begin with ?"),
        ("SELECT * {\n ?s ism:owner ?o }", "2:5: the prefix ism: is not declared. Did you mean isms:?"),
        ("SELECT * { ?s qqqq:owner ?o }", "1:15: the prefix qqqq: is not declared. Declare it: PREFIX qqqq: <https://...>"),
        ("SELECT * { ?s ?p ?o ", "1:10: the query is not valid SPARQL. { at line 1, column 10 is never closed."),
        ("SELECT * { ?s ?p 'x }", "1:18: the query is not valid SPARQL. The string at line 1, column 18 is not complete"),
        ("SELECT * { ?s ?p }", "the query is not valid SPARQL, here: SELECT * { ?s ?p }"),
        ("DELETE WHERE { ?s ?p ?o }", "1:1: DELETE would change data, and queries here only read."),
        ("SELECT * { ?s ?p ?o FILTER(xsd:foo(?s)) }", "the query cannot be answered"),
        ("SELECT * { SERVICE <http://localhost/> { ?s ?p ?o } }", "SERVICE would ask the network"),
    ],
)
def test_errors_name_the_place_and_the_nearest_name(harbour: Isms, text: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        run(harbour, text)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "SELECT * { ?r a isms:Risk ; isms:owner ?o .\n ?o isms:owner 'x' }",
            "2:2: warning: nothing matches ?o isms:owner 'x', even alone.",
        ),
        ("SELECT * { ?r a isms:Risk, isms:Control }", None),  # each alone matches, and only together nothing does
        ("SELECT * { ?r a isms:Risk OPTIONAL { ?r isms:owner 'x' } }", None),
        ("SELECT * { { ?r isms:owner 'x' } UNION { ?r isms:owner 'y' } }", None),
        ("SELECT * { ?r a isms:Risk ; isms:owner [ rdfs:label 'Nobody' ] }", "nothing matches ?r isms:owner [ rdfs:label 'Nobody' ]"),
        ("PREFIX o: <https://w3id.org/isms-graph/ns/> SELECT * { ?r o:owner 5 }", "nothing matches ?r o:owner 5"),
        ("SELECT * FROM <urn:nothing> { ?r isms:owner 5 }", None),
        ("SELECT * { ?r isms:currentLevel +99 }", None),  # a path, or a number
    ],
)
def test_a_pattern_that_matches_nothing_alone_is_told(harbour: Isms, text: str, told: str | None) -> None:
    answer = run(harbour, text)
    assert isinstance(answer, Table)
    if told is not None:
        assert answer.rows == ()
        assert told in str(matching_nothing(harbour, text))
    else:
        assert matching_nothing(harbour, text) is None


@pytest.mark.parametrize("text", ["SELECT * { << ?s ?p ?o >> ?q ?r }", "SELECT * { ?s ?p ?o {| ?q ?r |} }"])
def test_what_is_not_understood_is_left_alone(harbour: Isms, text: str) -> None:
    found = tokens(text)
    with pytest.raises(Unclear):
        patterns(found, 0)
    assert doubts(harbour, text) == []
    assert matching_nothing(harbour, text) is None


def test_query_as_argument(isms_command: Command) -> None:
    found = isms_command("query", "-e", "SELECT ?r { ?r a isms:Risk } ORDER BY ?r LIMIT 2", HARBOUR, "--output", "csv")
    assert found.out.splitlines()[0] == "r"
    assert len(found.out.splitlines()) == 3
    assert found.err == ""


def test_query_of_standard_input(isms_command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def given(data: bytes) -> None:
        stdin: Any = io.TextIOWrapper(io.BytesIO(data))
        monkeypatch.setattr("sys.stdin", stdin)

    given(b"SELECT (COUNT(?r) AS ?n) { ?r a isms:Risk }")
    assert isms_command("query", "-", HARBOUR, "--output", "csv").out.startswith("n\n")
    given(b"SELECT ?r { ?r a ism:Risk }")
    assert isms_command("query", "-", HARBOUR) == Run(2, "", "<stdin>:1:18: the prefix ism: is not declared. Did you mean isms:?\n")
    given(b"\xff")
    assert "not UTF-8" in isms_command("query", "-", HARBOUR).err


def test_warnings_go_to_the_other_stream_with_file_and_place(isms_command: Command, tmp_path: Path) -> None:
    file = tmp_path / "q.rq"
    file.write_text("SELECT ?r {\n ?r isms:riskOwner ?o }")
    found = isms_command("query", file, HARBOUR, "--output", "csv")
    assert found == Run(
        0,
        "r\n",
        f"{file}:2:5: warning: isms:riskOwner is in neither the ontology nor your data; did you mean isms:owner? Nothing can match it.\n",
    )
    file.write_text("ASK {\n ?r isms:owner 5 }")
    assert isms_command("query", file, HARBOUR).err == f"{file}:2:2: warning: nothing matches ?r isms:owner 5, even alone.\n"


def test_a_saved_question_without_rows_is_an_answer(isms_command: Command) -> None:
    found = isms_command("query", "objectives-missed", HARBOUR)
    assert found.err == ""


def test_a_file_with_parameters(isms_command: Command, tmp_path: Path) -> None:
    file = tmp_path / "mine.rq"
    file.write_text(
        "#+ question: What?\n#+ audience: me\n#+ param: level integer 4 -- A level.\n"
        "SELECT ?risk { VALUES ?level { UNDEF }\n ?risk isms:currentLevel ?level ; isms:ownr ?o }"
    )
    assert f"{file}:5:35: warning: isms:ownr" in isms_command("query", file, HARBOUR, "--param", "level=8").err
    file.write_text("SELECT ?s { ?s ?p ?o }")
    assert isms_command("query", file, HARBOUR, "--param", "level=8").code == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "which query?"),
        ((HARBOUR,), "isms query -i"),
        (("top-risk",), "Did you mean top-risks"),
        (("no-such.rq",), "there is no such query file."),
        (("-i",), "needs a terminal"),
        (("-i", "-e", "x"), "take one of them"),
    ],
)
def test_usage(isms_command: Command, arguments: tuple[object, ...], message: str) -> None:
    found = isms_command("query", *arguments)
    assert found.code == 2
    assert message in found.err


def test_help_has_examples(isms_command: Command) -> None:
    text = isms_command("query", "--help").out
    assert "isms query -e" in text
    assert "isms query -i" in text
