"""A line that says what is going on, for work that takes more than a second, on a terminal only."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

DELAY = 1.0


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Yields a function to call with what is being done now."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    current = [""]
    done = threading.Event()

    def show() -> None:
        seconds = DELAY
        while not done.wait(seconds):
            sys.stderr.write(f"\r\x1b[K{current[0]} ...")
            sys.stderr.flush()
            seconds = 0.2

    def step(text: str) -> None:
        current[0] = text

    thread = threading.Thread(target=show, daemon=True)
    thread.start()
    try:
        yield step
    finally:
        done.set()
        thread.join()
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
