"""Statements in memory, looked up by subject and property: for the small graphs that the program itself reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple

from isms_graph.namespaces import RDF, RDF_TYPE

Node = NamedNode | BlankNode | Triple
Object = NamedNode | BlankNode | Literal | Triple

_FIRST, _REST, _NIL = NamedNode(RDF + "first"), NamedNode(RDF + "rest"), NamedNode(RDF + "nil")


class Index:
    """An index over statements; graph names are ignored. `quads` are the statements."""

    def __init__(self, quads: Iterable[Quad]) -> None:
        self.quads = list(quads)
        self.by_subject: dict[tuple[Node, NamedNode], list[Object]] = defaultdict(list)
        self.by_type: dict[NamedNode, list[NamedNode]] = defaultdict(list)
        for quad in self.quads:
            self.by_subject[quad.subject, quad.predicate].append(quad.object)
            if quad.predicate == RDF_TYPE and isinstance(quad.subject, NamedNode) and isinstance(quad.object, NamedNode):
                self.by_type[quad.object].append(quad.subject)

    def objects(self, subject: Node, predicate: NamedNode) -> list[Object]:
        """Everything that `subject` is related to by `predicate`, in the order of the files."""
        return self.by_subject.get((subject, predicate), [])

    def named(self, subject: Node, predicate: NamedNode) -> list[NamedNode]:
        """The same, IRIs only."""
        return [node for node in self.objects(subject, predicate) if isinstance(node, NamedNode)]

    def text(self, subject: Node, predicate: NamedNode) -> str:
        """The first literal of `subject` for `predicate`, or an empty text."""
        for node in self.objects(subject, predicate):
            if isinstance(node, Literal):
                return node.value
        return ""

    def texts(self, subject: Node, predicate: NamedNode) -> list[str]:
        """All literals of `subject` for `predicate`."""
        return [node.value for node in self.objects(subject, predicate) if isinstance(node, Literal)]

    def instances(self, class_: NamedNode) -> list[NamedNode]:
        """The IRIs whose stated class is `class_`."""
        return self.by_type.get(class_, [])

    def list(self, head: Object) -> list[Object]:
        """The items of an RDF collection; a collection without an end, or one that bites its tail, stops there."""
        items: list[Object] = []
        seen: set[Object] = set()
        while isinstance(head, (NamedNode, BlankNode)) and head != _NIL and head not in seen:
            seen.add(head)
            items.extend(self.objects(head, _FIRST)[:1])
            head = next(iter(self.objects(head, _REST)), _NIL)
        return items
