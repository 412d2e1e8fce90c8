"""`isms impact`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from isms_graph.cli.answers import loaded
from isms_graph.cli.output import emit, emit_json, parse_output
from isms_graph.errors import UsageError

_FORMATS = ("text", "json", "csv", "mermaid", "dot", "svg")


@dataclass(frozen=True)
class Question:
    """What was asked for on the command line."""

    what: Sequence[str]
    workspace: Sequence[str]
    as_of: str | None
    direction: str
    change: str
    hops: int | None
    why: str | None
    plan: bool
    due: str | None
    output: str


def run_impact(asked: Question) -> int:
    """Answer what a change affects."""
    from isms_graph.impacts import impact, why
    from isms_graph.render.impact import as_csv, as_json, write_impact, write_paths

    if asked.plan:
        return _plan(asked)
    if asked.due is not None:
        raise UsageError("--due goes with --plan.")
    name, file = parse_output(asked.output, _FORMATS)
    if asked.why is not None:
        if name != "text" or file:
            raise UsageError("--why prints sentences; it goes with the text output only.")
        isms_ = loaded(asked.workspace, asked.as_of)
        write_paths(why(isms_, asked.what, asked.why, asked.direction), isms_, " and ".join(asked.what), asked.why)
        return 0
    isms_ = loaded(asked.workspace, asked.as_of)
    answer = impact(isms_, asked.what, asked.direction, asked.hops, asked.change)
    if name == "json":
        emit_json(as_json(answer, isms_), file)
    elif name == "csv":
        emit(as_csv(answer), file)
    elif name == "text":
        write_impact(answer, isms_, file)
    else:
        from isms_graph.render.impact_pictures import PICTURES

        emit(PICTURES[name](answer, isms_), file)
    return 0
