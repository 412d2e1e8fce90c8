"""The process that holds a workspace: it loads the ISMS and forks the workers that answer from it.

It has a single thread, so that forking is safe, and a network of its own without any connection where the system lets it.
The server speaks to it over a socket of packets: `fork`, `kill` and `slow`, each with a worker's number. It ends, and
ends its workers, when the server goes away.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import selectors
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from .limits import Limits

_NEW_NETWORK, _NEW_USER = 0x40000000, 0x10000000
_SAID = 4000  # bytes of what a worker says at its end
OUT_OF_MEMORY = ("memory allocation", "MemoryError", "out of memory")


def main() -> None:
    """`python -m isms_graph.api.keeper FD SPEC`, started by the server."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then ends this process
    control = socket.socket(fileno=int(sys.argv[1]))
    spec = json.loads(sys.argv[2])
    apart = _without_network()
    from isms_graph.errors import IsmsError

    from .answers import hold
    from .worker import work

    try:
        held = hold(spec)
    except IsmsError as error:
        control.send(json.dumps({"failed": str(error)[:20_000]}).encode())
        return
    gc.collect()
    gc.freeze()  # what is shared with the workers is not written to
    control.send(json.dumps({"ready": held.facts, "apart": apart}).encode())
    _Keeper(control, held, Limits(**spec["limits"]), work).run()


def _without_network() -> bool:
    """Leave the network of the machine; False where that is not permitted."""
    unshare = getattr(ctypes.CDLL(None), "unshare", None)
    return unshare is not None and (unshare(_NEW_NETWORK) == 0 or unshare(_NEW_NETWORK | _NEW_USER) == 0)


@dataclass
class _Keeper:
    control: socket.socket
    held: Any
    limits: Limits
    work: Callable[..., NoReturn]  # a worker's; imported before it is forked, and not by each
    pids: dict[int, int] = field(default_factory=dict)  # worker's number by process
    said: dict[int, int] = field(default_factory=dict)  # the end of the pipe with what it says, by its number

    def run(self) -> None:
        """Serve the server until it goes away."""
        ended, wakeup = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        with selectors.DefaultSelector() as selector:
            selector.register(self.control, selectors.EVENT_READ)
            selector.register(ended, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fileobj == ended:
                        with contextlib.suppress(BlockingIOError):
                            os.read(ended, 4096)
                        self.reap()
                    elif not self.obey():
                        self.end()
                        return

    def obey(self) -> bool:
        """Carry out one order; False if the server is gone."""
        try:
            order = self.control.recv(4096)
        except ConnectionError:
            return False
        if not order:
            return False
        verb, number = order.decode().split()
        if verb == "fork":
            self.fork(int(number))
            return True
        pid = next((pid for pid, worker in self.pids.items() if worker == int(number)), None)
        if pid is not None:  # not reaped yet, so that the number is still that of the worker
            if verb == "kill":
                os.kill(pid, signal.SIGKILL)
            else:
                os.setpriority(os.PRIO_PROCESS, pid, 19)
        return True

    def fork(self, number: int) -> None:
        """Make a worker, and send the server its end of the worker's socket."""
        ours, theirs = socket.socketpair()
        out, said = os.pipe2(os.O_CLOEXEC)
        try:
            pid = os.fork()
        except OSError as error:  # no memory, or too many processes: the server says that it is busy
            print(f"no worker can be made: {error}", file=sys.stderr, flush=True)
            for descriptor in (out, said, ours.detach(), theirs.detach()):
                os.close(descriptor)
            return
        if pid == 0:
            try:
                ours.close()
                os.dup2(said, 2)
                self.work(theirs, self.held, self.limits)
            finally:  # whatever happens, a worker never goes on as a keeper
                os._exit(1)
        self.pids[pid], self.said[number] = number, out
        theirs.close()
        os.close(said)
        with contextlib.suppress(ConnectionError):
            socket.send_fds(self.control, [json.dumps({"worker": number}).encode()], [ours.fileno()])
        ours.close()

    def reap(self) -> None:
        """Tell the server of the workers that ended, and why."""
        while self.pids:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            number = self.pids.pop(pid)
            out = self.said.pop(number)
            os.set_blocking(out, False)
            with contextlib.suppress(BlockingIOError):
                text = b""
                text = os.read(out, 65536)
            os.close(out)
            said = f"{text.decode('utf-8', 'replace')[-_SAID:]} ({_end(status)})".lstrip()
            with contextlib.suppress(ConnectionError):
                self.control.send(json.dumps({"ended": number, "why": _why(status, said), "said": said}).encode())

    def end(self) -> None:
        """End the workers."""
        for pid in self.pids:
            os.kill(pid, signal.SIGKILL)


def _end(status: int) -> str:
    return signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}"


def _why(status: int, said: str) -> str:
    """Why a worker ended: done, time, memory, killed or crash."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number == signal.SIGALRM:
            return "time"
        if number == signal.SIGKILL:
            return "killed"
    elif os.WEXITSTATUS(status) == 0:
        return "done"
    return "memory" if any(sign in said for sign in OUT_OF_MEMORY) else "crash"


if __name__ == "__main__":
    main()
