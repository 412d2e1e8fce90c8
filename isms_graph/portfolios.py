"""Many organisations, each an ISMS of its own: check or ask every one in worker processes, and answer for all.

    with closing(Processes(4)) as crew:
        for outcome in each(paths, CheckJob(), crew):
            ...

A job is what is done with one organisation; it and its answer are small and cross to a worker and back, a loaded ISMS never
does. A crew is where jobs are done: `Processes` here, or a Dask cluster (`clusters`). What is wrong with one organisation, or
kills the process that looks at it, becomes the outcome of that one.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any, Generic, Protocol, TypeVar

from isms_graph.catalogue import load_catalogue
from isms_graph.checks import check, organization_name
from isms_graph.errors import CatalogueError, IsmsError, UsageError
from isms_graph.findings import Report
from isms_graph.graph import load
from isms_graph.queries import Question, Table, ask, run
from isms_graph.shacl.engine import Engine

A = TypeVar("A")
A_co = TypeVar("A_co", covariant=True)
RETRIES = 1  # how often an organisation is tried again after the process that looked at it was killed
KILLED = "the process that looked at it was killed, and again when it was tried once more; it may need more memory than there is."


@dataclass(frozen=True)
class Outcome(Generic[A]):
    """What became of one organisation: an answer, or an error in words. `seconds` is the time in the worker.

    `workspace` is the path that was given. A `defect` is an error of the program, not of the ISMS.
    """

    workspace: str
    answer: A | None = None
    error: str = ""
    defect: bool = False
    seconds: float = 0.0


class Job(Protocol[A_co]):
    """What is done with an organisation, by its absolute path. It and its answer can be pickled."""

    def __call__(self, path: str, /) -> A_co:
        """The answer. Raises IsmsError."""
        ...


class Crew(Protocol):
    """Where jobs are done. `size` is how many are worked on at the same time."""

    size: int

    def submit(self, job: Job[A], path: str) -> Future[Outcome[A]]:
        """Start a job."""
        ...

    def killed(self, future: Future[Any]) -> bool:
        """True if the process that did the job ended before it answered. Asked once for each future that is done."""
        ...

    def close(self) -> None:
        """End every process that the crew started, also in the middle of a job."""
        ...


@dataclass(frozen=True)
class Checked:
    """The findings of one organisation in figures. `report` is what the job's `keep` made of the report, else empty."""

    name: str
    as_of: date
    stage: str
    statements: int
    counts: Mapping[str, int]
    conforms: bool
    fails: bool
    unread: tuple[str, ...]
    report: str = field(default="", repr=False)


@dataclass(frozen=True)
class CheckJob:
    """A check run. `fail_on` decides what `fails`; `keep` makes a text of the report that is worth carrying back."""

    as_of: date | None = None
    stage: str | None = None
    fail_on: str = "minor"
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    engine: Callable[[], Engine] | None = None
    owl: bool = False
    keep: Callable[[Report], str] | None = None

    def __call__(self, path: str, /) -> Checked:
        """Load and check the ISMS. Raises IsmsError."""
        catalogue = load_catalogue()
        if self.select or self.ignore:
            catalogue = catalogue.select(self.select, self.ignore)
        isms_ = load(path, as_of=self.as_of)
        report = check(isms_, self.stage, self.engine() if self.engine else None, catalogue)
        if self.owl:
            from isms_graph.owl import with_contradictions

            report = with_contradictions(report, isms_)
        return Checked(
            name=report.name,
            as_of=report.as_of,
            stage=report.stage,
            statements=report.statements,
            counts=report.counts(),
            conforms=report.conforms,
            fails=report.fails_on(self.fail_on),
            unread=tuple(isms_.workspace.unread),
            report=self.keep(report) if self.keep else "",
        )


@dataclass(frozen=True)
class Answered:
    """The answer of one organisation, with names in place of IRIs if the job asks for `labels`."""

    name: str
    table: Table


