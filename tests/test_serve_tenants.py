"""Who may see what: tokens for workspaces and graphs, against a running server with three tenants."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from servers import Answer, Running, serving

from isms_graph.api.tokens import new_token

TENANTS = ("red", "green", "blue")
CANARY = {name: f"canary-{name}-7f3a" for name in TENANTS}
FORMATS = {"SELECT": ("json", "xml", "csv", "tsv"), "ASK": ("json", "xml"), "CONSTRUCT": ("turtle", "ntriples", "jsonld", "rdfxml")}


_HEADS = [
    "SELECT *", "SELECT (COUNT(*) AS ?n) (GROUP_CONCAT(STR(?o)) AS ?all)", "ASK", "CONSTRUCT { ?s ?p ?o . ?s rdfs:seeAlso ?g }", "DESCRIBE",
]  # fmt: skip


def tenant(name: str) -> str:
    """A tenant's file: whatever carries its canary must never reach another."""
    mark = CANARY[name]
    return f"""@prefix isms: <https://w3id.org/isms-graph/ns/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix : <https://{mark}.example/> .
:ms a isms:ManagementSystem ; rdfs:label "System of {mark}" .
:org a isms:Organization ; rdfs:label "Organisation {mark}" ; isms:headcount {len(name) * 10} .
:risk a isms:Risk ; rdfs:label "Risk of {mark}" ; isms:owner :ann ; isms:concernsAsset :asset .
:asset a isms:Asset ; rdfs:label "Asset of {mark}" ; isms:owner :ann .
:ann a isms:Person ; rdfs:label "Ann of {mark}" .
:control a isms:Control ; rdfs:label "Control of {mark}" ; isms:treats :risk .
<https://shared.example/supplier> isms:note "{mark}" .
"""


SHARED = """@prefix isms: <https://w3id.org/isms-graph/ns/> .
<https://shared.example/supplier> a isms:Supplier ; <http://www.w3.org/2000/01/rdf-schema#label> "Shared supplier" .
"""


@dataclass(frozen=True)
class Shop:
    """A server with a workspace per tenant, and one workspace in which each tenant has a file."""

    server: Running
    secrets: dict[str, str]

    def sparql(self, who: str, query: str, path: str, **fields: Any) -> Answer:
        return self.server.sparql(query, path=path, headers={"Authorization": f"Bearer {self.secrets[who]}"}, **fields)

    def get(self, who: str | None, path: str) -> Answer:
        return self.server.ask(path, headers={"Authorization": f"Bearer {self.secrets[who]}"} if who else {})


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    root = tmp_path_factory.mktemp("shop")
    (root / "common").mkdir()
    (root / "common" / "shared.ttl").write_text(SHARED)
    secrets, texts = {}, ""
    for name in TENANTS:
        (root / name).mkdir()
        (root / name / "isms.ttl").write_text(tenant(name) + SHARED.partition("\n")[2])
        (root / "common" / f"{name}.ttl").write_text(tenant(name))
        secrets[name], text = new_token(name, [name])
        secrets[f"{name} of common"], more = new_token(f"{name}-of-common", ["common"], [f"urn:isms-graph:file:{name}.ttl"])
        texts += text + more
    secrets["all"], text = new_token("all")
    tokens = root / "tokens.toml"
    tokens.write_text(texts + text)
    tokens.chmod(0o600)
    folders = [root / name for name in (*TENANTS, "common")]
    log = root / "log.jsonl"
    with serving(root, *folders, "--tokens", tokens, "--log", log, "--limit", "seconds=5") as server:
        yield Shop(server, secrets)


def foreign(answer: Answer, who: str) -> list[str]:
    """The other tenants whose canary is in an answer, its headers included."""
    text = answer.text + repr(answer.headers)
    return [name for name in TENANTS if name != who and CANARY[name] in text]


