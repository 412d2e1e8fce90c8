"""Requests by the SPARQL Protocol: what is read from them, what is refused and how, and the cases of the W3C."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from urllib.parse import quote, urlencode

import pytest
import w3c_protocol
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import BlankNode, DefaultGraph, NamedNode, QueryBoolean, QueryResultsFormat, QuerySolutions, QueryTriples, RdfFormat, Store
from w3c_protocol import Case, Request

from isms_graph.api.limits import Limits
from isms_graph.api.negotiation import choose
from isms_graph.api.problems import Problem
from isms_graph.api.protocol import Asked, read_request

FORM, QUERY, UPDATE = "application/x-www-form-urlencoded", "application/sparql-query", "application/sparql-update"
ASK = "ASK {}"
LIMITS = Limits(seconds=7.5, header_bytes=5000)
GRAPH, OTHER = "https://example.org/a?b=ü#c", "urn:isms:files"
PIECES = ["query=", "&", "ASK{}", "%", "%41", "%FF", "default-graph-uri=", "urn:x", "named-graph-uri=", "rows=", "timeout=", "1", "ü", "+"]


def get(query_string: str | bytes, method: str = "GET") -> Asked:
    raw = query_string.encode() if isinstance(query_string, str) else query_string
    return read_request(method, raw, None, b"", LIMITS)


def post(body: str | bytes, content_type: str | None = FORM, query_string: str = "") -> Asked:
    raw = body.encode() if isinstance(body, str) else body
    return read_request("POST", query_string.encode(), content_type, raw, LIMITS)


def fields(**values: str | list[str]) -> str:
    return urlencode({name.replace("_", "-"): value for name, value in values.items()}, doseq=True)


def problem(call: object, *arguments: object, **named: object) -> Problem:
    assert callable(call)
    with pytest.raises(Problem) as caught:
        call(*arguments, **named)
    assert caught.value.detail.endswith(".") and caught.value.advice.endswith(".")
    assert len(str(caught.value)) < 400 and str(caught.value).isascii() and str(caught.value).isprintable()
    return caught.value


EVERYTHING: dict[str, str | list[str]] = {
    "default_graph_uri": [GRAPH, OTHER],
    "named_graph_uri": OTHER,
    "format": "csv",
    "rows": "10",
    "timeout": "2.5",
}
ALL_ASKED = Asked("SELECT * {?s ?p 'ü+%'}", (GRAPH, OTHER), (OTHER,), "csv", 10, 2.5)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_get_asks_in_its_url(method: str) -> None:
    assert get(fields(query=str(ALL_ASKED.text), **EVERYTHING), method) == ALL_ASKED


def test_a_form_asks_in_its_body() -> None:
    assert post(fields(query=str(ALL_ASKED.text), **EVERYTHING)) == ALL_ASKED


def test_the_query_of_a_form_is_in_its_body_and_the_rest_may_be_in_the_url() -> None:
    assert post(fields(query=str(ALL_ASKED.text)), query_string=fields(**EVERYTHING)) == ALL_ASKED


def test_graphs_of_the_url_and_of_the_form_add_up() -> None:
    asked = post(fields(query=ASK, default_graph_uri=[OTHER, GRAPH]), query_string=fields(default_graph_uri=GRAPH))
    assert asked.default_graphs == (GRAPH, OTHER)


def test_a_query_may_be_the_body() -> None:
    assert post(str(ALL_ASKED.text), QUERY, fields(**EVERYTHING)) == ALL_ASKED


def test_in_the_body_as_such_nothing_is_decoded() -> None:
    assert post("ASK {?s ?p '%41+&query=x'}", QUERY).text == "ASK {?s ?p '%41+&query=x'}"


def test_without_more_there_is_nothing_more() -> None:
    assert get(fields(query=ASK)) == Asked(ASK, (), (), None, None, None)


def test_a_get_without_a_query_asks_for_the_description() -> None:
    assert get("") == Asked(None)
    assert get("format=turtle") == Asked(None, format="turtle")


def test_other_fields_are_ignored() -> None:
    assert get(fields(query=ASK, using_graph_uri="x", QUERY="SELECT", debug=["1", "2"])) == Asked(ASK)


def test_the_body_of_a_get_is_ignored() -> None:
    assert read_request("GET", fields(query=ASK).encode(), UPDATE, b"\xff" * 10, LIMITS) == Asked(ASK)


@pytest.mark.parametrize(
    "content_type", [FORM.upper(), f"{FORM}; charset=UTF-8", f'{FORM} ;charset="utf-8"', f"{FORM};charset=utf8; x=y", f"{FORM};"]
)
def test_a_content_type_has_several_spellings(content_type: str) -> None:
    assert post(fields(query=ASK), content_type) == Asked(ASK)


def test_text_that_was_not_percent_encoded_is_read_as_utf_8() -> None:
    assert get("query=ASK{?s ?p 'ü'}").text == post("query=ASK{?s ?p 'ü'}").text == "ASK{?s ?p 'ü'}"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "get", "QUERY", ""])
def test_other_methods_are_refused_with_those_that_are_allowed(method: str) -> None:
    found = problem(get, fields(query=ASK), method)
    assert (found.status, found.headers) == (405, {"Allow": "GET, HEAD, POST, OPTIONS"})


@pytest.mark.parametrize(
    ("query_string", "word"),
    [
        ("query=ASK{}&query=ASK{}", "2 times"),
        ("query=&query=", "2 times"),
        ("query=ASK{}&format=csv&format=csv", "format"),
        ("query=ASK{}&rows=1&rows=1", "rows"),
        ("query=ASK{}&timeout=1&timeout=1", "timeout"),
        ("query=", "empty"),
        ("query", "empty"),
        ("query=%20+%0A", "empty"),
        (b"query=ASK{?s ?p '\xff'}", "not UTF-8"),
        ("query=ASK%FF", "not UTF-8"),
        ("query=ASK%C0%80", "not UTF-8"),
        ("query=ASK%ED%A0%80", "not UTF-8"),
        ("qu%FFery=ASK", "not UTF-8"),
        ("query=ASK%2", "hexadecimal"),
        ("query=ASK%u0041", "hexadecimal"),
        ("query=ASK{?s ?p '100%'}", "hexadecimal"),
        ("query=ASK{}" + "&a" * 100, "100 fields"),
        ("query=ASK{}&rows=0", "rows"),
        ("query=ASK{}&rows=-1", "rows"),
        ("query=ASK{}&rows=", "rows"),
        ("query=ASK{}&rows=1.5", "rows"),
        ("query=ASK{}&rows=%D9%A1", "rows"),  # an Arabic one, which int() would take
        ("query=ASK{}&rows=1_000", "rows"),
        ("query=ASK{}&rows=" + "9" * 4500, "rows"),
        ("query=ASK{}&timeout=8", "at most 7.5"),
        ("query=ASK{}&timeout=0", "at most 7.5"),
        ("query=ASK{}&timeout=-1", "at most 7.5"),
        ("query=ASK{}&timeout=nan", "at most 7.5"),
        ("query=ASK{}&timeout=inf", "at most 7.5"),
        ("query=ASK{}&timeout=1e0", "at most 7.5"),
        ("query=ASK{}&timeout=", "at most 7.5"),
    ],
)
def test_a_url_that_is_wrong_is_a_bad_request(query_string: str | bytes, word: str) -> None:
    found = problem(get, query_string)
    assert found.status == 400
    assert word in found.detail


def test_so_many_fields_are_read() -> None:
    assert get("query=ASK{}" + "&a" * 99).text == "ASK{}"
    assert problem(post, "query=ASK{}" + "&" * 100).status == 400


def test_a_timeout_may_be_the_maximum() -> None:
    assert get("query=ASK{}&timeout=7.5").seconds == 7.5


@pytest.mark.parametrize("name", ["default-graph-uri", "named-graph-uri"])
@pytest.mark.parametrize(
    "iri",
    [
        *("", "graph", "/graph", "//example.org/g", "?x", "#x", ":x", "1a:x", "ü:x", "<urn:a>"),
        *("urn:a b", "urn:a\tb", "urn:a\nb", "urn:a\n", "urn:a\x00", "\nurn:a", "urn:\x7f", "urn:\x85"),
        *(f"urn:{sign}" for sign in '<>"{}|\\^`'),
    ],
)
def test_graphs_are_named_by_absolute_iris(name: str, iri: str) -> None:
    for found in (problem(get, urlencode({"query": ASK, name: iri})), problem(post, ASK, QUERY, urlencode({name: iri}))):
        assert found.status == 400
        assert name in found.detail


def test_a_form_without_a_query_is_a_bad_request() -> None:
    for body in ("", "default-graph-uri=urn:x", "Query=ASK", ASK):
        assert "no field named query" in problem(post, body).detail


@pytest.mark.parametrize("body", ["query=ASK{}&query=ASK{}", "query=ASK%FF", b"query=\xff", "query=%", "query=", "query=ASK{}&rows=x"])
def test_a_form_that_is_wrong_is_a_bad_request(body: str | bytes) -> None:
    assert problem(post, body).status == 400


@pytest.mark.parametrize("body", [b"ASK {?s ?p '\xff'}", ASK.encode("utf-16"), b"", b" \n"])
def test_a_query_as_such_that_is_wrong_is_a_bad_request(body: bytes) -> None:
    assert problem(post, body, QUERY).status == 400


@pytest.mark.parametrize(("body", "content_type"), [(ASK, QUERY), ("query=ASK{}", FORM), ("default-graph-uri=urn:x", FORM)])
def test_a_post_has_no_query_in_its_url(body: str, content_type: str) -> None:
    found = problem(post, body, content_type, "query=ASK{}")
    assert (found.status, "in the URL" in found.detail) == (400, True)


@pytest.mark.parametrize("body", [ASK, ""])
@pytest.mark.parametrize(
    "content_type", [None, "", "text/plain", "application/json", "multipart/form-data", QUERY + "x", f"{QUERY}, {FORM}", ";" * 5000]
)
def test_other_content_types_are_refused_with_the_two_there_are(body: str, content_type: str | None) -> None:
    found = problem(post, body, content_type)
    assert found.status == 415
    assert FORM in found.advice and QUERY in found.advice


@pytest.mark.parametrize("charset", ["utf-16", "iso-8859-1", '"UTF-16LE"', "", "utf-8; charset=utf-16"])
@pytest.mark.parametrize("content_type", [FORM, QUERY])
def test_other_charsets_are_refused(content_type: str, charset: str) -> None:
    assert problem(post, "query=ASK{}", f"{content_type}; charset={charset}").status == 415


def test_nothing_is_updated() -> None:
    ways = [
        problem(get, "update=CLEAR ALL"),
        problem(get, "query=ASK{}&update="),
        problem(post, "update=CLEAR ALL"),
        problem(post, "query=ASK{}&update=CLEAR ALL"),
        problem(post, "query=ASK{}", FORM, "update=CLEAR ALL"),
        problem(post, ASK, QUERY, "update=CLEAR ALL"),
        problem(post, "CLEAR ALL", UPDATE),
        problem(post, "CLEAR ALL", f"{UPDATE}; charset=utf-16"),
    ]
    assert {(way.status, way.detail) for way in ways} == {(403, "This endpoint only reads.")}


def test_a_url_has_a_greatest_length() -> None:
    exactly = "query=ASK{}&x=".ljust(5000, "x")
    assert get(exactly).text == "ASK{}"
    assert problem(get, exactly + "x").status == 414
    assert problem(post, ASK, QUERY, exactly[6:] + "x" * 7).status == 414


def test_hostile_requests_are_read_quickly() -> None:
    limits, size = Limits(), 250_000
    began = time.process_time()
    for body in (b"%41" * (size // 3), b"&" * size, b"=" * size, b"+" * size, b"query=" + b"%C3%BC" * (size // 6), b"%" * size):
        for content_type in (FORM, QUERY):
            with suppress(Problem):
                read_request("POST", body, content_type, body, limits)
    problem(post, ASK, f"{QUERY};" + "charset=" * 30_000)
    assert time.process_time() - began < 5


@given(
    st.sampled_from(["GET", "POST"]),
    st.sampled_from([FORM, QUERY, UPDATE, "x"]) | st.none() | st.text(),
    *[st.binary() | st.lists(st.sampled_from(PIECES)).map("".join).map(str.encode)] * 2,
)
def test_whatever_comes_is_read_or_refused_with_a_status(method: str, content_type: str | None, query_string: bytes, body: bytes) -> None:
    try:
        asked = read_request(method, query_string, content_type, body, LIMITS)
    except Problem as refused:
        found = refused
    else:
        assert asked.text is None or asked.text.strip()
        assert asked.seconds is None or 0 < asked.seconds <= 7.5
        return
    assert found.status in (400, 403, 415)
    assert str(found).isprintable()


# The cases of the W3C, without a server: the request is read, a format chosen, and the engine asked.

CASES, UPDATES = w3c_protocol.cases(), w3c_protocol.updates()
URL = "https://example.org/sparql/"


def test_the_suite_is_there() -> None:
    if not CASES and not os.environ.get("CI"):
        pytest.skip(f"the W3C suite is not there: {w3c_protocol.HOW_TO_GET}")
    assert (len(CASES), len(UPDATES)) == (20, 14), w3c_protocol.HOW_TO_GET


def answered(request: Request) -> tuple[str, bytes, object]:
    """The media type, the body, and the answer as the engine gives it. Raises Problem."""
    query_string = request.target.partition("?")[2].encode()
    asked = read_request(request.method, query_string, request.headers.get("content-type"), request.body, Limits())
    assert asked.text is not None
    word = re.search(r"ASK|SELECT|CONSTRUCT|DESCRIBE", asked.text)
    assert word is not None
    format_ = choose(request.headers.get("accept"), asked.format, word[0])
    default: list[NamedNode | BlankNode | DefaultGraph] = [NamedNode(iri) for iri in asked.default_graphs]
    named: list[NamedNode | BlankNode] = [NamedNode(iri) for iri in asked.named_graphs]
    store = Store()
    store.load(w3c_protocol.graphs().encode(), format=RdfFormat.TRIG)
    try:
        if default or named:
            found = store.query(asked.text, base_iri=URL, default_graph=default, named_graphs=named)
        else:
            found = store.query(asked.text, base_iri=URL)
    except SyntaxError as error:
        raise Problem(400, str(error)) from None
    if isinstance(found, QueryTriples):
        written = found.serialize(format=getattr(RdfFormat, format_.engine))
    else:
        written = found.serialize(format=getattr(QueryResultsFormat, format_.engine))
    return format_.media_type, written or b"", found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Case) -> None:
    for request in case.requests:
        if "4xx" in case.statuses:
            with pytest.raises(Problem) as refused:
                answered(request)
            assert 400 <= refused.value.status < 500
            continue
        media_type, body, found = answered(request)
        kind = {"boolean": QueryBoolean, "tabular": QuerySolutions, "RDF": QueryTriples}[str(case.format)]
        assert isinstance(found, kind)
        assert media_type == ("text/turtle" if case.format == "RDF" else "application/sparql-results+json")
        if case.boolean is not None:
            assert body == b'{"head":{},"boolean":%s}' % (b"true" if case.boolean else b"false")


@pytest.mark.parametrize("case", UPDATES, ids=lambda case: case.name)
def test_updates_are_refused(case: Case) -> None:
    with pytest.raises(Problem) as refused:
        answered(case.requests[0])
    assert refused.value.status in (403, 415)


def ask(text: str, **graphs: list[str]) -> bytes:
    target = f"/sparql/?query={quote(text)}&" + fields(**graphs)
    return answered(Request("GET", target, {}, b""))[1]


def test_graphs_that_are_named_are_the_whole_dataset() -> None:
    one, two = (f"{w3c_protocol.DATA}data{number}.rdf" for number in (1, 2))
    anything, named = "ASK { ?s ?p ?o }", "ASK { GRAPH ?g { ?s ?p ?o } }"
    yes, no = b'{"head":{},"boolean":true}', b'{"head":{},"boolean":false}'
    assert ask(named) == yes
    assert ask(anything, named_graph_uri=[one]) == no
    assert ask(anything, default_graph_uri=[one]) == yes
    assert ask(named, default_graph_uri=[one]) == no
    assert ask(f"ASK FROM <{two}> {{ <{two}> a ?type }}", default_graph_uri=[one]) == no
    assert ask(f"ASK FROM <{two}> {{ <{two}> a ?type }}", named_graph_uri=[one]) == no
    assert ask(f"ASK FROM NAMED <{two}> {{ GRAPH ?g {{ <{two}> a ?type }} }}", named_graph_uri=[one]) == no
    assert ask(f"ASK FROM NAMED <{two}> {{ GRAPH ?g {{ <{two}> a ?type }} }}", default_graph_uri=[one]) == no
