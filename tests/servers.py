"""`isms serve` in a process of its own, on loopback and a free port, ended with the test."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

START = 60  # seconds until it has to listen


@dataclass
class Answer:
    """A response, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Running:
    """A server and its process. `say` is what it has printed."""

    process: subprocess.Popen[str]
    host: str
    port: int
    lines: list[str] = field(default_factory=list)
    errors: Path = Path()

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def ask(
        self, path: str, method: str = "GET", body: bytes | None = None, headers: Mapping[str, str] | None = None, wait: float = 30
    ) -> Answer:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=wait)
        begin = time.perf_counter()
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            content = answer.read()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, content, time.perf_counter() - begin)
        finally:
            connection.close()

    def sparql(self, query: str, path: str = "/sparql", headers: Mapping[str, str] | None = None, **fields: Any) -> Answer:
        url = f"{path}?{urlencode({'query': query, **fields}, quote_via=quote)}"
        return self.ask(url, headers=headers)

    def post(self, query: bytes, path: str = "/sparql", type_: str = "application/sparql-query", wait: float = 30) -> Answer:
        return self.ask(path, "POST", query, {"Content-Type": type_}, wait)

    def rows(self, query: str, **fields: Any) -> list[dict[str, str]]:
        answer = self.sparql(query, **fields)
        assert answer.status == 200, answer.text
        return [{name: term["value"] for name, term in row.items()} for row in answer.json()["results"]["bindings"]]

    @property
    def said(self) -> str:
        return self.errors.read_text()


@contextmanager
def serving(folder: Path, *arguments: str | Path, env: Mapping[str, str] | None = None) -> Iterator[Running]:
    """`isms serve` with these arguments; its errors go to a file in `folder`. It is ended, and killed if it does not end."""
    errors = folder / "serve.err"
    with errors.open("w") as stream:
        command = [sys.executable, "-m", "isms_graph.cli", "serve", *map(str, arguments), "--port", "0"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stream, text=True, env={**os.environ, **(env or {})})
    try:
        lines: list[str] = []
        assert process.stdout
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            if line.startswith("SPARQL is at"):
                break
        else:
            raise AssertionError(f"the server did not start: {errors.read_text()}")
        parts = urlsplit(next(word for word in lines[0].split() if word.startswith("http://")))
        yield Running(process, str(parts.hostname), int(parts.port or 0), lines, errors)
    finally:
        end(process)


def end(process: subprocess.Popen[str]) -> None:
    """End a server and wait for it."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout:
        process.stdout.close()


def children(pid: int) -> list[int]:
    """The processes that a process started, and those that they did."""
    text = "".join(path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children"))
    found = [int(one) for one in text.split()]
    return found + [grandchild for child in found for grandchild in children(child)]


def processes(arguments: Sequence[str]) -> list[int]:
    """The processes with these words on their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if all(word in words for word in arguments):
            found.append(int(path.parent.name))
    return found
