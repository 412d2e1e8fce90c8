"""What a stranger's query must not be, what is said of it, and that no admitted query reaches the network."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product

import pytest
from corpus import REFUSED, Hostile, corpus
from isms_graph.api.admission import Admitted, admit
from isms_graph.api.limits import Limits
from isms_graph.api.problems import Problem
from pyoxigraph import Literal, NamedNode, Quad, QueryBoolean, Store

from isms_graph.namespaces import PREFIXES

LIMITS = Limits()
CORPUS = corpus()


def refused(text: str, limits: Limits = LIMITS) -> Problem:
    with pytest.raises(Problem) as caught:
        admit(text, limits)
    assert caught.value.advice
    return caught.value


def outcome(text: str) -> Admitted | Problem:
    try:
        return admit(text, LIMITS)
    except Problem as problem:
        return problem


def least_seconds(text: str, enough: float) -> float:
    """The shortest of up to five tries: a busy machine slows some of them, quadratic time all."""
    least = float("inf")
    for _ in range(5):
        began = time.thread_time()
        outcome(text)
        least = min(least, time.thread_time() - began)
        if least < enough:
            break
    return least


@pytest.mark.parametrize("one", CORPUS, ids=lambda one: one.name)
def test_hostile(one: Hostile) -> None:
    try:
        text = one.text if isinstance(one.text, str) else one.text.decode()
    except UnicodeDecodeError:
        assert one.expected == REFUSED
        return
    assert least_seconds(text, 0.3) < 0.3
    found = outcome(text)
    if one.expected == REFUSED:
        assert isinstance(found, Problem)
        assert 400 <= found.status < 500 and found.detail and found.advice
        assert len(str(found)) < 400
    else:
        assert isinstance(found, Admitted), found
        assert found.text == text


def test_the_corpus_is_large() -> None:
    assert len(CORPUS) > 300
    assert sum(one.forged for one in CORPUS) > 80


#### What is known of a query


def test_graphs_are_found_with_their_prefixes() -> None:
    text = r"""BASE <http://b/> PREFIX g: <http://g/> PREFIX isms: <http://other/>
    SELECT * FROM <http://e/a> FROM g:a\-b # FROM <http://no/>
    FROM NAMED iso27001:x from named isms:y FROM <http://e/\u0061> { VALUES ?x { "FROM <http://no/>" } }"""
    found = admit(text, LIMITS)
    assert found.default_graphs == ("http://e/a", "http://g/a-b", "http://e/a")
    assert found.named_graphs == (PREFIXES["iso27001"] + "x", "http://other/y")


@pytest.mark.parametrize("form", ["SELECT * { }", "ask { }", "CONSTRUCT { } WHERE { }", "Describe <a:a>"])
def test_forms(form: str) -> None:
    assert admit(f"PREFIX x: <a:> # SELECT\n{form}", LIMITS).form == form.split()[0].upper()


@pytest.mark.parametrize(
    ("text", "deterministic"),
    [
        ("SELECT * { ?s ?p ?o }", True),
        ("SELECT (now() AS ?x) { }", False),
        ("SELECT * { } ORDER BY RAND()", False),
        ("SELECT * { BIND(UUID() AS ?x) }", False),
        ("SELECT * { FILTER(?x = STRUUID()) }", False),
        ("SELECT (BNODE() AS ?x) { }", False),
        ("SELECT ?now { ?now ?rand 'NOW()' } # NOW()", True),
        ("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }", True),
        ("CONSTRUCT { ?s ?p [] } WHERE { ?s ?p ?o }", False),
        ("CONSTRUCT { ?s ?p _:x } WHERE { ?s ?p ?o }", False),
        ("CONSTRUCT { ?s ?p (1) } WHERE { ?s ?p ?o }", False),
    ],
)
def test_deterministic(text: str, deterministic: bool) -> None:
    assert admit(text, LIMITS).deterministic is deterministic


