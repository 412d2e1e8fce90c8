"""The server's side of one keeper: a workspace as it was loaded at one time, and the workers that answer from it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import sys
from collections.abc import Callable, Coroutine
from dataclasses import asdict, dataclass, field
from typing import Any

from isms_graph.errors import InputError

from .limits import Limits
from .problems import Problem
from .wire import Message, pack, receive_from

SPARE = 2  # workers that wait for a request
SLOW = 0.1  # seconds after which a query yields to others
QUICK = max(len(os.sched_getaffinity(0)), 2)  # queries that do not yield yet; more at a time would only be in each other's way
_GRACE = 0.3  # seconds that the server leaves to the kernel's alarm before it ends a worker itself
_PACKET = 65536


@dataclass
class Worker:
    """A worker's number, its socket, and why it ended once it has."""

    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    end: asyncio.Future[str]
    slowed: bool = False


@dataclass
class Generation:
    """A keeper that has loaded the workspace. `facts` say what was loaded; `ended` is set when the keeper is gone."""

    limits: Limits
    process: asyncio.subprocess.Process
    control: socket.socket
    facts: dict[str, Any] = field(default_factory=dict)
    apart: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    on_end: Callable[[str], None] = lambda _: None  # hears why a worker ended before it answered
    _idle: list[Worker] = field(default_factory=list)
    _busy: int = 0
    _quick: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(QUICK))
    _sparing: int = 0  # spare workers on their way
    _numbers: int = 0
    _coming: dict[int, asyncio.Future[Worker]] = field(default_factory=dict)
    _ends: dict[int, asyncio.Future[str]] = field(default_factory=dict)
    _closing: bool = False
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    async def ask(self, job: dict[str, Any], seconds: float) -> Message:
        """The answer of a worker to a job. Raises Problem: what the worker says, a limit that was reached, or a crash.

        A worker whose answer is not waited for any more is killed.
        """
        self._busy += 1
        worker = None
        try:
            await self._quick.acquire()
            try:
                worker = await self._worker()
                message = await self._asked(worker, {**job, "seconds": seconds}, seconds)
            finally:
                if worker is None or not worker.slowed:
                    self._quick.release()
        finally:
            self._busy -= 1
            if self._closing and not self._busy:
                self._end()
        problem = message[0].get("problem")
        if problem:
            raise Problem(**problem)
        return message

    async def _asked(self, worker: Worker, job: dict[str, Any], seconds: float) -> Message:
        """What a worker answers. It goes back to those that wait, or is discarded."""
        slow = asyncio.get_running_loop().call_later(SLOW, self._slow, worker, job["kind"] == "sparql")
        answered = False
        try:
            message = await self._exchange(worker, job, seconds)
            answered = True
            return message
        finally:
            slow.cancel()
            if not answered or message[0]["last"] or worker.slowed or self._closing:
                self._discard(worker)
            else:
                self._idle.append(worker)

    async def _exchange(self, worker: Worker, job: dict[str, Any], seconds: float) -> Message:
        try:
            async with asyncio.timeout(seconds + _GRACE):
                worker.writer.write(pack(job))
                await worker.writer.drain()
                return await receive_from(worker.reader, 2 * self.limits.result_bytes)
        except TimeoutError:
            raise _late(seconds) from None
        except (asyncio.IncompleteReadError, ConnectionError):
            raise await self._reason(worker, seconds) from None

    async def _reason(self, worker: Worker, seconds: float) -> Problem:
        why = "crash"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                why = await worker.end
        self.on_end(why)
        if why == "time":
            return _late(seconds)
        if why == "memory":
            said = f"The answer would take over {self.limits.memory // 1_000_000:,} MB of memory."
            return Problem(503, said, "Ask for less at a time: a narrower pattern, fewer groups, no cross products.")
        return Problem(
            500, "The process that worked on the answer has broken down.", "Other requests are not touched; please report the query."
        )

    async def _worker(self) -> Worker:
        """A worker that waits, the one that worked last: its memory is its own already. New ones are made ahead of need."""
        while self._idle:
            worker = self._idle.pop()
            if not worker.reader.at_eof():
                self._replenish()
                return worker
            self._discard(worker)
        self._replenish()
        return await self._fork()

    def _replenish(self) -> None:
        while len(self._idle) + self._sparing < SPARE and not self._closing:
            self._sparing += 1
            self._keep(self._spare())

    async def _spare(self) -> None:
        try:
            with contextlib.suppress(Problem):  # the keeper is gone, which others will say
                worker = await self._fork()
                if self._closing:
                    self._discard(worker)
                else:
                    self._idle.insert(0, worker)
        finally:
            self._sparing -= 1

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside, and hold on to it until it is done."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _fork(self) -> Worker:
        self._numbers += 1
        number = self._numbers
        loop = asyncio.get_running_loop()
        self._coming[number], self._ends[number] = loop.create_future(), loop.create_future()
        self._order("fork", number)
        try:
            async with asyncio.timeout(5):
                return await self._coming[number]
        except TimeoutError:
            raise _gone() from None
        finally:
            self._coming.pop(number, None)

    def _order(self, verb: str, number: int) -> None:
        try:
            self.control.send(f"{verb} {number}".encode())
        except OSError:
            if verb == "fork":
                raise _gone() from None

    def _slow(self, worker: Worker, stranger: bool) -> None:
        """Let another begin beside a worker that takes long; a stranger's query yields to it."""
        worker.slowed = True
        if stranger:
            self._order("slow", worker.number)
        self._quick.release()

    def _discard(self, worker: Worker) -> None:
        """Have done with a worker; one that still works is killed."""
        worker.writer.close()
        self._order("kill", worker.number)

    async def prepare(self) -> None:
        """Make the spare workers."""
        self._idle.extend([await self._fork() for _ in range(SPARE)])

    def close(self) -> None:
        """End the keeper once its workers have answered what they were asked."""
        self._closing = True
        for worker in self._idle:
            worker.writer.close()
        self._idle.clear()
        if not self._busy:
            self._end()

    def _end(self) -> None:
        with contextlib.suppress(OSError):
            self.control.shutdown(socket.SHUT_RDWR)

    def listen(self) -> None:
        """Hear what the keeper says from now on."""
        self.control.setblocking(False)
        asyncio.get_running_loop().add_reader(self.control, self._hear)

    def _hear(self) -> None:
        try:
            data, files, _, _ = socket.recv_fds(self.control, _PACKET, 1)
        except BlockingIOError:
            return
        except OSError:
            data, files = b"", []
        if not data:
            self._lost()
            return
        said = json.loads(data)
        if "worker" in said:
            self._keep(self._welcome(said["worker"], files[0]))
        else:
            end = self._ends.pop(said["ended"], None)
            if end and not end.done():
                end.set_result(said["why"])
            if said["why"] == "crash":
                print(f"A worker has broken down:\n{said['said']}", file=sys.stderr, flush=True)

    async def _welcome(self, number: int, descriptor: int) -> None:
        reader, writer = await asyncio.open_unix_connection(sock=socket.socket(fileno=descriptor), limit=1 << 20)
        coming = self._coming.get(number)
        if coming and not coming.done():
            coming.set_result(Worker(number, reader, writer, self._ends.get(number) or asyncio.get_running_loop().create_future()))
        else:
            writer.close()

    def _lost(self) -> None:
        asyncio.get_running_loop().remove_reader(self.control)
        self.control.close()
        for worker in self._idle:
            worker.writer.close()
        self._idle.clear()
        for coming in self._coming.values():
            if not coming.done():
                coming.set_exception(_gone())
        self.ended.set()


