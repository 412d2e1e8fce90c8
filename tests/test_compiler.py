"""The compiler: equal to the reference engine on every constraint it takes, and it refuses what it cannot take."""

from __future__ import annotations

import os

import pytest
from conftest import HEADER
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import RdfFormat, Store, parse

from isms_graph.catalogue import load_catalogue
from isms_graph.errors import CatalogueError
from isms_graph.shacl.compiled import CompiledEngine
from isms_graph.shacl.compiler import compile_shape
from isms_graph.shacl.model import Shape, ShapesGraph, targeted_shapes
from isms_graph.shacl.reference import ReferenceEngine
from isms_graph.shacl.scope import out_of_scope
from isms_graph.shacl.sparql import NotUnderstood, parse_select, write_select

PREFIX = (
    """@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix shapes: <https://w3id.org/isms-graph/shapes/> .
"""
    + HEADER
)
DECLARE = 'shapes: sh:declare [ sh:prefix "isms" ; sh:namespace "https://w3id.org/isms-graph/ns/" ] .'


def shapes(turtle: str) -> ShapesGraph:
    return ShapesGraph(parse(PREFIX + DECLARE + turtle, format=RdfFormat.TURTLE))


def store(turtle: str) -> Store:
    filled = Store()
    filled.extend(parse(HEADER + turtle, format=RdfFormat.TURTLE))
    return filled


def constraint(where: str, select: str = "$this") -> ShapesGraph:
    query = f'sh:sparql [ sh:prefixes shapes: ; sh:select """SELECT {select} WHERE {{ {where} }}""" ]'
    return shapes(f"shapes:s a sh:NodeShape ; sh:targetClass isms:Risk ; {query} .")


def compiled(graph: ShapesGraph) -> str:
    ((_, query),) = compile_shape(targeted_shapes(graph)[0])
    return query.text


DATA = """
:r1 a isms:Risk ; isms:owner :o1 ; isms:currentLevel 3 ; isms:inherentLevel 9 ;
    isms:reviewedOn "2026-01-01"^^xsd:date , "2025-01-01"^^xsd:date .
:r2 a isms:Risk ; isms:currentLevel 9 ; isms:inherentLevel 4 ; rdfs:label "two"@en , "zwo"@de , "zwei"@de ;
    isms:reviewedOn "2024-01-01"^^xsd:date .
:r3 a isms:Risk ; isms:owner :o1 , :o2 ; isms:currentLevel "high" ; isms:treatedBy :c1 , :r3 ; isms:note "a\\nb" .
:r4 a isms:Risk ; isms:owner "text" ; isms:treatedBy :c2 ; isms:currentLevel 3.0 .
:o1 a isms:Role . :o2 a isms:Person ; isms:leftOn "2026-06-01"^^xsd:date .
:c1 a isms:Control ; isms:owner :o1 ; isms:dependsOn :c2 . :c2 a isms:Control ; isms:dependsOn :c1 .
<urn:run> isms:asOf "2026-11-23"^^xsd:date .
"""

CORE = [
    "sh:path isms:owner ; sh:minCount 1", "sh:path isms:owner ; sh:minCount 2", "sh:path isms:owner ; sh:maxCount 1",
    "sh:path isms:owner ; sh:maxCount 0", "sh:path isms:owner ; sh:minCount 0", "sh:path isms:owner ; sh:class isms:Role",
    "sh:path isms:owner ; sh:nodeKind sh:IRI", "sh:path isms:owner ; sh:nodeKind sh:BlankNodeOrIRI",
    "sh:path isms:currentLevel ; sh:datatype xsd:integer", "sh:path isms:currentLevel ; sh:minInclusive 4",
    "sh:path isms:currentLevel ; sh:maxExclusive 9", "sh:path isms:currentLevel ; sh:in ( 3 9 )",
    "sh:path isms:owner ; sh:in ( :o1 :o2 )", "sh:path isms:owner ; sh:hasValue :o1", "sh:path rdfs:label ; sh:pattern \"^t\"",
    'sh:path rdfs:label ; sh:pattern "^T" ; sh:flags "i"', "sh:path rdfs:label ; sh:languageIn ( \"en\" )",
    "sh:path rdfs:label ; sh:minLength 4", "sh:path rdfs:label ; sh:maxLength 3",
    "sh:path isms:currentLevel ; sh:lessThan isms:inherentLevel", "sh:path isms:currentLevel ; sh:lessThanOrEquals isms:inherentLevel",
    "sh:path isms:owner ; sh:equals isms:treatedBy", "sh:path isms:owner ; sh:disjoint isms:treatedBy",
    "sh:path ( isms:treatedBy isms:owner ) ; sh:minCount 1", "sh:path [ sh:inversePath isms:treatedBy ] ; sh:maxCount 0",
    "sh:path [ sh:alternativePath ( isms:owner isms:treatedBy ) ] ; sh:maxCount 1",
    "sh:path ( isms:treatedBy [ sh:oneOrMorePath isms:dependsOn ] ) ; sh:maxCount 1",
    "sh:path ( isms:treatedBy [ sh:zeroOrMorePath isms:dependsOn ] ) ; sh:minCount 3",
    "sh:path [ sh:zeroOrOnePath isms:treatedBy ] ; sh:class isms:Risk",
    "sh:path rdfs:label ; sh:uniqueLang true", "sh:path isms:owner ; sh:or ( [ sh:class isms:Role ] [ sh:class isms:Person ] )",
]  # fmt: skip


