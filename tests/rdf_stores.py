"""Real SPARQL stores for tests: Oxigraph and Virtuoso, on loopback and free ports, ended with the tests."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

START = 60  # seconds until it has to answer
MOST_ROWS = 1000
INI = """[Database]
DatabaseFile = {folder}/virtuoso.db
ErrorLogFile = {folder}/virtuoso.log
LockFile = {folder}/virtuoso.lck
TransactionFile = {folder}/virtuoso.trx
xa_persistent_file = {folder}/virtuoso.pxa
[TempDatabase]
DatabaseFile = {folder}/temp.db
TransactionFile = {folder}/temp.trx
[Parameters]
ServerPort = 127.0.0.1:{sql}
DisableUnixSocket = 1
ServerThreads = 10
NumberOfBuffers = 2000
MaxDirtyBuffers = 1500
CheckpointInterval = 0
DirsAllowed = {folder}
[HTTPServer]
ServerPort = 127.0.0.1:{http}
ServerRoot = {folder}
ServerThreads = 5
MaxKeepAlives = 10
KeepAliveTimeout = 10
[SPARQL]
ResultSetMaxRows = {rows}
MaxQueryExecutionTime = 60
"""


@dataclass(frozen=True)
class Server:
    """A running store."""

    name: str
    url: str
    update_url: str

    @property
    def options(self) -> tuple[str, ...]:
        return ("--endpoint", self.url, "--update-endpoint", self.update_url)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def running(command: list[str], url: str, log: Path) -> Iterator[None]:
    """A process that answers at an address, ended with the block."""
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        end = time.monotonic() + START
        while True:
            assert process.poll() is None, f"{command[0]} ended: {log.read_text()[-2000:]}"
            assert time.monotonic() < end, f"{command[0]} does not answer: {log.read_text()[-2000:]}"
            try:
                opener.open(f"{url}?query=ASK%7B%7D", timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def oxigraph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Oxigraph's server, from the package `oxigraph`."""
    program = shutil.which("oxigraph", path=str(Path(sys.executable).parent)) or shutil.which("oxigraph")
    assert program, "the program oxigraph is missing: pip install oxigraph"
    where = f"127.0.0.1:{free_port()}"
    server = Server("oxigraph", f"http://{where}/query", f"http://{where}/update")
    with running([program, "serve", "--bind", where], server.url, tmp_path_factory.mktemp("oxigraph") / "log"):
        yield server


@pytest.fixture(scope="session")
def virtuoso(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Virtuoso, from the Debian packages, with few rows in an answer."""
    program = shutil.which("virtuoso-t")
    assert program, "virtuoso-t is missing: apt-get install virtuoso-opensource-7-bin virtuoso-opensource-7-common"
    folder, port = tmp_path_factory.mktemp("virtuoso"), free_port()
    ini = folder / "virtuoso.ini"
    ini.write_text(INI.format(folder=folder, sql=free_port(), http=port, rows=MOST_ROWS))
    server = Server("virtuoso", f"http://127.0.0.1:{port}/sparql", f"http://127.0.0.1:{port}/sparql-auth")
    with running([program, "+foreground", "+configfile", str(ini)], server.url, folder / "out"):
        yield server


@pytest.fixture(params=["oxigraph", "virtuoso"])
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Each of the two, with a login in the environment."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Server)
    login(monkeypatch)
    return found


def login(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a fresh Virtuoso takes; its test server is not to be reached from elsewhere."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("ISMS_ENDPOINT_USER", "dba")
    monkeypatch.setenv("ISMS_ENDPOINT_PASSWORD", "dba")
