"""The SPARQL 1.1 Protocol against a running server: the W3C's cases, formats, conditional requests, other origins."""

from __future__ import annotations

import csv
import io
import os
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyoxigraph import QueryBoolean, QueryResultsFormat, QuerySolutions, RdfFormat, parse, parse_query_results
from servers import Running, serving
from w3c_protocol import DATA, HOW_TO_GET, ROOT, Case, Request, cases, graphs, updates

from isms_graph.resources import folder

HARBOUR = folder("data") / "harbour-saas"
SELECT = "SELECT ?risk ?label { ?risk a isms:Risk ; rdfs:label ?label } ORDER BY ?risk"
CONSTRUCT = "CONSTRUCT { ?risk rdfs:label ?label } { ?risk a isms:Risk ; rdfs:label ?label }"
GRAPH_FORMATS = {
    "text/turtle": RdfFormat.TURTLE,
    "application/n-triples": RdfFormat.N_TRIPLES,
    "application/ld+json": RdfFormat.JSON_LD,
    "application/rdf+xml": RdfFormat.RDF_XML,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("serve"), HARBOUR, "--cors", "https://tools.example") as running:
        yield running


@pytest.fixture(scope="module")
def kasei(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The graphs of the W3C's cases, in a TriG file beside an ISMS; their names are kept."""
    space = tmp_path_factory.mktemp("kasei")
    (space / "graphs.trig").write_text(graphs())
    (space / "isms.ttl").write_text(
        "@prefix isms: <https://w3id.org/isms-graph/ns/> .\n<urn:isms> a isms:ManagementSystem ; isms:identifier 'It' ."
    )
    with serving(tmp_path_factory.mktemp("serve"), space) as running:
        yield running


def test_the_cases_are_there() -> None:
    assert ROOT.is_dir() or not os.environ.get("CI"), HOW_TO_GET
    if ROOT.is_dir():
        assert len(cases()) == 20
        assert len(updates()) == 14


def sent(server: Running, request: Request) -> tuple[int, str, bytes]:
    answer = server.ask(request.target.replace("/sparql/", "/sparql", 1), request.method, request.body or None, request.headers)
    return answer.status, answer.headers["content-type"].partition(";")[0], answer.body


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_w3c_case(kasei: Running, case: Case) -> None:
    status, type_, body = [sent(kasei, request) for request in case.requests][-1]
    assert f"{status // 100}xx" in case.statuses, body
    if case.format == "RDF":
        assert list(parse(body, format=GRAPH_FORMATS[type_])) is not None
    elif case.format:
        assert type_ == "application/sparql-results+json"
        results = parse_query_results(body, format=QueryResultsFormat.JSON)
        assert isinstance(results, QueryBoolean if case.format == "boolean" else QuerySolutions)
        if case.boolean is not None:
            assert bool(results) is case.boolean


@pytest.mark.parametrize("case", updates(), ids=lambda case: case.name)
def test_updates_are_refused(kasei: Running, case: Case) -> None:
    status, type_, body = sent(kasei, case.requests[0])
    assert (status // 100, type_) == (4, "application/problem+json"), body
    if status == 403:
        assert b"only reads" in body


def test_the_trailing_slash_of_the_cases_is_there_too(kasei: Running) -> None:
    assert kasei.sparql("ASK {}", path="/sparql/").json()["boolean"] is True


def test_datasets(kasei: Running) -> None:
    one, two = f"{DATA}data1.rdf", f"{DATA}data2.rdf"
    every = "SELECT ?s ?g { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } } ORDER BY ?s ?g"

    def asked(query: str, **fields: Any) -> set[tuple[str, str]]:
        return {(row["s"], row.get("g", "")) for row in kasei.rows(query, **fields)}

    assert asked(every, **{"default-graph-uri": one}) == {(one, "")}
    assert asked(every, **{"named-graph-uri": two}) == {(two, two)}
    assert asked(every, **{"default-graph-uri": one, "named-graph-uri": two}) == {(one, ""), (two, two)}
    written = every.replace("{ {", f"FROM <{one}> FROM NAMED <{two}> {{ {{", 1)
    assert asked(written) == {(one, ""), (two, two)}
    assert asked(written, **{"named-graph-uri": one}) == {(one, one)}, "the request goes before the query"
    refused = kasei.sparql("ASK {}", headers={}, **{"default-graph-uri": f"{DATA}data9.rdf"})
    assert refused.status == 400
    assert "Did you mean" in refused.json()["advice"]


def test_a_graph_per_file_and_no_other_is_named(server: Running) -> None:
    named = {row["g"] for row in server.rows("SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }")}
    files = {f"urn:isms-graph:file:{path.name}" for path in HARBOUR.iterdir() if path.suffix in (".ttl", ".csv", ".trig")}
    assert named == files


def test_formats_of_rows(server: Running) -> None:
    rows = server.rows(SELECT)
    assert len(rows) > 20
    assert all(row["label"] for row in rows)
    csv_ = server.sparql(SELECT, headers={"Accept": "text/csv"})
    assert csv_.headers["content-type"] == "text/csv; charset=utf-8"
    assert list(csv.DictReader(io.StringIO(csv_.text))) == rows
    tsv = server.sparql(SELECT, format="tsv").text.splitlines()
    assert tsv[0] == "?risk\t?label"
    assert len(tsv) == len(rows) + 1
    xml = ET.fromstring(server.sparql(SELECT, headers={"Accept": "application/sparql-results+xml"}).text)  # noqa: S314
    assert len(xml.findall(".//{*}result")) == len(rows)


@pytest.mark.parametrize("type_", GRAPH_FORMATS)
def test_formats_of_graphs(server: Running, type_: str) -> None:
    answer = server.sparql(CONSTRUCT, headers={"Accept": type_})
    assert answer.headers["content-type"].partition(";")[0] == type_
    assert len({str(one) for one in parse(answer.body, format=GRAPH_FORMATS[type_])}) == len(server.rows(SELECT))


def test_what_is_not_offered_is_refused_with_what_is(server: Running) -> None:
    answer = server.sparql(SELECT, headers={"Accept": "image/png"})
    assert (answer.status, "text/csv" in answer.json()["advice"]) == (406, True)


def test_conditional_requests(server: Running) -> None:
    answer = server.sparql(SELECT)
    etag = answer.headers["etag"]
    again = server.sparql(SELECT, headers={"If-None-Match": etag})
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", etag)
    assert server.sparql(SELECT, headers={"If-None-Match": f'"other", W/{etag}'}).status == 304
    assert server.sparql(SELECT, headers={"If-None-Match": etag, "Accept": "text/csv"}).status == 200, "another format is another answer"
    assert server.sparql(SELECT.replace("DESC", ""), headers={"If-None-Match": '"x"'}).status == 200
    assert server.ask("/findings", headers={"If-None-Match": server.ask("/findings").headers["etag"]}).status == 304
    assert "Authorization" in answer.headers["vary"]


def test_an_answer_that_differs_each_time_has_no_etag(server: Running) -> None:
    answers = [server.sparql("SELECT (RAND() AS ?x) {}") for _ in range(2)]
    assert answers[0].body != answers[1].body
    assert "etag" not in answers[0].headers
    assert answers[0].headers["cache-control"] == "no-store"


def test_head_and_options(server: Running) -> None:
    whole, head = server.sparql(SELECT), server.ask(f"/sparql?query={SELECT.replace(' ', '%20').replace('?', '%3F')}", "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert {name: head.headers[name] for name in ("etag", "content-type", "content-length")} == {
        name: whole.headers[name] for name in ("etag", "content-type", "content-length")
    }
    options = server.ask("/sparql", "OPTIONS")
    assert (options.status, options.headers["allow"]) == (204, "GET, HEAD, POST, OPTIONS")
    for method in ("PUT", "DELETE", "PATCH"):
        refused = server.ask("/sparql", method)
        assert (refused.status, "GET" in refused.headers["allow"]) == (405, True)


def test_other_origins_only_where_they_are_allowed(server: Running, kasei: Running) -> None:
    query = "/sparql?query=ASK%20%7B%7D"
    assert server.ask(query, headers={"Origin": "https://tools.example"}).headers["access-control-allow-origin"] == "https://tools.example"
    assert "access-control-allow-origin" not in server.ask(query, headers={"Origin": "https://evil.example"}).headers
    assert "access-control-allow-origin" not in kasei.ask(query, headers={"Origin": "https://tools.example"}).headers
    asked = {"Origin": "https://tools.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    assert server.ask("/sparql", "OPTIONS", headers=asked).status == 200
    assert "access-control-allow-origin" not in kasei.ask("/sparql", "OPTIONS", headers=asked).headers


def test_a_name_that_is_not_this_machine_is_not_answered(server: Running) -> None:
    for path in ("/sparql?query=ASK%20%7B%7D", "/findings", "/healthz", "/"):
        assert server.ask(path, headers={"Host": "evil.example"}).status == 421


def test_the_service_describes_itself(server: Running) -> None:
    answer = server.ask("/sparql")
    assert answer.headers["content-type"].startswith("text/turtle")
    for format_ in ("turtle", "ntriples", "jsonld", "rdfxml"):
        assert server.ask(f"/sparql?format={format_}").status == 200
    triples = list(parse(answer.body, format=RdfFormat.TURTLE))
    sd, void = "http://www.w3.org/ns/sparql-service-description#", "http://rdfs.org/ns/void#"
    said = {(one.predicate.value, getattr(one.object, "value", "")) for one in triples}
    assert (f"{sd}endpoint", f"http://{server.host}:{server.port}/sparql") in said
    assert (f"{sd}supportedLanguage", f"{sd}SPARQL11Query") in said
    names = {value for predicate, value in said if predicate == f"{sd}name"}
    assert names == {row["g"] for row in server.rows("SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }")}
    size = server.rows("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }")[0]["n"]
    assert (f"{void}triples", size) in said
    assert server.ask("/.well-known/void").headers["location"] == "/sparql"


def test_browsers_get_a_page(server: Running) -> None:
    for path in ("/", "/sparql"):
        answer = server.ask(path, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        assert answer.headers["content-type"].startswith("text/html")
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "Harbour Software Ltd" in answer.text
        assert "<script" not in answer.text
        assert "http" not in answer.text.replace("https://harbour.example", ""), "nothing from elsewhere"


def test_a_wrong_query_is_told_where_it_is_wrong(server: Running) -> None:
    answer = server.sparql("SELECT ?x WHERE {\n  ?x a isms:Risk .\n  ?x isms:owner }")
    assert answer.status == 400
    assert answer.json()["detail"].startswith("Line 3, column "), answer.text
    unknown = server.sparql("SELECT * { ?x a nobody:Thing }")
    assert "the prefix is not declared" in unknown.json()["detail"]


def test_relative_iris_are_of_the_workspace(server: Running) -> None:
    assert server.rows("SELECT ?label { <R-03> rdfs:label ?label }") == [{"label": "One of our own accounts taken over by phishing"}]


def test_many_in_one_connection(server: Running) -> None:
    import http.client

    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
    for number in range(20):
        connection.request("GET", f"/sparql?query=SELECT%20({number}%20AS%20%3Fn)%20%7B%7D&format=csv")
        assert connection.getresponse().read() == f"n\r\n{number}\r\n".encode()
    connection.close()


def test_names_of_workspaces(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "it.ttl").write_text(
            f"@prefix isms: <https://w3id.org/isms-graph/ns/> .\n<urn:{name}> a isms:Risk ; isms:identifier '{name}' ."
        )
    with serving(tmp_path, tmp_path / "one", f"second={tmp_path / 'two'}") as server:
        risks = "SELECT ?r { ?r a isms:Risk }"
        assert server.rows(risks, path="/one/sparql") == [{"r": "urn:one"}]
        assert server.rows(risks, path="/second/sparql") == [{"r": "urn:two"}]
        assert server.sparql(risks).status == 404
        assert server.sparql(risks, path="/two/sparql").status == 404
        assert 'href="/second/"' in server.ask("/").text
        assert server.ask("/second/", headers={"Accept": "text/html"}).status == 200
        assert server.ask("/one/findings").json()["workspace"] == "one"
