"""The plain routes against a running server: the answers of the command line, and problems as problem details."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from isms_graph.api.tokens import new_token
from servers import Running, serving

from isms_graph.queries import questions
from isms_graph.resources import folder

NEGLECTED = folder("data") / "harbour-neglected"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("serve"), NEGLECTED) as running:
        yield running


def by_command(*arguments: str) -> Any:
    """What the command line prints as JSON, without the workspace's folder."""
    command = [sys.executable, "-m", "isms_graph.cli", *arguments, "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def same(answer: Any, expected: Any) -> bool:
    return {**answer, "workspace": ""} == {**expected, "workspace": ""}


def test_findings_are_those_of_the_command(server: Running) -> None:
    answer = server.ask("/findings").json()
    assert answer["findings"]
    assert same(answer, by_command("check", str(NEGLECTED)))
    assert answer["workspace"] == "harbour-neglected", "the server's folders are nobody's business"
    stage1 = server.ask("/findings?stage=stage1").json()
    assert stage1["stage"] == "stage1"
    assert same(stage1, by_command("check", str(NEGLECTED), "--stage", "stage1"))
    assert server.ask("/findings").json() == answer, "asking for another stage changes nothing"


def test_status_is_that_of_the_command(server: Running) -> None:
    assert same(server.ask("/status").json(), by_command("status", str(NEGLECTED)))


def test_impact_is_that_of_the_command(server: Running) -> None:
    answer = server.ask("/impact?what=R-03&what=R-04&change=removal&hops=2").json()
    assert answer == by_command("impact", "R-03", str(NEGLECTED), "--and", "R-04", "--change", "removal", "--hops", "2")
    assert answer["affected"]


def test_diff_is_that_of_the_command(server: Running) -> None:
    answer = server.ask("/diff?from=2026-11-23&to=2027-11-23").json()
    expected = by_command("diff", "--as-of", "2026-11-23", "--as-of", "2027-11-23", "--in", str(NEGLECTED))
    assert answer == expected
    assert answer["findings"]["gained"]


def test_the_process_map_is_that_of_the_command(server: Running, isms_command: Callable[..., Run]) -> None:
    answer = server.ask("/process-map.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.text.strip() == isms_command("map", NEGLECTED, "--output", "svg").out.strip()


def test_saved_queries(server: Running) -> None:
    listed = {one["name"]: one for one in server.ask("/queries").json()}
    assert set(listed) == set(questions())
    assert listed["owned-by"]["parameters"][0]["name"] == "person"
    answer = server.ask("/queries/top-risks").json()
    assert list(answer["rows"][0]) == answer["columns"]
    assert answer["truncated"] is False
    cut = server.ask("/queries/top-risks?rows=2").json()
    assert (cut["rows"], cut["truncated"]) == (answer["rows"][:2], True)
    csv = server.ask("/queries/top-risks?format=csv")
    assert csv.headers["content-type"] == "text/csv; charset=utf-8"
    assert len(csv.text.splitlines()) == len(answer["rows"]) + 1


@pytest.mark.parametrize("name", sorted(name for name, one in questions().items() if all(p.default is not None for p in one.parameters)))
def test_every_saved_query_is_answered(server: Running, name: str) -> None:
    assert server.ask(f"/queries/{name}").status == 200


def test_an_element_says_what_is_said_of_it_and_where(server: Running) -> None:
    answer = server.ask("/elements/R-03").json()
    assert (answer["class"], answer["source"]["file"]) == ("isms:Risk", "risks.csv")
    assert {"property": "isms:identifier", "property_label": "identifier", "value": "R-03"} in answer["says"]
    assert any(one["property"] == "isms:treats" and one["label"] for one in answer["said_by"])
    by_iri = server.ask(f"/elements/{answer['node']}").json()
    assert by_iri == answer


@pytest.mark.parametrize(
    ("path", "code", "text"),
    [
        ("/impact?what=Phisching", 404, "Did you mean"),
        ("/impact?what=R-03&direction=sideways", 422, "direction"),
        ("/impact?what=R-03&hops=0", 422, "hops"),
        ("/impact?what=R-03&change=theft", 422, "change"),
        ("/impact?what=", 400, "empty"),
        ("/impact", 422, "what"),
        ("/queries/nothing", 404, "GET /queries"),
        ("/queries/owned-by", 400, "needs --param person"),
        ("/queries/owned-by?person=Nobody", 404, "There is no element"),
        ("/queries/owned-by?person=a&person=b", 400, "twice"),
        ("/queries/top-risks?nonsense=1", 404, "parameter of top-risks"),
        ("/findings?stage=stage9", 404, "Did you mean"),
        ("/diff?from=yesterday", 400, "is not a date"),
        ("/diff?from=0001-01-01", 400, "too far away"),
        ("/elements/nothing-like-it", 404, "There is no element"),
        ("/elements/../../etc/passwd", 404, ""),
        ("/nothing", 404, "openapi.json"),
    ],
)
def test_what_is_wrong_is_a_problem(server: Running, path: str, code: int, text: str) -> None:
    answer = server.ask(path)
    assert answer.status == code, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == code
    assert text in problem["detail"] + problem.get("advice", "")
    assert str(Path.cwd()) not in answer.text


def test_openapi_names_every_route(server: Running) -> None:
    paths = server.ask("/openapi.json").json()["paths"]
    wanted = {
        "/sparql",
        "/checks",
        "/findings",
        "/impact",
        "/queries",
        "/queries/{name}",
        "/status",
        "/process-map.svg",
        "/elements/{name}",
    }
    assert wanted | {"/diff", "/healthz", "/readyz", "/metrics"} == set(paths)
    for path, methods in paths.items():
        for method, operation in methods.items():
            assert operation["summary"] and operation["description"], (path, method)
            assert "4XX" in operation["responses"]


def test_metrics_count(server: Running) -> None:
    server.ask("/status")
    text = server.ask("/metrics").text
    assert 'isms_requests_total{route="/status",status="200",workspace="harbour-neglected"}' in text
    assert 'isms_generations{workspace="harbour-neglected"} 1.0' in text
    server.ask("/made/up/by/a/client")
    assert "made" not in server.ask("/metrics").text, "a client cannot make up labels"


def test_other_methods_are_refused(server: Running) -> None:
    for path in ("/findings", "/impact?what=R-03", "/queries"):
        assert server.ask(path, "POST").status == 405
        assert server.ask(path, "HEAD").status == 200


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--host", "0.0.0.0"], "without tokens"),  # noqa: S104
        (["--limit", "second=3"], "Did you mean seconds?"),
        (["--limit", "seconds=0"], "above 0"),
        (["--tokens", "nothing.toml"], "cannot be read"),
        (["--log", "/nowhere/log"], "cannot be written"),
    ],
)
def test_a_server_that_cannot_be_says_why(isms_command: Callable[..., Run], arguments: list[str], text: str) -> None:
    done = isms_command("serve", NEGLECTED, "--port", "0", *arguments)
    assert done.code == 2
    assert text in done.err


def test_a_workspace_that_cannot_be_loaded_is_told_at_the_start(isms_command: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "broken.ttl").write_text("<urn:x> a isms:Risk")
    done = isms_command("serve", tmp_path, "--port", "0")
    assert done.code == 2
    assert "broken.ttl:1" in done.err


def test_a_token_for_a_workspace_that_is_not_served_stops_the_start(isms_command: Callable[..., Run], tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.toml"
    tokens.write_text(new_token("auditor", ["harbour"])[1])
    tokens.chmod(0o600)
    done = isms_command("serve", NEGLECTED, "--port", "0", "--tokens", tokens)
    assert done.code == 2
    assert "there is no workspace 'harbour'" in done.err and "Served are harbour-neglected" in done.err
