"""The prompt: queries of several lines, completion, commands, a private history, and the keys that stop and leave."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import stat
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import DATA, Run
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from servers import children

import isms_graph
from isms_graph.cli.query import Form
from isms_graph.cli.shell import Session, converse, history_file, is_complete, prompt_session
from isms_graph.errors import MissingExtra
from isms_graph.graph import Isms

HARBOUR = DATA / "harbour-saas"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def session(harbour: Isms) -> Session:
    return Session(harbour, Form())


Typed = Callable[[str], Run]


@pytest.fixture
def typed(session: Session, capfd: pytest.CaptureFixture[str]) -> Typed:
    """Types keys at a prompt until it is left."""

    def keys(text: str) -> Run:
        with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
            pipe.send_text(text)
            converse(session, prompt_session(session).prompt)
        captured = capfd.readouterr()
        return Run(0, captured.out, captured.err)

    return keys


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ("", True),
        (".help", True),
        ("SELECT ?r { ?r a isms:Risk }", False),
        ("SELECT ?r { ?r a isms:Risk };", True),
        ("SELECT ?r { ?r a isms:Risk } ;  ", True),
        ("SELECT ?r { ?r a isms:Risk ;", False),
        ("SELECT ?r { ?r a isms:Risk ;\n", False),
        ("SELECT ?r { ?r a isms:Risk ;\n\n", True),
        ("SELECT ?r {\n?r a isms:Risk\n}\n", True),
        ("SELECT ?r {\n\n?r a isms:Risk }", False),
        ("SELECT ?r { ?r ?p 'x };", True),
        ("SELECT ?r { ?r ?p ';'", False),
        ("SELECT * { ?s ?p ?o } # done;", False),
    ],
)
def test_where_a_query_ends(text: str, complete: bool) -> None:
    assert is_complete(text) == complete


def test_a_query_of_several_lines(typed: Typed) -> None:
    found = typed("SELECT (COUNT(?r) AS ?n) {\r?r a isms:Risk ;\risms:owner ?o\r};\r.quit\r")
    assert "n" in found.out.splitlines()[0]
    assert found.err == "1 row.\n"


def test_an_empty_line_ends_a_query(typed: Typed) -> None:
    assert typed("ASK { ?r a isms:Risk }\r\r\x04").out.split()[-1] == "true"


def test_errors_and_warnings_do_not_end_it(typed: Typed) -> None:
    found = typed("SELECT ?r { ?r a ism:Risk };\rSELECT ?r { ?r isms:ownr ?o };\r.nope\rASK {};\r\x04")
    assert "1:18: the prefix ism: is not declared. Did you mean isms:?" in found.err
    assert "1:16: warning: isms:ownr is in neither" in found.err
    assert "no command '.nope'" in found.err
    assert "true" in found.out


def test_control_c_gives_up_what_was_typed(typed: Typed) -> None:
    assert typed("SELECT nonsense {\r\x03ASK {};\r\x04").err == "1 row.\n"


def test_formats_and_labels(typed: Typed, tmp_path: Path) -> None:
    query = "SELECT ?r { ?r isms:currentLevel 8 } ORDER BY ?r LIMIT 1;\r"
    found = typed(f".format csv\r{query}.labels on\r{query}.format json={tmp_path / 'a.json'}\r{query}.format\r.labels off\r{query}\x04")
    lines = found.out.splitlines()
    assert lines[0] == "r"
    assert lines[1].startswith("https://harbour.example/isms/R-")
    assert lines[2] == "r"
    assert "harbour.example" not in lines[3]
    assert "harbour.example" in lines[-1]
    assert '"r"' in (tmp_path / "a.json").read_text()


def test_a_form_for_tables_does_not_stop_a_graph(typed: Typed) -> None:
    found = typed(".format csv\rDESCRIBE :R-31;\r.format ntriples\rSELECT (1 AS ?a) {};\r\x04")
    assert found.err == ""
    assert "@prefix isms:" in found.out


def test_saved_queries_and_help(typed: Typed) -> None:
    found = typed(".queries\r.help\r.run risks-not-reviewed months=1\r.run risks-not-reviewd\r.labels\r\x04")
    assert "soa-without-control" in found.out
    assert ".labels on|off" in found.out
    assert "last reviewed" in found.out
    assert "Did you mean risks-not-reviewed" in found.err
    assert "write .labels on|off." in found.err


def test_a_defect_or_the_end_of_the_process_that_answers_is_said(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    def ends(_: Any, text: str, *_more: Any) -> None:
        if "killed" in text:
            os.kill(os.getpid(), signal.SIGKILL)
        raise ZeroDivisionError("of the program")

    monkeypatch.setattr("isms_graph.cli.shell.answer_own", ends)
    found = typed("ASK { <killed> ?p ?o };\rASK {};\r.run risks-not-reviewed months=1200\r\x04")
    assert found.err.startswith("There is no answer: the process ended with SIGKILL;")
    assert "isms: a defect of the program: ZeroDivisionError: of the program" in found.err
    assert "last_reviewed" in found.out, "the prompt goes on"


def test_a_file_is_a_graph_at_the_prompt(typed: Typed) -> None:
    assert typed("ASK { GRAPH ?g { ?r a isms:Risk } };\r" * 2 + "\x04").out.split().count("true") == 2


@pytest.mark.parametrize(
    ("before", "offered", "not_offered"),
    [
        ("sel", {"SELECT"}, {"ASK"}),
        ("SELECT ?r { ?r is", {"isms:"}, {"owl:"}),
        ("SELECT ?r { ?r isms:own", {"isms:owner"}, {"isms:status"}),
        ("SELECT ?r { ?r a isms:Ri", {"isms:Risk"}, {"isms:risk"}),
        ("SELECT ?r { ?r a isms:", {"isms:Risk"}, {"isms:owner"}),
        ("SELECT ?r { ?a isms:", {"isms:Risk", "isms:owner"}, set()),
        ("SELECT ?r { :R-3", {":R-31", ":R-32"}, {":R-01"}),
        ("SELECT ?risk ?owner { ?r", {"?risk"}, {"?owner"}),
        (".qu", {".quit", ".queries"}, {".help"}),
        (".run risks-n", {"risks-not-reviewed"}, {"top-risks"}),
        ("SELECT ?r { shapes:control-without-e", {"shapes:control-without-evidence"}, set()),
    ],
)
def test_completion(session: Session, before: str, offered: set[str], not_offered: set[str]) -> None:
    found = {text for text, _, _ in session.completions(before)}
    assert offered <= found
    assert not found & not_offered


def test_completion_at_the_prompt_replaces_what_is_typed_and_says_what_it_is(session: Session) -> None:
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        completer = prompt_session(session).completer
        assert completer is not None
        (only,) = completer.get_completions(Document("ASK { ?r a isms:StatementOfAppl"), CompleteEvent())
    assert (only.text, only.start_position) == ("isms:StatementOfApplicability", -len("isms:StatementOfAppl"))
    assert only.display_meta_text.lower() == "statement of applicability"


def test_history_is_kept_whole_and_private(typed: Typed, state: Path) -> None:
    typed("ASK {\r};\r\x04")
    file = state / "isms-graph" / "history"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "+ASK {\n+};" in file.read_text()
    assert typed("\x1b[A\r\x04").err == "1 row.\n", "the query before, with the arrow up"


def test_an_old_history_that_others_can_read_is_closed(state: Path) -> None:
    (state / "isms-graph").mkdir(parents=True)
    (state / "isms-graph" / "history").touch(mode=0o644)
    (state / "isms-graph" / "history").chmod(0o644)
    path = history_file()
    assert path is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_without_a_place_for_history_there_is_a_prompt(typed: Typed, state: Path) -> None:
    state.write_text("a file where a folder should be")
    assert typed("ASK {};\r\x04").err == "1 row.\n"


def test_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    from isms_graph.cli import shell

    monkeypatch.setitem(sys.modules, "prompt_toolkit", None)
    with pytest.raises(MissingExtra, match=r"the prompt needs more packages: pip install 'isms-graph\[shell\]'"):
        shell.must_be_installed()


ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"


def busy(process: int, within: float = 30) -> bool:
    """True as soon as a child of the process computes."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        for child in children(process):
            if float(Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[11]) > 20:  # hundredths of a second
                return True
        time.sleep(0.05)
    return False


