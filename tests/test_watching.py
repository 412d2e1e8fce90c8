"""Watching: after each change of a file the report is what a cold check of the same files gives."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import DATA, Run, workspace

from isms_graph.catalogue import load_catalogue
from isms_graph.checks import check
from isms_graph.cli.watch import Watch, run_watch
from isms_graph.errors import InputError
from isms_graph.graph import load
from isms_graph.namespaces import isms
from isms_graph.shacl.model import Shape
from isms_graph.shacl.remembering import mentions

CATALOGUE = load_catalogue()


def copy(folder: Path, name: str = "harbour-neglected") -> Path:
    return Path(shutil.copytree(DATA / name, folder / name))


def edits(place: Path, seed: int) -> list[Callable[[], object]]:
    """Changes of files such as people make: lines lost, dates moved, files gone and back again, a register cut short."""
    chance = random.Random(seed)  # noqa: S311 - for variety, not for secrets
    files = sorted(place.glob("*.ttl"))

    def without_a_block(path: Path) -> None:
        blocks = path.read_text().split("\n:")
        del blocks[chance.randrange(1, len(blocks))]
        path.write_text("\n:".join(blocks))

    def other_year(path: Path) -> None:
        path.write_text(path.read_text().replace("2028-", "2023-", 3))

    def without_a_row(path: Path) -> None:
        lines = path.read_text().splitlines(keepends=True)
        del lines[chance.randrange(1, len(lines))]
        path.write_text("".join(lines))

    away, kept = files[seed % len(files)], files[seed % len(files)].read_text()
    return [
        lambda: without_a_block(chance.choice(files)),
        lambda: other_year(chance.choice(files)),
        lambda: without_a_row(place / "risks.csv"),
        lambda: without_a_row(place / "soa.csv"),
        lambda: away.unlink(),
        lambda: without_a_block(chance.choice([path for path in files if path != away])),
        lambda: away.write_text(kept),
        lambda: (place / "isms.toml").write_text((place / "isms.toml").read_text().replace("2028-11-23", "2027-01-31")),
    ]


@pytest.mark.parametrize("seed", range(2))
def test_a_round_gives_what_a_cold_check_gives(tmp_path: Path, seed: int) -> None:
    place = copy(tmp_path)
    watch = Watch([place], None, None, CATALOGUE)
    watch.round()
    for edit in edits(place, seed):
        before = {finding.fingerprint for finding in watch.report.open} if watch.report else set()
        edit()
        assert watch.watched.changed()
        report, gained, lost = watch.round()
        cold = check(load(place), catalogue=CATALOGUE)
        assert report.findings == cold.findings
        assert {run.check.id: run.focus_nodes for run in report.checks} == {run.check.id: run.focus_nodes for run in cold.checks}
        now = {finding.fingerprint for finding in cold.open}
        assert {finding.fingerprint for finding in gained} == now - before
        assert {finding.fingerprint for finding in lost} == before - now
        assert not watch.watched.changed()


def test_only_what_a_change_touches_runs_again(tmp_path: Path) -> None:
    place = copy(tmp_path, "harbour-saas")
    watch = Watch([place], None, None, CATALOGUE)
    watch.round()
    assert watch.engine.ran == len(CATALOGUE.checks)
    path = place / "suppliers.ttl"
    path.write_text(path.read_text() + "\n# a remark\n")
    watch.round()
    assert watch.engine.ran < len(CATALOGUE.checks) / 4
    risks = place / "risks.csv"
    risks.write_text(risks.read_text().replace(",role-platform,", ",,", 1))
    report, gained, _ = watch.round()
    assert "risk-without-owner" in {finding.check for finding in gained}
    assert watch.engine.ran < len(CATALOGUE.checks) / 2
    assert len(report.checks) == len(CATALOGUE.checks)


def test_a_broken_file_is_said_and_the_next_save_is_checked(tmp_path: Path) -> None:
    place = workspace(tmp_path, a_ttl=":r a isms:Risk .", b_ttl=":s a isms:Risk .")
    watch = Watch([place], None, None, CATALOGUE.select(["risk-without-owner"]))
    assert len(watch.round()[0].findings) == 2
    workspace(tmp_path, a_ttl=":r a isms:Risk ; .;")
    with pytest.raises(InputError):
        watch.round()
    workspace(tmp_path, a_ttl=":r a isms:Risk . :t a isms:Risk . ")
    assert [finding.focus.rsplit("/", 1)[1] for finding in watch.round()[1]] == ["t"]


def test_the_command_shows_what_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = workspace(tmp_path, a_ttl=":r a isms:Risk .")
    steps: Iterator[Callable[[], object]] = iter(
        [lambda: workspace(tmp_path, a_ttl=":r a isms:Risk . :s a isms:Risk . "), lambda: workspace(tmp_path, a_ttl="nonsense")]
    )

    def wait(_: float) -> None:
        step = next(steps, None)
        if step is None:
            raise KeyboardInterrupt
        step()

    watch = Watch([place], None, None, CATALOGUE.select(["risk-without-owner"]))
    code = run_watch(watch, lambda report: print(len(report.findings)), "minor", wait)
    shown = capsys.readouterr()
    assert code == 1
    assert "a.ttl: 1 gained, 0 lost" in shown.out
    assert "risk-without-owner" in shown.out
    assert "a.ttl:6" in shown.err


@pytest.mark.parametrize(
    ("turtle", "fail_on", "code"), [(":r a isms:Risk .", "major", 0), (":r a isms:Risk .", "minor", 1), ("nonsense", "minor", 2)]
)
def test_the_exit_code_is_that_of_the_last_report(tmp_path: Path, turtle: str, fail_on: str, code: int) -> None:
    def wait(_: float) -> None:
        raise KeyboardInterrupt

    watch = Watch([workspace(tmp_path, a_ttl=turtle)], None, None, CATALOGUE.select(["risk-without-owner"]))
    assert run_watch(watch, lambda _: None, fail_on, wait) == code


def test_wrong_options(isms_command: Callable[..., Run], tmp_path: Path) -> None:
    run = isms_command("check", workspace(tmp_path, a_ttl=":r a isms:Risk ."), "--watch", "--output", "json")
    assert run.code == 2
    assert "--watch" in run.err


@pytest.mark.parametrize(
    ("check_", "wanted"),
    [("risk-without-owner", (False, False)), ("dangling-reference", (True, True)), ("contradictory-statements", (False, True))],
)
def test_what_a_check_reads(check_: str, wanted: tuple[bool, bool]) -> None:
    what = mentions(Shape(CATALOGUE.checks[check_].iri, CATALOGUE.shapes))
    assert (what.any_property, what.any_class) == wanted
    assert isms("Element" if check_ != "risk-without-owner" else "Risk").value in what.iris
