"""Verbs that read from a SPARQL store, or write into one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from pyoxigraph import Literal, NamedNode, Triple

from isms_graph.cli.progress import progress
from isms_graph.errors import UsageError
from isms_graph.graph import Isms, load
from isms_graph.index import Object
from isms_graph.namespaces import PREFIXES, shorten

if TYPE_CHECKING:
    from isms_graph.endpoint import Endpoint
    from isms_graph.pushes import Plan
    from isms_graph.results import Table

_BOUND = "Name fewer graphs."


@dataclass(frozen=True)
class Place:
    """The SPARQL endpoint to ask, if one is given."""

    endpoint: str | None = None
    graphs: Sequence[str] = ()
    timeout: float | None = None

    def only_with_endpoint(self) -> None:
        """Raises UsageError if the other options are given without an endpoint."""
        if self.endpoint is None and (self.graphs or self.timeout is not None):
            raise UsageError("--graph and --timeout go with --endpoint.")


HERE = Place()


def loaded_from(place: Place, workspace: Sequence[str], as_of: str | None) -> Isms:
    """Load a workspace, or fetch the organisation from an endpoint, saying so if it takes long."""
    with progress() as step:
        return load_at(place, workspace, as_of, step)


def load_at(place: Place, workspace: Sequence[str | Path], as_of: str | None, step: Callable[[str], None]) -> Isms:
    """The same for a caller that says itself what is being done."""
    place.only_with_endpoint()
    if place.endpoint is None:
        step("reading the files")
        return load(workspace, as_of=as_of)
    if workspace:
        raise UsageError("--endpoint goes without a WORKSPACE.")
    from isms_graph.stores import load_remote

    step(f"fetching from {place.endpoint}")
    return load_remote(_endpoint(place), place.graphs, as_of)


def run_push(workspace: Sequence[str], url: str, update_url: str | None, prefix: str | None, timeout: float | None, dry_run: bool) -> int:
    """Move an organisation into a store."""
    from isms_graph.pushes import plan_push, push

    isms_ = loaded_from(HERE, workspace, None)
    endpoint = _endpoint(Place(url, (), timeout), update_url)
    with progress() as step:
        step(f"asking {url}")
        plan = plan_push(endpoint, isms_, prefix)
    _show(plan)
    if dry_run:
        click.echo("Nothing was written.")
        return 0
    with progress() as step:
        step(f"writing to {endpoint.update_url}")
        push(endpoint, plan)
    click.echo(f"Pushed to {url}; check it with: isms check --endpoint {url} --graph {plan.organisation}")
    return 0


def run_pull(folder: str, place: Place) -> int:
    """Write an organisation of a store into a folder."""
    from isms_graph.pulls import files_of, must_be_empty, write_files
    from isms_graph.stores import read_store

    must_be_empty(Path(folder))
    with progress() as step:
        step(f"fetching from {place.endpoint}")
        content = read_store(_endpoint(place), place.graphs)
    files = files_of(content)
    write_files(Path(folder), files)
    click.echo(f"{folder}: {sum(map(len, content.graphs.values())):,} statements in {len(content.graphs)} graphs pulled.")
    return 0


def asked_there(file: Path, text: str, place: Place) -> Table | list[Triple]:
    """The answer to a query of the user's own at the endpoint, as it is; says what in it the endpoint may not have."""
    from isms_graph.asking import ask_there, only_inferred
    from isms_graph.results import Table

    derived = only_inferred(text)
    if derived:
        shown = ", ".join(derived[:4]) + (" and more" if len(derived) > 4 else "")
        click.echo(
            f"{file}: {shown}: often only follows from other statements, and the endpoint has it only if it reasons. "
            "`isms pull` and the same query on the folder give everything.",
            err=True,
        )
    columns, rows = ask_there(_endpoint(place, graphs=place.graphs), text)
    return Table(tuple(columns), tuple(rows), _shown) if columns else [Triple(*row) for row in rows]  # type: ignore[arg-type]


def _shown(term: Object) -> str:
    return shorten(term.value, PREFIXES) if isinstance(term, NamedNode) else term.value if isinstance(term, Literal) else str(term)


def _endpoint(place: Place, update_url: str | None = None, graphs: Sequence[str] = ()) -> Endpoint:
    from isms_graph.endpoint import TIMEOUT, Endpoint

    assert place.endpoint is not None
    return Endpoint(place.endpoint, graphs, place.timeout or TIMEOUT, update_url=update_url, bound=_BOUND)


def _show(plan: Plan) -> None:
    """What will be replaced, graph by graph."""
    click.echo(f"{plan.organisation}: {sum(map(len, plan.graphs.values())):,} statements in {len(plan.graphs)} graphs")
    for graph in sorted({*plan.graphs, *plan.now}):
        now, new = plan.now.get(graph), len(plan.graphs.get(graph, ()))
        what = "is new" if now is None else "is removed" if graph in plan.removed else f"replaces {now:,}"
        click.echo(f"  {graph}  {what if graph in plan.removed else f'{new:,} statements; {what}'}")