@dataclass(frozen=True)
class QueryJob:
    """A question with values for its parameters, or the text of any SPARQL query."""

    question: Question | str
    values: Mapping[str, str] = field(default_factory=dict)
    as_of: date | None = None
    labels: bool = False

    def __call__(self, path: str, /) -> Answered:
        """Load the ISMS and ask it. Raises IsmsError."""
        isms_ = load(path, as_of=self.as_of)
        answer = run(isms_, self.question) if isinstance(self.question, str) else ask(isms_, self.question, dict(self.values))
        if not isinstance(answer, Table):
            raise UsageError("CONSTRUCT and DESCRIBE answer with a graph, and the answers of several organisations are one table.")
        table = answer.labels() if self.labels else answer
        return Answered(organization_name(isms_), Table(table.columns, table.rows))  # without `names`, which would carry the ISMS along


def each(paths: Sequence[str | Path], job: Job[A], crew: Crew) -> Iterator[Outcome[A]]:
    """The outcome for each path, once, in the order in which they are ready. The caller closes the crew."""
    waiting = deque((str(path), 0) for path in paths)
    running: dict[Future[Outcome[A]], tuple[str, int]] = {}
    while waiting or running:
        while waiting and len(running) < crew.size:  # no more than are worked on: what is ready does not pile up
            path, tries = waiting.popleft()
            running[crew.submit(job, path)] = path, tries
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            path, tries = running.pop(future)
            if not crew.killed(future):
                yield _outcome(path, future)
            elif tries < RETRIES:
                waiting.append((path, tries + 1))
            else:
                yield Outcome(path, error=KILLED)


def _outcome(path: str, future: Future[Outcome[A]]) -> Outcome[A]:
    error = future.exception()
    return future.result() if error is None else Outcome(path, error=f"{type(error).__name__}: {error}", defect=True)


def answer(job: Job[A], path: str, given: str) -> Outcome[A]:
    """Do a job in this process; every error becomes part of the outcome."""
    begin = perf_counter()
    try:
        return Outcome(given, job(path), seconds=perf_counter() - begin)
    except CatalogueError as error:
        return Outcome(given, error=str(error), defect=True, seconds=perf_counter() - begin)
    except IsmsError as error:
        return Outcome(given, error=str(error), seconds=perf_counter() - begin)
    except Exception as error:  # noqa: BLE001 - a defect met at one organisation must not stop the others
        return Outcome(given, error=f"{type(error).__name__}: {error}", defect=True, seconds=perf_counter() - begin)


class Processes:
    """Worker processes on this machine. Each has a pool of its own: a pool is lost with any of its workers."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._pools: list[ProcessPoolExecutor] = []
        self._idle: list[ProcessPoolExecutor] = []
        self._busy: dict[Future[Any], ProcessPoolExecutor] = {}

    def submit(self, job: Job[A], path: str) -> Future[Outcome[A]]:
        """Start a job on an idle worker, or on a new one."""
        pool = self._idle.pop() if self._idle else self._new()
        try:
            with interrupt_waits():
                future = pool.submit(answer, job, os.path.abspath(path), path)
        except BrokenProcessPool:  # the idle worker was killed; that is nobody's fault
            self._pools.remove(pool)
            return self.submit(job, path)
        self._busy[future] = pool
        return future

    def _new(self) -> ProcessPoolExecutor:
        self._pools.append(ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _begin))
        return self._pools[-1]

    def killed(self, future: Future[Any]) -> bool:
        """True if the worker ended before it answered; another takes its place."""
        pool = self._busy.pop(future)
        if isinstance(future.exception(), BrokenProcessPool):
            self._pools.remove(pool)
            return True
        self._idle.append(pool)
        return False

    def close(self) -> None:
        """End the workers, also in the middle of a job."""
        for pool in self._pools:
            for worker in list((pool._processes or {}).values()):  # from Python 3.14 on there is terminate_workers()
                worker.terminate()
            pool.shutdown(cancel_futures=True)
        self._pools, self._idle, self._busy = [], [], {}


@contextmanager
def interrupt_waits() -> Iterator[None]:
    """Ctrl-C reaches this thread when the block is left, and never the processes that are started in it; on Unix."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin() -> None:
    """In a new worker: leave Ctrl-C to the parent, and end with it however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent
    parent.join()
    os._exit(1)


def default_size() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
