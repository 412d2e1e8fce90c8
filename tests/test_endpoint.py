"""A SPARQL endpoint that is slow, wrong or hostile, and the options that lead to one."""

from __future__ import annotations

import shlex
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from conftest import DATA, workspace
from endpoints import (
    EMPTY,
    JSON,
    Answer,
    Command,
    fixed,
    from_store,
    raw,
    served,
    told,
)

from isms_graph.endpoint import Endpoint
from isms_graph.errors import EndpointError, UsageError
from isms_graph.graph import Isms
from isms_graph.impacts import impact
from isms_graph.remote import remote_impact

pytestmark = pytest.mark.usefixtures("no_proxy")


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "ftp://example.org/x", "example.org/sparql", "http://", "http:///sparql", "http://ana:secret@example.org/",
        "http://example.org/a b", "http://example.org:99999/", "http://[::1/", "http://example.org/\nX: y", "",
    ],
)  # fmt: skip
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(UsageError) as error:
        Endpoint(url)
    assert "secret" not in str(error.value)


def test_a_graph_that_is_no_iri() -> None:
    with pytest.raises(UsageError, match="IRI"):
        Endpoint("http://127.0.0.1:1/", ["x> } #"])


def refused(answer: Answer, match: str, **options: float) -> None:
    with served(answer) as (url, _):
        begin = time.monotonic()
        with pytest.raises(EndpointError, match=match) as error:
            remote_impact(Endpoint(url, **options), "Laptops")  # type: ignore[arg-type]
        assert time.monotonic() - begin < 5
        assert url in str(error.value)
        assert len(str(error.value)) < 500


def test_a_slow_server_is_given_up() -> None:
    stop = threading.Event()
    try:
        refused(lambda *_: void(stop.wait(10)), "within 0.3 seconds.*--timeout", timeout=0.3)
    finally:
        stop.set()


def void(_: object) -> None: ...


def test_a_server_that_drips_is_given_up() -> None:
    def drip(handler: BaseHTTPRequestHandler, _: str) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", JSON)
        handler.end_headers()
        try:
            for _number in range(200):
                handler.wfile.write(b" ")
                time.sleep(0.05)
        except OSError:
            pass

    refused(drip, "within 0.4 seconds", timeout=0.4)


def test_a_huge_answer_is_refused() -> None:
    def flood(handler: BaseHTTPRequestHandler, _: str) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", JSON)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b" " * 65536)
        except OSError:
            pass

    refused(flood, "larger than 1 MB", max_bytes=1_000_000)


def test_answers_that_are_large_together_are_refused(harbour_endpoint: tuple[str, list[str]]) -> None:
    with pytest.raises(EndpointError, match="--hops"):
        remote_impact(Endpoint(harbour_endpoint[0], max_bytes=20_000), "EU data residency")


