"""A process that answers one request after another from the ISMS that its parent has loaded, and can be killed at any time.

The kernel keeps its limits: an alarm ends it when an answer takes too long, memory beyond the limit is not given, and it
can open neither a file nor a connection, because the number of open files is what it starts with.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import sys
import traceback
from typing import NoReturn

from .answers import Held, answer
from .limits import Limits
from .problems import Problem
from .wire import pack, receive

GROWN = 32_000_000  # bytes; a worker that took so much for an answer and kept it makes room for a fresh one
_SOCKET, _STATM = 3, 4


def work(sock: socket.socket, held: Held, limits: Limits) -> NoReturn:
    """Answer requests from the socket until it is closed; never returns."""
    sock = _confine(sock)
    began = _memory()
    resource.setrlimit(resource.RLIMIT_AS, (began + limits.memory,) * 2)
    for count in range(1, limits.jobs_per_worker + 1):
        message = receive(sock)
        if message is None:
            os._exit(0)
        job = message[0]
        signal.setitimer(signal.ITIMER_REAL, job["seconds"])
        head, body = _answered(held, job)
        signal.setitimer(signal.ITIMER_REAL, 0)
        last = job["changes"] or count == limits.jobs_per_worker or _memory() > began + GROWN
        try:
            sock.sendall(pack({**head, "last": last}, body))
        except OSError:  # nobody waits for the answer any more
            break
        if last:
            break
    os._exit(0)


def _answered(held: Held, job: dict[str, object]) -> tuple[dict[str, object], bytes]:
    try:
        return answer(held, job)
    except Problem as problem:
        return {"problem": {"status": problem.status, "detail": problem.detail, "advice": problem.advice}}, b""
    except MemoryError:
        os.write(2, b"MemoryError")
        os._exit(1)
    except BaseException:  # noqa: BLE001 - whatever it is, it ends here and not in the keeper's code
        traceback.print_exc(file=sys.stderr)
        sys.stderr.flush()
        os._exit(1)


def _confine(sock: socket.socket) -> socket.socket:
    """Keep the socket, the standard files and a look at the own memory; nothing else can be opened from here on."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGALRM, signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    statm = os.open("/proc/self/statm", os.O_RDONLY)
    kept = sock.detach()
    high = max(kept, statm, _STATM) + 1
    os.dup2(kept, high)
    os.dup2(statm, high + 1)
    os.dup2(high, _SOCKET)
    os.dup2(high + 1, _STATM)
    os.closerange(_STATM + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    resource.setrlimit(resource.RLIMIT_NOFILE, (_STATM + 1,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    return socket.socket(fileno=_SOCKET)


def _memory() -> int:
    """The address space of this process, in bytes."""
    return int(os.pread(_STATM, 100, 0).split()[0]) * resource.getpagesize()
