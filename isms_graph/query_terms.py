"""The names that a query uses, compared with those that the ontology and the data hold: what can match nothing.

Only what is certain is said. A name of another namespace, one that CONSTRUCT makes, and one that BIND gives are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urljoin

from pyoxigraph import NamedNode, QueryBoolean

from isms_graph.graph import Isms
from isms_graph.namespaces import OWL, PREFIXES, RDF_TYPE, SHAPES, XSD, local_name, nearest
from isms_graph.query_errors import position
from isms_graph.sparql_lexer import Token, Unreadable, tokens
from isms_graph.sparql_patterns import Pattern, Unclear, behind, patterns, prologue, template, where

_ESCAPED = re.compile(r"\\(.)")
_CODE_POINT = re.compile(r"\\u(.{4})|\\U(.{8})")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_GRAPH_WORDS = ("FROM", "NAMED", "GRAPH")


@dataclass(frozen=True)
class Doubt:
    """Something in a query that cannot be meant so, with its place."""

    message: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: warning: {self.message}"


class Terms:
    """The IRIs that the store of an ISMS holds, and what they can be used as."""

    def __init__(self, isms_: Isms) -> None:
        self._isms = isms_

    def known(self, term: NamedNode) -> bool:
        """True if a statement has the term in it, or it is a check."""
        store = self._isms.store
        stated = (
            store.quads_for_pattern(term, None, None),
            store.quads_for_pattern(None, term, None),
            store.quads_for_pattern(None, None, term),
        )
        return any(True for quads in stated for _ in quads) or (term.value.startswith(SHAPES) and term.value in self._checks)

    @cached_property
    def _checks(self) -> frozenset[str]:
        from isms_graph.catalogue import load_catalogue

        return frozenset(SHAPES + id_ for id_ in load_catalogue().checks)

    @cached_property
    def properties(self) -> frozenset[NamedNode]:
        """What is a property in the ontology, and what the data use as one."""
        return frozenset(
            {quad.predicate for quad in self._isms.store}
            | self._isms.vocabulary.object_properties
            | self._isms.vocabulary.datatype_properties
            | set(self._isms.vocabulary.instances(NamedNode(OWL + "AnnotationProperty")))
        )

    @cached_property
    def classes(self) -> frozenset[NamedNode]:
        """What is a class in the ontology, and what the data use as one."""
        typed = {quad.object for quad in self._isms.store.quads_for_pattern(None, RDF_TYPE, None, None)}
        return frozenset(
            {term for term in typed if isinstance(term, NamedNode)} | set(self._isms.vocabulary.by_type[NamedNode(OWL + "Class")])
        )

    @cached_property
    def all(self) -> frozenset[NamedNode]:
        """Every IRI of a statement."""
        return frozenset(
            term for quad in self._isms.store for term in (quad.subject, quad.predicate, quad.object) if isinstance(term, NamedNode)
        )

    def within(self, namespace: str, role: str = "") -> list[str]:
        """The names behind a namespace: all, or those used as a `property` or `class`."""
        terms: Iterable[NamedNode] = {"property": self.properties, "class": self.classes}.get(role) or self.all
        more = self._checks if namespace == SHAPES and not role else ()
        return sorted({iri[len(namespace) :] for iri in (*(term.value for term in terms), *more) if iri.startswith(namespace)} - {""})


@dataclass
class _Read:
    """A query, read as far as is needed to judge its names."""

    isms_: Isms
    text: str

    def __post_init__(self) -> None:
        self.tokens = tokens(self.text)
        self.start, declared, base = prologue(self.tokens)
        self.base = self.isms_.workspace.base if base is None else base
        self.prefixes = {**self.isms_.prefixes, **{prefix: self.resolved(iri) or "" for prefix, iri in declared.items()}}
        ours = [iri for iri in self.isms_.prefixes.values() if iri != XSD]
        self.namespaces = [*ours, *(self.prefixes[prefix] for prefix in declared if prefix in PREFIXES and prefix != "xsd")]
        self.namespaces = sorted({iri for iri in self.namespaces if iri}, key=len, reverse=True)
        try:
            self.patterns = patterns(self.tokens, self.start)
        except Unclear:
            self.patterns = []

    def resolved(self, iri: str) -> str | None:
        """The IRI in full, None if that is not certain."""
        iri = _CODE_POINT.sub(lambda match: chr(int(match[1] or match[2], 16)), iri)
        if _SCHEME.match(iri):
            return iri
        return urljoin(self.base, iri) if self.base.startswith(("http:", "https:")) else None

    def term(self, token: Token) -> NamedNode | None:
        """The IRI that a token stands for."""
        prefix, _, local = token.text.partition(":")
        namespace = self.prefixes.get(prefix)
        try:
            if token.kind == "iri":
                iri = self.resolved(token.text[1:-1])
            else:
                iri = namespace + _ESCAPED.sub(r"\1", local) if namespace else None
            return NamedNode(iri) if iri else None
        except ValueError:  # no IRI at all
            return None

    def doubt(self, message: str, token: Token) -> Doubt:
        return Doubt(message, *position(self.text, token.start))


def doubts(isms_: Isms, text: str) -> list[Doubt]:
    """What in a query that the engine accepts can match nothing, or is never bound, in the order of the text."""
    try:
        query = _Read(isms_, text)
        found = [*_names(query), *_variables(query)]
    except (Unreadable, Unclear):
        return []
    return sorted(found, key=lambda one: (one.line, one.column))


def _names(query: _Read) -> Iterable[Doubt]:
    terms = query.isms_.kept(Terms)
    roles = _roles(query)
    left_out = _made(query)
    said: set[NamedNode] = set()
    for at, token in enumerate(query.tokens):
        if at < query.start or at in left_out or token.kind not in ("iri", "pname"):
            continue
        before = query.tokens[at - 1] if at else None
        called = token.inside == "expression" and query.tokens[at + 1 : at + 2] and query.tokens[at + 1].text == "("
        if called or (before and (before.text == "^^" or before.word in _GRAPH_WORDS)):
            continue
        term = query.term(token)
        namespace = next((one for one in query.namespaces if term is not None and term.value.startswith(one)), None)
        if term is None or namespace is None or term.value == namespace or term in said:
            continue
        message = _wrong(terms, term, token, namespace, roles.get(token.start, ""))
        if message:
            said.add(term)
            yield query.doubt(message, token)


def _wrong(terms: Terms, term: NamedNode, token: Token, namespace: str, role: str) -> str:
    """Why the term can match nothing where it stands, or an empty text."""
    shown = token.text

    def near(wanted: str = role) -> str:
        similar = nearest(term.value[len(namespace) :], terms.within(namespace, wanted), 1)
        if not similar:
            return "."
        written = f"<{namespace}{similar[0]}>" if token.kind == "iri" else f"{shown.partition(':')[0]}:{similar[0]}"
        return f"; did you mean {written}?"

    if not terms.known(term):
        return f"{shown} is in neither the ontology nor your data{_redeclared(token, namespace) or near()} Nothing can match it."
    if role == "property" and term in terms.classes and term not in terms.properties:
        return f"{shown} is a class and no property; write `a {shown}` for what is one. Nothing can match it."
    if role == "class" and term in terms.properties and term not in terms.classes:
        return f"{shown} is a property and no class{near()} Nothing can match it."
    return ""


def _redeclared(token: Token, namespace: str) -> str:
    """What to say of a known prefix that the query declares as something else."""
    prefix = token.text.partition(":")[0]
    if token.kind == "pname" and prefix in PREFIXES and not namespace.startswith(PREFIXES[prefix]):
        return f": the query declares {prefix}: as <{namespace}>, and it is <{PREFIXES[prefix]}>."
    return ""


def _roles(query: _Read) -> dict[int, str]:
    """By their places the names that stand for a property or, behind `a`, for a class."""
    roles: dict[int, str] = {}
    for pattern in query.patterns:
        for token in pattern.verb:
            roles[token.start] = "property"
        alone = pattern.verb[0] if len(pattern.verb) == 1 else None
        typed = alone is not None and (alone.word == "A" or (alone.kind in ("iri", "pname") and query.term(alone) == RDF_TYPE))
        if typed and len(pattern.object) == 1:
            roles[pattern.object[0].start] = "class"
    return roles


def _made(query: _Read) -> set[int]:
    """The places of names that the query makes: in a template, in BIND, and in what is selected or grouped by."""
    places = set(range(*template(query.tokens, query.start)))
    selecting = False
    at = query.start
    while at < len(query.tokens):
        token = query.tokens[at]
        selecting = (selecting or token.word in ("SELECT", "BY")) and token.word not in ("WHERE", "HAVING") and token.text not in "{}"
        if (selecting and token.text == "(") or token.word == "BIND":
            end = behind(query.tokens, at + (token.word == "BIND"))
            places.update(range(at, end))
            at = end
        else:
            at += 1
    return places


def _variables(query: _Read) -> Iterable[Doubt]:
    """Variables that are selected, or stand in a template, and are never bound."""
    for at, token in enumerate(query.tokens):
        if at < query.start or token.word not in ("SELECT", "DESCRIBE", "CONSTRUCT"):
            continue
        opening = where(query.tokens, at)
        if opening is None:
            continue
        selected = [one for one in _plain(query.tokens[at:opening]) if one.kind == "var"]
        end = len(query.tokens) if token.inside == "" else _end(query.tokens, opening)
        named = {one.text[1:] for one in _plain(query.tokens[at:opening], inside=True) if one.kind == "var"}
        bound = {one.text[1:] for one in _binding(query.tokens[opening:end])} | {
            last.text[1:]
            for before, last in zip(query.tokens[at:opening], query.tokens[at + 1 : opening], strict=False)
            if before.word == "AS"
        }
        said: set[str] = set()
        for one in selected:
            name = one.text[1:]
            if name not in bound | said:
                said.add(name)
                near = nearest(name, sorted(bound - named) or bound, 1) or nearest(name, bound, 1)
                what = "is in the template" if token.word == "CONSTRUCT" else "is selected"
                yield query.doubt(f"{one.text} {what} and never bound{f'; did you mean ?{near[0]}?' if near else '.'}", one)


def _plain(found: Sequence[Token], inside: bool = False) -> list[Token]:
    """The tokens outside of expressions."""
    return [token for token in found if inside or token.inside != "expression"]


def _end(found: Sequence[Token], opening: int) -> int:
    """Where a subquery with its last clauses ends: at the brace that closes the group around it."""
    at = behind(found, opening)
    while at < len(found) and found[at].text != "}":
        at = behind(found, at)
    return at


def _binding(found: Sequence[Token]) -> Iterable[Token]:
    """The variables that patterns, VALUES, BIND and subqueries may bind; too many rather than too few."""
    modifier = False
    for at, token in enumerate(found):
        modifier = (modifier or token.word in ("ORDER", "HAVING")) and token.text not in ("{", "}") and token.word != "VALUES"
        if token.kind == "var" and ((token.inside != "expression" and not modifier) or (at and found[at - 1].word == "AS")):
            yield token


def matching_nothing(isms_: Isms, text: str) -> Doubt | None:
    """The first pattern of the outermost group that matches nothing even alone, if one does; it makes the whole answer empty."""
    try:
        query = _Read(isms_, text)
        if any(token.word in ("FROM", "VERSION") for token in query.tokens):
            return None
        head = text[: query.tokens[query.start].start]
    except (Unreadable, Unclear, IndexError):
        return None
    for pattern in query.patterns:
        if not pattern.outer or not pattern.subject:
            continue
        said = _written(text, pattern)
        try:
            answer = isms_.store.query(f"{head} ASK {{ {said} }}", base_iri=isms_.workspace.base, prefixes=isms_.prefixes)
        except (SyntaxError, OSError, ValueError, RuntimeError):
            return None
        if isinstance(answer, QueryBoolean) and not answer:
            return query.doubt(f"nothing matches {' '.join(said.split())}, even alone.", pattern.subject[0])
    return None


def _written(text: str, pattern: Pattern) -> str:
    """A pattern as the text has it."""
    return " ".join(text[part[0].start : part[-1].start + len(part[-1].text)] for part in (pattern.subject, pattern.verb, pattern.object))


def short_names(isms_: Isms, prefix: str, role: str = "") -> list[str]:
    """The names that may stand behind a prefix, as they are written in a query."""
    namespace = isms_.prefixes.get(prefix)
    names = isms_.kept(Terms).within(namespace, role) if namespace else []
    return [name for name in names if re.fullmatch(r"[\w](?:[\w.\-]*[\w\-])?", name) and local_name(name) == name]
