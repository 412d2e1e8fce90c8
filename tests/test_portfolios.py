"""Many organisations: each is answered once, whatever happens to the others or to the processes that look at them."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from conftest import HEADER, Run
from servers import children

from isms_graph.cli.portfolio import folder_names
from isms_graph.errors import UsageError
from isms_graph.findings import Report
from isms_graph.portfolios import KILLED, RETRIES, CheckJob, Job, Outcome, Processes, answer, each
from isms_graph.resources import folder

Command = Callable[..., Run]
BASE = (folder("shapes") / "examples" / "base.ttl").read_text(encoding="utf-8")
FAULT = ':vacant a isms:Role ; rdfs:label "Vacant" .\n'
NAMES = ("ash", "birch", "cedar", "elm")
DAY = ("--as-of", "2026-11-23")


def organisation(place: Path, text: str = BASE) -> Path:
    place.mkdir(parents=True)
    (place / "isms.ttl").write_text(text, encoding="utf-8")
    return place


def four(place: Path) -> Path:
    """Four organisations: two good ones, one with findings (birch), and one that is no Turtle (cedar)."""
    for name in NAMES:
        text = BASE.replace("Larch Studio", f"{name.capitalize()} Studio")
        organisation(place / name, {"birch": text + FAULT, "cedar": ":x a"}.get(name, text))
    return place


@pytest.fixture
def orgs(tmp_path: Path) -> Path:
    return four(tmp_path / "orgs")


def report_of(report: Report) -> str:
    return "\n".join(f"{one.fingerprint} {one.place} {one.message}" for one in report.findings)


def ended(pid: int, patience: float = 10) -> bool:
    """True if a process is gone, or is soon."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


@dataclass(frozen=True)
class Deadly:
    """Answers with the process. `fatal` kills it; `once` waits to be killed the first time, having left its number in a file."""

    place: Path

    def __call__(self, path: str, /) -> int:
        name = Path(path).name
        if name == "fatal":
            os.kill(os.getpid(), signal.SIGKILL)
        if name == "defect":
            raise ZeroDivisionError("a defect")
        mark = self.place / f"{name}.pid"
        if name in ("once", "endless") and (name == "endless" or not mark.exists()):
            mark.with_suffix(".new").write_text(str(os.getpid()))
            mark.with_suffix(".new").rename(mark)
            time.sleep(120)
        time.sleep(0.2)
        return os.getpid()

    def kill_worker(self) -> None:
        """Wait for `once`, and kill the process that looks at it."""
        while not (self.place / "once.pid").exists():
            time.sleep(0.02)
        os.kill(int((self.place / "once.pid").read_text()), signal.SIGKILL)