class Terminal:
    """The program in a pseudo-terminal."""

    def __init__(self, *arguments: str) -> None:
        self.master, slave = pty.openpty()
        environment = {**os.environ, "TERM": "xterm", "PYTHONPATH": os.pathsep.join(sys.path)}
        environment.pop("PROMPT_TOOLKIT_NO_CPR", None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "isms_graph.cli", *arguments],
            stdin=slave, stdout=slave, stderr=slave, env={**environment, "PROMPT_TOOLKIT_NO_CPR": "1"},
            cwd=Path(isms_graph.__file__).parent.parent, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # its terminal, so that Ctrl-C in it interrupts
        )  # fmt: skip
        os.close(slave)
        self.seen = ""

    def until(self, text: str) -> str:
        """Wait for a text, and give what has come since the last one."""
        end = time.monotonic() + 60
        while text not in self.seen:
            assert time.monotonic() < end, f"{text!r} did not come; there is {self.seen!r}"
            if select.select([self.master], [], [], 0.5)[0]:
                try:
                    self.seen += os.read(self.master, 65536).decode(errors="replace")
                except OSError:
                    raise AssertionError(f"the program ended before {text!r}: {self.seen!r}") from None
        before, _, self.seen = self.seen.partition(text)
        return before

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())


def test_in_a_terminal() -> None:
    terminal = Terminal("query", "-i", str(HARBOUR))
    try:
        terminal.until("isms>")
        terminal.type("SELECT (COUNT(?r) AS ?how_many) {\r ?r a isms:Risk };\r")
        terminal.until("how many")
        terminal.until("1 row.")
        terminal.until("isms>")
        terminal.type("ASK { ?r a isms:StatementOfAppl\t")
        terminal.until("icability")
        terminal.type(" };\r")
        terminal.until("answer")
        terminal.until("1 row.")
        terminal.until("isms>")
        terminal.type("SELECT ?r {\x03")
        terminal.until("isms>")
        terminal.type("SELECT ?r { ?r a ism:Risk };\r")
        terminal.until("Did you mean isms:?")
        terminal.until("isms>")
        terminal.type(f"{ENDLESS};\r")
        assert busy(terminal.process.pid), "it computes in a process of its own"
        begin = time.monotonic()
        terminal.type("\x03")
        terminal.until("Stopped.")
        terminal.until("isms>")
        assert time.monotonic() - begin < 5
        assert not busy(terminal.process.pid, 0.5)
        terminal.type("ASK { ?r a isms:Risk };\r")
        terminal.until("true")
        terminal.until("isms>")
        terminal.type("\x04")
        assert terminal.process.wait(timeout=30) == 0
    finally:
        terminal.process.kill()
        terminal.process.wait()
        os.close(terminal.master)


@pytest.mark.parametrize("arguments", [["-e", ENDLESS], ["endless.rq"]])
def test_control_c_ends_a_query_that_is_computed(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "endless.rq").write_text(ENDLESS)
    command = [sys.executable, "-m", "isms_graph.cli", "query", *arguments, str(HARBOUR)]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ) as one:
        time.sleep(2)
        assert one.poll() is None
        one.send_signal(signal.SIGINT)
        assert one.wait(5) == -signal.SIGINT
