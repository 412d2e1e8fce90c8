"""An organisation in Oxigraph and in Virtuoso: what was pushed is read, checked and pulled as it was, or refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import DATA, workspace
from endpoints import Command, told
from pyoxigraph import CanonicalizationAlgorithm, Dataset, Quad
from rdf_stores import MOST_ROWS, Server, login

from isms_graph.endpoint import Endpoint
from isms_graph.errors import CutAnswer, EndpointError, UsageError
from isms_graph.exchange import value
from isms_graph.graph import Isms, load
from isms_graph.impacts import impact
from isms_graph.pulls import files_of, write_files
from isms_graph.pushes import _swap, plan_push, push
from isms_graph.remote import remote_impact
from isms_graph.stores import load_remote, marker, read_store

ODD = r"""
:r a isms:Risk ; rdfs:label "Ünïcode \"quoted\" \\ back\nslash 😀"@en , "Risiko"@de-CH ; isms:owner [ a isms:Role ; rdfs:label "One" ] ;
    isms:currentLevel 007 ; isms:concernsAsset _:b . _:b a isms:Asset ; rdfs:label "Two" ; rdfs:seeAlso _:c .
_:c a isms:Process ; rdfs:label "Three" . <https://example.org/isms/ü> a isms:Asset ; rdfs:label "" ;
    isms:reviewedOn "2026-01-31"^^xsd:date .
