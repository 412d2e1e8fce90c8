"""The triple patterns of a SPARQL query, with the groups that they stand in, as far as tokens tell them with certainty.

This is not a SPARQL parser: it is for queries that the engine has accepted, and gives up at what it does not know.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from isms_graph.sparql_lexer import Token

_OPENING, _CLOSING = {"{", "(", "[", "<<", "{|"}, {"}", ")", "]", ">>", "|}"}
_END = Token("", "", 0, "")


class Unclear(Exception):
    """The query has something that this module does not know."""


class Pattern(NamedTuple):
    """A triple pattern; `outer` if it stands directly in the outermost group and so has to match. No subject inside of `[ ]`."""

    subject: Sequence[Token]
    verb: Sequence[Token]
    object: Sequence[Token]
    outer: bool


def behind(found: Sequence[Token], at: int) -> int:
    """The place behind the bracket that opens at `at`, with all that it holds."""
    depth = 0
    while at < len(found):
        if found[at].kind == "mark":
            depth += (found[at].text in _OPENING) - (found[at].text in _CLOSING)
        at += 1
        if depth == 0:
            return at
    raise Unclear("a bracket is open")


def prologue(found: Sequence[Token]) -> tuple[int, dict[str, str], str | None]:
    """Where the prologue ends, the prefixes that it declares and its base."""
    at, prefixes, base = 0, {}, None
    while at + 1 < len(found) and found[at].word in ("BASE", "PREFIX", "VERSION"):
        if found[at].word == "PREFIX" and at + 2 < len(found):
            prefixes[found[at + 1].text[:-1]] = found[at + 2].text[1:-1]
            at += 1
        elif found[at].word == "BASE":
            base = found[at + 1].text[1:-1]
        at += 2
    return at, prefixes, base


def template(found: Sequence[Token], start: int) -> tuple[int, int]:
    """Where the template of a CONSTRUCT begins and ends; an empty stretch for other queries."""
    if found[start : start + 1] and found[start].word == "CONSTRUCT" and found[start + 1 : start + 2] and found[start + 1].text == "{":
        return start + 1, behind(found, start + 1)
    return start, start


def where(found: Sequence[Token], start: int) -> int | None:
    """The place of the brace that opens the group of the query or subquery that begins at `start`."""
    at = max(start, template(found, start)[1])
    while at < len(found) and found[at].text != "}":
        if found[at].text == "{":
            return at
        at = behind(found, at) if found[at].text == "(" else at + 1
    return None


def patterns(found: Sequence[Token], start: int) -> list[Pattern]:
    """Every triple pattern of the query whose prologue ends at `start`. Raises Unclear."""
    reader = _Reader(found)
    opening = where(found, start)
    if opening is not None:
        reader.at = opening
        reader.group(outer=True)
    return reader.found


class _Reader:
    def __init__(self, found: Sequence[Token]) -> None:
        self.tokens = found
        self.at = 0
        self.found: list[Pattern] = []

    @property
    def next(self) -> Token:
        return self.tokens[self.at] if self.at < len(self.tokens) else _END

    def take(self, *expected: str) -> Token:
        token = self.next
        if token is _END or (expected and (token.word or token.text) not in expected):
            raise Unclear(f"{' or '.join(expected)} expected, {token.text} found")
        self.at += 1
        return token

    def group(self, outer: bool = False) -> None:
        self.take("{")
        while self.next.text != "}":
            word = self.next.word
            if word == "SELECT":
                opening = where(self.tokens, self.at)
                if opening is None:
                    raise Unclear("a subquery without a group")
                self.at = opening
                self.group()
                while self.next.text != "}":
                    self.at = behind(self.tokens, self.at)
            elif word in ("FILTER", "BIND"):
                self.constraint()
            elif word in ("OPTIONAL", "MINUS", "LATERAL", "UNION"):
                self.take()
                self.group()
            elif word == "GRAPH":
                self.take()
                self.take()
                self.group()
            elif word == "VALUES":
                while self.next.text != "{":
                    self.at = behind(self.tokens, self.at)
                self.at = behind(self.tokens, self.at)
            elif self.next.text == "{":
                self.group()
            elif self.next.text == ".":
                self.take()
            else:
                subject = self.node()
                if self.next.text not in (".", "}") or len(subject) == 1:
                    self.properties(subject, outer)
        self.take("}")

    def constraint(self) -> None:
        """FILTER or BIND, with the groups of EXISTS in it."""
        self.take()
        if self.next.word in ("NOT", "EXISTS"):
            if self.take().word == "NOT":
                self.take("EXISTS")
            self.group()
            return
        while self.next.text != "(":
            if self.next.kind not in ("word", "iri", "pname"):
                raise Unclear("an expression without brackets")
            self.take()
        depth = 0
        while True:
            token = self.next
            if token.text == "{":
                self.group()
                continue
            self.take()
            depth += (token.text == "(") - (token.text == ")")
            if depth == 0:
                return

    def properties(self, subject: Sequence[Token], outer: bool) -> None:
        """What is said of a subject: verbs and objects with their semicolons and commas."""
        while True:
            verb = self.verb()
            self.found.append(Pattern(subject, verb, self.node(), outer))
            while self.next.text == ",":
                self.take()
                self.found.append(Pattern(subject, verb, self.node(), outer))
            if self.next.text != ";":
                return
            while self.next.text == ";":
                self.take()
            if self.next.text in (".", "}", "]"):
                return

    def verb(self) -> Sequence[Token]:
        begin = self.at
        if self.next.kind == "var":
            self.take()
            return self.tokens[begin : self.at]
        while True:
            while self.next.text in ("^", "!"):
                self.take()
            if self.next.text == "(":
                self.at = behind(self.tokens, self.at)
            elif self.next.kind in ("iri", "pname") or self.next.word == "A":
                self.take()
            else:
                raise Unclear("no path")
            if self.next.text in ("*", "+", "?"):
                self.take()
                if self.next.kind == "number":
                    raise Unclear("a sign of the path or of the number")
            if self.next.text not in ("/", "|"):
                return self.tokens[begin : self.at]
            self.take()

    def node(self) -> Sequence[Token]:
        begin = self.at
        token = self.next
        if token.text == "[":
            self.take()
            if self.next.text != "]":
                self.properties((), outer=False)
            self.take("]")
        elif token.text == "(":
            self.take()
            while self.next.text != ")":
                self.node()
            self.take(")")
        elif token.kind == "string":
            self.take()
            if self.next.text == "^^":
                self.take()
                self.take()
            elif self.next.kind == "langtag":
                self.take()
        elif token.kind in ("var", "iri", "pname", "bnode", "number") or token.word in ("TRUE", "FALSE"):
            self.take()
        else:
            raise Unclear(f"no node: {token.text}")
        if self.next.text in ("{|", "~"):
            raise Unclear("a statement about a statement")
        return self.tokens[begin : self.at]
