"""Checks broken on purpose: every small change of a shape's query or constraints that gives it another meaning.

The changes are made in the tree that `isms_graph.shacl.sparql` reads from a query, and written back as a query.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any

from isms_graph.shacl import sparql
from isms_graph.shacl.sparql import Bind, Exists, Expression, Filter, Group, Minus, Optional_, Select, Token, Triples, Union
from mutants.patterns import alternatives_dropped, patterns_dropped, sentences

_FLIPPED = {"<": ">=", ">": "<=", "<=": ">", ">=": "<", "=": "!=", "!=": "="}
_WORDS = {"MAX": "MIN", "MIN": "MAX"}
_UNTOUCHED = {"rdf:type", "rdfs:subPropertyOf", "rdfs:range", "rdfs:domain"}


@dataclass(frozen=True)
class Break:
    """A broken query: what was done to it, and the text."""

    kind: str
    what: str
    text: str


def broken(text: str) -> Iterator[Break]:
    """Every broken form of a SELECT query."""
    plain = sparql.parse_select(text)
    for number in range(sum(1 for _ in _places(plain))):
        copy = deepcopy(plain)
        kind, what, change = list(_places(copy))[number]
        change()
        changed = sparql.write_select(copy)
        if changed != sparql.write_select(plain):
            yield Break(kind, what, changed)


Place = tuple[str, str, Callable[[], None]]
Sentences = tuple[frozenset[str], ...]


def _places(select: Select) -> Iterator[Place]:
    """What can be done to the query, as (kind, what, the change itself)."""
    for _, expression in select.projection:
        if expression:
            yield from _in_expression(expression)
    yield from _in_group(select.where)
    yield from _in_tokens(select.tail)


def _in_group(group: Group, around: Sentences = ()) -> Iterator[Place]:
    """What can be done in a group; `around` are the sentences that hold wherever the group is asked, as it stands in EXISTS."""
    if group.select:
        yield from _places(group.select)
    inside = (*around, *_said(group))
    for position, element in enumerate(group.elements):

        def drop(position: int = position) -> None:
            del group.elements[position]

        match element:
            case Triples():
                yield from _in_triples(element, drop if len(group.elements) > 1 else None, around)
            case Filter(expression):
                yield "drop filter", _shown(element), drop
                yield from _in_expression(expression, inside)
            case Bind(expression, _):
                yield from _in_expression(expression, inside)
            case Optional_(inner) | Minus(inner):
                yield "drop optional", _shown(element), drop
                yield from _in_group(inner)
            case Union(groups):
                if len(groups) > 1:
                    for branch, inner in enumerate(groups):
                        yield "drop branch", sparql.write_group(inner), partial(_cut, groups, branch, [])
                for inner in groups:
                    yield from _in_group(inner, around)


def _cut(items: list[Any], position: int, instead: list[Any]) -> None:
    items[position : position + 1] = instead


def _said(group: Group) -> Iterator[frozenset[str]]:
    """The sentences that hold in every solution of a group, those of all branches of a UNION among them."""
    for element in group.elements:
        if isinstance(element, Triples):
            yield from sentences(element.tokens)
        elif isinstance(element, Union):
            branches = [{what for sentence in _said(branch) for what in sentence if "[" not in what} for branch in element.groups]
            yield frozenset(set.intersection(*branches))


def _in_triples(element: Triples, drop: Callable[[], None] | None, around: Sentences = ()) -> Iterator[Place]:
    # What the groups around EXISTS say already of the same variables is repeated inside only for the compiler, which
    # needs it to join the two. Without it the query means the same.
    repeated = {what for sentence in sentences(element.tokens) for said in around if sentence <= said for what in sentence}
    before = {what for said in around for what in said if not what.startswith("[")}
    repeated |= before

    def put(tokens: list[Token]) -> Callable[[], None]:
        def change() -> None:
            element.tokens[:] = tokens
            if not tokens and drop:
                drop()

        return change

    for what, tokens in patterns_dropped(element.tokens):
        something = what.removesuffix("[ ]")
        implied = something != what and not what.startswith("[") and any(said.startswith(something) for said in before)
        if (tokens or drop) and what not in repeated and not implied:
            yield "drop pattern", what, put(tokens)
    for what, tokens in alternatives_dropped(element.tokens):
        yield "drop alternative", what, put(tokens)
    yield from _misspelt(element.tokens)


def _in_expression(expression: Expression, around: Sentences = ()) -> Iterator[Place]:
    """The groups of EXISTS in an expression, and its tokens."""
    for part in expression.parts:
        if isinstance(part, Exists):

            def turn(part: Exists = part) -> None:
                part.negated = not part.negated

            yield "turn EXISTS round", sparql.write_group(part.group), turn
            yield from _in_group(part.group, around)
    yield from _in_tokens(expression.parts)


def _in_tokens(parts: list[Token | Exists] | list[Token]) -> Iterator[Place]:
    """Comparisons, IN, aggregates and logical words among the tokens of an expression or of what stands behind WHERE."""
    whole = " ".join(part.text if isinstance(part, Token) else "EXISTS {...}" for part in parts)
    for position, part in enumerate(parts):
        if not isinstance(part, Token):
            continue
        number = sum(isinstance(other, Token) and other.text == part.text for other in parts[:position])
        where = f"in {whole}" if not number else f"(number {number + 1}) in {whole}"

        def put(token: Token | None, position: int = position) -> Callable[[], None]:
            def change() -> None:
                parts[position : position + 1] = [token] if token else []

            return change

        if part.text in _FLIPPED:
            yield "flip comparison", f"{part.text} to {_FLIPPED[part.text]} {where}", put(Token("mark", _FLIPPED[part.text]))
        elif part.text == "IN":
            before = parts[position - 1]
            if isinstance(before, Token) and before.text == "NOT":
                yield "flip comparison", f"NOT IN to IN {where}", partial(_cut, parts, position - 1, [])
            else:
                yield "flip comparison", f"IN to NOT IN {where}", partial(_cut, parts, position, [Token("word", "NOT"), part])
            yield from _members(parts, position + 1, where)
        elif part.text == "!":
            yield "drop negation", f"! {where}", put(None)
        elif part.text in ("&&", "||"):
            yield "swap and with or", f"{part.text} {where}", put(Token("mark", "||" if part.text == "&&" else "&&"))
        elif part.text in _WORDS:
            yield "swap MAX with MIN", f"{part.text} {where}", put(Token("word", _WORDS[part.text]))
    yield from _misspelt(parts)


def _members(parts: list[Token | Exists] | list[Token], opening: int, where: str) -> Iterator[Place]:
    """Each member of the list behind IN left out."""
    at = opening + 1
    texts = [part.text if isinstance(part, Token) else "" for part in parts]
    end = texts.index(")", opening)
    if end - opening > 2:
        while at < end:
            comma = at + 1 if texts[at + 1] == "," else at - 1

            def drop(at: int = at, comma: int = comma) -> None:
                for position in sorted((at, comma), reverse=True):
                    del parts[position]

            yield "drop list member", f"{texts[at]} {where}", drop
            at += 2


def _misspelt(parts: list[Token | Exists] | list[Token]) -> Iterator[Place]:
    for position, part in enumerate(parts):
        if isinstance(part, Token) and part.kind == "pname" and part.text not in _UNTOUCHED and not part.text.startswith("xsd:"):

            def misspell(position: int = position, part: Token = part) -> None:
                parts[position] = Token("pname", part.text + part.text[-1])

            yield "misspell term", part.text, misspell


def _shown(element: sparql.Element) -> str:
    return sparql.write_group(Group([element]))[2:-2]
