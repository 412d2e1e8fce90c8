"""Where output goes: the screen or a file, and in which format."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

from isms_graph.errors import InputError, UnknownName
from isms_graph.namespaces import nearest


def parse_output(text: str, formats: tuple[str, ...]) -> tuple[str, Path | None]:
    """`FORMAT` or `FORMAT=FILE`. Raises UnknownName."""
    name, equals, file = text.partition("=")
    if name not in formats:
        raise UnknownName("output format", name, nearest(name, formats), f"Formats are {', '.join(formats)}.")
    if equals and not file:
        raise InputError(f"the file is missing behind {text!r}.")
    return name, Path(file) if equals else None


def emit(text: str, file: Path | None = None) -> None:
    """Write a text to a file, or print it."""
    if file is None:
        try:
            click.echo(text, nl=not text.endswith("\n"), color=True)  # as it is: click would take parts out of the data
        except BrokenPipeError:  # nobody reads on; click would call that a success
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(141)
        return
    try:
        file.write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"the output cannot be written: {error.strerror}.", file) from None


def emit_bytes(content: bytes, file: Path) -> None:
    """Write a file as it is. Raises InputError if it cannot be written."""
    try:
        file.write_bytes(content)
    except OSError as error:
        raise InputError(f"the output cannot be written: {error.strerror}.", file) from None


def emit_json(value: object, file: Path | None = None) -> None:
    """Write a value as JSON."""
    emit(json.dumps(value, indent=2, ensure_ascii=False), file)
