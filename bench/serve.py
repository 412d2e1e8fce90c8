"""Measure `isms serve` on loopback beside rdflib-endpoint over the same triples; print the results as Markdown.

python -m bench.serve [WORKSPACE] [--seconds N] [--rival PYTHON]

PYTHON is an interpreter that has rdflib-endpoint[web], such as that of an environment of its own; without it, only ours is
measured. The rival gets the default graph that ours answers from: statements, ontology and what follows from both. Every
rate is the median of RUNS runs of N seconds, the servers taking turns. The client is one thread over bare sockets; what it
can do at most is measured against a server that always says the same.
"""

from __future__ import annotations

import argparse
import itertools
import json
import re
import selectors
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from tests.servers import children, serving

RUNS = 3
CONNECTIONS = (1, 4, 16)
RUNAWAYS = 10
PREFIX = "PREFIX isms: <https://w3id.org/isms-graph/ns/> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> "
LOOKUP = (
    'SELECT ?label ?owner ?level WHERE { ?risk isms:identifier "%s" ; rdfs:label ?label ; isms:owner ?owner ; isms:currentLevel ?level }'
)
LISTING = """SELECT ?entry ?control ?applicable ?justification ?status ?owner WHERE {
    ?entry a isms:SoAEntry ; isms:forControl ?control .
    OPTIONAL { ?entry isms:applicable ?applicable } OPTIONAL { ?entry isms:justification ?justification }
    OPTIONAL { ?entry isms:implementationStatus ?status } OPTIONAL { ?entry isms:partOf/isms:owner ?owner }
}"""
ENDLESS = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
RIVAL = """
import sys, uvicorn
from rdflib import Graph
from rdflib_endpoint import SparqlEndpoint
graph = Graph()
graph.parse(sys.argv[1], format="nt")
uvicorn.run(SparqlEndpoint(graph=graph, path="/sparql"), port=int(sys.argv[2]), log_level="error", access_log=False)
"""
SAME = """
import asyncio, sys
ANSWER = b"HTTP/1.1 200 OK\\r\\ncontent-length: 300\\r\\n\\r\\n" + b"x" * 300
class Same(asyncio.Protocol):
    def connection_made(self, transport): self.transport = transport
    def data_received(self, data): self.transport.write(ANSWER)
async def main():
    server = await asyncio.get_running_loop().create_server(Same, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()
asyncio.run(main())
"""
_LENGTH = re.compile(rb"content-length: *([0-9]+)", re.IGNORECASE)


@dataclass
class _Connection:
    """A connection with one request on its way."""

    sock: socket.socket
    begun: float = 0.0
    got: bytes = b""

    def send(self, request: bytes) -> None:
        self.got, self.begun = b"", time.perf_counter()
        self.sock.sendall(request)

    def whole(self) -> bytes | None:
        """The body once all of it is there. Raises RuntimeError unless the status is 200."""
        part = self.sock.recv(1 << 18)
        self.got += part
        head, blank, body = self.got.partition(b"\r\n\r\n")
        if part and not blank:
            return None
        length = _LENGTH.search(head)
        if not part or b" 200 " not in head[:20] or length is None:
            raise RuntimeError(f"the server said {self.got[:300]!r}")
        return body if len(body) >= int(length[1]) else None


def request(query: str) -> bytes:
    """A GET as bytes; JSON is asked for."""
    return (
        f"GET /sparql?query={quote(PREFIX + query, safe='')} HTTP/1.1\r\nHost: localhost\r\n"
        "Accept: application/sparql-results+json\r\nConnection: keep-alive\r\n\r\n"
    ).encode()


def lookups(identifiers: list[str]) -> Iterator[bytes]:
    """Requests of which no two are alike: the text bears a number, so that neither side can keep an answer or a parsed query."""
    return (request(f"{LOOKUP % identifier} #{number}") for number, identifier in enumerate(itertools.cycle(identifiers)))


def drive(port: int, requests: Iterator[bytes], connections: int, seconds: float) -> list[float]:
    """The seconds of each request: so many connections ask, one request after another each, until the time is over."""
    took: list[float] = []
    ready = list(itertools.islice(requests, 2000))  # written beforehand; the client has to be cheap
    following = itertools.cycle(ready)
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        for _ in range(connections):
            sock = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = _Connection(sock)
            selector.register(sock, selectors.EVENT_READ, connection)
            connection.send(next(following))
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            for key, _ in selector.select(60):
                if key.data.whole() is not None:
                    took.append(time.perf_counter() - key.data.begun)
                    key.data.send(next(following))
    return took


