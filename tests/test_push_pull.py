"""Logins, odd answers, and files from a store that cannot be trusted; against servers that the tests play themselves."""

from __future__ import annotations

import base64
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from conftest import workspace
from endpoints import EMPTY, JSON, Answer, Command, fixed, reply, served
from pyoxigraph import NamedNode, Quad

from isms_graph.asking import only_inferred
from isms_graph.endpoint import Endpoint
from isms_graph.errors import CutAnswer, EndpointError, InputError, UsageError
from isms_graph.graph import load
from isms_graph.logins import find_login
from isms_graph.pulls import files_of, write_files
from isms_graph.pushes import plan_push
from isms_graph.stores import Content, Marker

pytestmark = pytest.mark.usefixtures("no_proxy", "no_login")
SELECT = "SELECT ?s { ?s ?p ?o }"


@pytest.fixture
def no_login(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TOKEN", "USER", "PASSWORD", "INSECURE"):
        monkeypatch.delenv(f"ISMS_ENDPOINT_{name}", raising=False)
    monkeypatch.setenv("NETRC", "/dev/null")
    monkeypatch.setattr("isms_graph.endpoint.time.sleep", lambda _: None)


def guarded(*accepted: str, challenge: str = 'Basic realm="x"', code: int = 401) -> tuple[object, list[str]]:
    """An endpoint that wants one of some Authorizations; and those that it saw."""
    seen: list[str] = []

    def answer(handler: BaseHTTPRequestHandler, _: str) -> None:
        seen.append(handler.headers.get("Authorization", ""))
        if seen[-1] in accepted:
            reply(handler, EMPTY)
        else:
            reply(handler, b"", code=code, WWW_Authenticate=challenge)

    return answer, seen


def basic(login: str) -> str:
    return "Basic " + base64.b64encode(login.encode()).decode()


def test_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISMS_ENDPOINT_TOKEN", "s3cret")
    answer, seen = guarded("Bearer s3cret")
    with served(answer) as (url, _):  # type: ignore[arg-type]
        assert Endpoint(url).table(SELECT) == (["s"], [])
    assert seen == ["Bearer s3cret"]


def test_a_password_is_sent_once_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISMS_ENDPOINT_USER", "ana")
    monkeypatch.setenv("ISMS_ENDPOINT_PASSWORD", "pä:ss")
    answer, seen = guarded(basic("ana:pä:ss"))
    with served(answer) as (url, _):  # type: ignore[arg-type]
        endpoint = Endpoint(url)
        endpoint.table(SELECT)
        endpoint.table(SELECT)
    assert seen == ["", basic("ana:pä:ss"), basic("ana:pä:ss")]


def test_a_wrong_login_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISMS_ENDPOINT_USER", "ana")
    monkeypatch.setenv("ISMS_ENDPOINT_PASSWORD", "s3cret")
    for challenge in ('Basic realm="x"', 'Digest realm="x", nonce="n", qop="auth", algorithm="MD5"', "Negotiate"):
        answer, seen = guarded(challenge=challenge)
        with served(answer) as (url, _), pytest.raises(EndpointError, match="does not take the login") as error:  # type: ignore[arg-type]
            Endpoint(url).table(SELECT)
        assert len(seen) == (1 if challenge == "Negotiate" else 2)
        assert "s3cret" not in str(error.value)
        assert basic("ana:s3cret") not in (seen if "Basic" not in challenge else [])


def test_netrc_is_for_its_host_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "netrc"
    monkeypatch.setenv("NETRC", str(file))
    file.write_text("machine 127.0.0.1 login ana password s3cret\ndefault login bo password other\n")
    answer, seen = guarded(basic("ana:s3cret"))
    with served(answer) as (url, _):  # type: ignore[arg-type]
        Endpoint(url).table(SELECT)
    assert seen[-1] == basic("ana:s3cret")
    assert not find_login("https://example.org/sparql")
    file.write_text("machine 127.0.0.1 login ana s3cret-typo\n")
    with pytest.raises(UsageError, match="line 2") as error:
        find_login("http://127.0.0.1/")
    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize("challenge", ['Basic realm="x"', ""])
def test_no_login_goes_over_the_network_in_clear(challenge: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(*(("ISMS_ENDPOINT_USER", "ana") if challenge else ("ISMS_ENDPOINT_TOKEN", "s3cret")))
    monkeypatch.setenv("ISMS_ENDPOINT_PASSWORD", "s3cret")
    login = find_login("http://example.org/sparql")
    request = Endpoint("http://example.org/sparql")._request("http://example.org/sparql", b"", "x/y", "*/*")
    if challenge:
        assert login.asked([challenge])
    with pytest.raises(UsageError, match=r"in clear.*ISMS_ENDPOINT_INSECURE=1") as error:
        login.sign(request)
    assert "s3cret" not in str(error.value) + repr(login)
    assert not request.has_header("Authorization")
    monkeypatch.setenv("ISMS_ENDPOINT_INSECURE", "1")
    assert login.sign(request)


@pytest.mark.parametrize("token", ["a\nX: y", "ä"])
def test_a_token_that_no_header_carries(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISMS_ENDPOINT_TOKEN", token)
    with pytest.raises(UsageError, match="no header can carry"):
        find_login("http://127.0.0.1/")


def test_a_login_does_not_follow_a_redirect_and_updates_stay_on_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISMS_ENDPOINT_TOKEN", "s3cret")
    with served(fixed(EMPTY)) as (elsewhere, asked):
        with served(fixed(b"", code=307, Location=elsewhere)) as (url, _), pytest.raises(EndpointError, match="redirects"):
            Endpoint(url).table(SELECT)
        assert asked == []
    with pytest.raises(UsageError, match="another server"):
        Endpoint("http://127.0.0.1:1/query", update_url="http://127.0.0.1:2/update")


@pytest.mark.parametrize(
    ("headers", "match"),
    [
        ({"X_SQL_State": "S1TAT", "X_SQL_Message": "Returning incomplete results"}, "incomplete .S1TAT.: Returning incomplete"),
        ({"X_SPARQL_MaxRows": "10000"}, "10000 rows and no more"),
        ({"Content_Length": "900", "Connection": "close"}, "broke off"),
    ],
)
def test_parts_of_answers_are_no_answers(headers: dict[str, str], match: str) -> None:
    answer: Answer = lambda handler, _: reply(handler, EMPTY, JSON, 200, **headers)  # noqa: E731
    with served(answer) as (url, _), pytest.raises(EndpointError, match=match) as error:
        Endpoint(url).table(SELECT)
    assert isinstance(error.value, CutAnswer) == ("MaxRows" in str(headers))


def test_a_chunk_that_breaks_off() -> None:
    def answer(handler: BaseHTTPRequestHandler, _: str) -> None:
        handler.protocol_version = "HTTP/1.1"
        handler.send_response(200)
        handler.send_header("Content-Type", "application/sparql-results+json")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"%x\r\n" % (len(EMPTY) + 10) + EMPTY)
        handler.close_connection = True

    with served(answer) as (url, _), pytest.raises(EndpointError):
        Endpoint(url).table(SELECT)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"head":{},"boolean":true}', True),
        (b'{"head":{"vars":["__ASK_RETVAL"]},"results":{"bindings":[{"__ASK_RETVAL":{"type":"typed-literal",'
         b'"datatype":"http://www.w3.org/2001/XMLSchema#integer","value":"1"}}]}}', True),
        (b'{"head":{"vars":["__ASK_RETVAL"]},"results":{"bindings":[]}}', False),
        (b'{"head":{"vars":["s"]},"results":{"bindings":[]}}', None),
        (b'{"head":{"vars":["__ASK_RETVAL"]},"results":{"bind', None),
    ],
)  # fmt: skip
def test_yes_and_no(body: bytes, expected: bool | None) -> None:
    with served(fixed(body)) as (url, _):
        if expected is None:
            with pytest.raises(EndpointError, match="neither yes nor no"):
                Endpoint(url).ask("ASK {}")
        else:
            assert Endpoint(url).ask("ASK {}") is expected


