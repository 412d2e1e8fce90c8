"""What the README shows under "Ask over HTTP" is run as it stands, but for the port, against a running server."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import Running, serving

from isms_graph.resources import folder

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("## Ask over HTTP\n")[2].partition("\n## ")[0]
HERE = "127.0.0.1:8080"
LABELS = "SELECT ?label { ?risk a isms:Risk ; rdfs:label ?label } ORDER BY ?label LIMIT 3"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("serve"), folder("data") / "harbour-saas") as running:
        yield running


def shown(language: str, word: str) -> str:
    """The only block of the section in a language that has a word."""
    (found,) = [text for text in re.findall(rf"```{language}\n(.*?)```", SECTION, re.DOTALL) if word in text and HERE in text]
    return str(found)


def printed(server: Running, *command: str) -> str:
    """What a command of the README prints, sent to the server."""
    changed = [word.replace(HERE, f"{server.host}:{server.port}") for word in command]
    done = subprocess.run(changed, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def labels(server: Running) -> list[str]:
    found = [row["label"] for row in server.rows(LABELS)]
    assert len(found) == 3
    return found


def test_curl(server: Running) -> None:
    commands = re.split(r"^(?=curl )", shown("sh", "curl"), flags=re.MULTILINE)[1:]
    table, saved, impact, findings = (printed(server, "sh", "-c", one) for one in commands)
    assert [row["label"] for row in csv.DictReader(io.StringIO(table))] == labels(server)
    assert json.loads(saved)["columns"]
    assert json.loads(impact) == server.ask("/impact?what=EU%20data%20residency&change=removal").json()
    assert json.loads(findings)["workspace"] == "harbour-saas"


def test_sparqlwrapper(server: Running) -> None:
    assert printed(server, sys.executable, "-W", "error", "-c", shown("python", "SPARQLWrapper")).splitlines() == labels(server)


def test_rdflib(server: Running) -> None:
    (row,) = server.rows("SELECT ?label { ?risk a isms:Risk ; rdfs:label ?label } ORDER BY ?risk LIMIT 1")
    assert printed(server, sys.executable, "-c", shown("python", "SPARQLStore")) == f"{row['label']} True\n"


def test_addresses_for_a_spreadsheet(server: Running) -> None:
    addresses = shown("text", "csv").split()
    assert len(addresses) == 2
    for address in addresses:
        answer = server.ask(address.partition(HERE)[2])
        assert (answer.status, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
        rows = list(csv.reader(io.StringIO(answer.text, newline="")))
        assert len(rows) > 5
        assert {len(row) for row in rows} == {len(rows[0])}
