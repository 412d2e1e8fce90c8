"""`isms what-if` and `isms diff`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path

from isms_graph.cli.output import emit_json
from isms_graph.cli.progress import progress
from isms_graph.diffs import Diff, diff
from isms_graph.errors import EmptyWorkspace, InputError, UsageError
from isms_graph.graph import Isms, as_date, load
from isms_graph.namespaces import nearest
from isms_graph.revisions import at_revision

NOW = "the files as they are"
REVISION = "git:"


def run_diff(
    a: str | None, b: str | None, workspace: str | None, dates: Sequence[str], stage: str | None, output: str, fail_on: str
) -> int:
    """Compare two states; return the exit code."""
    if len(dates) > 2:
        raise UsageError("--as-of is given once for both states, or twice: for the first and for the second.")
    if a is None and len(dates) < 2:
        raise UsageError(
            "what is to be compared? Give two folders or git revisions, one to compare with the files as they are, "
            "or two dates: --as-of 2026-01-01 --as-of 2026-12-31."
        )
    first, second = (as_date(dates[0]), as_date(dates[-1])) if dates else (None, None)
    place = workspace or "."
    with progress() as step, ExitStack() as stack:
        open_ = _Opener(place, stack, step)
        after = open_(b, second)
        before = open_(a, first or after.as_of)
        step("checking both")
        answer = diff(before, after, stage)
        return _show(answer, a or NOW, b or NOW, output, fail_on)


def run_what_if(change: str, workspace: Sequence[str], as_of: str | None, stage: str | None, output: str, fail_on: str) -> int:
    """Say what a proposed change does; return the exit code."""
    path = Path(change)
    with progress() as step:
        step("reading the files")
        before = load(workspace, as_of=as_of, stage=stage)
        if path.is_dir():
            after = load(path, as_of=before.as_of, stage=stage)
        else:
            from isms_graph.proposals import propose

            after = propose(before, path)
        step("checking before and after")
        answer = diff(before, after, stage)
    return _show(answer, NOW, change, output, fail_on)


def _show(answer: Diff, before: str, after: str, output: str, fail_on: str) -> int:
    from isms_graph.render.diff import as_json, write_diff

    if output == "json":
        emit_json(as_json(answer))
    else:
        write_diff(answer, before, after)
    return int(answer.fails_on(fail_on))


class _Opener:
    """Loads what a name on the command line stands for: a folder, a file or a revision; None for the files as they are."""

    def __init__(self, workspace: str, stack: ExitStack, step: Callable[[str], None]) -> None:
        self.workspace, self.stack, self.step = workspace, stack, step

    def __call__(self, name: str | None, as_of: date | None) -> Isms:
        self.step(f"reading {name or NOW}")
        if name is None:
            return load(self.workspace, as_of=as_of)
        if name.strip() and not name.startswith(REVISION) and Path(name).exists():
            return load(name, as_of=as_of)
        revision = name.removeprefix(REVISION)
        paths = self._at(name, revision)
        if not paths:
            raise InputError(f"this was not there at {revision}.", Path(self.workspace))
        try:
            return load(paths, as_of=as_of)
        except EmptyWorkspace:
            raise InputError(f"there was no ISMS here at {revision}.", Path(self.workspace)) from None
        except InputError as error:
            reason = str(error).replace(str(paths[0]), self.workspace)  # nobody knows the folder that it was unpacked to
            raise InputError(f"the ISMS cannot be read as it was at {revision}: {reason}") from None

    def _at(self, name: str, revision: str) -> list[Path]:
        try:
            return self.stack.enter_context(at_revision([self.workspace], revision))
        except (UsageError, InputError) as error:
            if name.startswith(REVISION):
                raise
            parent = Path(name).parent
            near = nearest(Path(name).name, (path.name for path in parent.iterdir())) if parent.is_dir() else []
            advice = f" Did you mean {' or '.join(str(parent / one) for one in near)}?" if near else ""
            raise UsageError(f"{name!r} is neither a folder or file nor a git revision: {error}{advice}") from None
