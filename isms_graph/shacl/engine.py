"""What a SHACL engine is to the rest of the program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from pyoxigraph import NamedNode, QuerySolutions, Store

from isms_graph.index import Node, Object
from isms_graph.shacl.model import ShapesGraph


class Row(NamedTuple):
    """What makes one validation result: two engines agree when they give the same set of rows.

    `shape` is the source shape, `path` the path as SPARQL text, `value` the value node.
    """

    shape: Node
    focus: Object
    path: str
    value: Object | None
    severity: NamedNode
    component: str


@dataclass
class Result:
    """A row and its message: a template with the solution to fill it from, or a text that is already filled."""

    row: Row
    message: str
    bindings: Mapping[str, Object] = field(default_factory=dict)


@dataclass
class Validation:
    """What an engine found. `focus_nodes` counts, for each shape with a target, the nodes that it met."""

    results: list[Result]
    focus_nodes: dict[Node, int]
    seconds: dict[Node, float]
    referred: dict[Node, str] = field(default_factory=dict)

    @property
    def rows(self) -> set[Row]:
        """The rows, for comparison."""
        return {result.row for result in self.results}


@dataclass(frozen=True)
class Query:
    """A compiled constraint. Solutions bind ?this, and ?value and ?path where the result has them."""

    text: str
    component: str
    message: str
    path: str
    value_is_focus: bool = False


class Engine(Protocol):
    """Validates the default graph of a store, whose classes are closed under rdfs:subClassOf, against shapes."""

    name: str

    def validate(self, shapes: ShapesGraph, store: Store) -> Validation:
        """Every validation result of every shape with a target. Raises CatalogueError on ill-formed shapes."""
        ...


def count_solutions(pattern: str, store: Store) -> int:
    """How many solutions a group graph pattern has on the default graph."""
    solutions = store.query(f"SELECT (COUNT(*) AS ?count) WHERE {{ {pattern} }}")
    assert isinstance(solutions, QuerySolutions)
    return int(next(solutions)[0].value)
