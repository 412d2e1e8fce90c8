"""Organisations on a Dask cluster: the answers of one run, each once, also if a worker is killed half way."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from distributed import LocalCluster
from servers import children
from test_portfolios import DAY, NAMES, Deadly, ended, four

from isms_graph.clusters import Dask
from isms_graph.errors import InputError
from isms_graph.portfolios import KILLED, each

Command = Callable[..., Run]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A Dask scheduler with two worker processes, on loopback."""
    with LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0", silence_logs=50) as one:
        yield one


def test_two_dask_workers_answer_as_one_run_does(cluster: Any, tmp_path: Path, isms_command: Command) -> None:
    orgs = four(tmp_path / "orgs")
    places = [orgs / name for name in NAMES]
    run = isms_command("check", "--each", *DAY, "--output", "json", "--dask", cluster.scheduler_address, *places)
    here = isms_command("check", "--each", *DAY, "--output", "json", *places)

    def timeless(text: str) -> list[dict[str, Any]]:
        return [{**one, "seconds": 0} for one in json.loads(text)["organisations"]]

    assert run.code == here.code == 2
    assert timeless(run.out) == timeless(here.out)
    assert run.err == ""


def test_a_killed_dask_worker_costs_no_answer(cluster: Any, tmp_path: Path) -> None:
    job = Deadly(tmp_path)
    names = ["a", "b", "once", "c", "d", "e"]
    killer = threading.Thread(target=job.kill_worker)
    killer.start()
    with closing(Dask(cluster.scheduler_address, 2)) as crew:
        outcomes = list(each([str(tmp_path / name) for name in names], job, crew))
    killer.join()
    assert sorted(Path(one.workspace).name for one in outcomes) == sorted(names)
    workers = {one.answer for one in outcomes}
    assert None not in workers and os.getpid() not in workers and len(workers) >= 2
    assert int((tmp_path / "once.pid").read_text()) not in [one.answer for one in outcomes if Path(one.workspace).name == "once"]


def begun(cluster: Any, patience: float = 20) -> list[int]:
    """The processes of a cluster's workers, once all run below this one: a worker that was killed has to be begun again first."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        pids = [one.pid for one in cluster.workers.values()]
        if set(pids) <= set(children(os.getpid())):
            return pids
        time.sleep(0.05)
    raise AssertionError(f"of the workers {pids} not all run below this process after {patience} s")


def test_a_local_dask_cluster_listens_here_only_and_ends(tmp_path: Path) -> None:
    with closing(Dask("local", 2)) as crew:
        inside = crew._cluster
        addresses = [
            f"tcp://{inside.scheduler.http_server.address}:",
            inside.scheduler_address,
            *(one.worker_address for one in inside.workers.values()),
        ]
        outcomes = list(each([str(tmp_path / name) for name in ("a", "fatal", "b", "c")], Deadly(tmp_path), crew))
        workers = begun(inside)
    assert len(addresses) == 4 and all(address.startswith("tcp://127.0.0.1:") for address in addresses)
    assert {Path(one.workspace).name: one.error for one in outcomes} == {"a": "", "b": "", "c": "", "fatal": KILLED}
    assert len(set(workers)) == 2 and all(ended(pid, 2) for pid in workers)


def test_no_scheduler(tmp_path: Path, isms_command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("isms_graph.clusters.CONNECT", 0.5)
    run = isms_command("check", "--each", "--dask", "tcp://127.0.0.1:1", tmp_path)
    assert run.code == 2 and "no Dask scheduler answers at tcp://127.0.0.1:1" in run.err


def test_a_scheduler_that_ends_is_said(tmp_path: Path) -> None:
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0", silence_logs=50) as one,
        closing(Dask(one.scheduler_address, 1)) as crew,
    ):
        threading.Timer(1, one.close).start()
        with pytest.raises(InputError, match="scheduler ended"):
            list(each([str(tmp_path / "endless")], Deadly(tmp_path), crew))
