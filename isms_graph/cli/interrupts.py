"""Ctrl-C while the engine computes: it holds the thread until it is done, so that no KeyboardInterrupt comes before that."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

import click

from isms_graph.errors import IsmsError
from isms_graph.portfolios import interrupt_waits


def apart(action: Callable[[], object]) -> None:
    """Do something that prints in a fork of this process. Ctrl-C ends the fork at once and raises KeyboardInterrupt here.

    Nothing of what it changes in memory is kept. An error, or the end of the fork, is said and does not end this process.
    Where the system has no fork, it is done here, and an IsmsError is raised.
    """
    if not hasattr(os, "fork"):
        action()
        return
    sys.stdout.flush()
    sys.stderr.flush()
    child = 0
    try:
        with interrupt_waits():
            child = os.fork()
            if child == 0:
                _do(action)
        _, status = os.waitpid(child, 0)
    except KeyboardInterrupt:
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        raise
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        click.echo(f"There is no answer: the process ended with {name}; it may need more memory than there is.", err=True)


def _do(action: Callable[[], object]) -> NoReturn:
    code = 3
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        action()
        code = 0
    except IsmsError as error:
        click.echo(str(error), err=True)
        code = 2
    except Exception as error:  # noqa: BLE001 - the prompt goes on after it
        click.echo(f"isms: a defect of the program: {type(error).__name__}: {error}", err=True)
    finally:  # whatever happens, the fork does not go on as the prompt
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


@contextmanager
def ends_the_program() -> Iterator[None]:
    """Within the block Ctrl-C ends the program at once, also while the engine computes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
