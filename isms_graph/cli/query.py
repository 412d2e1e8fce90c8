"""`isms query`: saved questions, queries of one's own, and the way to the prompt."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from pyoxigraph import Triple

from isms_graph.cli.answers import parameter
from isms_graph.cli.interrupts import ends_the_program
from isms_graph.cli.output import emit, emit_json, parse_output
from isms_graph.cli.store import HERE, Place, asked_there, loaded_from
from isms_graph.errors import InputError, UnknownName, UsageError
from isms_graph.graph import Isms
from isms_graph.namespaces import nearest
from isms_graph.queries import Question, ask, questions, read_question, run, with_values
from isms_graph.query_terms import doubts, matching_nothing
from isms_graph.render.results import FOR_PEOPLE, FORMATS, GRAPHS, TABLES, graph_text, table_text, write_workbook
from isms_graph.render.table import write_table
from isms_graph.results import Table

ON_LINE, FROM_INPUT = Path("<query>"), Path("<stdin>")  # where a place is in a query that has no file


@dataclass(frozen=True)
class Asked:
    """What was asked for on the command line."""

    name: str | None
    workspace: Sequence[str]
    as_of: str | None
    text: str | None
    interactive: bool
    params: Sequence[str]
    output: str | None
    labels: bool | None
    list: bool
    place: Place = HERE


@dataclass(frozen=True)
class Form:
    """How answers are written. No `name`: table or turtle; no `labels`: as is usual for the form."""

    name: str | None = None
    file: Path | None = None
    labels: bool | None = None


def form(output: str | None, labels: bool | None) -> Form:
    """The form that --output and --labels ask for. Raises UnknownName, UsageError, InputError."""
    if output is None:
        return Form(labels=labels)
    name, file = parse_output(output, FORMATS)
    if name == "xlsx" and file is None:
        raise UsageError("a workbook needs a file: --output xlsx=FILE.")
    if labels and name in GRAPHS:
        raise UsageError("--labels goes with tables, not with graphs.")
    return Form(name, file, labels)


def run_query(asked: Asked) -> int:
    """Answer a saved question, a query file, a query given as text or from standard input; or open the prompt."""
    chosen = form("json" if asked.list and asked.output == "json" else asked.output, asked.labels)
    if asked.list:
        return _list(chosen)
    asked.place.only_with_endpoint()
    own = asked.text is not None or asked.interactive
    if asked.text is not None and asked.interactive:
        raise UsageError("-e and -i are two ways to ask; take one of them.")
    workspace = [one for one in (asked.name, *asked.workspace) if one is not None] if own else asked.workspace
    if asked.interactive or (asked.name is None and asked.text is None and sys.stdin.isatty() and sys.stdout.isatty()):
        if asked.params or asked.place.endpoint:
            raise UsageError("the prompt goes without --param and --endpoint.")
        from isms_graph.cli.shell import run_shell

        return run_shell(workspace, asked.as_of, chosen)
    values = dict(parameter(text) for text in asked.params)
    if asked.text is None and asked.name != "-" and (asked.name is None or Path(asked.name).suffix != ".rq"):
        question = _saved(asked.name)
        isms_ = loaded_from(asked.place, workspace, asked.as_of)
        with ends_the_program():
            answer = ask(isms_, question, values)
        write(answer, chosen)
        return 0
    text, path = _own(asked)
    question_ = read_question(path) if path.suffix == ".rq" and "#+ question" in text else None
    if values and question_ is None:
        raise UsageError("--param goes with a saved question, or a query file with a header; see CONTRIBUTING.md.")
    if asked.place.endpoint is not None and question_ is None:
        if workspace or asked.as_of:
            raise UsageError("a query of your own runs at the endpoint as it is, without a WORKSPACE and --as-of.")
        write(asked_there(path, text, asked.place), chosen)
        return 0
    answer_own(loaded_from(asked.place, workspace, asked.as_of), text, path, chosen, question_, values)
    return 0


def _saved(name: str | None) -> Question:
    known = questions()
    if name is None:
        raise UsageError("which query? `isms query --list` lists the saved ones; a file ending in .rq is run as it is.")
    if name in known:
        return known[name]
    hint = f"To ask at a prompt: isms query -i {name}" if Path(name).is_dir() else "`isms query --list` lists them."
    raise UnknownName("query", name, nearest(name, known), hint)


def _own(asked: Asked) -> tuple[str, Path]:
    """The text of a query, and where it is from."""
    if asked.text is not None:
        return asked.text, ON_LINE
    file = Path(str(asked.name))
    try:
        if asked.name == "-":
            return sys.stdin.buffer.read().decode("utf-8-sig"), FROM_INPUT
        return file.read_bytes().decode("utf-8-sig"), file
    except FileNotFoundError:
        near = nearest(file.name, [one.name for one in file.parent.glob("*.rq")]) if file.parent.is_dir() else []
        raise InputError("there is no such query file.", file, advice=f"Did you mean {near[0]}?" if near else "") from None
    except OSError as error:
        raise InputError(f"the query file cannot be read: {error.strerror}.", file) from None
    except UnicodeDecodeError:
        raise InputError("the query is not UTF-8.", FROM_INPUT if asked.name == "-" else file, advice="Save it as UTF-8.") from None


def answer_own(
    isms_: Isms, text: str, path: Path | None, chosen: Form, question: Question | None = None, values: dict[str, str] | None = None
) -> Table | list[Triple]:
    """Answer a user's own query and write the answer; say on the other stream what in it can match nothing."""
    complete = with_values(isms_, question, values or {}) if question else text
    with ends_the_program():
        answer = run(isms_, complete, path)
        found = doubts(isms_, text)
        if not found and (not answer.rows or answer.answer is False if isinstance(answer, Table) else not answer):
            nothing = matching_nothing(isms_, complete)
            found = [nothing] if nothing else []
    write(answer, chosen)
    for one in found:
        click.echo(f"{path}:{one}" if path else str(one), err=True)
    return answer


def write(answer: Table | list[Triple], chosen: Form) -> None:
    """Write an answer in the form that was asked for. Raises UsageError if it has no such form."""
    if not isinstance(answer, Table):
        name = chosen.name or "turtle"
        if name not in GRAPHS:
            raise UsageError(f"CONSTRUCT and DESCRIBE answer with a graph; take --output {', '.join(GRAPHS[:-1])} or {GRAPHS[-1]}.")
        emit(graph_text(answer, name), chosen.file)
        return
    name = chosen.name or "table"
    if name in GRAPHS:
        raise UsageError(f"only CONSTRUCT and DESCRIBE answer with a graph; take {', '.join(TABLES[:-1])} or {TABLES[-1]}.")
    shown = answer.labels() if with_names(chosen) else answer
    if name == "table":
        write_table(shown.columns, shown.lexical(), chosen.file)
    elif name == "xlsx":
        assert chosen.file is not None
        write_workbook(shown, chosen.file)
    else:
        emit(table_text(shown, name), chosen.file)


def with_names(chosen: Form) -> bool:
    """Whether a table shows names of elements in place of IRIs."""
    return (chosen.name or "table") in FOR_PEOPLE if chosen.labels is None else chosen.labels


def _list(chosen: Form) -> int:
    known = questions()
    if chosen.name == "json":
        emit_json([{**asdict(one), "path": None, "text": one.text} for one in known.values()], chosen.file)
    elif chosen.name in (None, "table"):
        write_table(("name", "question"), [[one.name, one.question] for one in known.values()], chosen.file)
    else:
        raise UsageError("the list of queries is a table or json.")
    return 0
