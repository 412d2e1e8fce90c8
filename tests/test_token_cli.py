"""`isms token`: an entry on standard output, its secret on standard error."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from conftest import Run

from isms_graph.api.tokens import read_tokens

Command = Callable[..., Run]


def secret_of(run: Run) -> str:
    secret, said = run.err.splitlines()
    assert re.fullmatch(r"isms_[A-Za-z0-9_-]{43}", secret)
    assert "shown once and stored nowhere" in said
    return secret


def test_entries_gather_in_a_file(tmp_path: Path, isms_command: Command) -> None:
    file = tmp_path / "tokens.toml"
    file.write_text("# who may ask", encoding="utf-8")  # no newline at the end
    file.chmod(0o600)
    later = (datetime.now(UTC) + timedelta(days=40)).date()
    runs = [
        isms_command("token", "auditor", "--workspace", "harbour-saas", "--workspace", "alder", "--expires", later),
        isms_command("token", "dashboard", "--graph", "urn:isms-graph:file:risks.ttl"),
    ]
    for run in runs:
        assert run.code == 0
        with file.open("a", encoding="utf-8") as out:
            out.write(run.out)
    known = read_tokens(file)
    auditor, dashboard = (known.who(f"Bearer {secret_of(run)}", later) for run in runs)
    assert (auditor.name, auditor.workspaces, auditor.graphs, auditor.expires) == ("auditor", ("harbour-saas", "alder"), None, later)
    assert (dashboard.name, dashboard.workspaces, dashboard.graphs) == ("dashboard", None, ("urn:isms-graph:file:risks.ttl",))


def test_a_token_that_works_today_can_be_made(isms_command: Command) -> None:
    assert f"expires = {datetime.now(UTC).date()}\n" in isms_command("token", "a", "--expires", datetime.now(UTC).date()).out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a b"], "'a b' cannot be the name of a token. A name has"),
        (["a", "--workspace", "../b"], "'../b' cannot be the name of a workspace."),
        (["a", "--graph", "risks.ttl"], "'risks.ttl' is not an IRI. Try one such as urn:"),
        (["a", "--expires", "tomorrow"], "'tomorrow' is not a date. Try one such as 2027-01-31."),
        (["a", "--expires", str(date(2020, 1, 1))], "2020-01-01 has passed"),
        ([], "Missing argument 'NAME'"),
    ],
)
def test_wrong_use(isms_command: Command, arguments: list[str], said: str) -> None:
    run = isms_command("token", *arguments)
    assert run.code == 2
    assert said in run.err
    assert run.out == "" and "isms_" not in run.err


def test_no_secret_is_shown_if_the_entry_cannot_be_written() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-c", "from isms_graph.cli import main; main()", "token", "a"], stdout=full, stderr=-1, text=True
        )
    assert done.returncode != 0
    assert not re.search(r"isms_[A-Za-z0-9_-]{43}", done.stderr)


def test_it_needs_no_web_framework() -> None:
    script = "import sys; sys.modules['fastapi'] = sys.modules['uvicorn'] = None; from isms_graph.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", script, "token", "a"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('\n[[token]]\nname = "a"\nsha256 = "')