def test_queries_are_counted(harbour_endpoint: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("isms_graph.endpoint.MAX_QUERIES", 3)
    with pytest.raises(EndpointError, match=r"more to ask than 3 queries.*--hops"):
        remote_impact(Endpoint(harbour_endpoint[0]), "EU data residency")


@pytest.mark.parametrize(
    ("answer", "match"),
    [
        (fixed(b"<html>Welcome</html>", "text/html"), "answers with text/html.*address"),
        (fixed(b"<style>x{}</style><b>Out of\nmemory</b>\x1b" + b"y" * 9000, "text/html", 500), r"error 500: Out of memory y+\.\.\. Ask"),
        (fixed(b"", code=401), "error 401.*login"),
        (fixed(EMPTY[:30]), "no table.*cut off"),
        (fixed(b"[]"), "no table"),
        (fixed(b'{"head":{},"boolean":true}'), "truth value"),
        (fixed(b'{"head":{"vars":["s"]},"results":{"bindings":[{"s":{"type":"uri","value":"http://x/> }"}}]}}'), "no table"),
        (fixed(b"\xff\xfe"), "no table"),
        (lambda handler, _: handler.wfile.write(b"nonsense\r\n\r\n") and None, "cannot be reached"),
        (fixed(EMPTY, Content_Length=str(len(EMPTY) + 9), Connection="close"), "broke off"),
    ],
)  # fmt: skip
def test_bad_answers(answer: Answer, match: str) -> None:
    refused(answer, f"(?s){match}")


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(code: int) -> None:
    with served(fixed(EMPTY)) as (elsewhere, asked):
        refused(fixed(b"", code=code, Location=elsewhere.replace("127.0.0.1", "localhost")), "redirects to http://localhost:")
    assert asked == []


def test_nobody_listens() -> None:
    with served(fixed(EMPTY)) as (url, _):
        pass
    with pytest.raises(EndpointError, match="cannot be reached"):
        remote_impact(Endpoint(url), "Laptops")


def test_rows_that_are_no_statements_are_left_out(harbour: Isms) -> None:
    """A variable that is not bound, a literal as subject, an element without a name."""
    odd = b'{"s":{"type":"literal","value":"x"}},{},{"s":{"type":"bnode","value":"b"},"p":{"type":"uri","value":"http://x/p"}},'
    with served(from_store(raw(harbour), odd=odd)) as (url, _):
        answer = remote_impact(Endpoint(url), "EU data residency", hops=2, as_of=harbour.as_of)
    assert told(answer) == told(impact(harbour, "EU data residency", hops=2))


def test_the_command(harbour: Isms, harbour_endpoint: tuple[str, list[str]], isms_command: Command) -> None:
    place = ("--endpoint", harbour_endpoint[0], "--as-of", harbour.as_of)
    for options in (
        ("--output", "csv"),
        ("--output", "json"),
        ("--hops", 1, "--and", "A.5.23", "--direction", "affected-by", "--output", "csv"),
    ):
        local = isms_command("impact", "EU data residency", DATA / "harbour-saas", *options)
        run = isms_command("impact", "EU data residency", *place, *options)
        assert (run.code, run.err, run.out) == (0, "", local.out)
    run = isms_command("impact", "EU data residency", *place)
    assert run.code == 0
    first = run.out.splitlines()[0]
    assert first == isms_command("impact", "EU data residency", DATA / "harbour-saas").out.splitlines()[0]
    program, *arguments = shlex.split(run.out.rpartition("Why the last one is here: ")[2].replace("\n", " "))
    assert program == "isms"
    why_ = isms_command(*arguments)
    assert (why_.code, why_.err) == (0, "")
    assert "contractual requirement" in why_.out
    assert "No path" not in why_.out


@pytest.mark.parametrize(
    "arguments",
    [
        ("impact", "x", "--graph", "https://example.org/g"),
        ("impact", "x", "--timeout", "3"),
        ("impact", "x", "data", "--endpoint", "http://127.0.0.1:1/"),
        ("impact", "x", "--plan", "--endpoint", "http://127.0.0.1:1/"),
        ("impact", "x", "--output", "svg", "--endpoint", "http://127.0.0.1:1/"),
        ("impact", "x", "--output", "csv", "--why", "y", "--endpoint", "http://127.0.0.1:1/"),
        ("impact", "x", "--timeout", "0", "--endpoint", "http://127.0.0.1:1/"),
        ("impact", "x", "--endpoint", "file:///etc/passwd"),
    ],
)
def test_options_that_do_not_go_together(arguments: tuple[str, ...], isms_command: Command) -> None:
    run = isms_command(*arguments)
    assert run.code == 2
    assert "cannot be reached" not in run.err


def test_an_unknown_name_and_a_dead_endpoint(harbour_endpoint: tuple[str, list[str]], isms_command: Command) -> None:
    run = isms_command("impact", "No such thing", "--endpoint", harbour_endpoint[0])
    assert run.code == 2
    assert "There is no element 'No such thing'" in run.err
    run = isms_command("impact", "Laptops", "--endpoint", "http://127.0.0.1:1/")
    assert run.code == 2
    assert "cannot be reached" in run.err


def test_nothing_is_contacted_without_the_option(isms_command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("the network was asked"))
    assert isms_command("impact", "A laptop", workspace(tmp_path, a_ttl=':a a isms:Asset ; rdfs:label "A laptop" .')).code == 0