def generated(seed: int, count: int) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Queries of every form that try to see everything: forms, patterns, graphs and datasets put together by chance."""
    chance = random.Random(seed)  # noqa: S311
    graphs = [f"urn:isms-graph:file:{name}.ttl" for name in (*TENANTS, "shared")]
    nodes = [f"<https://{mark}.example/{one}>" for mark in CANARY.values() for one in ("risk", "asset", "ann", "org")]
    nodes.append("<https://shared.example/supplier>")
    patterns = [
        "?s ?p ?o",
        "GRAPH ?g { ?s ?p ?o }", "?s rdfs:label ?o", "?s isms:impacts ?o",
        "?s (isms:impacts|^isms:owner)+ ?o", "?s !rdf:type ?o",
        "?s isms:owner/rdfs:label ?o", "?o ^isms:concernsAsset ?s", "?s a ?o", "?s ?p ?o . ?o ?q ?r", "?s isms:headcount ?o",
        "?s ?p ?o FILTER NOT EXISTS { ?s a isms:Clause }", "?s ?p ?o FILTER EXISTS { GRAPH ?g { ?s ?p ?o } }",
        "GRAPH ?g { ?s ?p ?o FILTER isLiteral(?o) }",
        "{ ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } }", "OPTIONAL { GRAPH ?g { ?s ?p ?o } }", "{ SELECT ?s ?o { ?s isms:treats ?o } }",
        "?s ?p ?o MINUS { ?s a isms:Supplier }", "?s isms:asOf ?o", "?s ?p ?o FILTER regex(str(?o), 'canary')",
    ]  # fmt: skip
    for _ in range(count):
        graph, other = chance.sample(graphs, 2)
        pattern = chance.choice(patterns)
        if chance.random() < 0.4:
            pattern = pattern.replace("?s", chance.choice(nodes))
        if chance.random() < 0.3:
            pattern = pattern.replace("GRAPH ?g", f"GRAPH <{graph}>")
        dataset = chance.choice([*[""] * 8, f"FROM <{graph}>", f"FROM NAMED <{graph}>", f"FROM <{graph}> FROM NAMED <{other}>"])
        form = chance.choice(_HEADS)
        if form == "DESCRIBE":
            query = (
                f"DESCRIBE {chance.choice(nodes)} {dataset}" if chance.random() < 0.5 else f"DESCRIBE ?s {dataset} WHERE {{ {pattern} }}"
            )
        else:
            query = f"{form} {dataset} WHERE {{ {pattern} }}"
        word = form.split()[0].replace("DESCRIBE", "CONSTRUCT")
        fields: dict[str, object] = {"format": chance.choice(FORMATS[word])}
        if chance.random() < 0.1:
            fields[chance.choice(["default-graph-uri", "named-graph-uri"])] = chance.choice(graphs)
        if chance.random() < 0.2:
            fields["rows"] = chance.randint(1, 50)
        yield query, word, fields


def test_five_hundred_queries_over_three_tenants_leak_nothing(shop: Shop) -> None:
    answered = leaked_by_all = 0
    for number, (query, _, fields) in enumerate(generated(seed=1, count=500)):
        who = TENANTS[number % 3]
        for token, path in ((f"{who} of common", "/common/sparql"), (who, f"/{who}/sparql")):
            answer = shop.sparql(token, query, path, **fields)
            assert answer.status in (200, 400, 504, 413, 503), (query, fields, answer.text)
            assert not (answer.status == 200 and foreign(answer, who)), (token, query, fields, answer.text[:2000])
            # an error repeats what was asked, and nothing else of others
            answered += answer.status == 200
        if number % 10 == 0:
            leaked_by_all += bool(foreign(shop.sparql("all", query, "/common/sparql", **fields), who))
    assert answered > 600, "most queries have to be answered, or nothing was tested"
    assert leaked_by_all >= 5, "whoever may see everything has to see the canaries, or nothing was tested"


def test_a_graph_token_sees_its_graph_with_what_follows_from_it(shop: Shop) -> None:
    def rows(query: str) -> list[str]:
        answer = shop.sparql("red of common", query, "/common/sparql")
        assert answer.status == 200, answer.text
        return sorted(row["x"]["value"] for row in answer.json()["results"]["bindings"])

    assert rows("SELECT ?x { ?x a isms:Risk }") == [f"https://{CANARY['red']}.example/risk"]
    assert rows("SELECT ?x { ?s isms:impacts ?x . ?s a isms:Asset }") == [f"https://{CANARY['red']}.example/risk"], "inferred"
    assert rows("SELECT DISTINCT ?x { GRAPH ?x { ?s ?p ?o } }") == ["urn:isms-graph:file:red.ttl"]
    assert rows("SELECT ?x { ?s a isms:Supplier BIND(?s AS ?x) }") == [], "the supplier's class is in another file"
    assert rows("SELECT ?x { isms:Risk rdfs:label ?x }") == ["risk"], "the ontology is for everybody"


@pytest.mark.parametrize(
    "path", ["/findings", "/status", "/impact?what=x", "/queries/top-risks", "/elements/x", "/process-map.svg", "/diff"]
)
def test_a_graph_token_gets_no_answer_that_is_drawn_from_all_graphs(shop: Shop, path: str) -> None:
    answer = shop.get("red of common", f"/common{path}")
    assert answer.status == 403
    assert not foreign(answer, "red")


def test_a_graph_token_is_told_of_its_graph_only(shop: Shop) -> None:
    answer = shop.get("red of common", "/common/sparql?format=turtle")
    assert "file:red.ttl" in answer.text
    assert "green" not in answer.text
    named = shop.sparql("red of common", "ASK {}", "/common/sparql", **{"default-graph-uri": "urn:isms-graph:file:green.ttl"})
    nothing = shop.sparql("red of common", "ASK {}", "/common/sparql", **{"default-graph-uri": "urn:isms-graph:file:groan.ttl"})
    assert (named.status, nothing.status) == (400, 400)
    assert named.text.replace("green", "groan") == nothing.text, "what is hidden looks like what is not there"


PATHS = [
    "/sparql?query=ASK%7B%7D", "/findings", "/status", "/impact?what=x", "/queries", "/queries/figures", "/checks", "/elements/x", "/diff",
    "/process-map.svg", "/",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_another_workspace_looks_as_if_it_were_not_there(shop: Shop, path: str) -> None:
    there, not_there = shop.get("red", f"/green{path}"), shop.get("red", f"/nowhere{path}")
    assert (there.status, not_there.status) == (404, 404)
    assert there.json()["detail"] == not_there.json()["detail"]


@pytest.mark.parametrize("path", [*PATHS[:9], "/sparql"])
def test_nobody_without_a_token_gets_in(shop: Shop, path: str) -> None:
    for header in ({}, {"Authorization": "Bearer isms_" + "x" * 43}, {"Authorization": "Basic cmVkOnJlZA=="}, {"Authorization": "Bearer "}):
        answer = shop.server.ask(f"/red{path}", headers=header)
        assert answer.status == 401, (path, header)
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert "canary" not in answer.text
    assert shop.server.ask("/metrics").status == 401
    assert shop.server.ask("/").status == 401
    assert shop.server.ask("/healthz").status == 200


def test_metrics_are_for_those_who_see_everything(shop: Shop) -> None:
    assert [shop.get(who, "/metrics").status for who in ("all", "red", "red of common")] == [200, 403, 403]


def test_the_list_of_workspaces_is_of_those_that_one_may_see(shop: Shop) -> None:
    assert [name for name in (*TENANTS, "common") if f'"/{name}/"' in shop.get("red", "/").text] == ["red"]


def test_what_one_has_is_no_answer_to_another(shop: Shop) -> None:
    """ETags and kept answers are by workspace and by what may be seen."""
    query = "SELECT ?x { ?x a isms:Risk }"
    etags = {who: shop.sparql(who, query, "/common/sparql").headers["etag"] for who in ("all", "red of common", "green of common")}
    assert len(set(etags.values())) == 3


def test_the_log_says_who_and_never_a_secret(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> None:
    secret = shop.secrets["red"]
    shop.sparql("red", f"SELECT ('{secret}' AS ?x) {{}}", "/red/sparql")
    shop.server.ask(f"/red/findings?access_token={secret}")
    shop.server.ask(f"/red/elements/{secret}", headers={"Authorization": f"Bearer {secret}"})
    log = next(Path(tmp_path_factory.getbasetemp()).glob("shop*/log.jsonl"))
    text = log.read_text()
    assert '"who": "red"' in text
    assert "SELECT" in text
    for secret in shop.secrets.values():
        assert secret not in text
        assert secret not in shop.server.said
    assert log.stat().st_mode & 0o077 == 0
