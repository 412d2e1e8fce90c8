"""Where a statement stands in its file. Looked up only when somebody asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pyoxigraph import BlankNode, Literal, NamedNode, Quad

from isms_graph.index import Object
from isms_graph.namespaces import RDF_TYPE
from isms_graph.sources.workspace import Source, Workspace
from isms_graph.vocabulary import Vocabulary

if TYPE_CHECKING:
    from isms_graph.sources.turtle import Statement  # at run time only once something has to be located


_BLANK = "_:"  # all blank nodes together: their names in a file are not those that the parser gives them


class Place(NamedTuple):
    """A place in a file: lines and columns count from 1; in a table `column` is the header of the column.

    In a workbook `sheet` and `cell` say where, such as Risks and D5.
    """

    file: str
    line: int | None = None
    column: int | str | None = None
    sheet: str = ""
    cell: str = ""


@dataclass
class Locator:
    """Finds statements in the sources of a workspace; reads a file again on the first question about it."""

    workspace: Workspace
    sources: list[Source]
    vocabulary: Vocabulary
    _turtle: dict[Path, dict[str, list[Statement]]] = field(default_factory=dict)
    _objects: dict[Path, dict[str, int]] = field(default_factory=dict)
    _subjects: dict[object, list[Source]] = field(default_factory=dict)

    def read(self) -> None:
        """Read now where everything stands, for a process that cannot open the files later."""
        for source in self.sources:
            for quad in source.quads[:1]:
                self.statement(source, quad)

    def statement(self, source: Source, quad: Quad) -> Place:
        """The place of one statement of a source."""
        if source.graph:
            return Place(source.graph)
        shown = self.workspace.shown(source.path)
        if source.path.suffix in (".csv", ".xlsx"):
            for cell in source.cells:
                if cell.quad == quad:
                    return Place(shown, cell.line, cell.column, cell.sheet, cell.cell)
            return Place(shown)
        if source.path.suffix == ".jsonld":
            return Place(shown, self._json_line(source, quad.subject))
        wanted, object_ = _key(quad.predicate), _key(quad.object)
        same_property: Place | None = None
        named = not isinstance(quad.subject, BlankNode)
        for found in self._statements(source).get(_key(quad.subject) if named else _BLANK, ()):
            if found.predicate == wanted:
                if found.object == object_:
                    return Place(shown, found.line, found.column)
                if named:
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
            if source.graph:
                return Place(source.graph)
            shown = self.workspace.shown(source.path)
            if source.path.suffix in (".csv", ".xlsx"):
                for cell in source.cells:
                    if cell.quad.subject == node:
                        return Place(shown, cell.line, cell.column, cell.sheet, cell.cell)
            elif source.path.suffix == ".jsonld":
                return Place(shown, self._json_line(source, node))
            else:
                stated = self._statements(source).get(_key(node), ())
                typed = [item for item in stated if item.predicate == _key(RDF_TYPE)] or stated
                if typed:
                    return Place(shown, typed[0].subject_line, typed[0].subject_column)
            return Place(shown)
        return None

    def of(self, node: NamedNode, path: NamedNode | None, value: Object | None) -> Place | None:
        """The place that a finding is about: the statement at fault, or else where the element is declared.

        A value without a path is looked for behind every property of the element.
        """
        if path is not None or value is not None:
            for source, quad in self._of_subject.get(node, ()):
                if path in (None, quad.predicate) and value in (None, quad.object):
                    return self.statement(source, quad)
        return self.declaration(node)

    @cached_property
    def _of_subject(self) -> dict[object, list[tuple[Source, Quad]]]:
        found: dict[object, list[tuple[Source, Quad]]] = {}
        for source in self.sources:
            for quad in source.quads:
                found.setdefault(quad.subject, []).append((source, quad))
        return found

    def _json_line(self, source: Source, subject: object) -> int | None:
        from isms_graph.sources.jsonld import lines_of_objects, names

        if source.path not in self._objects:
            self._objects[source.path] = lines_of_objects(source.path.read_text(encoding="utf-8-sig"))
        iri = getattr(subject, "value", "")
        return next((line for name, line in self._objects[source.path].items() if names(iri, name, self.workspace.base)), None)

    def _statements(self, source: Source) -> dict[str, list[Statement]]:
        from isms_graph.sources.turtle import statements

        if source.path not in self._turtle:
            by_subject: dict[str, list[Statement]] = {}
            for item in statements(source.path.read_text(encoding="utf-8-sig"), self.workspace.base):
                by_subject.setdefault(_BLANK if item.subject.startswith("_:") else item.subject, []).append(item)
            self._turtle[source.path] = by_subject
        return self._turtle[source.path]


def _key(term: Object) -> str:
    from isms_graph.sources.turtle import literal

    if isinstance(term, Literal):
        return literal(term.value, term.datatype.value, term.language or "")
    return str(term)
