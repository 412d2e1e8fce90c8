"""No check takes out of proportion longer in a store that holds four times as much."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from pathlib import Path
from time import perf_counter

import pytest
from pyoxigraph import DefaultGraph, NamedNode, Quad, Store

from isms_graph.assessment import assess
from isms_graph.catalogue import load_catalogue
from isms_graph.graph import Isms, load
from isms_graph.index import Object
from isms_graph.namespaces import ISMS, ISO27001, SHAPES
from isms_graph.shacl.compiler import compile_shape
from isms_graph.shacl.model import targeted_shapes

SOURCE = Path(__file__).parent.parent / "data" / "harbour-neglected"  # with findings, so that no condition is left unasked
COPIES, LIMIT, FLOOR = 4, 12, 0.004  # LIMIT: how much longer it may take for each copy; FLOOR: seconds below which nothing is compared


@pytest.fixture(scope="module")
def organisation() -> Isms:
    isms_ = load(SOURCE)
    assess(isms_)
    return isms_


@pytest.fixture(scope="module")
def several(organisation: Isms) -> Store:
    """The statements of the organisation, and of three others that are like it but for the names."""
    quads = list(organisation.store.quads_for_pattern(None, None, None, DefaultGraph()))
    store = Store()
    store.bulk_extend(quads)
    for number in range(1, COPIES):
        store.bulk_extend(renamed(quads, organisation.described(), number))
    return store


def renamed(quads: list[Quad], names: set[NamedNode], number: int) -> Iterator[Quad]:
    def other(term: Object) -> Object:
        if isinstance(term, NamedNode) and term in names and not term.value.startswith((ISMS, ISO27001)):
            return NamedNode(f"{term.value}-{number}")
        return term

    for quad in quads:
        if (subject := other(quad.subject)) != quad.subject or other(quad.object) != quad.object:
            yield Quad(subject, quad.predicate, other(quad.object))  # type: ignore[arg-type]  # a literal is no subject


def seconds(store: Store, query: str, tries: int) -> float:
    best = inf
    for _ in range(tries):
        begin = perf_counter()
        sum(1 for _ in store.query(query))  # type: ignore[misc,union-attr]
        best = min(best, perf_counter() - begin)
    return best


def test_checks_grow_with_what_they_check(organisation: Isms, several: Store) -> None:
    slow = []
    for shape in targeted_shapes(load_catalogue().shapes):
        for _, query in compile_shape(shape):
            allowed = LIMIT * COPIES * max(FLOOR, seconds(organisation.store, query.text, 2))
            if seconds(several, query.text, 1) > allowed and (took := seconds(several, query.text, 2)) > allowed:
                slow.append(f"{str(shape.node).removeprefix('<' + SHAPES)}: {took * 1000:.0f} ms, allowed {allowed * 1000:.0f} ms")
    assert slow == []


def test_the_copies_are_there(organisation: Isms, several: Store) -> None:
    risk = NamedNode(f"{ISMS}Risk")
    risks = [sum(1 for _ in store.quads_for_pattern(None, None, risk)) for store in (organisation.store, several)]
    assert risks[1] - risks[0] >= (COPIES - 1) * 20
