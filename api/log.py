"""The log of what was asked: one JSON object a line, in the order of answers."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from isms_graph.errors import InputError

from .tokens import scrub

MAX_TEXT = 2000  # characters of a text that are kept
_CUT = "..."
Value = str | int | float | bool | None


class Log:
    """Appends to a file that only its owner can read, or writes to an open stream.

    Raises InputError if the file cannot be opened; later failures are said once on standard error and never raised.
    The file stays open: rotate it by copying and truncating.
    """

    def __init__(self, target: TextIO | str | Path) -> None:
        self._stream: TextIO | None = None
        self._file = -1
        self._broken = self._torn = False
        if not isinstance(target, (str, Path)):
            self._stream = target
            return
        try:
            self._file = os.open(target, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            advice = "Give a file in a folder that exists and may be written to."
            raise InputError(f"the log cannot be written: {error.strerror}.", Path(target), advice=advice) from None

    def write(
        self, *, who: str | None, workspace: str | None, route: str, what: str | None, status: int, seconds: float,
        result_bytes: int | None = None, rows: int | None = None, **more: Value,
    ) -> None:  # fmt: skip
        """One line: who asked what of which workspace, and what came of it."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line: dict[str, Value] = {
            "time": now, "who": who, "workspace": workspace, "route": route, "what": what, "status": status,
            "seconds": round(seconds, 6), "result_bytes": result_bytes, "rows": rows, **more,
        }  # fmt: skip
        shown = {key: _shown(value) if isinstance(value, str) else value for key, value in line.items()}
        # ASCII only: no line or paragraph separators, control or direction characters of a request reach a terminal
        text = json.dumps(shown) + "\n"
        try:
            self._append(text)
        except (OSError, ValueError) as error:  # ValueError: the stream was closed
            if not self._broken:
                self._broken = True
                with suppress(OSError, ValueError):  # standard error may be on the same disk
                    print(f"isms: the log cannot be written, and requests go on without it: {error}", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Close the file. A stream stays open: it was not opened here."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _append(self, text: str) -> None:
        if self._stream is not None:
            self._stream.write(text)
            self._stream.flush()
            return
        data = (("\n" if self._torn else "") + text).encode("ascii")
        written = os.write(self._file, data)  # in one piece, so that lines of several processes do not mix
        self._torn = written < len(data)
        if self._torn:
            raise OSError("only a part of a line was written; the disk may be full")


def _shown(text: str) -> str:
    """Without tokens, then shortened: the other way round, a part of a token might be left."""
    text = scrub(text)
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - len(_CUT)] + _CUT