@pytest.mark.parametrize("text", CORE)
def test_core_constraints_give_the_rows_of_the_reference(text: str) -> None:
    graph = shapes(f"shapes:s a sh:PropertyShape ; sh:targetClass isms:Risk ; {text} .")
    ours, theirs = (engine.validate(graph, store(DATA)) for engine in (CompiledEngine(), ReferenceEngine()))
    assert ours.rows == theirs.rows
    assert ours.focus_nodes == theirs.focus_nodes


def test_the_core_constraints_above_find_something() -> None:
    """Comparing two empty sets proves nothing."""
    empty = [
        text
        for text in CORE
        if not CompiledEngine().validate(shapes(f"shapes:s a sh:PropertyShape ; sh:targetClass isms:Risk ; {text} ."), store(DATA)).rows
    ]
    assert set(empty) <= {"sh:path isms:owner ; sh:minCount 0", "sh:path isms:owner ; sh:disjoint isms:treatedBy"}


TARGETS = [
    "sh:targetClass isms:Risk , isms:Control",
    "sh:targetNode :r1 , :nobody",
    "sh:targetSubjectsOf isms:owner",
    "sh:targetObjectsOf isms:owner",
]


@pytest.mark.parametrize("target", TARGETS)
def test_targets(target: str) -> None:
    graph = shapes(f"shapes:s a sh:PropertyShape ; {target} ; sh:path isms:dependsOn ; sh:minCount 1 .")
    ours, theirs = (engine.validate(graph, store(DATA)) for engine in (CompiledEngine(), ReferenceEngine()))
    assert ours.rows == theirs.rows
    assert ours.rows


SPARQL = [
    "$this isms:owner ?o . FILTER NOT EXISTS { ?o a isms:Role }",
    "FILTER NOT EXISTS { $this isms:owner ?o }",
    "FILTER NOT EXISTS { $this isms:owner ?o . ?o a isms:Role } FILTER NOT EXISTS { $this isms:treatedBy ?c . ?c isms:owner ?p }",
    '$this isms:reviewedOn ?d . FILTER NOT EXISTS { $this isms:reviewedOn ?later . FILTER (?later > ?d) } FILTER (?d < "2025-06-01"^^<http://www.w3.org/2001/XMLSchema#date>)',
    "{ $this isms:owner ?o } UNION { $this isms:treatedBy ?o . FILTER (?o != $this) } ?o a ?t",
    "OPTIONAL { $this isms:owner ?o . FILTER NOT EXISTS { ?o a isms:Role } } FILTER (BOUND(?o))",
    "OPTIONAL { ?c a isms:Control . FILTER NOT EXISTS { $this isms:treatedBy ?c } } FILTER (BOUND(?c))",
    "FILTER EXISTS { $this isms:treatedBy/isms:dependsOn+ ?c . ?c isms:owner ?o }",
    "$this isms:currentLevel ?l , ?m . FILTER (?l < ?m || EXISTS { $this isms:owner ?o . FILTER (?l = 9) })",
    "?c isms:dependsOn ?d . FILTER NOT EXISTS { $this isms:treatedBy ?x . FILTER (?x = ?c) }",
    "BIND ($this AS ?me) ?me isms:owner ?o",
    "{ SELECT $this (COUNT(?o) AS ?n) WHERE { $this isms:owner ?o } GROUP BY $this } FILTER (?n > 1)",
    "{ $this a isms:Risk . FILTER NOT EXISTS { $this isms:owner [] } }",
    "$this isms:owner ?o . FILTER NOT EXISTS { { ?o a isms:Role } UNION { ?o isms:leftOn ?d . FILTER (?d > ?today) } [] isms:asOf ?today }",
    "?a isms:dependsOn ?b . FILTER (STR(?a) < STR($this)) FILTER NOT EXISTS { ?b isms:dependsOn $this }",
    '$this rdfs:label ?l . FILTER (LANG(?l) IN ("de", "fr"))'.replace("rdfs:label", "<http://www.w3.org/2000/01/rdf-schema#label>"),
]


@pytest.mark.parametrize("where", SPARQL)
def test_sparql_constraints_give_the_rows_of_the_reference(where: str) -> None:
    graph = constraint(where)
    ours, theirs = (engine.validate(graph, store(DATA)) for engine in (CompiledEngine(), ReferenceEngine()))
    assert ours.rows == theirs.rows


