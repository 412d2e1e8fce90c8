"""One organisation's ISMS as a graph: load it, ask it, name its elements.

The store holds the ontology, the organisation's statements and what follows from them in the default graph. The
statements of each file are put into a graph of their own when somebody asks for graphs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TypeVar, cast

from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, Store

from isms_graph.errors import EmptyWorkspace, InputError, Problems
from isms_graph.index import Node, Object
from isms_graph.namespaces import PREFIXES, RDF_TYPE, RDFS_LABEL, isms, local_name, shorten
from isms_graph.reasoning import Pairs, by_predicate, entailed, merged
from isms_graph.sources import lint, workspace
from isms_graph.sources.locate import Locator
from isms_graph.sources.workspace import Source, Workspace
from isms_graph.vocabulary import Vocabulary, load_vocabulary

T = TypeVar("T")
_CATALOGUED = isms("CatalogueElement")
_WHEN_AFFECTED, _MAIN_CLAUSE, _ORDER = isms("whenAffected"), isms("mainClause"), isms("guidanceOrder")


@dataclass
class Isms:
    """A loaded ISMS. `stage` is what the workspace or the caller asked for, None if nobody said.

    `prepared` is where other modules keep what they worked out for this ISMS.
    """

    workspace: Workspace
    sources: list[Source]
    vocabulary: Vocabulary
    store: Store
    as_of: date
    stage: str | None = None
    as_of_origin: str = "today"
    prepared: dict[object, object] = field(default_factory=dict)
    _labels: dict[NamedNode, str] = field(default_factory=dict)
    _classes: dict[NamedNode, list[NamedNode]] = field(default_factory=dict)

    @property
    def statement_count(self) -> int:
        """How many statements the files of the workspace hold."""
        return sum(len(source.quads) for source in self.sources)

    def with_file_graphs(self) -> Store:
        """The store with each file's statements in a graph of its own, besides the default graph."""
        if "file graphs" not in self.prepared:
            for source in self.sources:
                self.store.extend(workspace.named_quads(self.workspace, source))
            self.prepared["file graphs"] = True
        return self.store

    def kept(self, kind: Callable[[Isms], T]) -> T:
        """What another module works out of this ISMS, made when it is first asked for and kept."""
        if kind not in self.prepared:
            self.prepared[kind] = kind(self)
        return cast(T, self.prepared[kind])

    @cached_property
    def locator(self) -> Locator:
        """Finds where statements stand in the files."""
        return Locator(self.workspace, self.sources, self.vocabulary)

    @cached_property
    def prefixes(self) -> dict[str, str]:
        """The known prefixes and those that the files declare; the workspace's own names come without a prefix."""
        own = {prefix: iri for source in self.sources for prefix, iri in source.prefixes.items() if prefix}
        return {**own, **PREFIXES, "": self.workspace.base}

    def short(self, node: Object) -> str:
        """The term as people write it: prefix:name, or the text of a literal."""
        if isinstance(node, NamedNode):
            text = shorten(node.value, self.prefixes)
            return text[1:] if text.startswith(":") else text
        return node.value if isinstance(node, Literal) else str(node)

    def label(self, node: Object) -> str:
        """The element's name; for one without a name, its short IRI. For literals, their text."""
        if isinstance(node, Literal):
            return node.value
        if not isinstance(node, NamedNode):
            return "an element without a name"
        if node not in self._labels:
            labels = sorted(
                (quad.object for quad in self.store.quads_for_pattern(node, RDFS_LABEL, None, None)),
                key=lambda label: (getattr(label, "language", None) not in (None, "en"), str(label)),
            )
            self._labels[node] = labels[0].value if labels and isinstance(labels[0], Literal) else self.short(node)
        return self._labels[node]

    def classes(self, node: Object) -> list[NamedNode]:
        """The most specific classes of an element, in the order of their IRIs."""
        if not isinstance(node, NamedNode):
            return []
        if node not in self._classes:
            types = {q.object for q in self.store.quads_for_pattern(node, RDF_TYPE, None, None) if isinstance(q.object, NamedNode)}
            self._classes[node] = self.vocabulary.most_specific(types)
        return self._classes[node]

    def values(self, node: Node, property_: NamedNode) -> list[Object]:
        """The values of a property of an element, in a fixed order."""
        return sorted({quad.object for quad in self.store.quads_for_pattern(node, property_, None, None)}, key=str)

    def elements(self) -> set[NamedNode]:
        """The organisation's own elements: everything that its files give a class of the ontology, other than catalogues of controls."""
        return self.described() - self.catalogued()

    def described(self) -> set[NamedNode]:
        """Everything that the files give a class, the controls of catalogues too."""
        return {quad.subject for quad in self._typed() if isinstance(quad.subject, NamedNode)}

    def catalogued(self) -> set[NamedNode]:
        """The control sets that the files hold, with all their parts."""
        classes = {one for one in self.vocabulary.classes if self.vocabulary.is_kind_of(one, _CATALOGUED)}
        return {quad.subject for quad in self._typed() if quad.object in classes and isinstance(quad.subject, NamedNode)}

    def _typed(self) -> Iterable[Quad]:
        return (quad for source in self.sources for quad in source.quads if quad.predicate == RDF_TYPE)

    def has_any(self, class_: str) -> bool:
        """True if there is an element of a class of the ontology."""
        return any(True for _ in self.store.quads_for_pattern(None, RDF_TYPE, isms(class_), DefaultGraph()))

    def advice(self, node: NamedNode) -> str:
        """What to do when a change reaches the element."""
        return self._of_class(node, _WHEN_AFFECTED)

    def clause(self, node: NamedNode) -> str:
        """The number of the clause under which elements of this class are chiefly kept, or an empty text."""
        clause = self._of_class(node, _MAIN_CLAUSE)
        return local_name(clause) if clause else ""

    def guidance_order(self, node: NamedNode) -> int:
        """The place of the element's class in the order in which a change is worked through."""
        return int(self._of_class(node, _ORDER) or 99)

    def _of_class(self, node: NamedNode, annotation: NamedNode) -> str:
        for class_ in self.classes(node):
            value = self.vocabulary.inherited(class_, annotation)
            if isinstance(value, (Literal, NamedNode)):
                return value.value
        return ""


