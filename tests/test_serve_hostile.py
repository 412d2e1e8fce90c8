"""A hostile corpus, forged requests and made-up requests against a running server."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest
from corpus import Hostile, corpus
from servers import Answer, Running, children, serving

from isms_graph.resources import folder

HARBOUR = folder("data") / "harbour-saas"
SECONDS, MEMORY = 1.0, 256_000_000
CASES = int(os.environ.get("MADE_UP", "25"))  # of requests that are made up for each route and kind


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    limits = [f"--limit={one}" for one in (f"seconds={SECONDS}", f"memory={MEMORY}", "body_seconds=3")]
    with serving(tmp_path_factory.mktemp("serve"), HARBOUR, *limits) as running:
        yield running


POST = b"POST /sparql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/sparql-query\r\n"


class Canary:
    """A socket on loopback that counts who connects to it."""

    def __init__(self) -> None:
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.sock.settimeout(0.1)
        self.hits: list[bytes] = []
        self.open = True
        self.thread = threading.Thread(target=self._listen)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.sock.getsockname()[1]}/"

    def _listen(self) -> None:
        while self.open:
            try:
                connection, _ = self.sock.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(0.2)
                try:
                    self.hits.append(connection.recv(1000))
                except OSError:
                    self.hits.append(b"")

    def close(self) -> None:
        self.open = False
        self.thread.join()
        self.sock.close()


@pytest.fixture(scope="module")
def canary() -> Iterator[Canary]:
    one = Canary()
    yield one
    one.close()


def resident(pid: int) -> int:
    """What a process has of its own in memory, in bytes."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return sum(int(size) for size in re.findall(r"^Private_(?:Clean|Dirty):\s+(\d+) kB", text, re.MULTILINE)) * 1024


class Watch:
    """The most memory that any process of the server took while the context lasted."""

    def __init__(self, server: Running) -> None:
        self.server, self.most, self.open = server, 0, True

    def __enter__(self) -> Watch:
        self.thread = threading.Thread(target=self._look)
        self.thread.start()
        return self

    def _look(self) -> None:
        while self.open:
            for pid in [self.server.process.pid, *children(self.server.process.pid)]:
                self.most = max(self.most, resident(pid))
            time.sleep(0.05)

    def __exit__(self, *_: object) -> None:
        self.open = False
        self.thread.join()


def sent(server: Running, one: Hostile) -> Answer:
    """The answer to a query, by POST and, where it can be written so, by GET."""
    return server.post(one.text if isinstance(one.text, bytes) else one.text.encode("utf-8", "surrogatepass"))


def test_the_corpus_is_large() -> None:
    found = corpus()
    assert len(found) >= 200
    assert sum(one.forged for one in found) >= 30
    assert sum(one.expected == "runs" for one in found) >= 20


def test_hostile_queries_are_answered_in_time_and_the_server_lives(server: Running, canary: Canary) -> None:
    slow, wrong = [], []
    with Watch(server) as watch, ThreadPoolExecutor(2) as pool:
        found = corpus(canary.url)
        for one, answer in zip(found, pool.map(lambda one: sent(server, one), found), strict=True):
            if answer.seconds > SECONDS + 0.5:
                slow.append((one.name, answer.seconds))
            if answer.status != 200:
                problem = answer.json()
                if problem["status"] != answer.status or not problem["detail"] or answer.status == 500:
                    wrong.append((one.name, answer.text[:200]))
            if one.expected == "refused" and not 400 <= answer.status < 500:
                wrong.append((one.name, f"{answer.status}, and should be refused"))
            if one.expected == "runs" and answer.status not in (200, 400, 413, 503, 504):
                wrong.append((one.name, f"{answer.status}, and should run or meet a limit"))
    assert not wrong
    assert not slow
    assert watch.most < 512_000_000
    assert canary.hits == []
    assert server.sparql("ASK { ?risk a isms:Risk }").json()["boolean"] is True
    assert server.process.poll() is None


def test_the_canary_sings() -> None:
    """A canary that nobody can wake would show nothing."""
    one = Canary()
    try:
        port = one.sock.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as sock:
            sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
        end = time.monotonic() + 5
        while not one.hits and time.monotonic() < end:
            time.sleep(0.02)
        assert one.hits == [b"GET / HTTP/1.0\r\n\r\n"]
    finally:
        one.close()


def forged(url: str) -> list[str]:
    """Requests, other than queries, that name an address in every place where one could be followed."""
    at = quote(url, safe="")
    fields = [
        "default-graph-uri",
        "named-graph-uri",
        "using-graph-uri",
        "service",
        "endpoint",
        "callback",
        "url",
        "format",
        "rows",
        "timeout",
    ]
    query = "query=SELECT%20*%20%7B%7D"
    routes = [
        "impact?what=",
        "elements/",
        "queries/owned-by?person=",
        "findings?stage=",
        "diff?from=",
        "diff?to=",
        "queries/",
        "status?stage=",
    ]
    return [f"/sparql?{query}&{field}={at}" for field in fields] + [f"/{route}{at}" for route in routes]


