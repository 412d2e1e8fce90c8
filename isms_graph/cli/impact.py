"""`isms impact`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from isms_graph.cli.answers import loaded
from isms_graph.cli.output import emit, emit_json, parse_output
from isms_graph.cli.progress import progress
from isms_graph.cli.store import Place
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
    place: Place


def run_impact(asked: Question) -> int:
    """Answer what a change affects."""
    from isms_graph.impacts import impact, why
    from isms_graph.render.impact import as_csv, as_json, write_impact, write_paths

    if asked.place.endpoint is not None:
        return _remote(asked, asked.place.endpoint)
    asked.place.only_with_endpoint()
    if asked.plan:
        return _plan(asked)
    if asked.due is not None:
        raise UsageError("--due goes with --plan.")
    name, file = parse_output(asked.output, _FORMATS)
    if asked.why is not None:
        if name != "text" or file or asked.hops is not None:
            raise UsageError("--why prints every shortest path as sentences; it goes without --hops and with the text output only.")
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


def _plan(asked: Question) -> int:
    """Write the change that works the answer off; say on the other stream what is left to decide."""
    import click

    from isms_graph.graph import as_date
    from isms_graph.impacts import impact
    from isms_graph.plans import plan

    if asked.why is not None:
        raise UsageError("--plan and --why are two questions; ask one of them.")
    _, file = parse_output("turtle" if asked.output == "text" else asked.output, ("turtle",))
    isms_ = loaded(asked.workspace, asked.as_of)
    made = plan(isms_, impact(isms_, asked.what, asked.direction, asked.hops, asked.change), as_date(asked.due))
    emit(made.turtle, file)
    inside = file is not None and file.resolve().is_relative_to(isms_.workspace.root.resolve())
    then = "isms check tracks them from now on" if inside else "put the file into the workspace, and isms check tracks them"
    click.echo(f"{made.follow_ups} follow-ups planned{f' in {file}' if file else ''}; {then}.", err=True)
    if made.without_owner:
        shown = ", ".join(made.without_owner[:3]) + (f" and {len(made.without_owner) - 3} more" if len(made.without_owner) > 3 else "")
        click.echo(f"Without an owner, name one: {shown}.", err=True)
    return 0


def _graphs(asked: Question) -> list[str]:
    """The graphs to ask: those that are named, and those of the organisations that are."""
    from isms_graph.endpoint import TIMEOUT, Endpoint
    from isms_graph.stores import marker

    if not asked.place.graphs:
        return []
    endpoint = Endpoint(asked.place.endpoint or "", timeout=asked.place.timeout or TIMEOUT)
    found = {name: marker(endpoint, name) for name in asked.place.graphs}
    return [graph for name, one in found.items() for graph in (one.graphs if one else (name,))]


def _remote(asked: Question, url: str) -> int:
    """The same from a SPARQL endpoint."""
    from isms_graph.endpoint import TIMEOUT, Endpoint
    from isms_graph.remote import remote_answer, remote_why
    from isms_graph.render.impact import as_csv, as_json, write_impact, write_paths

    if asked.workspace or asked.plan or asked.due is not None:
        raise UsageError("--endpoint goes without a WORKSPACE, --plan and --due.")
    name, file = parse_output(asked.output, _FORMATS[:3])
    endpoint = Endpoint(url, _graphs(asked), asked.place.timeout or TIMEOUT)
    if asked.why is not None:
        if name != "text" or file:
            raise UsageError("--why prints sentences; it goes with the text output only.")
        paths, isms_ = remote_why(endpoint, asked.what, asked.why, asked.direction, asked.as_of)
        write_paths(paths, isms_, " and ".join(asked.what), asked.why)
        return 0
    with progress() as step:
        step(f"asking {url}")
        answer, isms_ = remote_answer(endpoint, asked.what, asked.direction, asked.hops, asked.change, asked.as_of)
    if name == "json":
        emit_json(as_json(answer, isms_), file)
    elif name == "csv":
        emit(as_csv(answer), file)
    else:
        write_impact(answer, isms_, file, ["--endpoint", url, *(part for graph in asked.place.graphs for part in ("--graph", graph))])
    return 0
