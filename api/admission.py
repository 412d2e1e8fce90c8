"""What can be said of a stranger's query before it runs: its size, its form, its graphs, and that it asks no network.

The engine reads a query by position, not by words: to it `1SERVICE:x{}` is a call, and so is `a:SERVICE:x{}` if `a:SERVICE:x`
is no IRI. So there are two nets. `_refuse_calls` looks at the bare text for anything that could be a call wherever it
stands, in a string or a comment too; the rest reads tokens. What is refused too much can be written in another way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from isms_graph.namespaces import PREFIXES
from isms_graph.sparql_lexer import LONGEST_PREFIX, WORDS, Token, Unreadable, place, shown, tokens

from .limits import Limits
from .problems import Problem

GROUPS = 200  # { } of a query; the engine plans them in a time that grows with their square
CHAIN = 200  # / and | of a path, and signs before one operand
EXAMPLE = "Begin with SELECT, ASK, CONSTRUCT or DESCRIBE, such as: SELECT ?s WHERE { ?s a isms:Risk } LIMIT 10"

_FORMS = {"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"}
_WRITES = {"INSERT", "DELETE", "LOAD", "CLEAR", "CREATE", "DROP", "COPY", "MOVE", "ADD", "WITH"}
_CHANGING = {"NOW", "RAND", "UUID", "STRUUID", "BNODE"}
_SKIPPED = {"SELECT", "GROUP", "ORDER", "HAVING", "LIMIT", "OFFSET"}  # clauses whose variables are no patterns
_KNOWN = WORDS | _WRITES

# SERVICE, blanks and comments, perhaps SILENT, a variable or IRI, and {: wider than the engine's own rule, never narrower.
_BLANK = r"(?:[ \t\r\n]|#[^\r\n]*+)*+"
_LETTERS = r"[^\s{}<>\"'?$#(),;:/\\%]"
_CALL = re.compile(
    rf"service{_BLANK}(?:silent{_BLANK})?(?:[?$][^\s{{}}<>\"#]*+|<[^<>]*+>|{_LETTERS}*+:(?:[^\s{{}}<>\"#\\]++|\\.)*+){_BLANK}\{{",
    re.IGNORECASE | re.ASCII,
)
# The beginning of one, which is cheap to look for. No prefix is longer: it has to be declared first.
_PERHAPS = re.compile(rf"service(?=\s*+(?:silent\s*+)?(?:[#?$<]|{_LETTERS}{{0,{LONGEST_PREFIX}}}+:))", re.IGNORECASE | re.ASCII)
_IN_VARIABLE = re.compile(r"[?$][A-Za-z0-9_]*\Z")
_MOST_PERHAPS = 200  # each may be compared with the whole text
_AUTHORITY_ONLY = re.compile(r"(?:[^:/?#]+:)?//[^/?#]*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_UCHAR = re.compile(r"\\u(.{4})|\\U(.{8})")


@dataclass(frozen=True)
class Admitted:
    """A query that may run. `text` is as it was sent: the engine has to be told the prefixes that need no declaration."""

    text: str
    form: str  # SELECT, ASK, CONSTRUCT or DESCRIBE
    default_graphs: tuple[str, ...]  # the IRIs of FROM
    named_graphs: tuple[str, ...]  # the IRIs of FROM NAMED
    deterministic: bool  # False if two answers may differ although the data are the same


def admit(text: str, limits: Limits) -> Admitted:
    """The query with what is known of it before it runs. Raises Problem: 400, 403 or 413."""
    _refuse_size(text, limits)
    _refuse_calls(text)
    try:
        found = tokens(text, limits.tokens, limits.depth)
    except Unreadable as error:
        raise Problem(400, error.detail, error.advice) from None
    for token in found:
        _refuse_word(text, token)
    start, prefixes = _prologue(text, found)
    form = _form(text, found, start)
    body = found[start:]
    _refuse_chains(text, body)
    _refuse_amounts(body, limits)
    default, named = _dataset(text, body, prefixes)
    return Admitted(text, form, default, named, _deterministic(form, body))


def _refuse_size(text: str, limits: Limits) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise Problem(400, f"There is half a character at {place(text, error.start)}.", "Send the query as UTF-8.") from None
    if size > limits.query_bytes:
        raise Problem(413, f"A query has at most {limits.query_bytes} bytes; yours has {size}.", "Ask for less, or in several queries.")
    if "\0" in text:
        raise Problem(400, f"There is a NUL at {place(text, text.index(chr(0)))}.", "Take it out.")


def _refuse_calls(text: str) -> None:
    """Refuse what could be read as a call of another endpoint, whatever it is meant to be."""
    met = 0
    for match in _PERHAPS.finditer(text):
        start = match.start()
        if _IN_VARIABLE.search(text, max(0, start - 100), start):
            continue
        met += 1
        if met > _MOST_PERHAPS:
            raise Problem(400, f"`service` is written in more than {_MOST_PERHAPS} places that have to be looked at.", "Use other names.")
        if _CALL.match(text, start):
            raise _calls(text, start)


def _refuse_word(text: str, token: Token) -> None:
    if token.kind not in ("word", "pname"):
        return
    if token.text[:7].upper() == "SERVICE":
        raise _calls(text, token.start)
    if token.word and token.word not in _KNOWN:
        raise Problem(
            400,
            f"{shown(token.text)} at {place(text, token.start)} is no word of SPARQL.",
            "Variables begin with ?, names have a prefix such as isms:, and words stand apart.",
        )


def _calls(text: str, start: int) -> Problem:
    return Problem(
        403,
        f"SERVICE at {place(text, start)} would ask another server, and this endpoint does not.",
        "Ask that server yourself. If it is a name or part of a text, write it in another way, such as svc: for a prefix.",
    )


def _prologue(text: str, found: list[Token]) -> tuple[int, dict[str, str]]:
    """Where the prologue ends, and the prefixes that hold then."""
    prefixes, at = dict(PREFIXES), 0
    shapes = {"BASE": ["iri"], "PREFIX": ["pname", "iri"], "VERSION": ["string"]}
    while at < len(found) and found[at].word in shapes:
        word = found[at]
        values = found[at + 1 : at + 1 + len(shapes[word.word])]
        named = [value.kind for value in values] == shapes[word.word]
        if not named or (word.word == "PREFIX" and values[0].text.index(":") != len(values[0].text) - 1):
            raise Problem(
                400, f"{word.word} at {place(text, word.start)} is not complete.", "Write PREFIX ex: <https://example.org/> with its signs."
            )
        iri = values[-1].text[1:-1]
        # Before such a prefix a name may turn out to be no IRI, and the engine would read its parts as words.
        if word.word != "VERSION" and _AUTHORITY_ONLY.fullmatch(_plain(iri)):
            raise Problem(400, f"{shown(values[-1].text)} at {place(text, values[-1].start)} ends with its host.", "Write a / behind it.")
        if word.word == "PREFIX":
            prefixes[values[0].text[:-1]] = _plain(iri)
        at += 1 + len(values)
    return at, prefixes


def _form(text: str, found: list[Token], start: int) -> str:
    if start == len(found):
        raise Problem(400, "There is no query.", EXAMPLE)
    first = found[start]
    if first.word in _WRITES:
        raise Problem(403, f"{first.word} at {place(text, first.start)} would change data; this endpoint only reads.", EXAMPLE)
    if first.word not in _FORMS:
        raise Problem(400, f"A query does not begin with {shown(first.text)}, as at {place(text, first.start)}.", EXAMPLE)
    for token in found[start + 1 :]:
        if token.inside == "" and (token.word in _FORMS | _WRITES or token.text == ";"):
            raise Problem(
                400, f"A second query begins at {place(text, token.start)} with {shown(token.text)}.", "Send one query in one request."
            )
    return first.word


def _refuse_chains(text: str, body: list[Token]) -> None:
    signs = steps = 0
    for token in body:
        signs = signs + len(token.text) if token.text in ("!", "-", "+", "^", "^^") else 0
        if token.text in (".", ";", ",", "{", "}"):
            steps = 0
        elif token.text in ("/", "|") and token.inside != "expression":
            steps += 1
        if signs > CHAIN or steps > CHAIN:
            raise Problem(
                400, f"More than {CHAIN} signs are in one chain at {place(text, token.start)}.", "Write the path or expression in parts."
            )


def _refuse_amounts(body: list[Token], limits: Limits) -> None:
    groups = sum(token.text == "{" for token in body)
    if groups > GROUPS:
        raise Problem(400, f"A query has at most {GROUPS} groups in {{ }}; yours has {groups}.", "Ask for less, or in several queries.")
    patterns = _patterns(body)
    if patterns > limits.patterns:
        raise Problem(
            400,
            f"A query has at most {limits.patterns} triple patterns; yours has about {patterns}.",
            "Ask for less, or in several queries; VALUES takes many names and counts as none.",
        )


def _patterns(body: list[Token]) -> int:
    """The number of triple patterns, counted from above: what begins behind a bracket or separator, and steps of paths."""
    count, begun, skipped = 0, False, False
    template = body[0].word == "CONSTRUCT" and body[1:2] != [] and body[1].text == "{"
    last = body[0]
    for token in body[1:]:
        if template or token.inside in ("", "values", "expression"):
            template = template and not (token.text == "}" and token.inside == "group")
            last = token
            continue
        term = token.kind in ("var", "pname", "bnode", "string", "number", "iri") or token.word in ("A", "TRUE", "FALSE")
        if token.word and not term:
            begun = False
            skipped = token.word in _SKIPPED or (skipped and token.word not in ("WHERE", "VALUES"))
        elif token.kind == "mark":
            skipped = skipped and token.text not in ("{", "}")
            begun = begun and token.text not in (".", ";", ",", "{", "}", "[", "]", "<<", ">>", "{|", "|}")
            count += token.text in ("/", "~")
        elif term and not skipped:
            if token.inside == "list" and last.operand:
                count += 2  # an item of a collection
            elif not begun and last.word not in ("GRAPH", "FILTER", "VALUES"):
                begun = True
                count += 1
        last = token
    return count


def _dataset(text: str, body: list[Token], prefixes: dict[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The IRIs of FROM and of FROM NAMED."""
    default: list[str] = []
    named: list[str] = []
    for at, token in enumerate(body):
        if token.inside != "":
            continue
        if token.kind == "pname" and token.text.upper().startswith(("FROM", "NAMED")):
            raise Problem(400, f"A blank is missing in {shown(token.text)} at {place(text, token.start)}.", "Write FROM ex:graph.")
        if token.word != "FROM":
            continue
        into, behind = (named, 2) if body[at + 1 : at + 2] and body[at + 1].word == "NAMED" else (default, 1)
        graph = body[at + behind] if at + behind < len(body) else token
        into.append(_resolved(text, graph, prefixes))
    return tuple(default), tuple(named)


