"""The default engine: shapes compiled to SPARQL, run on the store. What the compiler refuses goes to the reference."""

from __future__ import annotations

from collections.abc import Collection
from time import perf_counter

from pyoxigraph import QuerySolutions, Store

from isms_graph.errors import CatalogueError
from isms_graph.index import Node
from isms_graph.shacl import kept
from isms_graph.shacl.engine import Query, Result, Row, Validation, count_solutions
from isms_graph.shacl.model import Shape, ShapesGraph, targeted_shapes

THREADS = 2


class CompiledEngine:
    """Runs each constraint as one SPARQL query over all focus nodes."""

    name = "compiled"

    def validate(self, shapes: ShapesGraph, store: Store, only: Collection[Node] | None = None) -> Validation:
        """See `Engine.validate`; `only` these shapes, if given.

        The store evaluates queries in other threads while the next shapes are compiled.
        """
        from concurrent.futures import Future, ThreadPoolExecutor

        found = Validation([], {}, {})
        left: list[Shape] = []
        counts: dict[str, Future[int]] = {}
        running: list[tuple[Shape, str, Future[tuple[list[Result], float]]]] = []
        if shapes.key and not shapes.prepared:
            kept.load(shapes)
        known = len(shapes.prepared)
        with ThreadPoolExecutor(THREADS) as pool:
            for shape in targeted_shapes(shapes):
                if only is not None and shape.node not in only:
                    continue
                if shape.node not in shapes.prepared:
                    shapes.prepared[shape.node] = _compile(shape)
                target, queries, refused = shapes.prepared[shape.node]
                if refused:
                    found.referred[shape.node] = refused
                    left.append(shape)
                    continue
                if target not in counts:
                    counts[target] = pool.submit(count_solutions, target, store)
                running.append((shape, target, pool.submit(_run_all, queries, store)))
        if shapes.key and len(shapes.prepared) > known and only is None:
            kept.save(shapes)
        for shape, target, results in running:
            found.focus_nodes[shape.node] = counts[target].result()
            rows, found.seconds[shape.node] = results.result()
            found.results.extend(rows)
        if left:
            self._refer(left, shapes, store, found)
        return found

    def _refer(self, left: list[Shape], shapes: ShapesGraph, store: Store, found: Validation) -> None:
        from isms_graph.shacl.reference import ReferenceEngine

        rest = ReferenceEngine().validate_shapes([shape.node for shape in left], shapes, store)
        found.results.extend(rest.results)
        found.focus_nodes.update(rest.focus_nodes)
        found.seconds.update(rest.seconds)


def _compile(shape: Shape) -> tuple[str, list[tuple[Shape, Query]], str]:
    """The target, the queries, and why there are none if the compiler refuses the shape."""
    from isms_graph.shacl.compiler import compile_shape, target_text  # seldom needed: what was compiled is kept
    from isms_graph.shacl.sparql import NotUnderstood

    try:
        return target_text(shape), list(compile_shape(shape)), ""
    except NotUnderstood as reason:
        return "", [], str(reason)


def _run_all(queries: list[tuple[Shape, Query]], store: Store) -> tuple[list[Result], float]:
    begin = perf_counter()
    return [result for reporting, query in queries for result in _run(reporting, query, store)], perf_counter() - begin


def _run(shape: Shape, query: Query, store: Store) -> list[Result]:
    try:
        solutions = store.query(query.text)
    except SyntaxError as error:
        raise CatalogueError(f"the query of {_name(shape.node)} is not valid SPARQL: {error}") from None
    assert isinstance(solutions, QuerySolutions)
    names = [variable.value for variable in solutions.variables]
    results: list[Result] = []
    for solution in solutions:
        bindings = {name: value for name, value in zip(names, solution, strict=True) if value is not None}
        focus = bindings["this"]
        value = bindings.get("value", focus if query.value_is_focus else None)
        path = str(bindings["path"]) if "path" in bindings else query.path
        row = Row(shape.node, focus, path, value, shape.severity, query.component)
        results.append(Result(row, query.message, bindings))
    return results


def _name(node: Node) -> str:
    return node.value if hasattr(node, "value") else str(node)
