"""The W3C SHACL test suite through the default engine: compiled, or referred to the reference engine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyoxigraph import BlankNode, Literal, NamedNode, Quad, RdfFormat, Store, parse

from isms_graph.errors import CatalogueError
from isms_graph.index import Node, Object
from isms_graph.namespaces import RDF_TYPE, sh
from isms_graph.reasoning import by_predicate, entailed
from isms_graph.shacl.compiled import CompiledEngine
from isms_graph.shacl.compiler import path_text
from isms_graph.shacl.model import ShapesGraph
from isms_graph.vocabulary import Vocabulary

ROOT = Path(os.environ.get("W3C_TESTS", Path(__file__).resolve().parents[2] / "shared" / "w3c")) / "shacl"
MF, SHT = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#", "http://www.w3.org/ns/shacl-test#"
HOW_TO_GET = "clone https://github.com/w3c/data-shapes and set W3C_TESTS to a folder whose `shacl` is its data-shapes-test-suite/tests"

# Cases that do not pass, each with the reason. A case that passes after all fails the test.
EXCEPTIONS = {
    "property/uniqueLang-002": 'pySHACL takes "1"^^xsd:boolean for true; SHACL wants the term true',
    "pre-binding/shapesGraph-001": "pySHACL does not bind $shapesGraph, an optional feature",
}


@dataclass(frozen=True)
class Case:
    path: Path
    node: Node
    index: ShapesGraph


def cases() -> list[Case]:
    found = []
    for path in sorted(ROOT.rglob("*.ttl")):
        index = ShapesGraph(read(path))
        for subject, predicate in list(index.by_subject):
            if predicate == RDF_TYPE and NamedNode(SHT + "Validate") in index.objects(subject, RDF_TYPE):
                found.append(Case(path, subject, index))
    return found


def read(path: Path) -> list[Quad]:
    return list(parse(path.read_bytes(), format=RdfFormat.TURTLE, base_iri=path.resolve().as_uri()))


CASES = cases() if ROOT.is_dir() else []


def test_the_suite_is_there() -> None:
    if not CASES and not os.environ.get("CI"):
        pytest.skip(f"the W3C suite is not there: {HOW_TO_GET}")
    assert len(CASES) >= 121, HOW_TO_GET


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.path.parent.name}/{case.path.stem}")
def test_case(case: Case) -> None:
    name = f"{case.path.parent.name}/{case.path.stem}"
    if name in EXCEPTIONS:
        assert not passes(case), f"{name} passes; take it off the list of exceptions"
    else:
        assert passes(case)


def passes(case: Case) -> bool:
    action = case.index.objects(case.node, NamedNode(MF + "action"))[0]
    expected = case.index.objects(case.node, NamedNode(MF + "result"))[0]
    assert isinstance(action, (NamedNode, BlankNode))
    data, shapes = (graph(case, action, name) for name in ("dataGraph", "shapesGraph"))
    store = Store()
    store.extend([*data, *entailed(by_predicate(data), Vocabulary(data))])
    shapes_index = case.index if shapes is case.index.quads else ShapesGraph(shapes)
    try:
        found = CompiledEngine().validate(shapes_index, store)
    except CatalogueError:
        return expected == NamedNode(SHT + "Failure")
    if expected == NamedNode(SHT + "Failure"):
        return False
    assert isinstance(expected, (NamedNode, BlankNode))
    ours = sorted(key(r.row.shape, r.row.focus, r.row.path, r.row.value, r.row.severity, r.row.component) for r in found.results)
    theirs = sorted(result(case.index, node, shapes_index) for node in case.index.objects(expected, sh("result")))
    return sorted(set(ours)) == sorted(set(theirs))


def graph(case: Case, action: Node, name: str) -> list[Quad]:
    target = case.index.objects(action, NamedNode(SHT + name))[0]
    assert isinstance(target, NamedNode)
    path = Path(target.value.removeprefix("file://"))
    return case.index.quads if path == case.path.resolve() else read(path)


def result(index: ShapesGraph, node: Object, shapes: ShapesGraph) -> tuple[str, ...]:
    assert isinstance(node, (NamedNode, BlankNode))

    def of(name: str) -> Object | None:
        return next(iter(index.objects(node, sh(name))), None)

    path = of("resultPath")
    text = "" if path is None else path_text(path, index)
    severity, component = of("resultSeverity"), of("sourceConstraintComponent")
    assert isinstance(component, NamedNode)
    focus = of("focusNode")
    assert focus is not None
    del shapes
    return key(of("sourceShape"), focus, text, of("value"), severity, component.value)


def key(shape: object, focus: Object, path: str, value: Object | None, severity: object, component: str) -> tuple[str, ...]:
    return (str(shape), term(focus), path, "" if value is None else term(value), str(severity), component)


def term(value: Object) -> str:
    """As the store writes it: numbers and booleans in their canonical form."""
    if isinstance(value, Literal):
        store = Store()
        store.add(Quad(NamedNode("urn:x"), NamedNode("urn:x"), value))
        return str(next(iter(store)).object)
    return str(value)
