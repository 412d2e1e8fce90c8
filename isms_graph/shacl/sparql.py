"""The SELECT queries of SHACL-SPARQL constraints as a tree of groups: enough to move them from one focus node to all.

This is not a SPARQL parser. It knows groups, filters, binds, subqueries and solution modifiers, and leaves triples and
expressions as tokens; what it does not know it refuses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

_TOKEN = re.compile(
    r"""(?P<skip>(?:\s|\#[^\n]*)+)
      | (?P<iri><[^<>"{}|^`\\\s]*>)
      | (?P<string>\"\"\"(?:[^"\\]|\\.|"(?!""))*\"\"\"|'''(?:[^'\\]|\\.|'(?!''))*'''
                  |"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')(?:@[A-Za-z]+(?:-[A-Za-z0-9]+)*)?
      | (?P<var>[?$]\w+)
      | (?P<bnode>_:\w+)
      | (?P<pname>[A-Za-z][\w\-]*:(?:[\w\-%:]|\.(?=[\w\-%:])|\\.)*|:[A-Za-z0-9_][\w\-]*)
      | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<mark>\^\^|\|\||&&|!=|<=|>=|[{}()\[\].;,*/|^?+\-!=<>])""",
    re.VERBOSE | re.DOTALL,
)


class NotUnderstood(Exception):
    """The query has something that this module does not handle; the message says what."""


class Token(NamedTuple):
    """A token; variables are written with `?`, words of the language in upper case."""

    kind: str
    text: str


@dataclass
class Expression:
    """The inside of a filter, bind or projection; groups of EXISTS stand in place of their tokens."""

    parts: list[Token | Exists]

    def variables(self) -> set[str]:
        """Variables used in the expression itself, not those inside EXISTS."""
        return {part.text for part in self.parts if isinstance(part, Token) and part.kind == "var"}


@dataclass
class Exists:
    """EXISTS or NOT EXISTS."""

    negated: bool
    group: Group


@dataclass
class Triples:
    """A run of triple patterns."""

    tokens: list[Token]


@dataclass
class Filter:
    """FILTER."""

    expression: Expression


@dataclass
class Bind:
    """BIND (expression AS variable)."""

    expression: Expression
    variable: str


@dataclass
class Optional_:
    """OPTIONAL."""

    group: Group


@dataclass
class Minus:
    """MINUS; written only by the compiler, SHACL forbids it in constraints."""

    group: Group


@dataclass
class Union:
    """A group, or several joined by UNION."""

    groups: list[Group]


@dataclass
class Group:
    """A group graph pattern; `select` if it is a subquery."""

    elements: list[Element] = field(default_factory=list)
    select: Select | None = None


Element = Triples | Filter | Bind | Optional_ | Minus | Union


@dataclass
class Select:
    """A SELECT query. `projection` holds (variable, expression or None); `tail` the tokens behind the WHERE clause."""

    distinct: bool
    projection: list[tuple[str, Expression | None]]
    where: Group
    tail: list[Token]

    @property
    def aggregated(self) -> bool:
        """True if the query groups its solutions."""
        return any(token.text == "GROUP" for token in self.tail) or any(
            isinstance(part, Token) and part.text in AGGREGATES for _, e in self.projection if e for part in e.parts
        )

    @property
    def grouped_by(self) -> set[str]:
        """The variables behind GROUP BY."""
        names: set[str] = set()
        inside = False
        for token in self.tail:
            inside = (inside or token.text == "GROUP") and token.text not in ("HAVING", "ORDER")
            if inside and token.kind == "var":
                names.add(token.text)
        return names


AGGREGATES = {"COUNT", "SUM", "MIN", "MAX", "AVG", "SAMPLE", "GROUP_CONCAT"}
_FORBIDDEN = {"SERVICE", "GRAPH", "VALUES", "FROM", "CONSTRUCT", "DESCRIBE", "MINUS"}
_CLAUSES = {"FILTER", "BIND", "OPTIONAL", "UNION", "EXISTS", "NOT", "SELECT", "WHERE", "DISTINCT", "REDUCED", "AS"}


def tokens(text: str) -> list[Token]:
    """The tokens of a query; raises NotUnderstood at a character that begins none."""
    found: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise NotUnderstood(f"unexpected text {text[position : position + 20]!r}")
        kind, token = str(match.lastgroup), match.group()
        position = match.end()
        if kind == "skip":
            continue
        if kind == "var":
            token = "?" + token[1:]
        elif kind == "word" and token not in ("a", "true", "false"):
            token = token.upper()
        found.append(Token(kind, token))
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = tokens(text)
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at].text if self.at < len(self.tokens) else ""

    def take(self, expected: str = "") -> Token:
        if self.at >= len(self.tokens) or (expected and self.peek() != expected):
            raise NotUnderstood(f"{expected or 'more'} expected, {self.peek() or 'the end'} found")
        self.at += 1
        return self.tokens[self.at - 1]

    def select(self, closing: str) -> Select:
        self.take("SELECT")
        distinct = self.peek() in ("DISTINCT", "REDUCED")
        if distinct:
            self.take()
        projection: list[tuple[str, Expression | None]] = []
        while self.peek() not in ("WHERE", "{"):
            token = self.take()
            if token.kind == "var":
                projection.append((token.text, None))
            elif token.text == "(":
                expression = self.expression(until="AS")
                projection.append((self.take().text, expression))
                self.take(")")
            else:
                raise NotUnderstood(f"{token.text} in the SELECT clause")
        if self.peek() == "WHERE":
            self.take()
        self.take("{")
        where = self.group()
        tail: list[Token] = []
        while self.peek() != closing:
            token = self.take()
            if token.text in _FORBIDDEN | {"LIMIT", "OFFSET", "{"}:
                raise NotUnderstood(token.text)
            tail.append(token)
        return Select(distinct, projection, where, tail)

    def group(self) -> Group:
        """What stands between an opening brace, already taken, and its closing brace."""
        if self.peek() == "SELECT":
            select = self.select(closing="}")
            self.take("}")
            return Group([], select)
        group = Group()
        run: list[Token] = []

        def flush() -> None:
            if run:
                group.elements.append(Triples(list(run)))
                run.clear()

        while self.peek() != "}":
            word = self.peek()
            if word == "FILTER":
                flush()
                self.take()
                group.elements.append(Filter(self.constraint()))
            elif word == "BIND":
                flush()
                self.take()
                self.take("(")
                expression = self.expression(until="AS")
                group.elements.append(Bind(expression, self.take().text))
                self.take(")")
            elif word == "OPTIONAL":
                flush()
                self.take()
                self.take("{")
                group.elements.append(Optional_(self.group()))
            elif word == "{":
                flush()
                self.take()
                groups = [self.group()]
                while self.peek() == "UNION":
                    self.take()
                    self.take("{")
                    groups.append(self.group())
                group.elements.append(Union(groups))
            else:
                token = self.take()
                if token.kind == "word" and (token.text in _FORBIDDEN or token.text in _CLAUSES):
                    raise NotUnderstood(token.text)
                if token.text != "." or run:
                    run.append(token)
        self.take("}")
        flush()
        return group

    def constraint(self) -> Expression:
        """What follows FILTER: an expression in parentheses, a function call, or EXISTS."""
        if self.peek() in ("NOT", "EXISTS"):
            return Expression([self.exists()])
        parts: list[Token | Exists] = []
        if self.peek() != "(":
            parts.append(self.take())
        parts.append(self.take("("))
        inner = self.expression(until=")")
        return Expression([*parts, *inner.parts, Token("mark", ")")])

    def expression(self, until: str) -> Expression:
        """Parts up to `until` at depth 0, which is taken and left out."""
        parts: list[Token | Exists] = []
        depth = 0
        while True:
            word = self.peek()
            if depth == 0 and word == until:
                self.take()
                return Expression(parts)
            if word in ("EXISTS", "NOT") and (word == "EXISTS" or self.tokens[self.at + 1 : self.at + 2] == [Token("word", "EXISTS")]):
                parts.append(self.exists())
                continue
            token = self.take()
            if token.text in ("{", "}"):
                raise NotUnderstood(token.text)
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            parts.append(token)

    def exists(self) -> Exists:
        negated = self.peek() == "NOT"
        if negated:
            self.take()
        self.take("EXISTS")
        self.take("{")
        return Exists(negated, self.group())


def parse_select(text: str) -> Select:
    """The tree of a SELECT query without prologue; raises NotUnderstood."""
    parser = _Parser(text)
    select = parser.select(closing="")
    return select


#### Writing


def write_select(select: Select) -> str:
    """The query as text."""
    head = " ".join(f"({_expression(e)} AS {name})" if e else name for name, e in select.projection)
    tail = " ".join(token.text for token in select.tail)
    return f"SELECT {'DISTINCT ' if select.distinct else ''}{head} WHERE {write_group(select.where)} {tail}".rstrip()


def write_group(group: Group) -> str:
    """The group as text, with its braces."""
    if group.select:
        return "{ " + write_select(group.select) + " }"
    return "{ " + " ".join(_element(element) for element in group.elements) + " }"


def _element(element: Element) -> str:
    match element:
        case Triples(parts):
            text = " ".join(token.text for token in parts)
            return text if text.endswith(".") else text + " ."
        case Filter(expression):
            return f"FILTER {_expression(expression)}"
        case Bind(expression, variable):
            return f"BIND ({_expression(expression)} AS {variable})"
        case Optional_(inner):
            return f"OPTIONAL {write_group(inner)}"
        case Minus(inner):
            return f"MINUS {write_group(inner)}"
        case Union(groups):
            return " UNION ".join(write_group(inner) for inner in groups)


def _expression(expression: Expression) -> str:
    return " ".join(
        part.text if isinstance(part, Token) else f"{'NOT ' if part.negated else ''}EXISTS {write_group(part.group)}"
        for part in expression.parts
    )