def _resolved(text: str, graph: Token, prefixes: dict[str, str]) -> str:
    where = place(text, graph.start)
    if graph.kind not in ("iri", "pname"):
        raise Problem(400, f"FROM needs the IRI of a graph at {where}.", "Write FROM <https://example.org/graph> or FROM NAMED ex:graph.")
    if graph.kind == "iri":
        iri = _plain(graph.text[1:-1])
    else:
        prefix, _, local = graph.text.partition(":")
        if prefix not in prefixes:
            raise Problem(400, f"The prefix {shown(prefix)}: at {where} is not declared.", f"Write PREFIX {shown(prefix)}: <...> first.")
        iri = prefixes[prefix] + re.sub(r"\\(.)", r"\1", local)
    if not _SCHEME.match(iri):
        raise Problem(400, f"The graph {shown(iri)} at {where} is no full IRI.", "Write it with its beginning, such as https:")
    return iri


def _plain(iri: str) -> str:
    """The IRI with its escaped code points as characters."""
    return _UCHAR.sub(lambda match: chr(int(match[1] or match[2], 16)), iri)


def _deterministic(form: str, body: list[Token]) -> bool:
    """False if something is made anew with every answer: a time, a number, or a blank node of CONSTRUCT."""
    if any(token.word in _CHANGING for token in body):
        return False
    return form != "CONSTRUCT" or not any(token.kind == "bnode" or token.inside in ("node", "list") for token in body)
