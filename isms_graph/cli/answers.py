"""`isms explain`, `status` and `map`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import click

from isms_graph.cli.output import emit, emit_json, parse_output
from isms_graph.cli.progress import progress
from isms_graph.cli.store import HERE, Place, loaded_from
from isms_graph.errors import InputError, UsageError
from isms_graph.graph import Isms
from isms_graph.sources.workspace import Workspace


def loaded(workspace: Sequence[str], as_of: str | None) -> Isms:
    """Load a workspace, saying so if it takes long."""
    return loaded_from(HERE, workspace, as_of)


def parameter(text: str) -> tuple[str, str]:
    """The name and the value in NAME=VALUE. Raises UsageError."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"a parameter is written NAME=VALUE, not {text!r}.")
    return name, value


def licensed_text(workspace: Workspace) -> Mapping[str, str]:
    """The standard's text by number, from the copy that isms.toml names; who has none is told so. Raises InputError."""
    from isms_graph.sources.standard import standard_text
    from isms_graph.vocabulary import load_vocabulary

    if workspace.standard is not None and not workspace.standard.exists():
        click.echo(f"{workspace.standard} is not here, so the standard's text is left out.", err=True)
        return {}
    return standard_text(workspace, load_vocabulary())


def run_explain(name: str | None, list_: str | None, output: str, workspace: Path) -> int:
    """Explain a check, query or term, or list what can be explained."""
    from isms_graph.explain import explain, listing
    from isms_graph.render.explain import write_explanation
    from isms_graph.render.table import write_table
    from isms_graph.sources.workspace import configured, must_exist

    must_exist(workspace)
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
        texts = licensed_text(configured(workspace)) if explanation.number else {}
        write_explanation(explanation, texts.get(explanation.number, ""))
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
