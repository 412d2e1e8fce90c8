"""What one request may cost, and that nobody else pays for it: against a running server."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest
from isms_graph.api.generation import QUICK, SPARE
from servers import Answer, Running, children, serving

from isms_graph.resources import folder

HARBOUR = folder("data") / "harbour-saas"
ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
WIDE = "SELECT * { ?a ?b ?c . ?d ?e ?f }"
GREEDY = "SELECT ?a { ?s ?p ?o . ?a ?b ?c } ORDER BY ?a ?s"
ASK = "ASK { ?risk a isms:Risk }"
SECONDS = 1.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("serve"), HARBOUR, "--limit", f"seconds={SECONDS}", "--limit", "result_bytes=1000000") as running:
        yield running


def until(true: Callable[[], object], seconds: float = 5) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.02)


def keeper(server: Running) -> int:
    """The process that holds the only workspace; workers are its children."""
    return next(pid for pid in children(server.process.pid) if len(children(pid)) > 0)


def problem(answer: Answer) -> tuple[int, str]:
    """Status and sentence of an answer that has to be a whole problem document."""
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert said["status"] == answer.status
    return answer.status, said["detail"]


def alive(server: Running) -> bool:
    return server.sparql(ASK).json()["boolean"] is True


def test_a_query_that_takes_too_long_is_ended(server: Running) -> None:
    answer = server.sparql(ENDLESS)
    assert problem(answer) == (504, "The answer took longer than 1 s.")
    assert SECONDS - 0.1 < answer.seconds < SECONDS + 0.5
    assert alive(server)


def test_a_query_that_takes_too_much_memory_is_ended(server: Running) -> None:
    status, said = problem(server.sparql(GREEDY))
    assert (status, said) == (503, "The answer would take over 256 MB of memory.")
    assert alive(server)


def test_a_result_that_is_too_long_is_refused_and_never_cut(server: Running) -> None:
    for format_ in ("json", "csv", "tsv", "xml"):
        assert problem(server.sparql(WIDE, format=format_)) == (413, "The result has over 1,000,000 bytes.")
    assert problem(server.sparql("CONSTRUCT { ?a ?b ?c } { ?a ?b ?c }"))[0] == 413
    assert alive(server)


def test_clients_may_lower_the_time_and_not_raise_it(server: Running) -> None:
    answer = server.sparql(ENDLESS, timeout=0.3)
    assert problem(answer)[0] == 504
    assert answer.seconds < 0.8
    assert problem(server.sparql(ENDLESS, timeout=60))[0] == 400


def test_a_row_limit_says_whether_there_is_more(server: Running) -> None:
    query = "SELECT ?risk { ?risk a isms:Risk } ORDER BY ?risk"
    every = server.rows(query)
    cut = server.sparql(query, rows=3)
    assert cut.headers["isms-truncated"] == "true"
    assert [row["risk"]["value"] for row in cut.json()["results"]["bindings"]] == [row["risk"] for row in every[:3]]
    assert server.sparql(query, rows=len(every)).headers["isms-truncated"] == "false"
    assert server.sparql(query, rows=3, format="csv").text.splitlines() == ["risk", *(row["risk"] for row in every[:3])]
    assert "isms-truncated" not in server.sparql(query).headers
    triples = server.sparql("CONSTRUCT { ?risk a isms:Risk } { ?risk a isms:Risk }", rows=3, format="ntriples")
    assert (len(triples.text.splitlines()), triples.headers["isms-truncated"]) == (3, "true")


def busy(server: Running) -> list[int]:
    """The workers that compute, and have for longer than their start takes."""
    return [pid for pid in children(keeper(server)) if _computes(pid)]


def _computes(pid: int) -> bool:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except FileNotFoundError:
        return False
    return fields[0] == "R" and int(fields[11]) / os.sysconf("SC_CLK_TCK") >= 0.1


def test_a_worker_that_breaks_down_fails_its_own_request_only(server: Running) -> None:
    with ThreadPoolExecutor(4) as pool:
        doomed = pool.submit(server.sparql, ENDLESS)
        until(lambda: busy(server))
        others = [pool.submit(server.sparql, ASK) for _ in range(20)]
        os.kill(busy(server)[0], signal.SIGSEGV)
        assert problem(doomed.result())[0] == 500
        assert [one.result().json()["boolean"] for one in others] == [True] * 20
    until(lambda: "SIGSEGV" in server.said)
    assert alive(server)


def test_a_client_that_goes_away_has_its_query_killed(server: Running) -> None:
    until(lambda: not busy(server))
    with socket.create_connection((server.host, server.port)) as sock:
        body = ENDLESS.encode()
        head = f"POST /sparql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/sparql-query\r\nContent-Length: {len(body)}\r\n\r\n"
        sock.sendall(head.encode() + body)
        until(lambda: busy(server))
        begin = time.monotonic()
    until(lambda: not busy(server), 0.6)
    assert time.monotonic() - begin < SECONDS * 0.6


def test_a_body_that_is_too_long_is_refused_whether_announced_or_not(server: Running) -> None:
    body = b"# " + b"x" * 400_000
    assert problem(server.post(body))[0] == 413
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
    try:
        chunks = (body[at : at + 20_000] for at in range(0, len(body), 20_000))
        connection.request("POST", "/sparql", chunks, {"Content-Type": "application/sparql-query"}, encode_chunked=True)
        assert connection.getresponse().status == 413
    except (BrokenPipeError, ConnectionResetError):
        pass  # the server answered and closed before everything was sent
    finally:
        connection.close()
    assert problem(server.ask("/sparql?query=" + "x" * 60_000))[0] in (400, 414, 431)
    assert alive(server)


def test_workers_have_no_network_and_can_open_nothing(server: Running) -> None:
    alive(server)
    worker = children(keeper(server))[0]
    assert len(list(Path(f"/proc/{keeper(server)}/task").iterdir())) == 1, "who forks has a single thread"
    assert os.readlink(f"/proc/{worker}/ns/net") != os.readlink(f"/proc/{server.process.pid}/ns/net")
    opened = {one.name for one in Path(f"/proc/{worker}/fd").iterdir()}
    assert opened == {"0", "1", "2", "3", "4"}
    limits = {line[:25].strip(): line[26:].split() for line in Path(f"/proc/{worker}/limits").read_text().splitlines()}
    assert limits["Max open files"][:2] == ["5", "5"]
    assert limits["Max core file size"][:2] == ["0", "0"]
    assert limits["Max address space"][0] != "unlimited"


def libraries(pid: int) -> set[str]:
    return set(re.findall(r"\S+\.so\S*", Path(f"/proc/{pid}/maps").read_text()))


def test_a_worker_has_everything_from_its_keeper(server: Running) -> None:
    """What each would import for itself costs it ten times as much as being forked."""
    alive(server)
    assert all(libraries(worker) <= libraries(keeper(server)) for worker in children(keeper(server)))


def test_quick_queries_do_not_get_in_each_others_way(tmp_path: Path) -> None:
    """Many clients at a time are answered by a few workers, and endless queries leave these free."""
    with serving(tmp_path, HARBOUR) as running, ThreadPoolExecutor(12) as pool:
        assert all(answer.status == 200 for answer in pool.map(lambda _: running.sparql(ASK), range(120)))
        until(lambda: len(children(keeper(running))) <= 2 * QUICK + SPARE)
    with serving(tmp_path, HARBOUR, "--limit", "seconds=4") as running, ThreadPoolExecutor(12) as pool:
        endless = [pool.submit(running.sparql, ENDLESS) for _ in range(QUICK + 2)]
        until(lambda: len(children(keeper(running))) >= QUICK + 2)
        time.sleep(0.5)
        assert running.sparql(ASK, timeout="2").status == 200
        assert not any(one.done() for one in endless)


def test_who_waits_too_long_or_in_too_long_a_queue_is_told_when_to_come_back(tmp_path: Path) -> None:
    limits = [f"--limit={one}" for one in ("seconds=2", "running=2", "per_client=2", "waiting=4", "wait_seconds=0.5")]
    with serving(tmp_path, HARBOUR, *limits) as server, ThreadPoolExecutor(12) as pool:
        running = [pool.submit(server.sparql, ENDLESS) for _ in range(2)]
        until(lambda: len(busy(server)) >= 1)
        time.sleep(0.3)
        answers = [one.result() for one in [pool.submit(server.sparql, ASK) for _ in range(6)]]
        statuses = sorted(problem(one)[0] for one in answers)
        assert statuses == [429, 429, 429, 429, 503, 503]  # one client may take half of the places to wait
        assert {one.headers["retry-after"] for one in answers} == {"1"}
        assert [one.result().status for one in running] == [504, 504]
        assert alive(server)


def test_a_client_cannot_take_every_place(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.toml"
    from isms_graph.api.tokens import new_token

    secrets = {}
    for name in ("greedy", "other"):
        secrets[name], text = new_token(name)
        with tokens.open("a") as out:
            out.write(text)
    tokens.chmod(0o600)
    limits = [f"--limit={one}" for one in ("seconds=2", "running=3", "per_client=2")]
    with serving(tmp_path, HARBOUR, "--tokens", tokens, *limits) as server, ThreadPoolExecutor(8) as pool:
        greedy = [pool.submit(server.sparql, ENDLESS, headers={"Authorization": f"Bearer {secrets['greedy']}"}) for _ in range(4)]
        until(lambda: len(children(keeper(server))) >= 2 and busy(server))
        answer = server.sparql(ASK, headers={"Authorization": f"Bearer {secrets['other']}"})
        assert (answer.status, answer.seconds < 1) == (200, True)
        assert [one.result().status for one in greedy] == [504] * 4


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    shutil.copytree(HARBOUR, tmp_path / "isms")
    return tmp_path / "isms"


def count(server: Running) -> int:
    return int(server.rows("SELECT (COUNT(?risk) AS ?n) { ?risk a isms:Risk }")[0]["n"])


def test_changed_files_take_over_without_a_lost_request(copied: Path, tmp_path: Path) -> None:
    with serving(tmp_path, copied) as server:
        before, etag = count(server), server.sparql(ASK).headers["etag"]
        statuses: list[int] = []
        stop = threading.Event()

        def asking() -> None:
            while not stop.is_set():
                statuses.append(server.sparql(ASK).status)

        thread = threading.Thread(target=asking)
        thread.start()
        new = '@prefix isms: <https://w3id.org/isms-graph/ns/> .\n<urn:new> a isms:Risk ; isms:identifier "New" .\n'
        (copied / "new.ttl").write_text(new)
        try:
            until(lambda: count(server) == before + 1, 15)
        finally:
            stop.set()
            thread.join()
        assert set(statuses) == {200}
        assert len(statuses) > 50
        assert server.sparql(ASK).headers["etag"] != etag
        (copied / "new.ttl").write_text("<urn:new> a isms:Risk")
        until(lambda: "not loaded again" in server.said, 15)
        assert "new.ttl:1" in server.said
        assert count(server) == before + 1
        assert b'isms_trouble{workspace="isms"} 1.0' in server.ask("/metrics").body


def test_settings_are_watched_too_and_a_mistake_in_them_is_survived(copied: Path, tmp_path: Path) -> None:
    settings = (copied / "isms.toml").read_text()
    with serving(tmp_path, copied) as server:
        etag = server.ask("/findings").headers["etag"]
        (copied / "isms.toml").write_text("tables = 5\n" + settings)
        until(lambda: "not loaded again" in server.said, 15)
        assert b'isms_trouble{workspace="isms"} 1.0' in server.ask("/metrics").body
        (copied / "isms.toml").write_text(settings.replace("as-of = 2026-11-23", "as-of = 2026-11-22"))
        until(lambda: server.ask("/findings").json()["as_of"] == "2026-11-22", 15)
        assert server.ask("/findings").headers["etag"] != etag


def test_a_keeper_that_breaks_down_comes_back(copied: Path, tmp_path: Path) -> None:
    with serving(tmp_path, copied) as server:
        os.kill(keeper(server), signal.SIGKILL)
        until(lambda: server.ask("/readyz").status == 503)
        until(lambda: server.ask("/readyz").status == 200, 15)
        assert alive(server)


def test_stopping_answers_what_was_asked_and_leaves_no_process(tmp_path: Path) -> None:
    with serving(tmp_path, HARBOUR, "--limit", "seconds=1.5") as server, ThreadPoolExecutor(1) as pool:
        family = children(server.process.pid)
        last = pool.submit(server.sparql, ENDLESS)
        until(lambda: busy(server))
        server.process.send_signal(signal.SIGTERM)
        assert last.result().status == 504
        assert server.process.wait(10) in (0, -signal.SIGTERM)
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in family))


def test_workers_do_not_outlive_a_server_that_was_killed(tmp_path: Path) -> None:
    with serving(tmp_path, HARBOUR) as server:
        family = children(server.process.pid)
        assert len(family) >= 3
        server.process.kill()
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in family))


def test_answers_are_the_same_from_a_fresh_worker_and_a_used_one(tmp_path: Path) -> None:
    with serving(tmp_path, HARBOUR, "--limit", "jobs_per_worker=1") as single, serving(tmp_path, HARBOUR) as kept:
        for path in (
            "/findings?stage=stage1",
            "/status",
            "/impact?what=R-03",
            "/queries/top-risks",
            "/sparql?query=ASK%7B%7D",
            "/findings",
        ):
            assert single.ask(path).body == kept.ask(path).body, path
        stage = "SELECT ?stage { [] isms:asOf ?day ; isms:stage ?stage }"
        assert json.loads(kept.sparql(stage).body) == json.loads(single.sparql(stage).body)


def test_slow_clients_hold_no_more_answers_than_there_is_room_for(tmp_path: Path) -> None:
    limits = [f"--limit={one}" for one in ("seconds=30", "unsent_bytes=20000000", "body_seconds=8", "bytes_per_second=10000000")]
    # long enough that the first client is not yet left when the last one asks, also on a machine with much else to do
    with serving(tmp_path, HARBOUR, *limits) as server:
        large = "SELECT ?a ?b ?c ?x { ?a ?b ?c VALUES ?x { 1 2 3 4 } }"
        size = len(server.sparql(large, format="csv").body)
        assert 3_000_000 < size < 15_000_000
        socks = []
        try:
            for _ in range(20_000_000 // size):
                sock = socket.socket()
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                sock.connect((server.host, server.port))
                head = f"GET /sparql?format=csv&query={quote(large)} HTTP/1.1\r\nHost: localhost\r\n\r\n"
                sock.sendall(head.encode())
                assert sock.recv(12) == b"HTTP/1.1 200"
                socks.append(sock)
            refused = server.sparql(large, format="csv")
            assert problem(refused) == (503, "Too many large answers are under way to slow clients.")
            assert alive(server)
            until(lambda: server.sparql(large, format="csv").status == 200, 40)  # those who take nothing are left
        finally:
            for sock in socks:
                sock.close()