REFUSED = [
    ("{ ?c a isms:Control . FILTER ($this != ?c) } UNION { ?c a isms:Role }", "nothing binds it"),
    ("{ SELECT ?c WHERE { ?c a isms:Control } } $this isms:treatedBy ?c", "nothing binds it"),
    ("{ SELECT $this WHERE { $this isms:owner ?o } LIMIT 1 }", "LIMIT"),
    ("GRAPH ?g { $this isms:owner ?o }", "GRAPH"),
    ("VALUES ?o { 1 }", "VALUES"),
    ("$this isms:owner ?o . SERVICE <http://x/> { ?o ?p ?q }", "SERVICE"),
    ("$this isms:owner $currentShape", "pre-bound"),
]


@pytest.mark.parametrize(("where", "reason"), REFUSED)
def test_what_is_not_understood_is_refused(where: str, reason: str) -> None:
    with pytest.raises(NotUnderstood, match=reason):
        compiled(constraint(where))


def test_a_refused_shape_is_evaluated_by_the_reference_engine() -> None:
    graph = shapes("shapes:s a sh:NodeShape ; sh:targetClass isms:Risk ; sh:not [ sh:class isms:Risk ] .")
    found = CompiledEngine().validate(graph, store(DATA))
    assert list(found.referred.values()) == ["sh:not"]
    assert len(found.rows) == 4


def test_not_exists_becomes_minus_only_where_it_means_the_same() -> None:
    assert "MINUS" in compiled(constraint("FILTER NOT EXISTS { $this isms:owner ?o }"))
    # ?l is needed inside and bound only outside
    assert "MINUS" not in compiled(
        constraint("$this isms:currentLevel ?l . FILTER NOT EXISTS { $this isms:inherentLevel ?i . FILTER (?i > ?l) }")
    )
    # ?o may be unbound outside
    assert "MINUS" not in compiled(constraint("OPTIONAL { $this isms:owner ?o } FILTER NOT EXISTS { ?o a isms:Role . $this a isms:Risk }"))
    # nothing is shared
    assert "MINUS" not in compiled(constraint("FILTER NOT EXISTS { ?a isms:dependsOn ?b }"))


def test_bad_sparql_is_a_defect_of_the_catalogue() -> None:
    with pytest.raises(CatalogueError, match="not valid SPARQL"):
        CompiledEngine().validate(constraint("$this nope:x ?o"), store(DATA))


@pytest.mark.parametrize("id_", load_catalogue().checks)
def test_every_shipped_check_is_compiled(id_: str) -> None:
    catalogue = load_catalogue()
    assert list(compile_shape(Shape(catalogue.checks[id_].iri, catalogue.shapes)))


TRIPLES = st.sampled_from(
    [
        "$this isms:owner ?a .",
        "?a isms:dependsOn ?b .",
        "$this isms:treatedBy ?b .",
        "?b isms:owner ?a .",
        "$this isms:currentLevel ?l .",
        "?a a ?t .",
    ]
)
FILTERS = st.sampled_from(["FILTER (?a != ?b)", "FILTER ($this != ?a)", "FILTER (?l > 3)", "FILTER (BOUND(?a))", "FILTER (!BOUND(?b))"])


def groups(depth: int, plain: bool = False) -> st.SearchStrategy[str]:
    """Groups of patterns; `plain` ones have no UNION or OPTIONAL, which rdflib gets wrong inside EXISTS and OPTIONAL."""
    parts = [TRIPLES, TRIPLES, FILTERS]
    if depth:
        exists = groups(depth - 1, plain=True)
        parts += [exists.map(lambda text: f"FILTER NOT EXISTS {{ {text} }}"), exists.map(lambda text: f"FILTER EXISTS {{ {text} }}")]
    if depth and not plain:
        inner = groups(depth - 1)
        parts += [
            groups(depth - 1, plain=True).map(lambda text: f"OPTIONAL {{ {text} }}"),
            st.tuples(inner, inner).map(lambda two: f"{{ {two[0]} }} UNION {{ {two[1]} }}"),
        ]
    return st.lists(st.one_of(parts), min_size=1, max_size=3).map(" ".join)


@settings(max_examples=int(os.environ.get("FUZZ", "150")), deadline=None)
@given(groups(2))
def test_generated_constraints_give_the_rows_of_the_reference(where: str) -> None:
    """Whatever the compiler takes means the same as with the reference engine, which puts focus nodes in one by one."""
    graph = constraint(where)
    try:
        compiled(graph)
    except NotUnderstood:
        return
    if out_of_scope(parse_select(f"SELECT $this WHERE {{ {where} }}").where, {"?this"}):
        return  # rdflib lets values leak into UNION; the lint refuses such a query
    data = DATA.replace('"high"', "5")  # rdflib compares texts with numbers, where SPARQL has an error
    ours, theirs = (engine.validate(graph, store(data)) for engine in (CompiledEngine(), ReferenceEngine()))
    assert ours.rows == theirs.rows, compiled(graph)


@pytest.mark.parametrize("where", SPARQL)
def test_writing_a_query_and_reading_it_again_changes_nothing(where: str) -> None:
    text = f"SELECT $this WHERE {{ {where} }}"
    once = write_select(parse_select(text))
    assert write_select(parse_select(once)) == once
