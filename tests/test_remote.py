"""Impact over a SPARQL endpoint: the same answers as for the files, few queries, and no trust in what the server says."""

from __future__ import annotations

import shlex
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from conftest import DATA, HEADER, Run, quads, workspace
from pyoxigraph import NamedNode, Quad, QueryResultsFormat, QuerySolutions, Store

from isms_graph import remote
from isms_graph.endpoint import Endpoint
from isms_graph.errors import AmbiguousName, EndpointError, UnknownName, UsageError
from isms_graph.graph import Isms
from isms_graph.impacts import Impact, impact, why
from isms_graph.namespaces import isms
from isms_graph.remote import remote_impact, remote_why
from isms_graph.vocabulary import load_vocabulary

Command = Callable[..., Run]
Answer = Callable[[BaseHTTPRequestHandler, str], None]
JSON = "application/sparql-results+json"
BASE = "https://harbour.example/isms/"
GRAPH = "https://example.org/graph/"
EMPTY = b'{"head":{"vars":["s"]},"results":{"bindings":[]}}'


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


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


@pytest.fixture(scope="module")
def harbour_endpoint(harbour: Isms) -> Iterator[tuple[str, list[str]]]:
    with served(from_store(raw(harbour))) as server:
        yield server


@pytest.mark.parametrize("direction", ["affects", "affected-by"])
@pytest.mark.parametrize("place", range(20))
def test_the_answers_are_those_for_the_files(place: int, direction: str, harbour: Isms, harbour_endpoint: tuple[str, list[str]]) -> None:
    origin = origins(harbour)[place]
    expected = impact(harbour, origin, direction)
    assert told(remote_impact(Endpoint(harbour_endpoint[0]), origin, direction, as_of=harbour.as_of)) == told(expected)


def test_the_origins_reach_something(harbour: Isms) -> None:
    assert len(set(origins(harbour))) == 20
    for direction in ("affects", "affected-by"):
        assert sum(len(impact(harbour, one, direction).affected) > 0 for one in origins(harbour)) >= 10
        assert max(one.hops for origin in origins(harbour) for one in impact(harbour, origin, direction).affected) == 5


@pytest.mark.parametrize("change", ["removal", "addition"])
def test_the_kind_of_change_and_several_origins(change: str, harbour: Isms, harbour_endpoint: tuple[str, list[str]]) -> None:
    names = ["https://w3id.org/isms-graph/iso27001/A.5.23", "EU data residency"]
    endpoint = Endpoint(harbour_endpoint[0])
    for what in [names, *([one] for one in origins(harbour))]:
        expected = impact(harbour, what, "affects", 2, change)
        assert told(remote_impact(endpoint, what, "affects", 2, change, harbour.as_of)) == told(expected)


@pytest.mark.parametrize("batch", [1, 7])
def test_batches_change_nothing(
    batch: int, harbour: Isms, harbour_endpoint: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "BATCH", batch)
    for direction in ("affects", "affected-by"):
        expected = impact(harbour, "EU data residency", direction, hops=3)
        assert told(remote_impact(Endpoint(harbour_endpoint[0]), "EU data residency", direction, 3, as_of=harbour.as_of)) == told(expected)


def test_a_level_takes_two_queries(harbour_endpoint: tuple[str, list[str]]) -> None:
    """And before the first level one query finds what is named; one counts at the end. The last level finds nothing new."""
    crypto = f"{BASE}doc-crypto"
    for hops in (1, 2, 3, 4):
        endpoint = Endpoint(harbour_endpoint[0])
        assert remote_impact(endpoint, crypto, hops=hops).affected
        assert endpoint.queries == 2 + 2 * hops
    endpoint = Endpoint(harbour_endpoint[0])
    assert max(one.hops for one in remote_impact(endpoint, crypto).affected) == 5
    assert endpoint.queries <= 2 + 2 * 6
    endpoint = Endpoint(harbour_endpoint[0])
    remote_impact(endpoint, crypto, hops=1, change="removal")
    assert endpoint.queries == 2 + 2 * 2


