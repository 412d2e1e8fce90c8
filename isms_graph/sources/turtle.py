"""Where each statement of a Turtle, TriG, N-Triples or N-Quads file stands.

The strict parser that loads files gives no positions. This reader gives them afterwards, for the few files that
findings point into; it trusts that the file parses.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urljoin

from isms_graph.namespaces import RDF, XSD

_TOKEN = re.compile(
    r"""(?P<skip>(?:[ \t\r\n]|\#[^\n]*)+)
      | (?P<iri><[^<>"{}|^`\x00-\x20]*>)
      | (?P<string>\"\"\"(?:[^"\\]|\\.|"(?!""))*\"\"\"|'''(?:[^'\\]|\\.|'(?!''))*'''
                  |"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
      | (?P<directive>@prefix\b|@base\b|(?i:prefix)(?=\s)|(?i:base)(?=\s*<))
      | (?P<lang>@[A-Za-z]+(?:-[A-Za-z0-9]+)*)
      | (?P<datatype>\^\^)
      | (?P<number>[+-]?(?:\d+\.\d*[eE][+-]?\d+|\.?\d+[eE][+-]?\d+|\d*\.\d+|\d+))
      | (?P<bnode>_:\w(?:[\w.\-·]*[\w\-·])?)
      | (?P<pname>(?:[^\W\d_](?:[\w.\-·]*[\w\-·])?)?:(?:(?:[\w:]|%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?\#@%])
                  (?:(?:[\w.\-:·]|%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?\#@%])*
                     (?:[\w\-:·]|%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?\#@%]))?)?)
      | (?P<word>[A-Za-z]+)
      | (?P<mark>[.;,\[\](){}])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_SHORT = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}


class Statement(NamedTuple):
    """One statement and where it stands, lines and columns counted from 1.

    Terms are written as in N-Triples (`<iri>`, `"text"@en`, `_:b`); `line` and `column` are those of the object,
    `subject_line` and `subject_column` those of the subject that it was written under.
    """

    subject: str
    predicate: str
    object: str
    line: int
    column: int
    subject_line: int
    subject_column: int


@dataclass
class _Frame:
    opener: str = ""
    subject: str | None = None
    subject_at: int = 0
    predicate: str | None = None


@dataclass
class _Reader:
    text: str
    base: str
    prefixes: dict[str, str] = field(default_factory=dict)
    blank_nodes: int = 0

    def tokens(self) -> Iterator[tuple[str, str, int]]:
        position = 0
        while position < len(self.text):
            match = _TOKEN.match(self.text, position)
            if match is None:  # a construct that this reader does not know, such as a triple term: skip a character
                position += 1
                continue
            if match.lastgroup != "skip":
                yield str(match.lastgroup), match.group(), position
            position = match.end()

    def iri(self, kind: str, token: str) -> str:
        if kind == "iri":
            return urljoin(self.base, _unescape(token[1:-1])) if ":" not in token else _unescape(token[1:-1])
        prefix, _, local = token.partition(":")
        return self.prefixes.get(prefix, "") + re.sub(r"\\(.)", r"\1", local)

    def fresh(self) -> str:
        self.blank_nodes += 1
        return f"_:anonymous{self.blank_nodes}"


def tokens(text: str) -> Iterator[tuple[str, str, int]]:
    """The tokens of a document as (kind, text, offset); white space and comments are what stands between them."""
    return _Reader(text, "").tokens()


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda m: chr(int(m[1] or m[2], 16)) if m[1] or m[2] else _SHORT.get(m[3], m[3]), text)


def literal(lexical: str, datatype: str = XSD + "string", language: str = "") -> str:
    """A literal written as a key: language tags in lower case, xsd:string left out."""
    if language:
        return f'"{lexical}"@{language.lower()}'
    return f'"{lexical}"' if datatype == XSD + "string" else f'"{lexical}"^^<{datatype}>'


def _number(token: str) -> str:
    kind = "double" if "e" in token.lower() else "decimal" if "." in token else "integer"
    return literal(token, XSD + kind)


def statements(text: str, base: str = "") -> Iterator[Statement]:
    """The statements of a document in the order in which their objects stand; those inside collections are left out."""
    reader = _Reader(text, base)
    lines = [0, *(match.end() for match in re.finditer("\n", text))]

    def place(offset: int) -> tuple[int, int]:
        line = bisect_right(lines, offset)
        return line, offset - lines[line - 1] + 1

    stack = [_Frame()]
    stream = list(reader.tokens())
    index = 0
    while index < len(stream):
        kind, token, offset = stream[index]
        index += 1
        frame = stack[-1]
        if kind == "directive":
            index = _directive(reader, stream, index, token)
            continue
        if kind == "mark":
            if token == ";":
                frame.predicate = None
                continue
            if token in ".{}":
                frame.subject = frame.predicate = None
                continue
            if token in "])":
                if len(stack) > 1:
                    stack.pop()
                continue
            if token == ",":
                continue
            term = reader.fresh()
        elif kind in ("iri", "pname"):
            term = f"<{reader.iri(kind, token)}>"
        elif kind == "string":
            quotes = 3 if token[:3] in ('"""', "'''") else 1
            lexical, datatype, language = _unescape(token[quotes:-quotes]), XSD + "string", ""
            if index < len(stream) and stream[index][0] == "lang":
                language = stream[index][1][1:]
                index += 1
            elif index + 1 < len(stream) and stream[index][0] == "datatype":
                datatype = reader.iri(stream[index + 1][0], stream[index + 1][1])
                index += 2
            term = literal(lexical, datatype, language)
        elif kind == "number":
            term = _number(token)
        elif kind == "bnode":
            term = token
        elif token == "a" and frame.subject is not None and frame.predicate is None:
            term = f"<{RDF}type>"
        elif token in ("true", "false"):
            term = literal(token, XSD + "boolean")
        else:  # GRAPH
            continue

        if frame.opener == "(":
            pass
        elif frame.subject is None:
            frame.subject, frame.subject_at = term, offset
        elif frame.predicate is None:
            frame.predicate = term
        else:
            yield Statement(frame.subject, frame.predicate, term, *place(offset), *place(frame.subject_at))
        if kind == "mark":
            inner = term if token == "[" else None
            stack.append(_Frame(token, inner, offset))


def _directive(reader: _Reader, stream: list[tuple[str, str, int]], index: int, token: str) -> int:
    """Take in a prefix or base declaration; return the index behind it."""
    if token.lstrip("@").lower() == "prefix":
        prefix = stream[index][1].rstrip(":")
        reader.prefixes[prefix] = reader.iri(*stream[index + 1][:2])
        index += 2
    else:
        reader.base = reader.iri(*stream[index][:2])
        index += 1
    if token.startswith("@") and index < len(stream) and stream[index][1] == ".":
        index += 1
    return index