def load(paths: str | Path | Sequence[str | Path], as_of: str | date | None = None, stage: str | None = None) -> Isms:
    """Load the ISMS in a folder or in files.

    `as_of` is the date as of which to look, as a date or as `2026-11-23`; without it the workspace's own
    date holds, and without that today's. Raises InputError, Problems or EmptyWorkspace.
    """
    space = workspace.find([paths] if isinstance(paths, (str, Path)) else paths)
    vocabulary = load_vocabulary()
    sources = workspace.read(space, vocabulary)
    if not any(source.quads for source in sources):
        raise EmptyWorkspace("nothing was checked: the files hold no statements.", space.root)
    return assemble(space, sources, vocabulary, as_date(as_of), stage)


def as_date(text: str | date | None) -> date | None:
    """A date that may be written as text. Raises InputError."""
    if not isinstance(text, str):
        return text
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{text!r} is not a date.", advice="Write it like 2026-11-23.") from None


def assemble(
    space: Workspace, sources: list[Source], vocabulary: Vocabulary, as_of: date | None, stage: str | None, classless: bool = False
) -> Isms:
    """The ISMS that some parsed files make up; see `load`. `classless` elements are refused unless the caller knows of them."""
    origin = "given" if as_of else f"set in {workspace.CONFIG}" if space.as_of else "today"
    isms_ = Isms(space, sources, vocabulary, Store(), as_of or space.as_of or date.today(), stage or space.stage, origin)
    said = [by_predicate(source.quads) for source in sources]
    problems = [problem for source, pairs in zip(sources, said, strict=True) for problem in problems_in(isms_, source, pairs)]
    if not classless:
        problems.extend(without_class(isms_, zip(sources, said, strict=True)))
    if problems:
        raise Problems(problems)
    store = isms_.store
    store.extend(vocabulary.quads)
    for source in sources:
        store.extend(workspace.in_default_graph(source))
    store.extend(entailed(merged(vocabulary, said), vocabulary))
    return isms_


def problems_in(isms_: Isms, source: Source, pairs: Pairs) -> Iterable[InputError]:
    """What is wrong with the statements of a source, terms that do not exist and values of the wrong kind, with their places."""
    return lint.problems(source.path, pairs, isms_.vocabulary, lambda _, quad: _place(isms_, source, quad))


def without_class(isms_: Isms, said: Iterable[tuple[Source, Pairs]]) -> Iterable[InputError]:
    """The elements of which no file says what they are; no check would look at them. All files together decide."""
    files = list(said)
    by_path = {source.path: source for source, _ in files}
    for path, subject, quads in lint.without_class(((source.path, pairs) for source, pairs in files), isms_.vocabulary):
        line, column = min((_place(isms_, by_path[path], quad) for quad in quads), key=lambda place: place[0] or 0)
        said_of_it = f"[ {isms_.short(quads[0].predicate)} {isms_.short(quads[0].object)} ]"
        name = isms_.short(subject) if isinstance(subject, NamedNode) else said_of_it
        yield InputError(
            f"{name} has statements and no class, so that no check would look at it.",
            path, line, column, advice="Say what it is: `a isms:...`, in this file or another; see `isms explain --list classes`.",
        )  # fmt: skip


def _place(isms_: Isms, source: Source, quad: Quad) -> tuple[int | None, int | None]:
    place = isms_.locator.statement(source, quad)
    return place.line, place.column if isinstance(place.column, int) else None