@dataclass
class Here:
    """A crew without processes: each job is done when the next is wanted, those in `deaths` after so many deaths."""

    size: int = 2
    deaths: dict[str, int] = field(default_factory=dict)
    open: int = 0
    most: int = 0

    def submit(self, job: Job[Any], path: str) -> Future[Outcome[Any]]:
        self.open += 1
        self.most = max(self.most, self.open)
        future: Future[Outcome[Any]] = Future()
        if self.deaths.get(path, 0):
            self.deaths[path] -= 1
            future.set_exception(ChildProcessError())
        else:
            future.set_result(answer(job, path, path))
        return future

    def killed(self, future: Future[Any]) -> bool:
        self.open -= 1
        return future.exception() is not None

    def close(self) -> None:
        pass


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command does its work without worker processes."""

    def crew(*_: object) -> Here:
        return Here()

    monkeypatch.setattr("isms_graph.cli.portfolio._crew", crew)


def length(path: str, /) -> int:
    return len(path)


def test_a_killed_organisation_is_tried_again_and_the_others_once() -> None:
    crew = Here(deaths={"b": RETRIES, "ccc": RETRIES + 1})
    outcomes = sorted(each(["a", "b", "ccc", "dddd"], length, crew), key=lambda one: one.workspace)
    assert [(one.workspace, one.answer, one.error) for one in outcomes] == [
        ("a", 1, ""), ("b", 1, ""), ("ccc", None, KILLED), ("dddd", 4, ""),
    ]  # fmt: skip


def test_no_more_is_started_than_is_worked_on() -> None:
    crew = Here(size=3)
    outcomes = each([str(number) for number in range(50)], length, crew)
    assert len([next(outcomes) for _ in range(10)]) == 10
    assert crew.most == 3


def test_worker_processes_find_what_one_run_finds(orgs: Path) -> None:
    paths = [str(orgs / name) for name in NAMES]
    job = CheckJob(keep=report_of)
    with closing(Processes(2)) as crew:
        found = {one.workspace: one for one in each(paths, job, crew)}
    assert sorted(found) == sorted(paths)
    for path in paths:
        alone = answer(job, path, path)
        assert (found[path].answer, found[path].error) == (alone.answer, alone.error)
    birch = found[paths[1]].answer
    assert birch and birch.report


def test_a_killed_process_costs_no_other_organisation_its_answer(tmp_path: Path) -> None:
    job = Deadly(tmp_path)
    names = ["a", "fatal", "once", "b", "defect", "c", "d"]
    killer = threading.Thread(target=job.kill_worker)
    killer.start()
    with closing(Processes(2)) as crew:
        outcomes = list(each([str(tmp_path / name) for name in names], job, crew))
    killer.join()
    assert sorted(Path(one.workspace).name for one in outcomes) == sorted(names)
    by_name = {Path(one.workspace).name: one for one in outcomes}
    assert {name for name, one in by_name.items() if one.answer is None} == {"fatal", "defect"}
    assert by_name["fatal"].error == KILLED and not by_name["fatal"].defect
    assert by_name["defect"].error == "ZeroDivisionError: a defect" and by_name["defect"].defect
    assert os.getpid() not in {one.answer for one in outcomes}


def test_workers_are_used_again_and_end_with_the_crew(tmp_path: Path) -> None:
    with closing(Processes(2)) as crew:
        outcomes = each([str(tmp_path / str(number)) for number in range(6)], Deadly(tmp_path), crew)
        workers = {one.answer for one in outcomes}
        blocked = [int(re.findall(r"SigBlk:\s*(\w+)", Path(f"/proc/{worker}/status").read_text())[0], 16) for worker in workers]
    assert len(workers) == 2
    assert all(mask & 1 << signal.SIGINT - 1 for mask in blocked), "Ctrl-C is the parent's, from the first moment"
    assert all(worker and ended(worker, 0.5) for worker in workers)


def test_a_crew_closed_half_way_ends_its_workers(tmp_path: Path) -> None:
    begin = time.monotonic()
    with closing(Processes(2)) as crew:
        next(each([str(tmp_path / "endless"), str(tmp_path / "a")], Deadly(tmp_path), crew))
        while not (tmp_path / "endless.pid").exists():
            time.sleep(0.02)
    assert ended(int((tmp_path / "endless.pid").read_text()), 0.5)
    assert time.monotonic() - begin < 60


def test_names_tell_organisations_apart() -> None:
    assert folder_names(["orgs/a/", "orgs/b"]) == {"a": "orgs/a/", "b": "orgs/b"}
    assert list(folder_names(["orgs/a/isms", "orgs/b/isms"])) == ["a/isms", "b/isms"]
    assert list(folder_names(["orgs/a", "orgs/a/sub"])) == ["a", "a/sub"]
    assert list(folder_names(["orgs/a"])) == ["a"]
    for wrong in ([], ["a", "./a/"]):
        with pytest.raises(UsageError):
            folder_names(wrong)


def test_check_each_as_text(orgs: Path, isms_command: Command) -> None:
    run = isms_command("check", "--each", *DAY, *(orgs / name for name in reversed(NAMES)))
    assert run.code == 2
    lines = run.out.splitlines()
    assert [line.split()[0] for line in lines[2:6]] == list(reversed(NAMES))
    assert "not checked" in lines[3] and "Ash Studio" in lines[5]
    assert f"No answer from cedar:\n  {orgs}/cedar/isms.ttl:1" in run.out
    assert lines[-1].startswith("4 organisations: 2 without nonconformity, 1 with, 1 not checked; ")


def test_check_each_as_json_and_with_reports(orgs: Path, tmp_path: Path, isms_command: Command) -> None:
    run = isms_command(
        "check", "--each", *DAY, "--jobs", "2", "--output", "json", "--reports", tmp_path / "reports", *(orgs / name for name in NAMES)
    )
    found = json.loads(run.out)
    assert (run.code, found["failed"], found["conform"]) == (2, 1, 2)
    assert [one["folder"] for one in found["organisations"]] == list(NAMES)
    assert [one["error"] is None for one in found["organisations"]] == [True, True, False, True]
    assert sorted(path.name for path in (tmp_path / "reports").iterdir()) == ["ash.json", "birch.json", "elm.json"]
    alone = json.loads(isms_command("check", *DAY, "--output", "json", orgs / "birch").out)
    assert alone["findings"]
    assert json.loads((tmp_path / "reports" / "birch.json").read_text(encoding="utf-8")) == alone
    assert found["organisations"][1]["counts"] == alone["counts"] == found["counts"]


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize(
    ("names", "more", "code"),
    [
        (["ash", "elm"], [], 0), (["ash", "birch"], [], 1), (["ash", "birch"], ["--fail-on", "never"], 0),
        (["birch", "cedar"], ["--fail-on", "never"], 2), (["ash", "nowhere"], [], 2),
    ],
)  # fmt: skip
def test_exit_codes(orgs: Path, isms_command: Command, names: list[str], more: list[str], code: int) -> None:
    assert isms_command("check", "--each", *DAY, *more, *(orgs / name for name in names)).code == code


@pytest.mark.usefixtures("in_this_process")
def test_a_defect_is_no_finding(orgs: Path, isms_command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("isms_graph.portfolios.load", broken)
    run = isms_command("check", "--each", orgs / "ash", orgs / "cedar")
    assert run.code == 3
    assert "No answer from ash, cedar:\n  a defect of the program: ZeroDivisionError" in run.out


def test_without_each_several_folders_are_one_isms(tmp_path: Path, isms_command: Command) -> None:
    one = organisation(tmp_path / "one", HEADER + ':r a isms:Risk ; rdfs:label "R" ; isms:owner :role .')
    two = organisation(tmp_path / "two", HEADER + ':role a isms:Role ; rdfs:label "Role" .')
    assert "in 2 files" in isms_command("check", one, two).out


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "--each"], ["query", "--each", "figures"], ["check", "--jobs", "2", "ash"], ["check", "--reports", "x", "ash"],
        ["query", "figures", "--dask", "local", "ash"], ["check", "--each", "--watch", "ash"],
        ["check", "--each", "--since", "main", "ash"],
        ["check", "--each", "--output", "sarif", "ash"], ["check", "--each", "--select", "nothing-like-it", "ash"],
        ["check", "--each", "--stage", "stage9", "ash"], ["query", "--each", "nothing-like-it", "ash"], ["check", "--each", "ash", "ash"],
        ["query", "--each", "figures", "--param", "nothing=1", "ash"], ["query", "--each", "figures", "--output", "turtle", "ash"],
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_once_and_before_any_work(
    orgs: Path, isms_command: Command, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(orgs)
    monkeypatch.setattr("isms_graph.cli.portfolio.each", None)
    run = isms_command(*arguments)
    assert run.code == 2 and run.err and not run.out


def test_query_each_is_one_table(orgs: Path, tmp_path: Path, isms_command: Command) -> None:
    file = tmp_path / "names.rq"
    file.write_text("SELECT ?name ?count WHERE { ?o a isms:Organization ; rdfs:label ?name ; isms:headcount ?count }")
    places = [orgs / name for name in NAMES]
    run = isms_command("query", "--each", file, *places, "--output", "json")
    assert run.code == 2
    names = ["ash", "birch", "elm"]
    expected = [{"organisation": one, "name": f"{one.capitalize()} Studio", "count": 12} for one in names]
    assert json.loads(run.out) == expected
    assert "No answer from cedar:" in run.err
    run = isms_command("query", "--each", file, places[0], places[3], "--output", "csv")
    assert (run.code, run.out) == (0, "organisation,name,count\nash,Ash Studio,12\nelm,Elm Studio,12\n")
    run = isms_command("query", "--each", "figures", places[0], places[3])
    assert run.code == 0 and run.out.startswith("organisation") and "\nelm " in run.out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["csv"], "organisation,o,big\nash,https://example.org/isms/larch,true\nelm,https://example.org/isms/larch,true\n"),
        (["csv", "--labels"], "organisation,o,big\nash,Ash Studio,true\nelm,Elm Studio,true\n"),
        (
            ["tsv"],
            '?organisation\t?o\t?big\n"ash"\t<https://example.org/isms/larch>\ttrue\n"elm"\t<https://example.org/isms/larch>\ttrue\n',
        ),
        (["markdown"], "| organisation | o | big |\n| --- | --- | --- |\n| ash | Ash Studio | true |\n| elm | Elm Studio | true |\n"),
        (["table"], "organisation   o            big\n---\nash            Ash Studio   true\nelm            Elm Studio   true\n"),
    ],
)
def test_query_each_writes_values_as_they_are_written(
    orgs: Path, tmp_path: Path, isms_command: Command, arguments: list[str], expected: str
) -> None:
    file = tmp_path / "big.rq"
    file.write_text("SELECT ?o (?count > 10 AS ?big) WHERE { ?o a isms:Organization ; isms:headcount ?count }")
    run = isms_command("query", "--each", file, orgs / "ash", orgs / "elm", "--output", *arguments)
    assert (run.code, re.sub("─+", "---", run.out), run.err) == (0, expected, "")


def test_query_each_answers_yes_or_no_for_each(orgs: Path, tmp_path: Path, isms_command: Command) -> None:
    file = tmp_path / "any.rq"
    file.write_text("ASK { ?o a isms:Organization }")
    run = isms_command("query", "--each", file, orgs / "ash", "--output", f"csv={tmp_path / 'any.csv'}")
    assert (run.code, run.out, (tmp_path / "any.csv").read_text()) == (0, "", "organisation,answer\nash,true\n")


def test_what_is_wrong_with_a_query_is_said_once(orgs: Path, tmp_path: Path, isms_command: Command) -> None:
    file = tmp_path / "bad.rq"
    file.write_text("SELECT ?x WHERE {")
    run = isms_command("query", "--each", file, orgs / "ash", orgs / "elm")
    assert run.code == 2 and not run.out
    assert run.err.count("not valid SPARQL") == 1 and "No answer from ash, elm:" in run.err
    file.write_text("SELECT ?organisation WHERE { ?organisation a isms:Organization }")
    assert "give it another name" in isms_command("query", "--each", file, orgs / "ash").err


def test_a_progress_bar_on_a_terminal_only(orgs: Path) -> None:
    command = [sys.executable, "-m", "isms_graph.cli", "check", "--each", str(orgs / "ash"), str(orgs / "elm")]
    main_end, process_end = pty.openpty()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=process_end, env={**os.environ, "TERM": "xterm"}) as process:
        os.close(process_end)
        shown = b""
        with suppress(OSError):  # the other end is closed
            while part := os.read(main_end, 1000):
                shown += part
        out, _ = process.communicate()
    os.close(main_end)
    assert b"organisations" in shown and b"2/2" in shown and out.startswith(b"folder")
    assert subprocess.run(command, capture_output=True, check=False).stderr == b""


@pytest.mark.parametrize("wait", [0.0, 1.5])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_the_workers_end_with_the_command(tmp_path: Path, number: signal.Signals, code: int, wait: float) -> None:
    big = BASE + "".join(f':risk-{one} a isms:Risk ; rdfs:label "Risk {one}" ; isms:owner :role-manager .\n' for one in range(20_000))
    places = [organisation(tmp_path / name, big) for name in ("a", "b", "c")]
    command = [sys.executable, "-m", "isms_graph.cli", "check", "--each", "--jobs", "2", *map(str, places)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    try:
        while len(workers := children(process.pid)) < 3:  # two workers, and what keeps track of their semaphores
            assert process.poll() is None
            time.sleep(0.02)
        time.sleep(wait)
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as a terminal does
        else:
            process.send_signal(number)
        out, err = process.communicate(timeout=60)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # whatever is left
        process.communicate()
    assert (process.returncode, out) == (code, b"")
    assert number == signal.SIGKILL or b"Traceback" not in err
    assert all(ended(worker) for worker in workers)
