"""On which line each object of a JSON document begins, by its `@id`: enough to place a finding in a JSON-LD file."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')

_COLON = re.compile(r"\s*:")


@dataclass
class _Open:
    """An object or array that is not closed yet."""

    line: int
    is_object: bool
    key: str = ""
    id: str = ""
    keys: set[str] = field(default_factory=set)


def lines_of_objects(text: str) -> dict[str, int]:
    """The lines, from 1, of the objects with an `@id` (or `id`), by that id as it is written.

    Where several objects have one id, the one that says most counts: the others only refer to it.
    """
    found: dict[str, tuple[int, int]] = {}
    stack: list[_Open] = []
    line, position = 1, 0
    for match in _TOKEN.finditer(text):
        line += text.count("\n", position, match.start())
        position = match.start()
        token = match.group()
        if token in "{[":
            stack.append(_Open(line, token == "{"))
        elif token in "}]" and stack:
            closed = stack.pop()
            if closed.id and len(closed.keys) > found.get(closed.id, (0, 0))[1]:
                found[closed.id] = (closed.line, len(closed.keys))
        elif stack and stack[-1].is_object and token.startswith('"'):
            if _COLON.match(text, match.end()):
                stack[-1].key = json.loads(token)
                stack[-1].keys.add(stack[-1].key)
            elif stack[-1].key in ("@id", "id"):
                stack[-1].id = json.loads(token)
    return {name: at for name, (at, _) in found.items()}


def names(iri: str, written: str, base: str) -> bool:
    """True if an id as written may stand for an IRI: in full, relative to a base, or with a prefix of the context."""
    if written in (iri, iri.removeprefix(base)):
        return True
    _, colon, local = written.partition(":")
    return bool(colon and local) and iri.endswith(local) and iri[: -len(local)].endswith(("/", "#", ":"))