def test_statements_in_named_graphs(harbour: Isms) -> None:
    statements = raw(harbour, graphs=True)
    expected = told(impact(harbour, "EU data residency"))
    with served(from_store(statements, union=True)) as (url, _):
        assert told(remote_impact(Endpoint(url), "EU data residency", as_of=harbour.as_of)) == expected
    graphs = sorted({quad.graph_name.value for quad in statements if isinstance(quad.graph_name, NamedNode)})
    with served(from_store(statements)) as (url, _):
        assert told(remote_impact(Endpoint(url, graphs), "EU data residency", as_of=harbour.as_of)) == expected
        with pytest.raises(UnknownName, match="--graph"):
            remote_impact(Endpoint(url), "EU data residency")


def test_the_ontology_at_the_endpoint_changes_nothing(harbour: Isms) -> None:
    with served(from_store([*raw(harbour), *load_vocabulary().quads])) as (url, _):
        for direction in ("affects", "affected-by"):
            expected = impact(harbour, "EU data residency", direction)
            assert told(remote_impact(Endpoint(url), "EU data residency", direction, as_of=harbour.as_of)) == told(expected)
        with pytest.raises(UnknownName):
            remote_impact(Endpoint(url), "withdrawn")


def test_paths(harbour: Isms, harbour_endpoint: tuple[str, list[str]]) -> None:
    endpoint = Endpoint(harbour_endpoint[0])
    last = impact(harbour, "EU data residency").affected[-1].node
    paths, _ = remote_why(endpoint, "EU data residency", last)
    assert paths
    assert set(paths) == set(why(harbour, "EU data residency", last))
    assert remote_why(endpoint, last, "EU data residency")[0] == why(harbour, last, "EU data residency") == []


def test_chains_through_elements_without_a_name_and_through_other_chains() -> None:
    text = """
    :entry a isms:SoAEntry ; isms:forControl iso27001:A.8.5 . :control a isms:Control ; isms:implements iso27001:A.8.5 .
    :risk a isms:Risk ; isms:treatedBy :control . :action a isms:TreatmentAction ; isms:treats :risk ; isms:partOf :plan .
    :plan a isms:RiskTreatmentPlan . :one a isms:Process . :two a isms:Process .
    [] a isms:Interaction ; isms:from :one ; isms:to :two .
    """
    with served(from_store(quads(text))) as (url, _):
        found = {
            name: {
                one.node.rpartition("/")[2]: one.hops for one in remote_impact(Endpoint(url), f"https://example.org/isms/{name}").affected
            }
            for name in ("risk", "one")
        }
    assert found["risk"]["entry"] == found["risk"]["plan"] == found["one"]["two"] == 1


@pytest.mark.parametrize("direction", ["affects", "affected-by"])
def test_another_engine_answers_alike(direction: str) -> None:
    """rdflib, whose way of evaluating VALUES, paths and FILTER has nothing in common with that of pyoxigraph."""
    import rdflib

    text = """
    :req a isms:Requirement ; rdfs:label "Requirement"@en . :risk a isms:Risk ; isms:arisesFrom :req ; isms:treatedBy :control .
    :entry a isms:SoAEntry ; isms:forControl iso27001:A.8.5 . :control a isms:Control ; isms:implements iso27001:A.8.5 ; isms:owner :role .
    :doc a isms:Document ; isms:describes :control ; isms:reviewedOn "2026-01-01"^^xsd:date . :role a isms:Role ; isms:heldBy :ana .
    :ana a isms:Person ; rdfs:label "Ana" . :one a isms:Process ; isms:operates :control . :two a isms:Process .
    [] a isms:Interaction ; isms:from :one ; isms:to :two .
    """
    graph = rdflib.Graph()
    graph.parse(data=HEADER + text, format="turtle")

    def answer(handler: BaseHTTPRequestHandler, query: str) -> None:
        reply(handler, graph.query(query).serialize(format="json") or b"")

    with served(answer) as (url, _), served(from_store(quads(text))) as (other, _):
        for name in ("control", "one"):
            iri = f"https://example.org/isms/{name}"
            found = remote_impact(Endpoint(url), iri, direction, hops=1)
            assert told(found) == told(remote_impact(Endpoint(other), iri, direction, hops=1))
            assert found.affected or (name, direction) == ("one", "affected-by")


