"""Where a statement stands in its file. Looked up only when somebody asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pyoxigraph import Literal, NamedNode, Quad

from isms_graph.index import Object
from isms_graph.namespaces import RDF_TYPE
from isms_graph.sources import tables
from isms_graph.sources.workspace import Source, Workspace
from isms_graph.vocabulary import Vocabulary

if TYPE_CHECKING:
    from isms_graph.sources.turtle import Statement  # at run time only once something has to be located


class Place(NamedTuple):
    """A place in a file: lines and columns count from 1; in a table `column` is the header of the column."""

    file: str
    line: int | None = None
    column: int | str | None = None


@dataclass
class Locator:
    """Finds statements in the sources of a workspace; reads a file again on the first question about it."""

    workspace: Workspace
    sources: list[Source]
    vocabulary: Vocabulary
    _turtle: dict[Path, dict[str, list[Statement]]] = field(default_factory=dict)
    _cells: dict[Path, list[tables.Cell]] = field(default_factory=dict)
    _subjects: dict[object, list[Source]] = field(default_factory=dict)

    def statement(self, source: Source, quad: Quad) -> Place:
        """The place of one statement of a source."""
        shown = self.workspace.shown(source.path)
        if source.path.suffix == ".csv":
            for cell in self._table(source):
                if cell.quad == quad:
                    return Place(shown, cell.line, cell.column)
            return Place(shown)
        if source.path.suffix == ".jsonld":
            return Place(shown, _line_of(source.path.read_text(encoding="utf-8-sig"), quad))
        wanted, object_ = _key(quad.predicate), _key(quad.object)
        same_property: Place | None = None
        for found in self._statements(source).get(_key(quad.subject), ()):
            if found.predicate == wanted:
                if found.object == object_:
                    return Place(shown, found.line, found.column)
                same_property = same_property or Place(shown, found.line, found.column)
        return same_property or Place(shown)

    def declaration(self, node: NamedNode) -> Place | None:
        """Where the element is declared: where its type is stated, else where it first is a subject."""
        if not self._subjects:
            for source in self.sources:
                for quad in source.quads:
                    known = self._subjects.setdefault(quad.subject, [])
                    if source not in known:
                        if quad.predicate == RDF_TYPE:
                            known.insert(0, source)
                        else:
                            known.append(source)
        for source in self._subjects.get(node, ()):
            shown = self.workspace.shown(source.path)
            if source.path.suffix == ".csv":
                for cell in self._table(source):
                    if cell.quad.subject == node:
                        return Place(shown, cell.line, cell.column)
            elif source.path.suffix == ".jsonld":
                return Place(shown, _line_of(source.path.read_text(encoding="utf-8-sig"), Quad(node, RDF_TYPE, node)))
            else:
                stated = self._statements(source).get(_key(node), ())
                typed = [item for item in stated if item.predicate == _key(RDF_TYPE)] or stated
                if typed:
                    return Place(shown, typed[0].subject_line, typed[0].subject_column)
            return Place(shown)
        return None

    def of(self, node: NamedNode, path: NamedNode | None, value: Object | None) -> Place | None:
        """The place that a finding is about: the statement at fault, or else where the element is declared."""
        if path is not None:
            for source in self.sources:
                for quad in source.quads:
                    if quad.subject == node and quad.predicate == path and (value is None or quad.object == value):
                        return self.statement(source, quad)
        return self.declaration(node)

    def _table(self, source: Source) -> list[tables.Cell]:
        if source.path not in self._cells:
            text = source.path.read_text(encoding="utf-8-sig")
            class_ = self.workspace.tables[source.path.name]
            self._cells[source.path] = tables.read_csv(source.path, text, class_, self.workspace.base, self.vocabulary)[0]
        return self._cells[source.path]

    def _statements(self, source: Source) -> dict[str, list[Statement]]:
        from isms_graph.sources.turtle import statements

        if source.path not in self._turtle:
            by_subject: dict[str, list[Statement]] = {}
            for item in statements(source.path.read_text(encoding="utf-8-sig"), self.workspace.base):
                by_subject.setdefault(item.subject, []).append(item)
            self._turtle[source.path] = by_subject
        return self._turtle[source.path]


def _key(term: Object) -> str:
    from isms_graph.sources.turtle import literal

    if isinstance(term, Literal):
        return literal(term.value, term.datatype.value, term.language or "")
    return str(term)


def _line_of(text: str, quad: Quad) -> int | None:
    """The line of a JSON-LD file on which the subject is named; the best that can be said of a nested document."""
    for name in (str(quad.subject)[1:-1], str(quad.subject)[1:-1].rstrip("/").rsplit("/", 1)[-1]):
        position = text.find(f'"{name}"')
        if position < 0:
            position = text.find(f':{name}"')
        if position >= 0:
            return text.count("\n", 0, position) + 1
    return None
