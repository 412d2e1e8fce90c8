"""The format of an answer, by format=... and by the header Accept."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from pyoxigraph import QueryResultsFormat, RdfFormat

from isms_graph.api.negotiation import FORMATS, choose
from isms_graph.api.problems import Problem

JSON, XML, CSV, TSV = "application/sparql-results+json", "application/sparql-results+xml", "text/csv", "text/tab-separated-values"
TURTLE, NTRIPLES, JSONLD, RDFXML = "text/turtle", "application/n-triples", "application/ld+json", "application/rdf+xml"
FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def chosen(accept: str | None, form: str = "SELECT", format: str | None = None) -> str:
    media_type: str = choose(accept, format, form).media_type
    return media_type.removesuffix("; charset=utf-8")


@pytest.mark.parametrize(
    ("accept", "select", "construct"),
    [
        (None, JSON, TURTLE),
        ("", JSON, TURTLE),
        (" ", JSON, TURTLE),
        ("*/*", JSON, TURTLE),
        ("*", JSON, TURTLE),
        ("application/*", JSON, NTRIPLES),
        ("text/*", CSV, TURTLE),
        (FIREFOX, JSON, TURTLE),
        ("text/html", JSON, TURTLE),
        ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", JSON, TURTLE),  # Java
        ("application/sparql-results+json,application/json,text/javascript,application/javascript,text/turtle", JSON, TURTLE),
        (f"{XML}, {RDFXML}", XML, RDFXML),
        (f"{CSV}, {NTRIPLES}", CSV, NTRIPLES),
        (f"{TSV}, {JSONLD}", TSV, JSONLD),
        (f"{TSV.upper()} , {JSONLD.upper()}", TSV, JSONLD),
        (f"{CSV};charset=utf-8, {JSONLD};profile=x", CSV, JSONLD),
        # q
        (f"{JSON};q=0.5, {CSV};q=0.6, {TURTLE};q=0.5, {RDFXML};q=0.6", CSV, RDFXML),
        (f"{JSON};q=0.501, {CSV};q=0.5, {TURTLE};q=0.501, {RDFXML};q=0.5", JSON, TURTLE),
        (f"{CSV};q=0.1, {RDFXML};q=0.1", CSV, RDFXML),
        (f"{CSV} ; Q = 0.1, {XML};q=0.2, {RDFXML} ; q=0.1, {JSONLD};q=0.2", XML, JSONLD),
        (f"{CSV};level=1;q=0.1, {XML};q=0.2, {RDFXML};x;q=0.1, {JSONLD};q=0.2", XML, JSONLD),
        # the more specific range counts for a media type, though it is liked less
        (f"*/*, {JSON};q=0.1, {TURTLE};q=0.1", XML, NTRIPLES),
        ("application/*;q=0.2, text/*;q=0.1, */*", JSON, NTRIPLES),
        ("*/*;q=0.2, text/*;q=0.3", CSV, TURTLE),
        ("*/*;q=0.3, text/*;q=0.2", JSON, NTRIPLES),
        # liked equally: what is written out, then the order here
        (f"*/*, {TSV}, {RDFXML}", TSV, RDFXML),
        (f"*/*, application/*, {TSV}, {RDFXML}", TSV, RDFXML),
        (f"{CSV}, {XML}, {RDFXML}, {NTRIPLES}", XML, NTRIPLES),
        # excluded
        (f"*/*, {JSON};q=0, {TURTLE};q=0", XML, NTRIPLES),
        ("text/*;q=0, application/*;q=0.000, */*, text/csv;q=0.001, text/turtle;q=0.001", CSV, TURTLE),
        (f"{JSON};q=0.0, {TURTLE};q=0, */*;q=0.1", XML, NTRIPLES),
        # what cannot be read is passed over
        (f"{CSV};q=x, {TSV};q=0.1, {TURTLE};q=1.1.1, {RDFXML};q=0.1", TSV, RDFXML),
        (f"{CSV};q=-1, {TSV};q=0.1, {TURTLE};q=nan, {RDFXML};q=0.1", TSV, RDFXML),
        (f",;,/,//;q=1,{TSV}, {RDFXML},", TSV, RDFXML),
        (f"{CSV};q=0.3, {CSV};q=0.1, {TSV};q=0.2, {RDFXML};q=0.3, {RDFXML};q=0.1, {JSONLD};q=0.2", CSV, RDFXML),
        (f"{CSV}, {TSV};q=1.9, {JSON};q=0.9, {TURTLE}, {NTRIPLES};q=1.9", CSV, TURTLE),
    ],
)
def test_the_header_decides(accept: str | None, select: str, construct: str) -> None:
    assert chosen(accept) == select
    assert chosen(accept, "CONSTRUCT") == chosen(accept, "DESCRIBE") == construct


def test_other_names_of_a_format_come_back_as_they_were_written() -> None:
    found = choose("application/json", None, "ASK")
    assert (found.name, found.media_type, found.engine) == ("json", "application/json", "JSON")
    found = choose("text/plain", None, "CONSTRUCT")
    assert (found.name, found.media_type, found.engine) == ("ntriples", "text/plain", "N_TRIPLES")
    assert chosen(f"application/json, {JSON}") == JSON
    assert chosen("application/json, */*") == "application/json"
    assert chosen("application/json, */*;q=0.1", "CONSTRUCT") == TURTLE
    assert chosen(f"application/json;q=0.1, {CSV}") == CSV


def test_what_a_browser_wants_most_does_not_come_before_a_format() -> None:
    assert chosen(f"text/html, {CSV}") == CSV
    assert chosen(f"text/html;q=0.5, {CSV};q=0.4") == JSON
    assert chosen(f"text/html;q=0, {CSV};q=0.4") == CSV


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("application/xml", "SELECT"),
        ("text/plain", "SELECT"),
        (TURTLE, "SELECT"),
        (CSV, "ASK"),
        (TSV, "ASK"),
        ("text/*", "ASK"),
        (JSON, "CONSTRUCT"),
        ("application/json", "DESCRIBE"),
        ("image/*", "SELECT"),
        ("*/*;q=0", "SELECT"),
        (f"{JSON};q=0", "SELECT"),
        ("text/html;q=0", "SELECT"),
        ("json", "SELECT"),
        ("*/csv", "SELECT"),
        ("*/*;q=high", "SELECT"),
        ("\x00\xff", "SELECT"),
    ],
)
def test_what_there_is_not_is_not_acceptable_and_what_there_is_is_said(accept: str, form: str) -> None:
    with pytest.raises(Problem) as refused:
        choose(accept, None, form)
    assert refused.value.status == 406
    assert form in refused.value.detail
    for one in FORMATS[form]:
        assert f"{one.media_type.partition(';')[0]} (format={one.name})" in refused.value.advice


@pytest.mark.parametrize("form", FORMATS)
def test_each_format_has_a_name_which_goes_before_the_header(form: str) -> None:
    for one in FORMATS[form]:
        assert choose("image/png", one.name, form) == choose(None, one.name.upper(), form) == one
        assert choose(one.media_type, None, form) == one


@pytest.mark.parametrize(
    ("name", "form"), [("turtle", "SELECT"), ("csv", "ASK"), ("tsv", "ASK"), ("json", "DESCRIBE"), ("", "ASK"), ("x" * 9999, "ASK")]
)
def test_a_name_that_does_not_fit_the_form_is_a_bad_request(name: str, form: str) -> None:
    with pytest.raises(Problem) as refused:
        choose(None, name, form)
    assert refused.value.status == 400
    assert form in refused.value.detail and f"format={FORMATS[form][-1].name}" in refused.value.advice
    assert len(str(refused.value)) < 400


def test_the_engine_has_these_formats() -> None:
    for form, offered in FORMATS.items():
        known = QueryResultsFormat if form in ("SELECT", "ASK") else RdfFormat
        for one in offered:
            engines = getattr(known, one.engine)
            assert engines.media_type.partition(";")[0] == one.media_type.partition(";")[0]
            assert engines.iri.replace("https:", "http:").replace("/data/", "/") == one.iri


@pytest.mark.parametrize(
    "piece", [",", ";", "*/*,", "a/b;q=0.1,", 'a/b;x="', '"\\', "q=", " ", "a/b;" + "q=0;" * 5, "text/csv;q=0.", "0", "\t;=,", "é/ü,"]
)
def test_a_hostile_header_is_read_in_a_time_that_grows_with_its_length(piece: str) -> None:
    def seconds(size: int) -> float:
        header = "text/csv;q=0." + piece * (size // len(piece))
        began = time.process_time()
        for _ in range(20):
            with suppress(Problem):
                choose(header, None, "SELECT")
        return time.process_time() - began

    assert seconds(10_000) < 1
    assert seconds(80_000) < 40 * max(seconds(10_000), 0.001)  # 8 times as long; 64 times as slow would be square