async def start(spec: dict[str, Any], limits: Limits) -> Generation:
    """A keeper for the workspace that `spec` names: name, paths, as_of, scopes. Raises InputError with what is wrong with the files."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        arguments = ["-m", "isms_graph.api.keeper", str(theirs.fileno()), json.dumps({**spec, "limits": asdict(limits)})]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            pass_fds=[theirs.fileno()],
            stdin=asyncio.subprocess.DEVNULL,
            env={**os.environ, "PYTHONSAFEPATH": "1"},
        )
    ours.setblocking(False)
    generation = Generation(limits, process, ours)
    try:
        said = await asyncio.get_running_loop().sock_recv(ours, _PACKET)
        message: dict[str, Any] = json.loads(said) if said else {"failed": "The process that loads the workspace has broken down."}
        if "failed" in message:
            raise InputError(message["failed"])
        generation.facts, generation.apart = message["ready"], message["apart"]
        generation.listen()
        await generation.prepare()
    except BaseException:
        asyncio.get_running_loop().remove_reader(ours)
        ours.close()
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    return generation


def _late(seconds: float) -> Problem:
    advice = "Ask for less: begin with what is rarest, name the property, or use LIMIT with a selective pattern."
    return Problem(504, f"The answer took longer than {seconds:g} s.", advice)


def _gone() -> Problem:
    return Problem(503, "The workspace is being loaded again.", "Try again in a moment.", {"Retry-After": "1"})
