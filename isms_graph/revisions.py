"""The files of a workspace as they were in a git revision, and how two reports differ."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from isms_graph.errors import InputError, UsageError
from isms_graph.findings import Comparison, Report
from isms_graph.sources.workspace import CONFIG


def _git(folder: Path, *arguments: str) -> bytes:
    try:
        return subprocess.run(["git", "--literal-pathspecs", "-C", str(folder), *arguments], capture_output=True, check=True).stdout
    except FileNotFoundError:
        raise UsageError("git is not installed, and a revision cannot be read without it.") from None


@contextmanager
def at_revision(paths: Sequence[str | Path], revision: str) -> Iterator[list[Path]]:
    """The same paths as they were at a revision, in a folder that is removed afterwards; those that did not exist are left out.

    Nothing is checked out and nothing in the repository changes. Raises InputError or UsageError.
    """
    given = [Path(path).resolve() for path in (paths or ["."])]
    for path in given:
        if not path.exists():
            raise InputError("there is no such file or folder.", path)
    folder = given[0] if given[0].is_dir() else given[0].parent
    try:
        root = Path(_git(folder, "rev-parse", "--show-toplevel").decode().strip())
    except subprocess.CalledProcessError:
        raise InputError("this is not in a git repository, so that it has no revisions to compare with.", folder) from None
    try:
        commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").decode().strip()
    except subprocess.CalledProcessError:
        raise UsageError(f"git knows no revision {revision!r}.") from None
    inside = [path.relative_to(root).as_posix() for path in given if path.is_relative_to(root)]
    if len(inside) < len(given):
        raise UsageError("all paths have to be in one git repository to be compared with a revision.")
    with TemporaryDirectory(prefix="isms-graph-") as place:
        there = [path for path in inside if path == "." or _exists(root, commit, path)]
        beside = {(Path(path).parent / CONFIG).as_posix() for path in there if (root / path).is_file()}
        for name in [*there, *sorted(one for one in beside if _exists(root, commit, one))]:
            archive = _git(root, "archive", "--format=tar", commit, *([] if name == "." else ["--", name]))
            with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
                try:
                    packed.extractall(place, filter="data")
                except tarfile.FilterError as error:
                    raise InputError(f"the revision holds a file that points outside the repository: {error}", folder) from None
        yield [Path(place) / path for path in there]


def _exists(root: Path, commit: str, path: str) -> bool:
    try:
        _git(root, "cat-file", "-e", f"{commit}:{path}")
    except subprocess.CalledProcessError:
        return False
    return True


def compare(now: Report, before: Report | None, revision: str) -> Report:
    """The report with what was gained since `before` only, and the comparison; without `before` everything is gained."""
    known = {finding.fingerprint for finding in before.open} if before else set()
    present = {finding.fingerprint for finding in now.open}
    gained = [finding for finding in now.findings if not finding.open or finding.fingerprint not in known]
    lost = tuple(finding for finding in before.open if finding.fingerprint not in present) if before else ()
    return replace(now.with_findings(gained), comparison=Comparison(revision, lost, len(present & known)))
