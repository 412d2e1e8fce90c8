"""A proposed change, applied to an ISMS in memory; nothing on disk changes.

A proposal is a file with statements to add. Of a property that has one value at a time (`ontology/functional.ttl`), and of
texts in one language, the new value takes the place of the old. What has to go is said in one of two ways:

    [] isms:removes :supplier-x .                            an element, with all that is said of it and all links to it
    GRAPH isms:removed { :risk-7 isms:treatedBy :control }   single statements, in TriG
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pyoxigraph import BlankNode, Literal, NamedNode, Quad

from isms_graph.errors import InputError, Problems
from isms_graph.graph import Isms, assemble
from isms_graph.index import Node, Object
from isms_graph.namespaces import ISMS, RDF_TYPE, RDFS_LABEL, isms, nearest
from isms_graph.sources import workspace
from isms_graph.sources.locate import Locator
from isms_graph.sources.workspace import Source

REMOVED, REMOVES = isms("removed"), isms("removes")
_TEXTS = frozenset({RDFS_LABEL, *(isms(name) for name in ("description", "justification", "purpose", "note"))})
_Slot = tuple[Node, NamedNode, str]
_Triple = tuple[Node, NamedNode, Object]


def propose(isms_: Isms, change: Path) -> Isms:
    """The ISMS as it would be with a proposed change. Raises InputError or Problems, with file and line."""
    patch = _Patch(isms_, _read(isms_, change))
    if problems := list(patch.problems()):
        raise Problems(problems)
    sources = [*patch.left(), Source(change, patch.added, patch.source.prefixes)]
    space = replace(isms_.workspace, files=[*isms_.workspace.files, change])
    proposed = assemble(space, sources, isms_.vocabulary, isms_.as_of, isms_.stage)
    proposed.as_of_origin = isms_.as_of_origin
    return proposed


def _read(isms_: Isms, change: Path) -> Source:
    workspace.must_exist(change)
    if not change.is_file() or change.suffix not in workspace.RDF_SUFFIXES:
        raise InputError("a proposed change is a file with statements.", change, advice=f"Known are {', '.join(workspace.RDF_SUFFIXES)}.")
    if change.resolve() in {path.resolve() for path in isms_.workspace.files}:
        raise InputError("this file is part of the ISMS already.", change, advice="Keep proposed changes outside its folder.")
    return workspace.read(replace(isms_.workspace, files=[change]), isms_.vocabulary)[0]


@dataclass
class _Patch:
    """A proposed change: what it adds, which elements and statements it takes away, and where it says so."""

    isms: Isms
    source: Source

    def __post_init__(self) -> None:
        quads = self.source.quads
        self.taken = [quad for quad in quads if quad.graph_name == REMOVED]
        stays = [quad for quad in quads if quad.graph_name != REMOVED]
        self.removals = [quad for quad in stays if quad.predicate == REMOVES]
        described = {quad.subject for quad in stays if quad.predicate == RDF_TYPE} | self.isms.described()
        self.added = [quad for quad in stays if quad.predicate != REMOVES or quad.subject in described]
        self.locator = Locator(replace(self.isms.workspace, files=[self.source.path]), [self.source], self.isms.vocabulary)
        self.values: dict[_Slot, set[Object]] = defaultdict(set)
        for quad in self.added:
            if slot := self._slot(quad):
                self.values[slot].add(quad.object)

    def _slot(self, quad: Quad) -> _Slot | None:
        """The place that only one value can take: a property of an element, for texts in one language; None if there is none."""
        if quad.predicate in self.isms.vocabulary.functional:
            return quad.subject, quad.predicate, ""
        if quad.predicate in _TEXTS and isinstance(quad.object, Literal):
            return quad.subject, quad.predicate, quad.object.language or "en"
        return None

    def problems(self) -> Iterator[InputError]:
        """What the change asks for and cannot be done."""
        known = {_triple(quad) for quad in self._stated()}
        subjects = {subject for subject, _, _ in known}
        for quad in self.source.quads:
            graph = quad.graph_name
            if isinstance(graph, NamedNode) and graph.value.startswith(ISMS) and graph != REMOVED:
                yield self._error(quad, f"{self.isms.short(graph)} is no graph of a proposed change.", "Did you mean isms:removed?")
        for quad in self.removals:
            if quad.object not in subjects:
                yield self._error(quad, f"there is no element {self.isms.short(quad.object)} to remove.", self._near(quad.object, subjects))
        for quad in self.taken:
            if isinstance(quad.subject, BlankNode) or isinstance(quad.object, BlankNode):
                advice = "Remove the whole element with isms:removes, or the statement that names it."
                yield self._error(quad, "a statement about something without a name cannot be told from others.", advice)
            elif _triple(quad) not in known:
                yield self._error(quad, f"there is no statement {self._written(quad)} to remove.", self._instead(quad, known, subjects))
        yield from self._doubled()

    def _doubled(self) -> Iterator[InputError]:
        for quad in self.added:
            slot = self._slot(quad)
            if slot and quad.predicate in self.isms.vocabulary.functional and len(self.values[slot]) > 1:
                self.values[slot] = {quad.object}  # said once
                name = self.isms.short(quad.predicate)
                yield self._error(quad, f"{self.isms.short(quad.subject)} gets several values of {name}, which has one at a time.", "")

    def left(self) -> Iterator[Source]:
        """The files of the ISMS without what the change takes away or replaces."""
        elements = {quad.object for quad in self.removals}
        taken = {_triple(quad) for quad in self.taken}
        gone = {quad for quad in self._stated() if self._goes(quad, elements, taken)}
        gone |= self._orphaned(gone)
        for source in self.isms.sources:
            kept = [quad for quad in source.quads if quad not in gone]
            yield source if len(kept) == len(source.quads) else replace(source, quads=kept)

    def _goes(self, quad: Quad, elements: set[Object], taken: set[_Triple]) -> bool:
        if quad.subject in elements or quad.object in elements or _triple(quad) in taken:
            return True
        slot = self._slot(quad)
        return slot in self.values and quad.object not in self.values[slot] if slot else False

    def _orphaned(self, gone: set[Quad]) -> set[Quad]:
        """What is said of blank nodes to which nothing leads once `gone` is gone."""
        about: dict[BlankNode, list[Quad]] = defaultdict(list)
        links: dict[BlankNode, int] = defaultdict(int)
        for quad in self._stated():
            if isinstance(quad.subject, BlankNode):
                about[quad.subject].append(quad)
            if isinstance(quad.object, BlankNode) and quad not in gone:
                links[quad.object] += 1
        found: set[Quad] = set()
        stack = [quad.object for quad in gone if isinstance(quad.object, BlankNode)]
        while stack:
            node = stack.pop()
            if links[node] > 0:
                continue
            for quad in about.pop(node, ()):
                found.add(quad)
                if isinstance(quad.object, BlankNode):
                    links[quad.object] -= 1
                    stack.append(quad.object)
        return found

    def _stated(self) -> Iterator[Quad]:
        return (quad for source in self.isms.sources for quad in source.quads)

    def _error(self, quad: Quad, message: str, advice: str) -> InputError:
        place = self.locator.statement(self.source, quad)
        column = place.column if isinstance(place.column, int) else None
        return InputError(message, self.source.path, place.line, column, advice=advice)

    def _near(self, term: Object, known: Iterable[Object]) -> str:
        near = nearest(self.isms.short(term), (self.isms.short(one) for one in known if isinstance(one, NamedNode)))
        return f"Did you mean {' or '.join(near)}?" if near else ""

    def _instead(self, quad: Quad, known: set[_Triple], subjects: set[Node]) -> str:
        if quad.subject not in subjects:
            return f"Nothing is said of {self.isms.short(quad.subject)}. {self._near(quad.subject, subjects)}".rstrip()
        said = {(predicate, object_) for subject, predicate, object_ in known if subject == quad.subject}
        values = sorted(self._value(object_) for predicate, object_ in said if predicate == quad.predicate)
        if values:
            return f"Said is {', '.join(values[:5])}{' ...' if len(values) > 5 else ''}."
        return f"Nothing is said by that property. {self._near(quad.predicate, {predicate for predicate, _ in said})}".rstrip()

    def _written(self, quad: Quad) -> str:
        return f"{self.isms.short(quad.subject)} {self.isms.short(quad.predicate)} {self._value(quad.object)}"

    def _value(self, term: Object) -> str:
        return str(term) if isinstance(term, Literal) else self.isms.short(term)


def _triple(quad: Quad) -> _Triple:
    return quad.subject, quad.predicate, quad.object
