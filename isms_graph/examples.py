"""The examples of checks and queries: for each check a passing and a failing ISMS, for each query one to ask.

All start from the same complete little ISMS, `shapes/examples/base.ttl`. An example takes statements away from it,
adds its own, and says in its header what must be found:

    #+ shows: The risk of phishing has lost its owner.
    #+ remove: :risk-phishing isms:owner        statements of a subject with a property; also `S P O`, or `S` for all about it
    #+ expect: :risk-phishing                   the focus node of a finding of this check; or `other-check :node`
    #+ as-of: 2026-11-23                        and `#+ stage: surveillance`, where they differ from the base
    #+ base: none                               nothing but what the file itself says
    #+ param: months=12                         a parameter, in the example of a query
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path

from pyoxigraph import NamedNode, Quad, RdfFormat, parse

from isms_graph.errors import CatalogueError
from isms_graph.graph import Isms, assemble
from isms_graph.index import Object
from isms_graph.namespaces import ASSESSMENT, PREFIXES
from isms_graph.resources import folder
from isms_graph.sources.workspace import Source, Workspace
from isms_graph.vocabulary import Vocabulary, load_vocabulary

BASE = "https://example.org/isms/"
EDGES = "edges"  # the folder of examples that show one part of a check and nothing else
_HEADER = re.compile(r"^#\+\s*([a-z-]+):\s*(.*?)\s*$", re.MULTILINE)
_KEYS = {"base", "shows", "remove", "expect", "as-of", "stage", "param"}


@dataclass
class Example:
    """An example file, read. `expected` are (check, IRI of the focus node); `classless` elements are let pass in edges."""

    path: Path
    check: str
    passing: bool
    shows: str = ""
    removals: list[tuple[NamedNode, NamedNode | None, NamedNode | None]] = field(default_factory=list)
    expected: set[tuple[str, str]] = field(default_factory=set)
    as_of: date = date(2026, 11, 23)
    stage: str = "surveillance"
    alone: bool = False
    classless: bool = False
    parameters: dict[str, str] = field(default_factory=dict)
    quads: list[Quad] = field(default_factory=list)

    def removed(self) -> list[Quad]:
        """The statements of the base that the example takes away."""
        return [quad for quad in _base()[1] if any(_matches(quad, removal) for removal in self.removals)]

    def isms(self) -> Isms:
        """The ISMS of the example, loaded. Raises CatalogueError if it takes away what is not there."""
        vocabulary, base = _base()
        gone: set[Quad] = set()
        for removal in self.removals:
            matching = [quad for quad in base if _matches(quad, removal)]
            if not matching:
                raise CatalogueError(f"{self.path}: the base has no statement {removal} to remove")
            gone.update(matching)
        kept = [] if self.alone else [quad for quad in base if quad not in gone]
        space = Workspace(self.path.parent, [self.path], base=BASE, as_of=self.as_of, stage=self.stage)
        source = Source(self.path, [*kept, *self.quads], {"": BASE})
        return assemble(space, [source], vocabulary, None, None, classless=self.classless)


def read_example(path: Path) -> Example:
    """Read an example file called `<check>.pass.ttl`, `<check>.fail.ttl` or `<query>.ttl`. Raises CatalogueError."""
    text = path.read_text(encoding="utf-8")
    check, _, kind = path.name.removesuffix(".ttl").partition(".")
    example = Example(path, check, kind == "pass", classless=path.parent.name == EDGES)
    for key, value in _HEADER.findall(text):
        if key not in _KEYS:
            raise CatalogueError(f"{path}: there is no header {key!r}; known are {', '.join(sorted(_KEYS))}")
        if key == "shows":
            example.shows = f"{example.shows} {value}".strip()
        elif key == "remove":
            terms = [_term(path, word) for word in value.split()]
            _, predicate, object_, *_ = [*terms, None, None]
            example.removals.append((terms[0], predicate, object_))
        elif key == "expect":
            words = value.split()
            example.expected.add((words[0] if len(words) == 2 else check, _term(path, words[-1]).value))
        elif key == "base" and value == "none":
            example.alone = True
        elif key == "param":
            name, _, given = value.partition("=")
            example.parameters[name] = given
        elif key == "as-of":
            example.as_of = date.fromisoformat(value)
        else:
            example.stage = value
    try:
        example.quads = list(parse(text, format=RdfFormat.TURTLE))
    except SyntaxError as error:
        raise CatalogueError(f"{path}: {error}") from None
    return example


def edges_of(check: str) -> list[Example]:
    """Further examples of a check, not for reading: each part of the check makes a difference in one of them."""
    return [read_example(path) for path in sorted((folder("shapes") / "examples" / EDGES).glob(f"{check}.*.ttl"))]


def examples_of(check: str) -> list[Example]:
    """The failing and the passing example of a check, as far as they exist."""
    root = folder("shapes") / "examples"
    paths = [root / f"{check}.fail.ttl", root / f"{check}.pass.ttl"]
    return [read_example(path) for path in paths if path.is_file()]


@cache
def _base() -> tuple[Vocabulary, list[Quad]]:
    data = (folder("shapes") / "examples" / "base.ttl").read_bytes()
    return load_vocabulary(), list(parse(data, format=RdfFormat.TURTLE))


def _matches(quad: Quad, removal: tuple[NamedNode, NamedNode | None, NamedNode | None]) -> bool:
    subject, predicate, object_ = removal
    if predicate is None:
        return subject in (quad.subject, quad.object)
    wanted: Object | None = object_
    return quad.subject == subject and quad.predicate == predicate and wanted in (None, quad.object)


def _term(path: Path, word: str) -> NamedNode:
    if word == "assessment":
        return ASSESSMENT
    prefix, colon, local = word.partition(":")
    known = {**PREFIXES, "": BASE}
    if not colon or prefix not in known:
        raise CatalogueError(f"{path}: {word!r} is not a prefixed name")
    return NamedNode(known[prefix] + local)
