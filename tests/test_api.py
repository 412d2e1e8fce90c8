"""The HTTP routes: the same answers as the command line, and problems as problem details."""

from __future__ import annotations

import pytest
from conftest import base
from fastapi.testclient import TestClient
from isms_graph.api import create_app


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(create_app(base(':risk-theft isms:identifier "R-3" .')))


def test_healthz(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def test_findings(client: TestClient) -> None:
    answer = client.get("/findings", params={"stage": "surveillance"}).json()
    assert answer["stage"] == "surveillance"
    assert answer["findings"] == []
    assert answer["conforms"] is True
    assert len(answer["checks"]) == len(client.get("/checks").json()) > 50


def test_impact(client: TestClient) -> None:
    answer = client.get("/impact", params={"what": "Phishing", "hops": 1}).json()
    assert [one["class"] for one in answer["affected"]] == ["isms:Risk"]
    several = client.get("/impact", params={"what": ["Phishing", "Nightly backup"], "change": "removal"}).json()
    assert len(several["origins"]) == 2
    assert any("Left:" in one["action"] or "Nothing else is left." in one["action"] for one in several["affected"])


def test_queries(client: TestClient) -> None:
    names = [one["name"] for one in client.get("/queries").json()]
    assert "owned-by" in names
    answer = client.get("/queries/owned-by", params={"person": "Dan Ruiz"}).json()
    assert answer["columns"] == ["element", "through", "others"]
    assert answer["rows"]


def test_status_and_picture(client: TestClient) -> None:
    assert [verb["verdict"] for verb in client.get("/status").json()["verbs"]] == ["shown"] * 4
    picture = client.get("/process-map.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert picture.text.startswith("<svg")


@pytest.mark.parametrize(
    ("path", "code", "text"),
    [
        ("/impact?what=Phisching", 404, "Did you mean 'Phishing'"),
        ("/impact?what=Phishing&direction=sideways", 422, ""),
        ("/impact?what=Phishing&hops=0", 422, ""),
        ("/impact?what=Phishing&change=theft", 422, ""),
        ("/impact", 422, ""),
        ("/queries/nothing", 404, "GET /queries"),
        ("/queries/owned-by", 400, "needs --param person"),
        ("/queries/risks-not-reviewed?months=x", 400, "whole number"),
        ("/queries/risks-not-reviewed?month=1", 404, "Did you mean months"),
        ("/findings?stage=stage9", 404, "stage1"),
        ("/sparql?query=SELECT", 404, ""),
    ],
)
def test_problems(client: TestClient, path: str, code: int, text: str) -> None:
    answer = client.get(path)
    assert answer.status_code == code
    assert text in answer.text


def test_nothing_can_be_written(client: TestClient) -> None:
    for path in ("/findings", "/impact", "/queries/owned-by", "/healthz"):
        assert client.post(path).status_code == client.put(path).status_code == client.delete(path).status_code == 405
