"""Impact over a SPARQL endpoint: the same answers as for the files, and few queries."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler

import pytest
from conftest import HEADER, quads
from endpoints import (
    BASE,
    EMPTY,
    fixed,
    from_store,
    origins,
    raw,
    reply,
    served,
    told,
)
from pyoxigraph import NamedNode

from isms_graph import remote
from isms_graph.endpoint import Endpoint
from isms_graph.errors import AmbiguousName, UnknownName, UsageError
from isms_graph.graph import Isms
from isms_graph.impacts import impact, why
from isms_graph.namespaces import isms
from isms_graph.remote import remote_impact, remote_why
from isms_graph.vocabulary import load_vocabulary

pytestmark = pytest.mark.usefixtures("no_proxy")


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