def test_a_busy_server_is_asked_three_times() -> None:
    with served(fixed(b"", code=503, Retry_After="1")) as (url, asked):
        with pytest.raises(EndpointError, match="error 503"):
            Endpoint(url).table(SELECT)
        assert len(asked) == 3
    with served(fixed(b"", code=503)) as (url, asked):
        with pytest.raises(EndpointError, match="error 503"):
            Endpoint(url).table(SELECT)
        assert len(asked) == 1


def test_an_update_is_sent_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    with served(lambda handler, _: reply(handler, b"", code=503, Retry_After="1")) as (url, _):
        endpoint = Endpoint(url)
        send = endpoint._open

        def counted(*given: Any) -> bytes:
            seen.append("sent")
            return send(*given)

        monkeypatch.setattr(endpoint, "_open", counted)
        with pytest.raises(EndpointError):
            endpoint.update("query=x")
    assert seen == ["sent"]


def quad(graph: str) -> Quad:
    return Quad(NamedNode("https://x/a"), NamedNode("https://x/b"), NamedNode("https://x/c"), NamedNode(graph))


def test_files_stay_in_the_folder(tmp_path: Path) -> None:
    name = "https://x/graph/"
    names = [
        "../out.ttl",
        "%2e%2e/out.ttl",
        ".hidden",
        "/etc/passwd",
        "sub/a.csv",
        "a.ttl",
        "A.ttl",
        "isms.toml",
        "a.ttl/b.ttl",
        "x%00y",
        "",
    ]
    graphs = [name + one for one in names]
    content = Content({graph: [quad(graph)] for graph in graphs}, [Marker(name, tuple(graphs), base='https://x/"\n[tables]')])
    files = files_of(content)
    write_files(tmp_path / "in", files)
    assert len(files) == len(names) + 1
    assert {path.name for path in tmp_path.iterdir()} == {"in"}
    assert "sub/a.csv.ttl" in files
    assert "\n[tables]" not in files["isms.toml"]
    with pytest.raises(InputError, match="nothing is written over"):
        write_files(tmp_path / "in", files)