"""


def at(server: Server, **options: float) -> Endpoint:
    return Endpoint(server.url, update_url=server.update_url, **options)  # type: ignore[arg-type]


def pushed(server: Server, isms_: Isms, name: str) -> Endpoint:
    endpoint = at(server)
    push(endpoint, plan_push(endpoint, isms_, name))
    return endpoint


def canonical(quads: list[Quad]) -> Dataset:
    dataset = Dataset(Quad(quad.subject, quad.predicate, value(quad.object)) for quad in quads)
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    return dataset


def statements(isms_: Isms) -> Dataset:
    return canonical([quad for source in isms_.sources for quad in source.quads])


def small(folder: Path, text: str = ODD) -> Isms:
    folder.mkdir(exist_ok=True)
    return load(workspace(folder, a_ttl=text, b_ttl=':laptop a isms:Asset ; rdfs:label "Laptop" .'), as_of="2026-11-23")


def test_harbour_is_there_as_in_the_files(server: Server, harbour: Isms, isms_command: Command, tmp_path: Path) -> None:
    name = "https://harbour.example/isms/graph/"
    run = isms_command("push", DATA / "harbour-saas", *server.options)
    assert (run.code, run.err) == (0, "")
    assert f"{harbour.statement_count:,} statements in 18 graphs" in run.out
    there = ("--endpoint", server.url, "--graph", name)
    slow = server.name == "virtuoso"
    for verb in (("check",), ("status",), ("map",), ("query", "soa-without-control"))[: 1 if slow else 4]:
        local, remote = isms_command(*verb, DATA / "harbour-saas"), isms_command(*verb, *there)
        assert (remote.code, remote.err) == (local.code, local.err)
        assert remote.out.replace("set in the store", "set in isms.toml") == local.out
    run = isms_command("pull", tmp_path / "files", *there)
    assert (run.code, run.err) == (0, "")
    assert statements(load(tmp_path / "files")) == statements(harbour)
    assert isms_command("check", tmp_path / "files").out == isms_command("check", DATA / "harbour-saas").out
    graphs = [f"{name}{path}" for path in ("risks.csv", "soa.csv", "organisation.ttl", "context.ttl")]
    part = load([DATA / "harbour-saas" / one.removeprefix(name) for one in graphs], as_of=harbour.as_of)
    answer = remote_impact(Endpoint(server.url, graphs), "R-07", as_of=harbour.as_of)
    expected = impact(part, "R-07")
    assert told(answer) == told(expected)
    assert answer.affected


def test_statements_come_back_as_they_were(server: Server, tmp_path: Path) -> None:
    isms_ = small(tmp_path / "a")
    name = f"https://example.org/odd/{server.name}/"
    endpoint = pushed(server, isms_, name)
    assert statements(load_remote(endpoint, [name])) == statements(isms_)
    content = read_store(endpoint, [name])
    write_files(tmp_path / "b", files_of(content))
    assert sorted(path.name for path in (tmp_path / "b").iterdir()) == ["a.ttl", "b.ttl", "isms.toml"]
    assert statements(load(tmp_path / "b", as_of="2026-11-23")) == statements(isms_)
    assert files_of(read_store(endpoint, [name])) == files_of(content)
    assert plan_push(endpoint, isms_, name).marker.digest == content.markers[0].digest


def test_a_push_replaces_and_removes(server: Server, tmp_path: Path, isms_command: Command) -> None:
    name = f"https://example.org/replaced/{server.name}/"
    small(tmp_path / "a")
    options = (*server.options, "--graph-prefix", name)
    assert isms_command("push", tmp_path / "a", *options).code == 0
    (tmp_path / "a" / "b.ttl").unlink()
    workspace(tmp_path / "a", a_ttl=':tablet a isms:Asset ; rdfs:label "Tablet" .')
    dry = isms_command("push", tmp_path / "a", *options, "--dry-run")
    assert f"{name}a.ttl  2 statements; replaces 16" in dry.out
    assert f"{name}b.ttl  is removed" in dry.out
    assert "Nothing was written" in dry.out
    assert len(read_store(at(server), [name]).graphs) == 2
    assert isms_command("push", tmp_path / "a", *options).code == 0
    assert {graph: len(quads) for graph, quads in read_store(at(server), [name]).graphs.items()} == {f"{name}a.ttl": 2}
    rows = at(server).select("g", 'GRAPH ?g { ?s ?p ?o } FILTER(CONTAINS(STR(?g), "staged:") || STR(?g) = "' + name + 'b.ttl")')
    assert rows == []


def test_what_was_changed_behind_its_back_is_refused(server: Server, tmp_path: Path, isms_command: Command) -> None:
    name = f"https://example.org/changed/{server.name}/"
    endpoint = pushed(server, small(tmp_path / "a"), name)
    endpoint.update(f"INSERT DATA {{ GRAPH <{name}b.ttl> {{ <https://x/a> <https://x/b> <https://x/c> }} }}")
    for verb in (("check",), ("pull", tmp_path / "out")):
        run = isms_command(*verb, "--endpoint", server.url, "--graph", name)
        assert run.code == 2
        assert "are not those that were pushed" in run.err
    assert not (tmp_path / "out").exists()
    assert len(read_store(endpoint, [f"{name}b.ttl"]).graphs[f"{name}b.ttl"]) == 3


def test_a_push_that_broke_off_is_noticed_and_mended(server: Server, tmp_path: Path) -> None:
    name = f"https://example.org/broken/{server.name}/"
    isms_ = small(tmp_path / "a")
    endpoint = pushed(server, isms_, name)
    whole = _swap(plan_push(endpoint, isms_, name), {f"{name}a.ttl": "urn:x:1", f"{name}b.ttl": "urn:x:2"}).split(" ;\n")
    endpoint.update(" ;\n".join(whole[:2]))
    with pytest.raises(EndpointError, match="broke off"):
        read_store(endpoint, [name])
    pushed(server, isms_, name)
    assert statements(load_remote(endpoint, [name])) == statements(isms_)


@pytest.mark.parametrize("applied", [True, False])
def test_a_lost_answer(applied: bool, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("isms_graph.pushes.time.sleep", lambda _: None)
    name = f"https://example.org/lost/{server.name}/{applied}/"
    endpoint = pushed(server, small(tmp_path / "a"), name)
    changed = small(tmp_path / "b", ':tablet a isms:Asset ; rdfs:label "Tablet" .')
    sent: list[str] = []
    real = endpoint.update

    def update(text: str) -> None:
        if "MOVE" not in text:
            return real(text)
        sent.append(text)
        if applied:
            real(text)
        raise endpoint.error("the answer broke off.")

    monkeypatch.setattr(endpoint, "update", update)
    plan = plan_push(endpoint, changed, name)
    if applied:
        push(endpoint, plan)
    else:
        with pytest.raises(EndpointError, match="Nothing was changed"):
            push(endpoint, plan)
    assert len(sent) == 1
    assert len(load_remote(at(server), [name]).sources[0].quads) == (2 if applied else 16)
    assert at(server).select("g", 'GRAPH ?g { ?s ?p ?o } FILTER(CONTAINS(STR(?g), "staged:"))') == []


def test_two_who_push_at_once(server: Server, tmp_path: Path) -> None:
    name = f"https://example.org/twice/{server.name}/"
    endpoint, isms_ = at(server), small(tmp_path / "a")
    late = plan_push(endpoint, isms_, name)
    pushed(server, small(tmp_path / "b", ':tablet a isms:Asset ; rdfs:label "Tablet" .'), name)
    with pytest.raises(EndpointError, match=r"somebody else.*Nothing was changed"):
        push(endpoint, late)
    assert len(load_remote(endpoint, [name]).sources[0].quads) == 2


def test_what_is_not_the_organisations_is_not_written_over(server: Server, tmp_path: Path) -> None:
    name = f"https://example.org/foreign/{server.name}/"
    endpoint = at(server)
    endpoint.update(f"INSERT DATA {{ GRAPH <{name}a.ttl> {{ <https://x/a> <https://x/b> <https://x/c> }} }}")
    with pytest.raises(UsageError, match="written over"):
        plan_push(endpoint, small(tmp_path / "a"), name)
    assert marker(endpoint, name) is None


def test_findings_stand_in_graphs(server: Server, tmp_path: Path, isms_command: Command) -> None:
    name = f"https://example.org/found/{server.name}/"
    pushed(server, small(tmp_path / "a"), name)
    there = ("--endpoint", server.url, "--graph", name)
    for output, place in (
        ("sarif", f'"uri": "{name}b.ttl"'),
        ("github", "file=" + f"{name}b.ttl".replace(":", "%3A") + ","),
        ("gitlab", f'"path": "{name}b.ttl"'),
        ("json", f'"{name}b.ttl"'),
        ("text", f"{name}b.ttl"),
        ("junit", f"{name}b.ttl"),
        ("markdown", f"`{name}b.ttl`"),
    ):
        run = isms_command("check", *there, "--output", output)
        assert run.code == 1
        assert place in run.out


def test_ones_own_query_runs_there(server: Server, tmp_path: Path, isms_command: Command) -> None:
    name = f"https://example.org/asked/{server.name}/"
    pushed(server, small(tmp_path / "a"), name)
    there = ("--endpoint", server.url, "--graph", f"{name}b.ttl")
    query = tmp_path / "q.rq"
    for text, expected in (
        ("SELECT ?label { ?x a isms:Asset ; rdfs:label ?label }", "label\nLaptop\n"),
        ("ASK { ?x a isms:Asset }", "answer\ntrue\n"),
        ("ASK { ?x a isms:Risk }", "answer\nfalse\n"),
    ):
        query.write_text(text)
        run = isms_command("query", query, *there, "--output", "csv")
        assert (run.code, run.err, run.out) == (0, "", expected)
    query.write_text("CONSTRUCT { ?x rdfs:seeAlso ?x } { ?x a isms:Element }")
    run = isms_command("query", query, *there)
    assert run.code == 0
    assert "isms:Element: often only follows" in run.err
    query.write_text("CONSTRUCT { ?x rdfs:seeAlso ?x } { ?x a isms:Asset }")
    assert "rdfs:seeAlso <https://example.org/isms/laptop>" in isms_command("query", query, *there).out


@pytest.fixture
def odd_one(virtuoso: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    login(monkeypatch)
    return virtuoso


def test_virtuoso_cuts_answers(odd_one: Server) -> None:
    """Tables with a header that says so, graphs without a word; what is fetched is whole, by parts."""
    graph, count = "https://example.org/many", MOST_ROWS + 500
    endpoint = at(odd_one)
    for start in range(0, count, 500):
        lines = "".join(f'<https://x/{number}> <https://x/p> "value {number}" .\n' for number in range(start, start + 500))
        endpoint.update(f"INSERT DATA {{ GRAPH <{graph}> {{ {lines} }} }}")
    with pytest.raises(CutAnswer, match="1000 rows and no more"):
        endpoint.table(f"SELECT ?s ?o {{ GRAPH <{graph}> {{ ?s ?p ?o }} }}")
    with pytest.raises(CutAnswer, match="1000 statements and no more"):
        endpoint.construct(f"CONSTRUCT {{ ?s ?p ?o }} {{ GRAPH <{graph}> {{ ?s ?p ?o }} }}")
    assert len(endpoint.construct(f"CONSTRUCT {{ ?s ?p ?o }} {{ GRAPH <{graph}> {{ ?s ?p ?o }} }} LIMIT 10")) == 10
    assert len(set(read_store(endpoint, [graph]).graphs[graph])) == count


def test_virtuoso_refuses_in_its_own_words(odd_one: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = at(odd_one)
    with pytest.raises(EndpointError, match=r"transitive start.*bind one end"):
        endpoint.table("SELECT * { ?s <https://x/p>+ ?o }")
    with pytest.raises(EndpointError, match=r"--update-endpoint; Virtuoso takes them at /sparql-auth"):
        Endpoint(odd_one.url).update("INSERT DATA { GRAPH <https://x/g> { <https://x/a> <https://x/b> 1 } }")
    monkeypatch.setenv("ISMS_ENDPOINT_PASSWORD", "wrong")
    with pytest.raises(EndpointError, match="does not take the login"):
        at(odd_one).update("DROP SILENT GRAPH <https://x/g>")
    monkeypatch.delenv("ISMS_ENDPOINT_USER")
    monkeypatch.delenv("ISMS_ENDPOINT_PASSWORD")
    monkeypatch.setenv("NETRC", "/dev/null")
    with pytest.raises(EndpointError, match="wants a login: set ISMS_ENDPOINT_TOKEN"):
        at(odd_one).update("DROP SILENT GRAPH <https://x/g>")


def test_virtuoso_loses_values_and_is_found_out(odd_one: Server, tmp_path: Path) -> None:
    name = "https://example.org/values/"
    isms_ = small(tmp_path / "a", ':laptop isms:identifier "a"^^xsd:string ; rdfs:comment true , 1 .')
    with pytest.raises(EndpointError, match=r"does not keep the statements.*1 of 3 are not there.*Nothing was changed"):
        pushed(odd_one, isms_, name)
    assert marker(at(odd_one), name) is None
    assert at(odd_one).select("g", 'GRAPH ?g { ?s ?p ?o } FILTER(CONTAINS(STR(?g), "staged:"))') == []