#### What is said of a refused one


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("SELECT * {\n  ?s ?p 'a", 400, "The string at line 2, column 9 is not complete: 'a"),
        ("SELECT * {\n ?s <a b ?o }", 400, "The IRI at line 2, column 5 is not complete"),
        ("SELECT * {\n\n ( ]", 400, "] at line 3, column 4 closes nothing: ( of line 3, column 2 is open."),
        ("SELECT * { }\n}", 400, "} at line 2, column 1 closes nothing: no bracket is open."),
        ("SELECT * {\n{ }", 400, "{ at line 1, column 10 is never closed."),
        ("SELECT * { ?s\u00a0?p ?o }", 400, "at line 1, column 14: [U+00A0]"),
        ("\ufeffSELECT * { }", 400, "There is a byte order mark at line 1, column 1."),
        ("SELECT * { \\u0041 }", 400, "There is a backslash at line 1, column 12"),
        ("ASK\n{\0}", 400, "There is a NUL at line 2, column 2."),
        ("ASK\n{\ud800}", 400, "There is half a character at line 2, column 2."),
        ("ASK {\n SERVICE <a:a> { } }", 403, "SERVICE at line 2, column 2 would ask another server"),
        ("PREFIX " + "x" * 252 + ": <a:> ASK { }", 400, "is no word of SPARQL"),
        ("ASK { ?s services:x ?o }", 403, "SERVICE at line 1, column 10"),
        ("\nDROP ALL", 403, "DROP at line 2, column 1 would change data; this endpoint only reads."),
        ("", 400, "There is no query."),
        ("\n risks", 400, "risks at line 2, column 2 is no word of SPARQL."),
        ("{ }", 400, "A query does not begin with {, as at line 1, column 1."),
        ("ASK { } ASK { }", 400, "A second query begins at line 1, column 9 with ASK."),
        ("SELECT * FROM <g> { }", 400, "The graph g at line 1, column 15 is no full IRI."),
        ("SELECT * FROM x:g { }", 400, "The prefix x: at line 1, column 15 is not declared."),
        ("ASK FROM", 400, "FROM needs the IRI of a graph at line 1, column 5."),
        ("SELECT * FROM:x { }", 400, "A blank is missing in FROM:x at line 1, column 10."),
        ("PREFIX x: <http://a:8> ASK { }", 400, "<http://a:8> at line 1, column 11 ends with its host."),
        ("PREFIX x ASK { }", 400, "x at line 1, column 8 is no word of SPARQL."),
        ("PREFIX x: ASK { }", 400, "PREFIX at line 1, column 1 is not complete."),
        ("ASK { FILTER(" + "!" * 201 + "1) }", 400, "More than 200 signs are in one chain at line 1, column 214."),
        ("ASK { ?a isms:p" + "|isms:p" * 201 + " ?b }", 400, "More than 200 signs are in one chain"),
        ("ASK {" + "{}" * 200 + "}", 400, "A query has at most 200 groups in { }; yours has 201."),
    ],
)
def test_messages(text: str, status: int, said: str) -> None:
    problem = refused(text)
    assert problem.status == status
    assert said in problem.detail


def test_limits_of_size() -> None:
    text = "SELECT * { ?ä ?p ?o }"
    size = len(text.encode())
    assert admit(text, Limits(query_bytes=size))
    assert refused(text, Limits(query_bytes=size - 1)).status == 413
    assert admit(text, Limits(tokens=7))
    assert "at most 6 words and signs" in refused(text, Limits(tokens=6)).detail


@pytest.mark.parametrize(("opening", "closing"), [("{", "}"), ("(", ")"), ("[", "]"), ("<<", ">>"), ("{|", "|}")])
def test_limit_of_depth(opening: str, closing: str) -> None:
    text = "ASK {" + opening * 4 + closing * 4 + "}"
    assert admit(text, Limits(depth=5))
    assert "Brackets may stand in brackets 4 times" in refused(text, Limits(depth=4)).detail


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("?s ?p ?o", 1),
        ("?s ?p ?o .", 1),
        ("?s ?p ?o ; ?q ?r , 1 ; .", 3),
        ("?s a [ ?p ?o ; ?q ?r ] . [] ?p ?o", 4),
        ("?s isms:a/isms:b/isms:c ?o", 3),
        ("?s (isms:a|isms:b)* ?o", 1),
        ("?s ?p (1 2 3)", 5),
        ("VALUES ?s { 1 2 3 } VALUES (?a ?b) { (1 2) (3 4) } ?s ?p ?o", 1),
        ("?s ?p ?o FILTER(?o IN (1, 2, 3) || isms:f(?o, ?p) = 1.5) ?o ?q ?r", 2),
        ("?s ?p ?o FILTER isms:f(?o, 1) BIND(?o AS ?x)", 1),
        ("{ ?s ?p ?o } UNION { ?s ?p ?o } OPTIONAL { ?s ?p ?o } MINUS { ?s ?p ?o }", 4),
        ("GRAPH ?g { ?s ?p ?o FILTER NOT EXISTS { ?s ?p 1 . ?s ?q 2 } }", 3),
        ("{ SELECT ?a (COUNT(?b) AS ?n) { ?a ?p ?b } GROUP BY ?a ORDER BY ?n LIMIT 1 } ?a ?q ?c", 2),
        ("<< ?a ?p ?b >> ?q ?c", 2),
        ("?a ?p ?b ~ ?r {| ?q ?c |}", 3),
    ],
)
def test_triple_patterns_are_counted(body: str, count: int) -> None:
    text = f"PREFIX x: <a:> SELECT ?a ?b {{ {body} }} ORDER BY ?a ?b"
    assert admit(text, Limits(patterns=count))
    assert f"at most {count - 1} triple patterns; yours has about {count}." in refused(text, Limits(patterns=count - 1)).detail