def test_an_organisation_needs_a_name(tmp_path: Path) -> None:
    isms_ = load(workspace(tmp_path, a_ttl=':a a isms:Asset ; rdfs:label "A" .'))
    with pytest.raises(UsageError, match="--graph-prefix"):
        plan_push(Endpoint("http://127.0.0.1:1/"), isms_)
    with pytest.raises(UsageError, match="an IRI"):
        plan_push(Endpoint("http://127.0.0.1:1/"), isms_, "no iri")


def test_what_only_reasoning_gives() -> None:
    assert only_inferred("SELECT * { ?x a isms:Element . [] isms:asOf ?today . ?x isms:identifier ?y }") == ["isms:Element", "isms:asOf"]
    assert only_inferred("SELECT * { ?x a isms:Risk ; rdfs:label ?y }") == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "--graph", "https://x/g"), ("status", "--timeout", 3), ("map", ".", "--endpoint", "http://127.0.0.1:1/"),
        ("check", "--endpoint", "http://127.0.0.1:1/", "--since", "main"), ("check", "--endpoint", "http://127.0.0.1:1/", "--watch"),
        ("query", "figures", "--graph", "https://x/g"), ("push", "."), ("pull", "x"),
    ],
)  # fmt: skip
def test_options_that_do_not_go_together(arguments: tuple[object, ...], isms_command: Command) -> None:
    run = isms_command(*arguments)
    assert run.code == 2
    assert "cannot be reached" not in run.err
