"""The prompt of `isms query`: queries of several lines with history and completion, and commands that begin with a dot."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isms_graph.cli.answers import loaded
from isms_graph.cli.interrupts import apart
from isms_graph.cli.query import Form, answer_own, form, write
from isms_graph.errors import IsmsError, MissingExtra, UnknownName, UsageError
from isms_graph.graph import Isms
from isms_graph.namespaces import nearest
from isms_graph.queries import query, questions, run
from isms_graph.query_terms import short_names
from isms_graph.render.results import GRAPHS
from isms_graph.render.table import write_table
from isms_graph.results import Table
from isms_graph.sparql_lexer import WORDS, Unreadable, tokens

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession

COMMANDS = {
    ".help": "this list",
    ".queries": "list the saved queries",
    ".run NAME [PARAM=VALUE]": "answer a saved query, such as .run risks-not-reviewed months=6",
    ".format FORMAT[=FILE]": "write answers as table, csv, tsv, json, markdown, turtle ..., also to a file; alone: as at the start",
    ".labels on|off": "names or IRIs of elements",
    ".quit": "leave, as Ctrl-D does",
}
_NAMES = [text.split()[0] for text in COMMANDS]
_WORD = re.compile(r"[?$][\w]*\Z|\.[a-z]*\Z|[\w\-]*:[\w.\-]*\Z|[\w\-]+\Z")
_TYPED = re.compile(r"(?<![\w?$:\-])(?:a|rdf:type)\s+\Z")
GREETING = "A query ends with ; at the end of a line outside of { }, or with an empty line. .help lists commands, Ctrl-D leaves."


def is_complete(text: str) -> bool:
    """True if the query or command is to be run when Enter is pressed at its end."""
    if not text.strip() or text.lstrip().startswith("."):
        return True
    lines = [line.strip() for line in text.split("\n")]
    if lines[-1] and not lines[-1].endswith(";"):
        return False
    try:
        found = tokens(text)
    except Unreadable as error:
        return not error.open or lines[-2:] == ["", ""]  # a second empty line ends what is open too, with an error
    return not lines[-1] or not found or found[-1].text == ";"


class Session:
    """What the prompt knows: the ISMS, and how answers are written."""

    def __init__(self, isms_: Isms, chosen: Form) -> None:
        self.isms, self.start, self.form = isms_, chosen, chosen
        run(isms_, "ASK {}")  # what is computed at the first query is there for all

    def answer(self, text: str) -> bool:
        """Run a query or command, and print errors as they are; False to leave."""
        text = text.strip()
        try:
            if text.startswith("."):
                return self._command(*text.split())
            text = _without_end(text)
            if text:
                if any(token.word in ("GRAPH", "FROM") for token in _readable(text)):
                    self.isms.with_file_graphs()  # kept for the next one
                apart(lambda: self._own(text))
        except IsmsError as error:
            click.echo(str(error), err=True)
        except KeyboardInterrupt:
            click.echo("Stopped.", err=True)
        return True

    def _own(self, text: str) -> None:
        answer = answer_own(self.isms, text, None, self._for(text))
        if isinstance(answer, Table) and answer.rows and self.form.name in (None, "table"):
            click.echo(f"{len(answer.rows)} row{'' if len(answer.rows) == 1 else 's'}.", err=True)

    def _saved(self, name: str, values: dict[str, str]) -> None:
        write(query(self.isms, name, **values), self.form if self.form.name not in GRAPHS else Form(labels=self.form.labels))

    def _for(self, text: str) -> Form:
        """The form for a query: one that is for graphs holds for graphs only, and one for tables for tables."""
        graph = any(token.word in ("CONSTRUCT", "DESCRIBE") for token in _readable(text))
        return self.form if self.form.name is None or graph == (self.form.name in GRAPHS) else Form(labels=self.form.labels)

    def _command(self, name: str, *arguments: str) -> bool:
        if name in (".quit", ".exit"):
            return False
        if name == ".help":
            write_table(("command", "what it does"), [[text, what] for text, what in COMMANDS.items()])
        elif name == ".queries":
            write_table(("name", "question"), [[one.name, one.question] for one in questions().values()])
        elif name == ".run" and arguments:
            values = dict(_pair(text) for text in arguments[1:])
            apart(lambda: self._saved(arguments[0], values))
        elif name == ".format" and len(arguments) <= 1:
            self.form = form(arguments[0], self.form.labels) if arguments else replace(self.start, labels=self.form.labels)
        elif name == ".labels" and arguments in (("on",), ("off",)):
            self.form = replace(self.form, labels=arguments[0] == "on")
        elif name in _NAMES:
            raise UsageError(f"write {next(text for text in COMMANDS if text.split()[0] == name)}.")
        else:
            raise UnknownName("command", name, nearest(name, _NAMES, 1), ".help lists them.")
        return True

    def completions(self, before: str) -> Iterator[tuple[str, int, str]]:
        """What may stand at the end of the text, how many characters of it are replaced, and what it is."""
        found = _WORD.search(before)
        if found is None:
            return
        word, rest = found.group(), before[: found.start()]
        if word.startswith("."):
            offered = [(text.split()[0], what) for text, what in COMMANDS.items()] if not rest.strip() else []
        elif word[0] in "?$":
            offered = [(name, "variable") for name in sorted(set(re.findall(r"[?$]\w+", rest)))]
        elif before.lstrip().startswith(".run"):
            offered = [(one.name, one.question) for one in questions().values()]
        elif ":" in word:
            prefix = word.partition(":")[0]
            names = short_names(self.isms, prefix, "class" if _TYPED.search(rest) else "")
            offered = [(f"{prefix}:{name}", "") for name in names]
        else:
            offered = [(f"{prefix}:", iri) for prefix, iri in self.isms.prefixes.items() if prefix]
            offered += [(one, "") for one in sorted(WORDS) if len(one) > 1]
        for text, what in offered:
            if text.lower().startswith(word.lower()) and text != word:
                yield text, len(word), what or self._label(text)

    def _label(self, text: str) -> str:
        from pyoxigraph import NamedNode

        prefix, colon, name = text.partition(":")
        return self.isms.label(NamedNode(self.isms.prefixes[prefix] + name)) if colon and prefix in self.isms.prefixes else ""


def _readable(text: str) -> Sequence[Any]:
    try:
        return tokens(text)
    except Unreadable:
        return ()


def _without_end(text: str) -> str:
    """The query without the ; that ends it."""
    found = _readable(text)
    while found and found[-1].text == ";" and found[-1].inside == "":
        text, found = text[: found[-1].start].rstrip(), found[:-1]
    return text if found else text.rstrip("; \n")


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise UsageError(f"a parameter is written NAME=VALUE, not {text!r}.")
    return name, value


def history_file() -> Path | None:
    """The file of the history, readable by its user only; None if it cannot be kept."""
    state = Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state").expanduser()
    path = state / "isms-graph" / "history"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_APPEND, 0o600))
        path.chmod(0o600)
    except OSError:
        return None
    return path


def must_be_installed() -> None:
    """Raises MissingExtra without prompt_toolkit."""
    try:
        import prompt_toolkit  # noqa: F401
    except ImportError:
        raise MissingExtra("the prompt", "shell") from None


def prompt_session(session: Session, **more: Any) -> PromptSession[str]:
    """The prompt; `more` goes to prompt_toolkit."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import Completer, Completion
    from prompt_toolkit.history import FileHistory, InMemoryHistory
    from prompt_toolkit.key_binding import KeyBindings

    class Terms(Completer):
        def get_completions(self, document: Any, complete_event: Any) -> Iterator[Completion]:
            del complete_event
            for text, length, what in session.completions(document.text_before_cursor):
                yield Completion(text, -length, display_meta=what[:60])

    keys = KeyBindings()

    @keys.add("enter")
    def _(event: Any) -> None:
        buffer = event.current_buffer
        if buffer.document.is_cursor_at_the_end and is_complete(buffer.text):
            buffer.validate_and_handle()
        else:
            buffer.insert_text("\n")

    kept = history_file()
    return PromptSession(
        message="isms> ",
        multiline=True,
        prompt_continuation="  ... ",
        history=FileHistory(str(kept)) if kept else InMemoryHistory(),
        completer=Terms(),
        complete_while_typing=False,
        key_bindings=keys,
        **more,
    )


def converse(session: Session, ask: Callable[[], str]) -> None:
    """Ask and answer until the user leaves. Ctrl-C gives up a line, Ctrl-D leaves."""
    while True:
        try:
            text = ask()
        except KeyboardInterrupt:
            continue
        except EOFError:
            return
        if not session.answer(text):
            return


def run_shell(workspace: Sequence[str], as_of: str | None, chosen: Form) -> int:
    """Load the ISMS and open the prompt. Raises UsageError without a terminal, MissingExtra."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("a prompt needs a terminal; `isms query -` reads a query from standard input.")
    must_be_installed()
    session = Session(loaded(workspace, as_of), chosen)
    click.echo(f"{session.isms.workspace.root}: {session.isms.statement_count:,} statements, as of {session.isms.as_of}.\n{GREETING}")
    converse(session, prompt_session(session).prompt)
    return 0