def test_a_template_is_no_pattern() -> None:
    assert admit("CONSTRUCT { ?a ?b ?c . ?d ?e ?f } WHERE { ?a ?b ?c }", Limits(patterns=1))
    assert refused("CONSTRUCT WHERE { ?a ?b ?c . ?d ?e ?f }", Limits(patterns=1))


PIECES = [
    "a-",
    "a.",
    "true.",
    "true ",
    "<",
    "<a",
    "?a<b:c ",
    "(",
    "?",
    "'",
    '"',
    "\\",
    "#",
    "1.",
    "1",
    "a",
    "@",
    "@a-",
    "_:",
    "_:a.",
    "a:",
    "a:.",
    "%41",
]
PIECES += [
    ":.",
    "service:",
    "service#",
    "service <",
    "service#\n",
    "service/",
    "service" + "x" * 100 + " ",
    "?service ",
    "service:x ",
    "service\n",
]
PIECES += ["..", "1e", "\n", "<<", "||", "[]", '""', "'''a", '"""', "''", "?a ", "/", "\ud7ff", "é", "-1", "a:\\-"]


@pytest.mark.parametrize("piece", PIECES)
def test_time_is_linear(piece: str) -> None:
    for text in (piece * (63_000 // len(piece)), "ASK { FILTER(" + piece * (62_000 // len(piece)) + ") }"):
        cut = text.encode()[: LIMITS.query_bytes].decode(errors="ignore")
        assert least_seconds(cut, 0.2) < 0.2


#### The network


@contextmanager
def canary() -> Iterator[tuple[str, list[None]]]:
    """An address on loopback, and one entry for each connection to it."""
    met: list[None] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def wait() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                met.append(None)
                connection.close()

        thread = threading.Thread(target=wait, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/", met
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def reaches(text: str, met: list[None]) -> bool:
    """True if the engine asks the canary. The canary has met it before the engine knows that nobody answers."""
    before = len(met)
    store = Store()
    store.add(Quad(NamedNode("a:a"), NamedNode("a:b"), Literal("c")))
    try:
        answer = store.query(text, prefixes=PREFIXES)
        if not isinstance(answer, QueryBoolean):
            next(iter(answer), None)
    except (SyntaxError, RuntimeError, OSError):
        pass
    return len(met) > before


def test_no_forged_request_is_made() -> None:
    with canary() as (address, met):
        forged = [one for one in corpus(address) if one.forged and isinstance(one.text, str)]
        asked = 0
        for one in forged:
            admitted = isinstance(outcome(str(one.text)), Admitted)
            reached = reaches(str(one.text), met)
            assert not (admitted and reached), one.name
            asked += reached
        assert asked > 50  # the engine would make the others


BEFORE = [
    "?s ?p ?o ",
    "?s ?p 1",
    "?s ?p 1.",
    "?s ?p true",
    "?s ?p 'a'",
    "?s ?p 'a'@en.",
    "?s ?p a:.",
    "?s ?p (1)",
    "?s ?p ?o FILTER(?s<a:b)",
    "FILTER(1)",
    "",
]
BEFORE += ["?s ?p y:", "?s ?p ('''a')", "?s ?p ?o~", "?s ?p ?o{|?p 1|}", "?s ?p <<?s ?p ?o>>"]
WORDS = ["SERVICE", "serviceSILENT", "SERVICE#{\n", "Service\r\nSilent\t"]
TARGETS = ["<{}>", ":x", ":", "x:x", ":%41", r":\-", ":x.y", "x:#>\n", r"<\u0068ttp{}>"]
AFTER = ["{}", "#>\n{}", "{}#'''", "{} #\\uD800'''\n", "{?s ?p ?o}"]


def test_a_call_is_found_wherever_the_engine_would_find_one() -> None:
    asked = 0
    with canary() as (address, met):
        prologue = f"PREFIX a:<a:>PREFIX y:<http://a:8/>PREFIX :<{address}>PREFIX x:<{address}>SELECT*{{"
        for before, word, target, after in product(BEFORE, WORDS, TARGETS, AFTER):
            goal = target.replace("{}", address.removeprefix("http") if "ttp" in target else address)
            text = prologue + before + word + goal + after + "\n}"
            assert isinstance(outcome(text), Problem), text
            if asked < 100:
                asked += reaches(text, met)
    assert asked == 100
