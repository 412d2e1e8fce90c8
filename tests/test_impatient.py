"""A real server with a small application does not wait for clients that dawdle, and refuses what is too long."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import closing, contextmanager
from typing import Any

import pytest
import uvicorn

from isms_graph.api.impatient import impatient

PATIENCE = 1.0
HEADERS = 4000  # bytes of headers that the server takes
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
Message = MutableMapping[str, Any]


async def app(scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]) -> None:
    """Answers with the size of the body; /unread does not wait for it, /slow takes its time; others are sizes of pieces."""
    import asyncio

    if scope["type"] != "http":
        return
    body, more = b"", scope["path"] != "/unread"
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            gone.append(scope["path"])
            return
        body, more = body + message.get("body", b""), message.get("more_body", False)
    if scope["path"] == "/slow":
        await asyncio.sleep(3 * PATIENCE)
    pieces = PIECES.get(scope["path"], [str(len(body)).encode()])
    length = str(sum(map(len, pieces))).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
    for piece in pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


PIECES = {"/small": [b"x" * 50_000], "/big": [b"x" * 8_000_000], "/pieces": [b"x" * 1_000_000] * 8}
gone: list[str] = []  # paths whose client went away before the answer


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)  # what a client does not take is soon the server's
    config = uvicorn.Config(
        app, http=impatient(PATIENCE), ws="none", lifespan="off", log_config=None, h11_max_incomplete_event_size=HEADERS,
        timeout_keep_alive=30,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()
    listening.close()


@contextmanager
def connected(port: int, receive_buffer: int | None = None) -> Iterator[socket.socket]:
    with closing(socket.socket()) as client:
        if receive_buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        client.settimeout(10 * PATIENCE)
        client.connect(("127.0.0.1", port))
        yield client


def rest(client: socket.socket) -> bytes:
    """What comes until the server ends the connection; a timeout if it does not."""
    parts = []
    try:
        while part := client.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def answer(client: socket.socket, size: int = 1) -> bytes:
    """One answer with a body of so many bytes; the connection stays open."""
    data = b""
    while len(data.partition(b"\r\n\r\n")[2]) < size:
        part = client.recv(65536)
        assert part, data
        data += part
    return data


def trickle(client: socket.socket, text: bytes, end: float) -> None:
    """Send a byte at a time until then, or until the server has had enough."""
    try:
        for byte in text:
            if time.monotonic() > end:
                return
            client.send(bytes([byte]))
            time.sleep(0.05)
    except (BrokenPipeError, ConnectionResetError):
        pass


def problem(data: bytes) -> tuple[int, dict[str, Any]]:
    head, _, body = data.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head.lower(), data
    return int(head.split()[1]), json.loads(body)


def test_a_request_in_time_is_answered_and_the_connection_rests(port: int) -> None:
    with connected(port) as client:
        for _ in range(2):
            client.sendall(GET[:10])
            time.sleep(0.1)
            client.sendall(GET[10:])
            assert answer(client).startswith(b"HTTP/1.1 200")
            time.sleep(1.5 * PATIENCE)  # longer than a request may take: between requests there is no hurry


def test_headers_that_trickle_are_not_waited_for(port: int) -> None:
    with connected(port) as client:
        start = time.monotonic()
        trickle(client, GET[:20] + b"X: " + b"y" * 200, start + 0.8 * PATIENCE)
        status, body = problem(rest(client))
        assert PATIENCE * 0.9 < time.monotonic() - start < PATIENCE * 6
        assert status == body["status"] == 408
        assert "in time" in body["detail"] and body["advice"]


def test_bytes_do_not_buy_time(port: int) -> None:
    with connected(port) as client:
        start = time.monotonic()
        trickle(client, GET[:20] + b"X: " + b"y" * 200, start + 8 * PATIENCE)
        assert time.monotonic() - start < 6 * PATIENCE
        rest(client)


def test_a_connection_without_a_request_is_closed_without_a_word(port: int) -> None:
    with connected(port) as client:
        start = time.monotonic()
        assert rest(client) == b""
        assert PATIENCE * 0.9 < time.monotonic() - start < PATIENCE * 6


@pytest.mark.parametrize("together", [True, False])
def test_the_second_request_of_a_connection_must_hurry_too(port: int, together: bool) -> None:
    with connected(port) as client:
        client.sendall(GET + (GET[:10] if together else b""))
        assert answer(client).startswith(b"HTTP/1.1 200")
        if not together:
            time.sleep(1.5 * PATIENCE)
            client.sendall(GET[:10])
        start = time.monotonic()
        status, _ = problem(rest(client))
        assert status == 408
        assert time.monotonic() - start < PATIENCE * 6


def test_an_answer_may_take_longer_than_a_request(port: int) -> None:
    with connected(port) as client:
        client.sendall(GET.replace(b"/ ", b"/slow "))
        assert answer(client).startswith(b"HTTP/1.1 200")


def test_a_body_that_nobody_waits_for_is_not_taken_for_ever(port: int) -> None:
    with connected(port) as client:
        client.sendall(b"POST /unread HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
        assert answer(client).startswith(b"HTTP/1.1 200")
        start = time.monotonic()
        trickle(client, b"x" * 1000, start + 8 * PATIENCE)
        assert rest(client) == b""
        assert time.monotonic() - start < 6 * PATIENCE


def test_how_long_a_body_takes_is_for_the_application(port: int) -> None:
    with connected(port) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nab")
        time.sleep(2 * PATIENCE)
        client.sendall(b"c")
        assert answer(client).endswith(b"\r\n\r\n3")


@pytest.mark.parametrize("path", ["/small", "/big", "/pieces"])
def test_a_client_that_does_not_take_its_answer_is_left(port: int, path: str) -> None:
    with connected(port, receive_buffer=2048) as client:
        client.sendall(GET.replace(b"/", path.encode(), 1))
        time.sleep(3 * PATIENCE)
        assert 0 < len(rest(client)) < sum(map(len, PIECES[path])) / 2, "what had been sent before"


@pytest.mark.parametrize("path", ["/big", "/pieces"])
def test_a_client_that_takes_its_answer_slowly_gets_it(port: int, path: str) -> None:
    with connected(port, receive_buffer=100_000) as client:
        client.sendall(GET.replace(b"/", path.encode(), 1))
        data, start = 0, time.monotonic()
        while data < 8_000_000:
            part = client.recv(100_000)
            assert part, f"the connection ended after {data} bytes"
            data += len(part)
            time.sleep(0.02)
        assert time.monotonic() - start > 2 * PATIENCE, "the test was too quick to show anything"


@pytest.mark.parametrize("start", [b"GET /" + b"x" * 300_000, GET[:-2] + b"X: " + b"y" * 300_000, GET[:-2] + b"X: y\r\n" * 100_000])
def test_headers_that_are_too_long(port: int, start: bytes) -> None:
    with connected(port) as client:
        client.sendall(start[: HEADERS + 10])  # all of it would leave bytes unread, and their reset can overtake the answer
        status, body = problem(rest(client))
        assert status == body["status"] == 431 and "POST" in body["advice"]


def test_headers_just_short_enough(port: int) -> None:
    with connected(port) as client:
        client.sendall(GET[:-2] + b"X: " + b"y" * (HEADERS - len(GET) - 10))
        time.sleep(0.1)
        client.sendall(b"\r\n\r\n")
        assert answer(client).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),  # a TLS greeting
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ],
)
def test_what_is_no_http(port: int, sent: bytes, status: int) -> None:
    with connected(port) as client:
        client.sendall(sent)
        assert problem(rest(client))[0] == status


@pytest.mark.parametrize(("method", "path"), [(b"POST", b"/chunks"), (b"HEAD", b"/chunks"), (b"POST", b"/unread")])
def test_a_broken_body_ends_the_connection(port: int, method: bytes, path: bytes, caplog: pytest.LogCaptureFixture) -> None:
    gone.clear()
    with connected(port) as client:
        client.sendall(method + b" " + path + b" HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        if path == b"/unread":
            answer(client)
        client.sendall(b"nonsense\r\n\r\n")
        said = rest(client)
    if path == b"/unread":
        assert said == b"", "it had its answer"
    else:
        assert said.startswith(b"HTTP/1.1 400") and said.endswith(b"\r\n\r\n") == (method == b"HEAD")
        end = time.monotonic() + 10 * PATIENCE
        while not gone and time.monotonic() < end:
            time.sleep(0.01)
        assert gone == ["/chunks"], "the application hears that nobody waits"
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


def test_a_broken_body_that_comes_at_once_is_no_defect_of_the_application(port: int, caplog: pytest.LogCaptureFixture) -> None:
    with connected(port) as client:
        client.sendall(b"POST /unread HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n\r\n")
        assert problem(rest(client))[0] == 400
    with connected(port) as client:  # its answer comes after whatever the server had to say of the first
        client.sendall(GET)
        assert answer(client).startswith(b"HTTP/1.1 200")
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


def test_many_that_dawdle_do_not_keep_others_out(port: int) -> None:
    clients = []
    try:
        for _ in range(100):
            clients.append(socket.create_connection(("127.0.0.1", port), 10 * PATIENCE))
            clients[-1].sendall(GET[:15])
        with connected(port) as client:
            client.sendall(GET)
            assert answer(client).startswith(b"HTTP/1.1 200")
        assert {problem(rest(client))[0] for client in clients} == {408}
    finally:
        for client in clients:
            client.close()
