"""Each broken check against the lint and against the examples of the check: does anything notice?"""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache

from pyoxigraph import Literal, NamedNode, Quad, QuerySolutions

from isms_graph.assessment import assess
from isms_graph.catalogue import Catalogue, load_catalogue
from isms_graph.checks import render
from isms_graph.examples import edges_of, examples_of
from isms_graph.graph import Isms
from isms_graph.index import Object
from isms_graph.namespaces import PREFIXES, SHAPES, sh, shorten
from isms_graph.shacl.compiler import compile_shape
from isms_graph.shacl.lint import lint
from isms_graph.shacl.model import COMPONENTS, TARGETS, ShapesGraph, description_of, targeted_shapes
from isms_graph.shacl.sparql import NotUnderstood
from isms_graph.vocabulary import Vocabulary, load_vocabulary
from mutants.breaks import broken

REFUSED, NOT_COMPILED, ELEMENT, VALUE, MESSAGE = "refused by the lint", "not compiled", "other elements", "other values", "another message"


@dataclass(frozen=True)
class Trial:
    """One broken check: what was broken, and what noticed it (one of the constants above, or an empty text)."""

    check: str
    kind: str
    what: str
    noticed: str


Found = frozenset[tuple[str, str, str]]  # element, value, message


class Trials:
    """The broken forms of one check, and its examples, loaded once."""

    def __init__(self, check: str, catalogue: Catalogue, vocabulary: Vocabulary) -> None:
        self.check = check
        self.vocabulary = vocabulary
        self.plain = ShapesGraph(dict.fromkeys(description_of(catalogue.shapes, NamedNode(SHAPES + check))))
        self.examples: list[Isms] = []
        for example in [*examples_of(check), *edges_of(check)]:
            loaded = example.isms()
            assess(loaded, example.stage)
            self.examples.append(loaded)
        self.expected = list(self._findings(self.plain))

    def forms(self) -> Iterator[tuple[str, str, ShapesGraph]]:
        """Every broken form, as (kind, what, shapes graph)."""
        constraints = {sh(name) for name in COMPONENTS if name not in ("sparql", "property")}
        targets = [quad for quad in self.plain.quads if quad.predicate in TARGETS.values()]
        # That $this is of the target class is said by the target, too: without the pattern a query means the same.
        said = {
            f"?this a {shorten(quad.object.value, PREFIXES)}"
            for quad in targets
            if isinstance(quad.object, NamedNode) and len(targets) == 1
        }
        for quad in self.plain.quads:
            if quad.predicate in TARGETS.values() and isinstance(quad.object, NamedNode):
                yield "misspell target", quad.object.value, self._with(quad, NamedNode(quad.object.value + "s"))
                if len(targets) > 1:
                    yield "drop target", quad.object.value, self._with(quad)
            elif quad.predicate in constraints:
                yield "drop constraint", str(quad.predicate), self._with(quad)
            elif quad.predicate == sh("path") and isinstance(quad.object, NamedNode):
                yield "misspell term", quad.object.value, self._with(quad, NamedNode(quad.object.value + "s"))
            elif quad.predicate == sh("select") and isinstance(quad.object, Literal):
                for form in broken(quad.object.value):
                    if form.kind == "drop pattern" and form.what in said:
                        continue
                    yield form.kind, form.what, self._with(quad, Literal(form.text))

    def notice(self, shapes: ShapesGraph) -> str:
        """What notices a broken form; an empty text if nothing does."""
        if lint(shapes, self.vocabulary):
            return REFUSED
        try:
            # One example after the other: most breaks are noticed by the first.
            for found, expected in zip(self._findings(shapes), self.expected, strict=True):
                for size, name in ((1, ELEMENT), (2, VALUE), (3, MESSAGE)):
                    if {row[:size] for row in found} != {row[:size] for row in expected}:
                        return name
        except NotUnderstood:
            return NOT_COMPILED
        return ""

    def _with(self, gone: Quad, put: Object | None = None) -> ShapesGraph:
        new = [] if put is None else [Quad(gone.subject, gone.predicate, put)]
        return ShapesGraph([*(quad for quad in self.plain.quads if quad != gone), *new])

    def _findings(self, shapes: ShapesGraph) -> Iterator[Found]:
        """What is found in each example. Raises NotUnderstood before the first if the shape cannot be compiled."""
        queries = [query for shape in targeted_shapes(shapes) for _, query in compile_shape(shape)]
        for isms in self.examples:
            found: set[tuple[str, str, str]] = set()
            for query in queries:
                solutions = isms.store.query(query.text)
                assert isinstance(solutions, QuerySolutions)
                names = [variable.value for variable in solutions.variables]
                for solution in solutions:
                    row = {name: value for name, value in zip(names, solution, strict=True) if value is not None}
                    found.add((str(row["this"]), str(row.get("value", "")), render(query.message, row, isms)))
            yield frozenset(found)


@cache
def _shared() -> tuple[Catalogue, Vocabulary]:
    return load_catalogue(), load_vocabulary()


def trials_of(check: str, limit: int | None = None, seed: int = 0) -> list[Trial]:
    """The trials of one check, or a seeded sample of them."""
    trials = Trials(check, *_shared())
    forms = list(trials.forms())
    if limit is not None and len(forms) > limit:
        forms = random.Random(f"{seed} {check}").sample(forms, limit)  # noqa: S311 - for variety, not for secrets
    return [Trial(check, kind, what, trials.notice(shapes)) for kind, what, shapes in forms]


def run(checks: list[str] | None = None, workers: int = 1) -> Iterator[Trial]:
    """The trials of all checks, or of some."""
    chosen = checks or list(_shared()[0].checks)
    if workers == 1:
        for check in chosen:
            yield from trials_of(check)
        return
    with ProcessPoolExecutor(workers) as pool:
        for found in pool.map(trials_of, chosen):
            yield from found