def test_no_request_makes_the_server_ask_another(server: Running, canary: Canary) -> None:
    paths = forged(canary.url)
    vectors = [one for one in corpus(canary.url) if one.forged]
    assert len(paths) + len(vectors) >= 30
    for path in paths:
        assert server.ask(path).status < 500, path
        headers = {
            "Referer": canary.url,
            "Origin": canary.url,
            "X-Forwarded-Host": canary.url[7:-1],
            "Forwarded": f"host={canary.url[7:-1]}",
        }
        assert server.ask(path, headers=headers).status < 500, path
    for one in vectors:
        text = one.text.encode() if isinstance(one.text, str) else one.text
        server.ask(f"/sparql?query={quote(text)}")
        server.post(f"query={quote(text)}".encode(), type_="application/x-www-form-urlencoded")
    time.sleep(0.3)
    assert canary.hits == []


def test_no_address_in_a_file_is_fetched(tmp_path: Path, canary: Canary) -> None:
    before = len(canary.hits)
    space = tmp_path / "isms"
    space.mkdir()
    (space / "isms.ttl").write_text(
        "@prefix isms: <https://w3id.org/isms-graph/ns/> . @prefix owl: <http://www.w3.org/2002/07/owl#> .\n"
        f"<{canary.url}isms> a isms:ManagementSystem, owl:Ontology ; owl:imports <{canary.url}imported> ; isms:identifier 'It' ."
    )
    with serving(tmp_path, space) as server:
        assert server.rows("SELECT ?s { ?s a isms:ManagementSystem }") == [{"s": f"{canary.url}isms"}]
        assert server.ask("/findings").status == 200
        (space / "remote.jsonld").write_text(json.dumps({"@context": f"{canary.url}context", "@id": "urn:x", "name": "x"}))
        end = time.monotonic() + 15
        while "remote.jsonld" not in server.said:
            assert time.monotonic() < end, server.said
            time.sleep(0.05)
    assert len(canary.hits) == before


def raw(server: Running, data: bytes, wait: float = 10) -> bytes:
    """What comes back for these bytes."""
    with socket.create_connection((server.host, server.port), timeout=wait) as sock:
        try:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        parts = []
        try:
            while part := sock.recv(65536):
                parts.append(part)
        except OSError:
            pass
    return b"".join(parts)


@pytest.mark.parametrize(
    "data",
    [
        b"\x00" * 1000,
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /sparql?query=ASK{} HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"".join(b"X-%d: a\r\n" % number for number in range(20_000)) + b"\r\n",
        POST + b"Content-Length: -5\r\n\r\nASK {}",
        POST + b"Content-Length: 99999999999999999999\r\n\r\nASK {}",
        b"POST /sparql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nASK {}",
        POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffff\r\nASK",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"CONNECT evil.example:80 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET /%00%ff%fe/../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /elements/%ff HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
    ids=lambda data: data[:24].decode("latin-1").encode("unicode_escape").decode() + str(len(data)),
)
def test_what_is_no_proper_request_is_refused(server: Running, data: bytes) -> None:
    answer = raw(server, data)
    status = answer.split(b" ", 2)[1:2]
    assert not answer or status[0][:1] == b"4", answer[:300]
    assert server.ask("/healthz").status == 200


def test_slow_clients_are_not_waited_for(server: Running) -> None:
    body = POST + b"Content-Length: 100\r\n\r\nASK"
    socks = []
    for start in [b"GET / HTTP/1.1\r\nHost: loc", body] * 20:
        sock = socket.create_connection((server.host, server.port), timeout=8)
        sock.sendall(start)
        socks.append(sock)
    assert server.sparql("ASK {}").status == 200
    for sock in socks:
        with sock:
            assert sock.recv(1000).startswith(b"HTTP/1.1 408")


def test_made_up_requests_are_no_server_errors(tmp_path: Path) -> None:
    """Schemathesis makes requests up from the OpenAPI document; `MADE_UP=700` makes over 10,000 of them."""
    with serving(tmp_path, HARBOUR) as server:
        made_up(server, tmp_path)
        assert server.sparql("ASK {}").status == 200


def made_up(server: Running, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json", "--max-examples", str(CASES), "--seed", "27001",
        "--checks", "not_a_server_error,content_type_conformance,status_code_conformance", "--phases", "examples,coverage,fuzzing",
        "--continue-on-failure", "--no-color", "--report-json-path", str(report), "--suppress-health-check", "all", "--warnings", "off",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False, timeout=3000)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    counted = re.search(r"(\d[\d,]*) generated", done.stdout)
    assert counted, done.stdout[-3000:]
    assert int(counted[1].replace(",", "")) > 13 * CASES / 3, "hardly anything was tried"
    assert json.loads(report.read_text())