def rows(port: int, query: str) -> list[tuple[tuple[str, str], ...]]:
    """The rows of an answer, sorted."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as sock:
        connection = _Connection(sock)
        connection.send(request(query))
        while (body := connection.whole()) is None:
            pass
    return sorted(tuple(sorted((name, term["value"]) for name, term in row.items())) for row in json.loads(body)["results"]["bindings"])


@contextmanager
def process(*command: str) -> Iterator[int]:
    """A server that takes a free port as its last argument, and that port, once it listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen([*command, str(port)]) as started:
        try:
            for _ in range(1200):
                with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                if started.poll() is not None:
                    raise SystemExit("a server to compare with did not start")
                time.sleep(0.05)
            yield port
        finally:
            started.terminate()


@dataclass
class Runaways:
    """Queries without an end: each is asked again when it was ended. `said` counts the statuses of the answers."""

    port: int
    count: int = RUNAWAYS
    apart: float = 1.0  # seconds between their beginnings, so that they do not all end together
    said: dict[str, int] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Runaways:
        for number in range(self.count):
            threading.Thread(target=self._run, args=(number,), daemon=True).start()
        time.sleep(self.count * self.apart)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def _run(self, number: int) -> None:
        self._over.wait(number * self.apart)
        while not self._over.is_set():
            with socket.create_connection(("127.0.0.1", self.port)) as sock:
                sock.sendall(request(f"{ENDLESS} #{number}"))
                sock.settimeout(0.2)
                while not self._over.is_set():  # a connection that is closed early ends the query
                    with suppress(TimeoutError):
                        status = sock.recv(1 << 16)[9:12].decode()
                        self.said[status] = self.said.get(status, 0) + 1
                        break


def percentile(took: list[float], share: float) -> float:
    """In milliseconds."""
    return sorted(took)[min(int(len(took) * share), len(took) - 1)] * 1000


def memory(pid: int) -> tuple[float, float]:
    """What a process has resident, and its share of that where several have it, in MB."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    resident, share = (int(found[1]) for name in ("Rss", "Pss") if (found := re.search(rf"^{name}: +([0-9]+)", text, re.MULTILINE)))
    return resident / 1024, share / 1024


def sizes(server: int) -> str:
    """The row of a table: server, keeper, workers together, all together."""
    keeper, *workers = children(server)
    parts = [memory(server), memory(keeper)]
    for worker in workers:
        with suppress(OSError):  # it has ended meanwhile
            parts.append(memory(worker))
    each = max((one[0] for one in parts[2:]), default=0)
    cells = [f"{one[0]:.0f} / {one[1]:.0f}" for one in parts[:2]]
    cells += [f"{len(parts) - 2}", f"{each:.0f} / {sum(one[1] for one in parts[2:]):.0f}", f"{sum(one[1] for one in parts):.0f}"]
    return " | ".join(cells)


def changed(workspace: Path, folder: Path) -> list[float]:
    """Seconds from the change of a risk's text until a query sees it."""
    copy = folder / "copy"
    shutil.copytree(workspace, copy)
    path = next(path for path in copy.rglob("*.ttl") if "rdfs:label" in path.read_text(encoding="utf-8"))
    found = []
    with serving(folder, copy) as server:
        for number in range(RUNS):
            text = path.read_text(encoding="utf-8")
            path.write_text(f'{text}\n<urn:added:{number}> rdfs:label "Added {number}" ; a isms:Asset .\n', encoding="utf-8")
            begin = time.perf_counter()
            while not rows(server.port, f'SELECT ?x WHERE {{ ?x rdfs:label "Added {number}" }}'):
                time.sleep(0.01)
            found.append(time.perf_counter() - begin)
    return found


def rates(ports: dict[str, int], requests: Iterator[bytes], connections: int, seconds: float) -> dict[str, float]:
    """Requests a second of each server, medians of RUNS; they take turns."""
    runs: dict[str, list[float]] = {name: [] for name in ports}
    for _ in range(RUNS):
        for name, port in ports.items():
            runs[name].append(len(drive(port, requests, connections, seconds)) / seconds)
    return {name: statistics.median(each) for name, each in runs.items()}


