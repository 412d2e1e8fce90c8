"""SPARQL endpoints for tests: on loopback, on a free port, ended with the test."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest
from conftest import Run
from pyoxigraph import NamedNode, Quad, QueryResultsFormat, QuerySolutions, Store

from isms_graph.graph import Isms
from isms_graph.impacts import Impact

Command = Callable[..., Run]
Answer = Callable[[BaseHTTPRequestHandler, str], None]
JSON = "application/sparql-results+json"
BASE = "https://harbour.example/isms/"
GRAPH = "https://example.org/graph/"
EMPTY = b'{"head":{"vars":["s"]},"results":{"bindings":[]}}'


@contextmanager
def served(answer: Answer) -> Iterator[tuple[str, list[str]]]:
    """A server on a free port of this machine; gives its address and the queries that it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked.append(parse_qs(body)["query"][0])
            answer(self, asked[-1])

        def do_GET(self) -> None:
            asked.append("GET")

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/sparql", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def reply(handler: BaseHTTPRequestHandler, body: bytes, kind: str = JSON, code: int = 200, **headers: str) -> None:
    handler.send_response(code)
    for name, value in ({"Content_Type": kind, "Content_Length": str(len(body))} | headers).items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def fixed(body: bytes, kind: str = JSON, code: int = 200, **headers: str) -> Answer:
    return lambda handler, _: reply(handler, body, kind, code, **headers)


def from_store(statements: list[Quad], union: bool = False, odd: bytes = b"") -> Answer:
    """A SPARQL endpoint over some statements, without any reasoning; `odd` comes before the rows of every answer of triples."""
    store = Store()
    store.extend(statements)

    def answer(handler: BaseHTTPRequestHandler, query: str) -> None:
        found = store.query(query, use_default_graph_as_union=union)
        assert isinstance(found, QuerySolutions)
        triples = [variable.value for variable in found.variables] == ["s", "p", "o"]
        body = found.serialize(format=QueryResultsFormat.JSON) or b""
        reply(handler, body.replace(b'"bindings":[{', b'"bindings":[' + odd + b"{") if triples else body)

    return answer


def raw(isms_: Isms, graphs: bool = False) -> list[Quad]:
    """The statements of the files as they stand there, in one graph or each file's in a graph of its own."""
    plain = [(source, quad) for source in isms_.sources for quad in source.quads]
    return [
        Quad(one.subject, one.predicate, one.object, NamedNode(GRAPH + source.path.name)) if graphs else Quad(*tuple(one)[:3])
        for source, one in plain
    ]


def told(answer: Impact) -> list[object]:
    """Everything that an answer says, with the paths. For an element without a label an endpoint gives the whole IRI."""
    elements = [*answer.origins, *(one.element for one in answer.affected)]
    described = [replace(one, label=one.label.replace(BASE, ""), owner=one.owner.replace(BASE, "")) for one in elements]
    return [answer.elements, described, [(one.hops, one.strength, one.action.replace(BASE, ""), one.path) for one in answer.affected]]


def origins(isms_: Isms, count: int = 20) -> list[str]:
    """Elements of as many classes as can be, one of the standard, and those of the longest paths."""
    far = [f"{BASE}doc-crypto", f"{BASE}R-26"]
    by_class: dict[str, str] = {}
    for node in sorted(isms_.elements(), key=lambda node: node.value):
        by_class.setdefault(isms_.short(next(iter(isms_.classes(node)), node)), node.value)
    return ["https://w3id.org/isms-graph/iso27001/A.5.23", *far, *list(by_class.values())[:: max(1, len(by_class) // (count - 3))]][:count]


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture(scope="module")
def harbour_endpoint(harbour: Isms) -> Iterator[tuple[str, list[str]]]:
    with served(from_store(raw(harbour))) as server:
        yield server
