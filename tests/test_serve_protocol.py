"""The SPARQL 1.1 Protocol against a running server: the W3C's cases, formats, conditional requests, other origins."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from isms_graph.api.app import _Outside
from isms_graph.api.limits import Limits
from isms_graph.api.log import Log
from isms_graph.api.server import Server
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


def addresses(server: Running) -> list[str]:
    """An address of every route of a server with one workspace."""
    found = [path.replace("{name}", "top-risks") for path in server.ask("/openapi.json").json()["paths"]]
    assert len(found) > 12
    return [*found, "/", "/openapi.json", "/.well-known/void", "/sparql/", "/sparql?query=ASK%7B%7D", "/impact?what=R-03", "/nothing"]


def test_every_route_refuses_a_foreign_host(server: Running) -> None:
    for path in addresses(server):
        assert server.ask(path, headers={"Host": "evil.example"}).status == 421, path
        assert server.ask(path, "POST", headers={"Host": f"127.0.0.1.evil.example:{server.port}"}).status == 421, path


def test_answers_set_no_cookie_and_only_the_page_is_one(server: Running) -> None:
    script = "<script>alert(1)</script>"
    paths = [*addresses(server), f"/sparql?query=SELECT%20('{quote(script)}'%20AS%20%3Fx)%20%7B%7D", f"/elements/{quote(script)}"]
    for path in paths:
        answer = server.ask(path, headers={"Accept": "*/*"})
        assert "set-cookie" not in answer.headers, path
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert "script-src" not in answer.headers["content-security-policy"], path
        assert answer.headers["content-security-policy"].startswith("default-src 'none'"), path
        assert (answer.headers.get("content-type", "").startswith("text/html")) == (path == "/"), path


def test_every_request_is_logged(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    with serving(tmp_path, HARBOUR, "--log", log) as server:
        asked = [
            ("/sparql?query=ASK%7B%7D", "GET", {}, 200), ("/sparql?query=ASK", "GET", {}, 400), ("/nothing", "GET", {}, 404),
            ("/findings", "POST", {}, 405), ("/impact", "GET", {}, 422), ("/status", "GET", {"Host": "evil.example"}, 421),
            (f"/sparql?query={'x' * 64_500}", "GET", {}, 413), ("/healthz", "HEAD", {}, 200),
        ]  # fmt: skip
        for path, method, headers, status in asked:
            assert server.ask(path, method, headers=headers).status == status, path[:100]
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(line["route"], line["status"]) for line in lines] == [(path.partition("?")[0], status) for path, _, _, status in asked]


def test_a_defect_says_nothing_of_the_inside(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    async def broken(*_: Any) -> None:
        raise ZeroDivisionError("inside")

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "GET", "path": "/", "raw_path": b"/", "query_string": b"", "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 1),
    }  # fmt: skip
    log = tmp_path / "log.jsonl"
    asyncio.run(_Outside(broken, Server([], Limits()), Log(log))(scope, None, send))
    assert sent[0]["status"] == 500
    assert json.loads(sent[1]["body"])["detail"] == "The server has a defect."
    assert "inside" not in repr(sent) and "ZeroDivision" not in repr(sent)
    assert "ZeroDivisionError: inside" in capsys.readouterr().err, "the operator is told"
    assert json.loads(log.read_text())["status"] == 500


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
