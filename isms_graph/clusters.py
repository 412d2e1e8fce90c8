"""A portfolio on a Dask cluster, on this machine or on others, through its concurrent.futures interface."""

from __future__ import annotations

import logging
import os
from concurrent.futures import Future
from typing import Any

from isms_graph.errors import InputError, MissingExtra
from isms_graph.portfolios import A, Job, Outcome, answer, interrupt_waits

LOCAL, LOOPBACK = "local", "127.0.0.1"
CONNECT = 10  # seconds for the scheduler to answer
DEATHS = 0  # of workers that a local cluster bears before it gives a job back, to be tried again as in other crews


class Dask:
    """The workers of a Dask scheduler, such as tcp://host:8786; `local` starts a cluster of `size` processes on loopback.

    Workers on other machines need this package and the organisations under the same paths. Raises MissingExtra, InputError.
    """

    def __init__(self, address: str, size: int) -> None:
        self._cluster: Any = None
        self._client: Any = None
        self._executor: Any = None
        try:
            with interrupt_waits():
                self._start(address, size)
        except BaseException:
            self.close()
            raise

    def _start(self, address: str, size: int) -> None:
        try:
            import dask
            from distributed import Client, LocalCluster
        except ImportError:
            raise MissingExtra("--dask", "dask") from None
        if address == LOCAL:
            settings = {"distributed.scheduler.allowed-failures": DEATHS, "distributed.scheduler.http.routes": []}
            with dask.config.set(settings):
                self._cluster = LocalCluster(
                    n_workers=size, threads_per_worker=1, processes=True, host=LOOPBACK, dashboard_address=f"{LOOPBACK}:0",
                    scheduler_kwargs={"dashboard": False}, silence_logs=logging.CRITICAL,
                )  # fmt: skip
        try:
            self._client = Client(self._cluster or address, timeout=CONNECT, set_as_default=False)
        except (OSError, ValueError) as error:
            advice = "Give the address of a Dask scheduler, such as tcp://host:8786, or `local`."
            raise InputError(f"no Dask scheduler answers at {address}: {error}.", advice=advice) from None
        self._executor = self._client.get_executor(pure=False)
        self.size = sum(self._client.nthreads().values())
        if not self.size:
            raise InputError(f"the Dask scheduler at {address} has no worker.", advice=f"Start one: dask worker {address}")

    def submit(self, job: Job[A], path: str) -> Future[Outcome[A]]:
        """Give a job to the scheduler, which gives it to another worker if the first one is killed."""
        future: Future[Outcome[A]] = self._executor.submit(answer, job, os.path.abspath(path), path)
        return future

    def killed(self, future: Future[Any]) -> bool:
        """True if more workers were killed at this job than the scheduler bears. Raises InputError if the scheduler is gone."""
        from distributed import KilledWorker

        if future.cancelled():
            raise InputError("the Dask scheduler ended before every organisation was looked at.")
        return isinstance(future.exception(), KilledWorker)

    def close(self) -> None:
        """Take back what is not done, and end a local cluster."""
        if self._executor is not None:
            self._executor.shutdown(wait=False)
        for one in (self._client, self._cluster):
            if one is not None:
                one.close()
