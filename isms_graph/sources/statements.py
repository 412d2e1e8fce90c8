"""What files say of each element, comparable between two readings: order, layout, files and names of blank nodes do not count."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple

from isms_graph.index import Object
from isms_graph.sources.workspace import Source, in_default_graph

ROUNDS = 20  # how often blank nodes that refer to each other in a circle are told apart further
Value = Object | str  # a term; for a blank node the key of what is said of it
Statement = tuple[NamedNode | str, NamedNode, Value]


class Statements:
    """The statements of some sources. A blank node is known by what is said of it, wherever it is mentioned.

    `stated` are the statements about elements; those about blank nodes are in them only where no element leads there.
    """

    def __init__(self, sources: Iterable[Source]) -> None:
        self._of_blank: dict[BlankNode, list[tuple[NamedNode, Object]]] = defaultdict(list)
        plain: set[Statement] = set()
        nested: list[Quad] = []
        for quad in chain.from_iterable(in_default_graph(source) for source in sources):
            if isinstance(quad.subject, BlankNode):
                self._of_blank[quad.subject].append((quad.predicate, quad.object))
            elif isinstance(quad.object, (NamedNode, Literal)) and isinstance(quad.subject, NamedNode):
                plain.add((quad.subject, quad.predicate, quad.object))
            else:
                nested.append(quad)
        self._keys = self._described()
        self.blank: dict[str, BlankNode] = {key: node for node, key in self._keys.items()}
        for quad in nested:
            subject = quad.subject if isinstance(quad.subject, NamedNode) else str(self._key(quad.subject))
            plain.add((subject, quad.predicate, self._key(quad.object)))
        plain.update(
            (self._keys[node], predicate, self._key(object_)) for node in self._roots(nested) for predicate, object_ in self._of_blank[node]
        )
        self.stated = plain

    def about(self, key: str) -> list[tuple[NamedNode, Object]]:
        """What is said of the blank node with a key, in a fixed order."""
        found = self._of_blank.get(self.blank[key], ()) if key in self.blank else ()
        return sorted(found, key=lambda pair: (pair[0].value, str(self._key(pair[1]))))

    def key(self, node: BlankNode) -> str:
        """The key of a blank node."""
        return self._keys.get(node, "[]")

    def _key(self, term: Object) -> Value:
        if isinstance(term, BlankNode):
            return self._keys.get(term, "[]")
        if isinstance(term, Triple):
            return f"<<{self._key(term.subject)} {term.predicate} {self._key(term.object)}>>"
        return term

    def _described(self) -> dict[BlankNode, str]:
        """A key for each blank node: first those that lead to no other, then what leads to them, last those in circles."""
        keys: dict[BlankNode, str] = {}
        waiting: dict[BlankNode, set[BlankNode]] = {}
        users: dict[BlankNode, list[BlankNode]] = defaultdict(list)
        for node, said in self._of_blank.items():
            waiting[node] = {other for _, object_ in said for other in _blank_in(object_) if other in self._of_blank}
            for other in waiting[node]:
                users[other].append(node)
        self._keys = keys
        ready = [node for node, others in waiting.items() if not others]
        while ready:
            node = ready.pop()
            del waiting[node]
            keys[node] = self._digest(node)
            for user in users[node]:
                waiting[user].discard(node)
                if not waiting[user]:
                    ready.append(user)
        for _ in range(min(len(waiting), ROUNDS)):
            keys.update({node: self._digest(node) for node in waiting})
        return keys

    def _digest(self, node: BlankNode) -> str:
        lines = sorted({f"{predicate} {self._key(object_)}" for predicate, object_ in self._of_blank[node]})
        return "[]" + hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def _roots(self, nested: list[Quad]) -> Iterator[BlankNode]:
        """The blank nodes to which no element leads; of a circle of such nodes all."""
        reached: set[BlankNode] = set()
        stack = [node for quad in nested for node in (*_blank_in(quad.subject), *_blank_in(quad.object))]
        used = {node for said in self._of_blank.values() for _, object_ in said for node in _blank_in(object_)}
        roots = [node for node in self._of_blank if node not in used]
        stack.extend(node for root in roots for _, object_ in self._of_blank[root] for node in _blank_in(object_))
        while stack:
            node = stack.pop()
            if node not in reached:
                reached.add(node)
                stack.extend(other for _, object_ in self._of_blank.get(node, ()) for other in _blank_in(object_))
        return (node for node in self._of_blank if node not in reached)


def _blank_in(term: Object) -> Iterator[BlankNode]:
    if isinstance(term, BlankNode):
        yield term
    elif isinstance(term, Triple):
        yield from _blank_in(term.subject)
        yield from _blank_in(term.object)
