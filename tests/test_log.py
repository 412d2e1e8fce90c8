"""The log: one line a request, whatever the request holds, and no request fails because of it."""

from __future__ import annotations

import io
import json
import os
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from isms_graph.api.log import MAX_TEXT, Log
from isms_graph.api.tokens import new_token
from isms_graph.errors import InputError


def write(target: Log, what: str | None = "ASK {}", **more: Any) -> None:
    given: dict[str, Any] = {"who": "auditor", "workspace": "harbour", "route": "/sparql", "status": 200, "seconds": 0.25}
    target.write(what=what, **(given | more))


def lines(path: Path) -> list[dict[str, Any]]:
    text = path.read_text(encoding="ascii")
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def test_a_line_says_who_asked_what(tmp_path: Path) -> None:
    path = tmp_path / "log"
    target = Log(path)
    before = datetime.now(UTC)
    write(target, "SELECT * {}", result_bytes=120, rows=3, client="127.0.0.1")
    write(target, None, who=None)
    target.close()
    first, second = lines(path)
    at = datetime.fromisoformat(first.pop("time"))
    assert at.utcoffset() is not None and abs((at - before).total_seconds()) < 60
    assert first == {
        "who": "auditor", "workspace": "harbour", "route": "/sparql", "what": "SELECT * {}", "status": 200, "seconds": 0.25,
        "result_bytes": 120, "rows": 3, "client": "127.0.0.1",
    }  # fmt: skip
    assert second["time"].endswith("Z") and second["who"] is None and second["what"] is None and second["rows"] is None


def test_a_query_cannot_write_a_line_of_its_own_or_reach_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "log"
    evil = 'x"}\n{"who":"root"}\r\n\x00\x1b[2J\x7f\x85\x9b31m\u2028\u2029\u202e\ud800é'
    write(Log(path), evil, route=evil, who=evil, note=evil)
    data = path.read_bytes()
    assert data.count(b"\n") == 1 and data.endswith(b"\n")
    assert all(0x20 <= byte < 0x7F for byte in data[:-1])
    (line,) = lines(path)
    assert line["what"] == line["route"] == line["who"] == line["note"] == evil


def test_texts_are_shortened_and_hold_no_token(tmp_path: Path) -> None:
    path = tmp_path / "log"
    secret, _ = new_token("a")
    write(Log(path), "x" * 10_000)
    write(Log(path), f"{'x' * (MAX_TEXT - 20)}{secret}", route=f"/sparql?token={secret}", client=secret)
    first, second = lines(path)
    assert len(first["what"]) == MAX_TEXT == 2000 and first["what"].endswith("x...")
    assert secret[5:20] not in path.read_text()
    assert second["route"] == "/sparql?token=isms_***" and second["client"] == "isms_***"


def test_lines_are_appended_to_a_private_file(tmp_path: Path) -> None:
    path = tmp_path / "log"
    old = os.umask(0)
    try:
        first, second = Log(path), Log(str(path))
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for number in range(4):
        write((first, second)[number % 2], str(number))
    assert [line["what"] for line in lines(path)] == list("0123")
    path.write_text("")  # as a rotation does that copies and truncates
    write(first, "after")
    assert [line["what"] for line in lines(path)] == ["after"]


def test_a_stream_is_written_at_once_and_stays_open(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("w", encoding="utf-8") as stream:
        target = Log(stream)
        write(target)
        assert [line["what"] for line in lines(path)] == ["ASK {}"]
        target.close()
        write(target)
    assert len(lines(path)) == 2


def test_a_log_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing/log: the log cannot be written: No such file.*folder"):
        Log(tmp_path / "missing" / "log")


def test_a_full_disk_breaks_no_request_and_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    target = Log("/dev/full")
    for _ in range(3):
        write(target)
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "the log cannot be written" in said and "No space left" in said


def test_a_closed_stream_breaks_no_request(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    target = Log(stream)
    stream.close()
    write(target)
    write(target)
    assert capsys.readouterr().err.count("\n") == 1
    monkeypatch.setattr("sys.stderr", stream)
    write(Log(stream))  # nor if standard error is gone too


def test_a_torn_line_spoils_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "log"
    target = Log(path)
    whole = os.write
    monkeypatch.setattr("os.write", lambda file, data: whole(file, data[:10]))
    write(target, "torn")
    monkeypatch.setattr("os.write", whole)
    write(target, "whole")
    torn, line = path.read_text().splitlines()
    assert len(torn) == 10 and json.loads(line)["what"] == "whole"
    assert "only a part" in capsys.readouterr().err
