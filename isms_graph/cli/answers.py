"""`isms query`, `explain`, `status` and `map`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from isms_graph.cli.output import emit, emit_json, parse_output
from isms_graph.cli.progress import progress
from isms_graph.cli.store import Place, loaded_from, run_there
from isms_graph.errors import InputError, UnknownName, UsageError
from isms_graph.graph import Isms
from isms_graph.namespaces import nearest

if TYPE_CHECKING:
    from pyoxigraph import Triple

    from isms_graph.queries import Table


HERE = Place()


def loaded(workspace: Sequence[str], as_of: str | None) -> Isms:
    """Load a workspace, saying so if it takes long."""
    return loaded_from(HERE, workspace, as_of)


def run_query(
    name: str | None, workspace: Sequence[str], as_of: str | None, params: Sequence[str], output: str | None, list_: bool,
    place: Place = HERE,
) -> int:  # fmt: skip
    """Answer a saved question or a query file."""
    from isms_graph.queries import ask, questions, read_question
    from isms_graph.queries import run as run_text
    from isms_graph.render.table import write_table

    place.only_with_endpoint()
    known = questions()
    if list_:
        if output == "json":
            emit_json([{**asdict(one), "path": None, "text": one.text} for one in known.values()])
        else:
            write_table(("name", "question"), [[one.name, one.question] for one in known.values()])
        return 0
    if name is None:
        raise UsageError("which query? `isms query --list` lists the saved ones; a file ending in .rq is run as it is.")
    values = dict(_parameter(text) for text in params)
    file = Path(name)
    if file.suffix == ".rq":
        if not file.is_file():
            raise InputError("there is no such query file.", file)
        text = file.read_text(encoding="utf-8")
        if place.endpoint is not None and "#+ question" not in text:
            if workspace or as_of or values:
                raise UsageError("a query of your own runs at the endpoint as it is, without a WORKSPACE, --as-of and --param.")
            return run_there(file, text, place, output)
        isms_ = loaded_from(place, workspace, as_of)
        answer = ask(isms_, read_question(file), values) if "#+ question" in text else run_text(isms_, text, file)
    elif name in known:
        answer = ask(loaded_from(place, workspace, as_of), known[name], values)
    else:
        raise UnknownName("query", name, nearest(name, known), "`isms query --list` lists them.")
    return write_answer(answer, output)


def write_answer(answer: Table | list[Triple], output: str | None) -> int:
    """Print a table, or statements in Turtle."""
    from isms_graph.queries import Table
    from isms_graph.render.table import write_table

    if isinstance(answer, Table):
        if output == "turtle":
            raise UsageError("only CONSTRUCT and DESCRIBE answer with a graph; take table, csv or json.")
        if output == "csv":
            emit(answer.to_csv())
        elif output == "json":
            emit_json(answer.records())
        else:
            write_table(answer.columns, answer.texts())
        return 0
    if output in ("table", "csv", "json"):
        raise UsageError("CONSTRUCT and DESCRIBE answer with a graph; take --output turtle.")
    from isms_graph.render.validation_report import turtle

    emit(turtle(answer))
    return 0


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"a parameter is written NAME=VALUE, not {text!r}.")
    return name, value


def run_explain(name: str | None, list_: str | None, output: str) -> int:
    """Explain a check, query or term, or list what can be explained."""
    from isms_graph.explain import explain, listing
    from isms_graph.render.explain import write_explanation
    from isms_graph.render.table import write_table

    if list_ is not None or name is None:
        rows = listing(list_ or "checks")
        if output == "json":
            emit_json([{"name": one, "title": title} for one, title in rows])
        else:
            write_table(("name", "what"), [[one, title] for one, title in rows])
        return 0
    explanation = explain(name)
    if output == "json":
        emit_json(asdict(explanation))
    else:
        write_explanation(explanation)
    return 0


def run_status(workspace: Sequence[str], as_of: str | None, stage: str | None, output: str, place: Place = HERE) -> int:
    """Give the status of the management system."""
    from isms_graph.render.status import as_json, write_status
    from isms_graph.statuses import status

    isms_ = loaded_from(place, workspace, as_of)
    with progress() as step:
        step("running the checks")
        answer = status(isms_, stage)
    if output == "json":
        emit_json(as_json(answer))
    else:
        write_status(answer)
    return 0


def run_map(workspace: Sequence[str], as_of: str | None, output: str, place: Place = HERE) -> int:
    """Draw the process map."""
    from isms_graph.render.process_map import mermaid, process_map
    from isms_graph.render.svg import svg

    name, file = parse_output(output, ("mermaid", "svg"))
    drawn = process_map(loaded_from(place, workspace, as_of))
    if not drawn.boxes:
        raise InputError(
            "there is no process to draw.", advice="Describe processes (isms:Process) and their interactions (isms:Interaction)."
        )
    emit(mermaid(drawn) if name == "mermaid" else svg(drawn), file)
    return 0
