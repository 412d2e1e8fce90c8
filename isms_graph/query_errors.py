"""What is wrong with a query that the engine refuses: the place in the user's text, and the name that comes nearest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from isms_graph.errors import InputError
from isms_graph.namespaces import SPARQL_PREFIXES, nearest
from isms_graph.sparql_lexer import WORDS, Token, Unreadable, tokens
from isms_graph.sparql_patterns import prologue

_UPDATES = ("INSERT", "DELETE", "LOAD", "CLEAR", "CREATE", "DROP", "COPY", "MOVE", "ADD", "WITH")


def position(text: str, start: int) -> tuple[int, int]:
    """Line and column, from 1, of a place in a text."""
    return text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)


def bad_query(error: str, text: str, path: Path | None = None, prefixes: Mapping[str, str] | None = None) -> InputError:
    """The engine's message in words: what a reader of the text sees first, else its place and line; its list of tokens is no help.

    `prefixes` are those that the engine knew beforehand; without them, SPARQL_PREFIXES were put before the text.
    """
    if prefixes is not None:
        seen = _seen(text, path, prefixes, "Prefix not found" in error)
        if seen is not None:
            return seen
    place = re.search(r"error at (\d+):(\d+)", error)
    reason = "the prefix is not declared" if "Prefix not found" in error else "the query is not valid SPARQL"
    if place is None:
        return InputError(f"{reason}: {error[:200]}", path)
    above = SPARQL_PREFIXES.count("\n") if prefixes is None else 0
    line, column = int(place[1]) - above, int(place[2])
    lines = text.splitlines()
    shown = lines[line - 1].strip()[:200] if 0 < line <= len(lines) else ""
    return InputError(f"{reason}{f', here: {shown}' if shown else '; it ends too early'}", path, max(line, 1), column)


def _seen(text: str, path: Path | None, known: Mapping[str, str], unknown_prefix: bool) -> InputError | None:
    """What the tokens show to be wrong, if anything."""
    if not text.strip():
        return InputError("there is no query.", path, advice="Write one such as SELECT ?risk WHERE { ?risk a isms:Risk }")
    try:
        found = tokens(text)
    except Unreadable as error:
        return InputError(f"the query is not valid SPARQL. {error.detail}", path, *position(text, error.start), advice=error.advice)
    declared = {**known, **prologue(found)[1]}
    for at, token in enumerate(found):
        if token.word and token.word not in WORDS:
            return InputError(_word(token), path, *position(text, token.start), advice=_advice(token))
        prefix, colon, _ = token.text.partition(":")
        if unknown_prefix and token.kind == "pname" and colon and prefix not in declared and not (at and found[at - 1].word == "PREFIX"):
            near = nearest(prefix, [name for name in declared if name])
            advice = f"Did you mean {near[0]}:?" if near else f"Declare it: PREFIX {prefix}: <https://...>"
            return InputError(f"the prefix {prefix}: is not declared.", path, *position(text, token.start), advice=advice)
    return None


def _word(token: Token) -> str:
    if token.word in _UPDATES:
        return f"{token.text} would change data, and queries here only read."
    return f"{token.text} is no word of SPARQL."


def _advice(token: Token) -> str:
    if token.word in _UPDATES:
        return "Begin with SELECT, ASK, CONSTRUCT or DESCRIBE."
    near = nearest(token.word, WORDS)
    return f"Did you mean {near[0]}?" if near else "Variables begin with ?, names have a prefix such as isms:, and words stand apart."
