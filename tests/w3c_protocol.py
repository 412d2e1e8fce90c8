"""The cases of the W3C test suite for the SPARQL 1.1 Protocol, as data."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, parse

from isms_graph.index import Index, Node
from isms_graph.namespaces import local_name

ROOT = Path(os.environ.get("W3C_TESTS", Path(__file__).resolve().parents[2] / "shared" / "w3c")) / "sparql11-protocol"
HOW_TO_GET = (
    "clone https://github.com/w3c/rdf-tests and set W3C_TESTS to a folder whose `sparql11-protocol` is its sparql/sparql11/protocol"
)
MF, CNT = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#", "http://www.w3.org/2011/content#"
HT = "http://www.w3.org/2011/http#"
DATA = "http://kasei.us/2009/09/sparql/data/"


@dataclass(frozen=True)
class Request:
    """A request. The path of its target is /sparql/, which stands for that of the endpoint."""

    method: str
    target: str
    headers: dict[str, str]  # names in lower case
    body: bytes


@dataclass(frozen=True)
class Case:
    """A case: its requests, and what the answer to the last of them has to be."""

    name: str
    requests: list[Request]
    statuses: tuple[str, ...]  # of "2xx", "3xx" and "4xx", those that are right
    boolean: bool | None
    format: str | None  # "boolean", "tabular" or "RDF"


def cases() -> list[Case]:
    """The cases about queries, in the order of the manifest."""
    return [case for case in _all() if "update" not in case.name]


def updates() -> list[Case]:
    """The cases about updates. What an endpoint that only reads has to refuse is their first request."""
    return [case for case in _all() if "update" in case.name]


def graphs() -> str:
    """The graphs that the cases ask for, in TriG; nothing is in the default graph."""
    names = (f"{DATA}data{number}.rdf" for number in range(4))
    return "".join(f"<{name}> {{ <{name}> a <http://xmlns.com/foaf/0.1/Document> }}\n" for name in names)


@cache
def _all() -> list[Case]:
    path = ROOT / "manifest.ttl"
    if not path.is_file():
        return []
    index = Index(parse(path.read_bytes(), format=RdfFormat.TURTLE, base_iri="http://www.w3.org/2009/sparql/docs/tests/"))
    (entries,) = (nodes[0] for (_, predicate), nodes in index.by_subject.items() if predicate == NamedNode(MF + "entries"))
    return [_case(index, node) for node in index.list(entries) if isinstance(node, NamedNode)]


def _case(index: Index, node: NamedNode) -> Case:
    action = _one(index, node, MF + "action")
    requests = [one for one in index.list(_one(index, action, HT + "requests")) if isinstance(one, BlankNode)]
    response = _one(index, requests[-1], HT + "resp")
    booleans = index.objects(response, NamedNode(MF + "expectedBoolean"))
    return Case(
        name=local_name(node.value),
        requests=[_request(index, one) for one in requests],
        statuses=tuple(status.value[-3:] for status in index.named(response, NamedNode(MF + "expectedStatus"))),
        boolean=booleans == [Literal(True)] if booleans else None,
        format=index.text(response, NamedNode(MF + "expectedFormat")) or None,
    )


def _request(index: Index, node: Node) -> Request:
    body = b""
    if index.objects(node, NamedNode(HT + "body")):
        content = _one(index, node, HT + "body")
        body = index.text(content, NamedNode(CNT + "chars")).encode(index.text(content, NamedNode(CNT + "characterEncoding")))
    fields = index.list(_one(index, node, HT + "headers")) if index.objects(node, NamedNode(HT + "headers")) else []
    headers = {_text(index, one, "fieldName").lower(): _text(index, one, "fieldValue") for one in fields if isinstance(one, BlankNode)}
    return Request(_text(index, node, "methodName"), _text(index, node, "absolutePath"), headers, body)


def _one(index: Index, subject: Node, predicate: str) -> Node:
    (node,) = index.objects(subject, NamedNode(predicate))
    assert not isinstance(node, Literal)
    return node


def _text(index: Index, subject: Node, name: str) -> str:
    (text,) = index.texts(subject, NamedNode(HT + name))
    return text