def test_elements_that_are_done_with_and_cycles() -> None:
    text = ":a a isms:Asset ; isms:dependsOn :b . :b a isms:Asset ; isms:dependsOn :a , :c . :c a isms:Asset ; isms:dependsOn :d ."
    text += ":d a isms:Asset . :e a isms:Asset ; isms:dependsOn :a ; isms:status isms:Withdrawn . :f a isms:Asset ; isms:dependsOn :e ."
    with served(from_store(quads(text))) as (url, asked):
        answer = remote_impact(Endpoint(url), "https://example.org/isms/d")
    assert [(one.node[-1], one.hops) for one in answer.affected] == [("c", 1), ("b", 2), ("a", 3)]
    assert not any("isms/f" in query for query in asked)


def test_nothing_is_asked_twice_nor_where_paths_end() -> None:
    text = """
    :ana a isms:Person ; isms:leftOn "2020-01-01"^^xsd:date . :bo a isms:Person ; rdfs:label "Bo" .
    :role a isms:Role ; isms:heldBy :ana , :bo ; rdfs:label "Lead" . :control a isms:Control ; isms:owner :role .
    :doc a isms:Document ; isms:describes :control ; isms:owner :role .
    """
    with served(from_store(quads(text))) as (url, asked):
        answer = remote_impact(Endpoint(url), "https://example.org/isms/ana")
    assert [(one.node.rpartition("/")[2], one.hops, one.owner) for one in answer.affected] == [
        ("role", 1, ""), ("control", 2, "Lead (Bo)"), ("doc", 2, "Lead (Bo)"),
    ]  # fmt: skip
    details = [query for query in asked if "isms-graph/ns/leftOn" in query]
    expanded = [query for query in asked if "BIND" in query]
    for name in ("ana", "role", "control", "doc"):
        assert sum(f"isms/{name}>" in query for query in details) == 1
    assert not any("isms/control>" in query for query in expanded)
    assert len(expanded) == 2


def test_the_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with served(fixed(EMPTY)) as (proxy, asked):
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("http_proxy", proxy)
        with pytest.raises(UnknownName):
            remote_impact(Endpoint("http://isms.invalid/sparql"), "Laptops")
    assert len(asked) == 1


@pytest.mark.parametrize("property_", ["status", "owner", "heldBy", "assessedIn", "reviewedOn", "date", "leftOn"])
def test_what_is_said_of_elements_follows_from_no_inverse(property_: str) -> None:
    """The query for it asks for properties of which the element is the subject."""
    assert not any(inverted for _, inverted in remote._stated(load_vocabulary(), isms(property_)))


def test_names() -> None:
    text = ':a a isms:Asset ; rdfs:label "Laptops"@de ; isms:identifier "A-1" . :b a isms:Asset ; rdfs:label "Same" . '
    text += ':c a isms:Asset ; rdfs:label "Same" . :d rdfs:label "No class" . :q a isms:Asset ; rdfs:label "5\\" \\\\ } # disk" .'
    with served(from_store(quads(text))) as (url, asked):
        for name in ("Laptops", " Laptops ", "A-1", "https://example.org/isms/a", "<https://example.org/isms/a>"):
            assert remote_impact(Endpoint(url), name).origin == "https://example.org/isms/a"
        assert remote_impact(Endpoint(url), '5" \\ } # disk').origin == "https://example.org/isms/q"
        for name in ("A.5.23", "iso27001:A.5.23", "A.5.23 Information security for use of cloud services"):
            assert remote_impact(Endpoint(url), name).origin.endswith("A.5.23")
        with pytest.raises(AmbiguousName) as ambiguous:
            remote_impact(Endpoint(url), "Same")
        assert [iri[-1] for iri, _ in ambiguous.value.candidates] == ["b", "c"]
        before = len(asked)
        for name in ("laptops", "No class", "", "https://example.org/isms/d", "\udcff", '" } UNION { ?node a ?class } #'):
            with pytest.raises(UnknownName):
                remote_impact(Endpoint(url), name)
        assert len(asked) - before == 5  # one query each; a text that is none is not asked for
        with pytest.raises(UsageError):
            remote_impact(Endpoint(url), [])


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
