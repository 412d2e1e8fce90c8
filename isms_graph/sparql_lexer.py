"""The words and signs of a SPARQL 1.1 query, with the triple terms of 1.2, each with its place and the brackets around it.

The time is linear in the length of the text: no expression here goes back over what it has read, and none is tried
twice on the same long stretch.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_BASE = (
    "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f\u2c00-\u2fef"
    "\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_VARNAME = _BASE + "_0-9\u00b7\u0300-\u036f\u203f\u2040"
_NAME = _VARNAME + r"\-"
# A code point that is no surrogate: one with a wrong escape would be read by the engine as something else.
_UCHAR = (
    r"\\u(?![dD][89a-fA-F])[0-9A-Fa-f]{4}|\\U0000(?![dD][89a-fA-F])[0-9A-Fa-f]{4}|\\U000[1-9A-Fa-f][0-9A-Fa-f]{4}|\\U0010[0-9A-Fa-f]{4}"
)
_ESCAPE = rf"\\[tbnrf\"'\\]|{_UCHAR}"
_PLX = r"%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?#@%]"
_IRI = rf"<(?:[^<>\"{{}}|^`\\\x00-\x20]|{_UCHAR})*+>"
LONGEST_PREFIX = 250  # so that a long run of letters is not read again for each of its words

_TOKEN = re.compile(
    rf"""(?P<skip>(?:[ \t\r\n]++|\#[^\r\n]*+)++)
      | (?P<var>[?$][{_BASE}_0-9][{_VARNAME}]*+)
      | (?P<pname>(?:[{_BASE}](?:[{_NAME}]|\.(?=[{_NAME}.])){{0,{LONGEST_PREFIX}}}+(?<!\.))?:
            (?:(?:[{_BASE}_:0-9]|{_PLX})(?:[{_NAME}:]|{_PLX}|\.++(?=[{_NAME}:%\\]))*+)?)
      | (?P<word>[A-Za-z][A-Za-z0-9_]*+)
      | (?P<bnode>_:[{_BASE}_0-9](?:[{_NAME}]|\.++(?=[{_NAME}]))*+)
      | (?P<string>\"\"\"(?:[^\"\\]++|\"{{1,2}}+(?!\")|{_ESCAPE})*+\"\"\"|'''(?:[^'\\]++|'{{1,2}}+(?!')|{_ESCAPE})*+'''
            |\"(?!\"\")(?:[^\"\\\n\r]++|{_ESCAPE})*+\"|'(?!'')(?:[^'\\\n\r]++|{_ESCAPE})*+')
      | (?P<number>(?:[0-9]++\.?[0-9]*+|\.[0-9]++)[eE][+-]?[0-9]++|[0-9]*+\.[0-9]++|[0-9]++)
      | (?P<langtag>@[A-Za-z]++(?:-[A-Za-z0-9]++)*+(?:--[A-Za-z]++)?)
      | (?P<mark>\^\^|\|\||&&|!=|<=|>=|<<|>>|\{{\||\|\}}|[{{}}()\[\].;,*/|^?+\-!=<>~])""",
    re.VERBOSE,
)
_IRIREF = re.compile(f"(?P<iri>{_IRI})")
_LESS = re.compile("(?P<mark><=?)")
_CLOSING = {"{": "}", "(": ")", "[": "]", "<<": ">>", "{|": "|}"}
_TERMS = {"var", "pname", "bnode", "string", "number", "langtag", "iri"}
WORDS = frozenset({
    "A", "ABS", "ADJUST", "ALL", "AS", "ASC", "ASK", "AVG", "BASE", "BIND", "BNODE", "BOUND", "BY", "CEIL", "COALESCE", "CONCAT",
    "CONSTRUCT", "CONTAINS", "COUNT", "DATA", "DATATYPE", "DAY", "DEFAULT", "DESC", "DESCRIBE", "DISTINCT", "ENCODE_FOR_URI", "EXISTS",
    "FALSE", "FILTER", "FLOOR", "FROM", "GRAPH", "GROUP", "GROUP_CONCAT", "HASLANG", "HASLANGDIR", "HAVING", "HOURS", "IF", "IN", "INTO",
    "IRI", "ISBLANK", "ISIRI", "ISLITERAL", "ISNUMERIC", "ISTRIPLE", "ISURI", "LANG", "LANGDIR", "LANGMATCHES", "LATERAL", "LCASE",
    "LIMIT", "MAX", "MD5", "MIN", "MINUS", "MINUTES", "MONTH", "NAMED", "NOT", "NOW", "OBJECT", "OFFSET", "OPTIONAL", "ORDER",
    "PREDICATE", "PREFIX", "RAND", "REDUCED", "REGEX", "REPLACE", "ROUND", "SAMETERM", "SAMPLE", "SECONDS", "SELECT", "SEPARATOR", "SHA1",
    "SHA256", "SHA384", "SHA512", "SILENT", "STR", "STRAFTER", "STRBEFORE", "STRDT", "STRENDS", "STRLANG", "STRLANGDIR", "STRLEN",
    "STRSTARTS", "STRUUID", "SUBJECT", "SUBSTR", "SUM", "TIMEZONE", "TO", "TRIPLE", "TRUE", "TZ", "UCASE", "UNDEF", "UNION", "URI",
    "USING", "UUID", "VALUES", "VERSION", "WHERE", "YEAR",
})  # fmt: skip
_NO_CALL = {"A", "VALUES", "TRUE", "FALSE", "UNDEF"}  # words before a bracket that holds no expression


class Token(NamedTuple):
    """A token. `inside` is what the innermost bracket around it holds; a bracket is inside of what it opens or closes.

    Kinds: var, pname, word, bnode, string, number, langtag, iri, mark. Insides: "" for none, "group", "values",
    "expression", "list" for a path, a collection or a row of values, "node" for `[ ]`, `<< >>` and `{| |}`.
    """

    kind: str
    text: str
    start: int
    inside: str

    @property
    def word(self) -> str:
        """The word in upper case, else nothing."""
        return self.text.upper() if self.kind == "word" else ""

    @property
    def operand(self) -> bool:
        """True for what may stand before an operator."""
        return self.kind in _TERMS or self.text == ")" or self.word in ("TRUE", "FALSE", "A")


class Unreadable(Exception):
    """A text that has no tokens at `start`. `detail` says what is wrong there, `advice` what to try; `open` if only its end is missing."""

    def __init__(self, detail: str, advice: str, start: int, open_: bool = False) -> None:
        self.detail, self.advice, self.start, self.open = detail, advice, start, open_
        super().__init__(f"{detail} {advice}")


def place(text: str, start: int) -> str:
    """Line and column in words, from 1."""
    return f"line {text.count(chr(10), 0, start) + 1}, column {start - text.rfind(chr(10), 0, start)}"


def shown(piece: str) -> str:
    """A short piece of somebody's text on one line; what cannot be seen is written as its code point."""
    piece = piece[:30] + "..." if len(piece) > 33 else piece
    return "".join(character if character.isprintable() else f"[U+{ord(character):04X}]" for character in piece)


def tokens(text: str, most: int = 100_000, deepest: int = 1000) -> list[Token]:
    """At most so many tokens of a query, with brackets so deep; blanks and comments left out. Raises Unreadable with the place."""
    found: list[Token] = []
    open_: list[Token] = []
    position = 0
    while position < len(text):
        inside = open_[-1].inside if open_ else ""
        match = _match(text, position, inside, found)
        if match is None:
            raise _unreadable(text, position)
        kind, piece = str(match.lastgroup), match.group()
        if kind == "skip":
            position = match.end()
            continue
        if len(found) == most:
            raise Unreadable(
                f"A query has at most {most} words and signs; yours has more.", "Ask for less, or in several queries.", position
            )
        token = Token(kind, piece, position, inside)
        if kind == "mark" and piece in _CLOSING:
            token = token._replace(inside=_held(piece, inside, found))
            open_.append(token)
            if len(open_) > deepest:
                raise Unreadable(
                    f"Brackets may stand in brackets {deepest} times; at {place(text, position)} yours are deeper.",
                    "Take out brackets that are not needed, or ask in several queries.",
                    position,
                )
        elif kind == "mark" and piece in _CLOSING.values():
            if not open_ or _CLOSING[open_[-1].text] != piece:
                what = f"{open_[-1].text} of {place(text, open_[-1].start)} is open" if open_ else "no bracket is open"
                raise Unreadable(
                    f"{piece} at {place(text, position)} closes nothing: {what}.", "Compare the brackets up to there.", position
                )
            open_.pop()
        found.append(token)
        position = match.end()
    if open_:
        last = open_[-1]
        raise Unreadable(
            f"{last.text} at {place(text, last.start)} is never closed.",
            f"Write {_CLOSING[last.text]} where its content ends.",
            last.start,
            open_=True,
        )
    return found


def _match(text: str, position: int, inside: str, before: list[Token]) -> re.Match[str] | None:
    """The next token. `<` is `less than` behind an operand of an expression, else it begins an IRI if one is there."""
    if text[position] == "<":
        if inside == "expression" and before[-1].operand:
            return _LESS.match(text, position)
        iri = _IRIREF.match(text, position)
        if iri is not None or (inside not in ("expression", "list") and not text.startswith("<<", position)):
            return iri
    return _TOKEN.match(text, position)


def _held(bracket: str, around: str, before: list[Token]) -> str:
    """What the bracket that comes next will hold."""
    last = before[-1] if before else Token("", "", 0, "")
    if around == "values":
        return "values"
    if bracket == "{":
        # The closing bracket of the variables in VALUES (?a ?b) { is inside of a list that VALUES itself began.
        block = last.inside == "values" or (last.kind == "var" and len(before) > 1 and before[-2].word == "VALUES")
        return "values" if block else "group"
    if bracket != "(":
        return "node"
    if last.word == "VALUES":
        return "values"
    called = bool(last.word) and last.word not in _NO_CALL
    named = last.kind in ("iri", "pname") and len(before) > 1 and before[-2].word in ("FILTER", "HAVING", "BY")
    return "expression" if around in ("expression", "") or called or named else "list"


def _unreadable(text: str, position: int) -> Unreadable:
    where, piece = place(text, position), text[position : position + 40].split("\n")[0]
    first = piece[:1]
    if first in "\"'":
        return Unreadable(f"The string at {where} is not complete: {shown(piece)}", "Close it, and write \\\\ for a backslash.", position)
    if first == "<":
        return Unreadable(f"The IRI at {where} is not complete: {shown(piece)}", "Close it with >, and write %20 for a blank.", position)
    if first == "\\":
        return Unreadable(
            f"There is a backslash at {where}: {shown(piece)}", "Escapes belong in strings, IRIs and local names only.", position
        )
    if first == "\ufeff":
        return Unreadable(f"There is a byte order mark at {where}.", "Save the query as UTF-8 without it.", position)
    if not first.isascii() or not first.isprintable():
        return Unreadable(
            f"There is a sign that SPARQL does not know at {where}: {shown(first)}", "Write it in a string or take it out.", position
        )
    return Unreadable(
        f"This is not SPARQL at {where}: {shown(piece)}", "Compare it with SELECT ?s ?p ?o WHERE { ?s ?p ?o } LIMIT 10", position
    )
