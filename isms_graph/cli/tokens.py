"""`isms token`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import click

from isms_graph.api.tokens import new_token
from isms_graph.errors import UsageError


def run_token(name: str, workspaces: Sequence[str], graphs: Sequence[str], expires: str | None) -> int:
    """Print a new entry for a file of tokens on standard output, and its secret on standard error."""
    secret, entry = new_token(name, workspaces, graphs, _last_day(expires))
    click.echo(entry, nl=False)  # first: if it cannot be written, nobody keeps a secret that is good for nothing
    click.echo(f"{secret}\nThis is the token. Keep it: it is shown once and stored nowhere.", err=True)
    return 0


def _last_day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is not a date. Try one such as 2027-01-31.") from None
    if day < datetime.now(UTC).date():
        raise UsageError(f"{text} has passed: the token would never work. Try a later date.")
    return day