def show_rates(title: str, ports: dict[str, int], requests: Iterator[bytes], seconds: float) -> None:
    """A table of rates, with the ratio to the last server where there are two kinds."""
    print(f"\n| {title}, requests a second | " + " | ".join(f"{count} conn." for count in CONNECTIONS) + " |")
    print("|---|" + "---:|" * len(CONNECTIONS), flush=True)
    found = [rates(ports, requests, count, seconds) for count in CONNECTIONS]
    names = list(ports)
    for name in names:
        print(f"| {name} | " + " | ".join(f"{each[name]:,.0f}" for each in found) + " |")
    if len(names) > 2:
        for name in names[:2]:
            print(f"| {name} : {names[-1]} | " + " | ".join(f"{each[name] / each[names[-1]]:.1f}" for each in found) + " |", flush=True)


def show_times(port: int, requests: Iterator[bytes], seconds: float) -> None:
    """Times of lookups of one client, alone and while endless queries run."""
    print("\n| lookups of one client | requests | p50, ms | p99, ms |\n|---|---:|---:|---:|", flush=True)
    quiet, busy = [], []
    for _ in range(RUNS):
        quiet.append(drive(port, requests, 1, seconds))
        with Runaways(port) as runaways:
            busy.append(drive(port, requests, 1, max(seconds, 10.0)))  # each of them is replaced once
    medians = []
    for name, runs in (("quiet", quiet), (f"{RUNAWAYS} endless queries", busy)):
        p50, p99 = (statistics.median(percentile(run, share) for run in runs) for share in (0.5, 0.99))
        medians.append((p50, p99))
        print(f"| {name} | {statistics.median(map(len, runs)):,.0f} | {p50:.2f} | {p99:.2f} |")
    print(f"| ratio | | {medians[1][0] / medians[0][0]:.1f} | {medians[1][1] / medians[0][1]:.1f} |")
    print(f"\nEndless queries were answered with: {runaways.said}.", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("workspace", nargs="?", default="data/harbour-saas", type=Path)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rival")
    parser.add_argument("--only", choices=["lookups", "listings", "times", "memory"])
    given = parser.parse_args()

    def wanted(part: str) -> bool:
        return given.only in (None, part)

    with TemporaryDirectory(prefix="isms-graph-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        begin = time.perf_counter()
        ours = stack.enter_context(serving(folder, given.workspace))
        start = time.perf_counter() - begin
        idle = sizes(ours.process.pid)
        forking = stack.enter_context(serving(folder, given.workspace, "--limit", "jobs_per_worker=1"))
        ports = {"isms serve": ours.port, "isms serve, a process for each query": forking.port}
        if given.rival:
            triples = folder / "default.nt"
            answer = ours.sparql("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }", format="ntriples")
            assert answer.status == 200, answer.text
            triples.write_bytes(answer.body)
            ports["rdflib-endpoint"] = stack.enter_context(process(given.rival, "-c", RIVAL, str(triples)))
        identifiers = [row[0][1] for row in rows(ours.port, "SELECT ?id WHERE { ?risk a isms:Risk ; isms:identifier ?id }")]
        for query in (LISTING, *(LOOKUP % identifier for identifier in identifiers)):
            answers = [rows(port, query) for port in ports.values()]
            assert answers[0] and all(each == answers[0] for each in answers), f"the servers do not agree on {query}"
        print(f"{len(identifiers)} risks, {len(rows(ours.port, LISTING))} rows of the listing; the same answers from all.")
        with process(sys.executable, "-c", SAME) as same:
            most = [len(drive(same, lookups(identifiers), count, 1)) for count in CONNECTIONS]
            print("The client can send " + ", ".join(f"{count:,}" for count in most) + f" requests a second on {CONNECTIONS} connections.")
        if wanted("lookups"):
            show_rates("lookups", ports, lookups(identifiers), given.seconds)
        if wanted("listings"):
            texts = (request(f"{LISTING}\n# {number}") for number in itertools.count())
            show_rates("SoA listings, another text each time", ports, texts, given.seconds)
            show_rates("SoA listings, the same text again", ports, itertools.repeat(request(LISTING)), given.seconds)
        if wanted("times"):
            show_times(ours.port, lookups(identifiers), given.seconds)
        if wanted("memory"):
            print("\n| MB: resident / proportional | server | keeper | workers | each / together | all |\n|---|---:|---:|---:|---:|---:|")
            print(f"| after the start | {idle} |", flush=True)
            drive(ours.port, lookups(identifiers), 16, 2)
            print(f"| after 2 s with 16 connections | {sizes(ours.process.pid)} |")
            with Runaways(ours.port, apart=0.5):
                print(f"| while {RUNAWAYS} endless queries run | {sizes(ours.process.pid)} |")
            seen = statistics.median(changed(given.workspace, folder))
            print(f"\nReady {start:.2f} s after the start; a change of a file is in the answers after {seen:.2f} s.")


if __name__ == "__main__":
    main()
