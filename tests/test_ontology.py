"""The ontology: complete, in one voice, consistent, and with every number of the standard."""

from __future__ import annotations

from collections import Counter

import pytest
from pyoxigraph import NamedNode, Quad, RdfFormat, Store, parse

from isms_graph.catalogue import load_catalogue
from isms_graph.namespaces import ISMS, OWL, RDF_TYPE, RDFS, isms
from isms_graph.owl import consistent, unsatisfiable_classes
from isms_graph.reasoning import by_predicate, entailed
from isms_graph.resources import folder, ontology_files
from isms_graph.shacl.compiled import CompiledEngine
from isms_graph.shacl.engine import Engine
from isms_graph.shacl.model import ShapesGraph
from isms_graph.shacl.reference import ReferenceEngine
from isms_graph.vocabulary import load_vocabulary

VOCABULARY = load_vocabulary()
META = ShapesGraph(parse((folder("shapes") / "meta.ttl").read_bytes(), format=RdfFormat.TURTLE))


def terms_and_checks(*extra: Quad) -> Store:
    quads = [*VOCABULARY.quads, *load_catalogue().shapes.quads, *extra]
    store = Store()
    store.extend([*quads, *entailed(by_predicate(quads), VOCABULARY)])
    return store


@pytest.mark.parametrize("engine", [CompiledEngine(), ReferenceEngine()], ids=lambda engine: engine.name)
def test_every_term_and_check_is_described(engine: Engine) -> None:
    found = engine.validate(META, terms_and_checks())
    # A check has no definition; its label is explained by rationale and method.
    results = [
        r for r in found.results if not (str(r.row.focus).startswith("<https://w3id.org/isms-graph/shapes/") and "definition" in r.row.path)
    ]
    assert [(str(r.row.focus), r.message) for r in results] == []
    assert min(found.focus_nodes.values()) > 50


def test_an_undescribed_term_is_found() -> None:
    bare = Quad(isms("Bare"), RDF_TYPE, NamedNode(OWL + "Class"))
    found = CompiledEngine().validate(META, terms_and_checks(bare))
    assert isms("Bare") in {result.row.focus for result in found.results}


def test_each_file_parses_and_nothing_is_imported() -> None:
    assert len(ontology_files()) >= 15
    assert not [quad for quad in VOCABULARY.quads if quad.predicate == NamedNode(OWL + "imports")]


def test_annex_a_is_complete() -> None:
    controls = VOCABULARY.instances(isms("AnnexAControl"))
    themes = Counter(VOCABULARY.named(control, isms("theme"))[0].value.removeprefix(ISMS) for control in controls)
    assert themes == {"Organizational": 37, "People": 8, "Physical": 14, "Technological": 34}
    assert sum(VOCABULARY.text(control, isms("newIn2022")) == "true" for control in controls) == 11


def test_clauses_are_complete() -> None:
    clauses = VOCABULARY.instances(isms("Clause"))
    numbers = {VOCABULARY.text(clause, isms("number")) for clause in clauses}
    assert len(clauses) == len(numbers) == 41
    assert {"4.4", "6.1.3", "6.3", "7.5.3", "9.2.2", "9.3.3", "10.1", "10.2"} <= numbers
    for clause in clauses:
        assert len(VOCABULARY.named(clause, isms("phase"))) == 1
        assert VOCABULARY.named(clause, isms("pdcaStep"))
        assert VOCABULARY.named(clause, isms("verb"))
        number = VOCABULARY.text(clause, isms("number"))
        parents = [VOCABULARY.text(parent, isms("number")) for parent in VOCABULARY.named(clause, isms("parentClause"))]
        assert parents == ([number.rpartition(".")[0]] if "." in number else [])


def test_clause_10_1_is_continual_improvement() -> None:
    assert VOCABULARY.label(NamedNode("https://w3id.org/isms-graph/iso27001/10.1")).endswith("Continual improvement")


def test_ten_kinds_of_review_input() -> None:
    assert len(VOCABULARY.instances(isms("ReviewInputKind"))) == 10


def test_no_name_is_both_class_and_individual() -> None:
    individuals = {term for class_ in VOCABULARY.classes for term in VOCABULARY.instances(class_)}
    assert not individuals & set(VOCABULARY.classes)


def test_every_element_class_says_what_to_do_when_affected() -> None:
    for class_ in VOCABULARY.classes:
        concrete = VOCABULARY.is_kind_of(class_, isms("Element")) and class_.value.removeprefix(ISMS) not in {
            "Element",
            "Agent",
            "Activity",
            "DocumentedInformation",
            "StandardElement",
        }
        if concrete:
            assert VOCABULARY.inherited(class_, isms("whenAffected")), class_
            assert VOCABULARY.inherited(class_, isms("guidanceOrder")), class_


def test_domains_and_ranges_exist() -> None:
    for property_ in VOCABULARY.object_properties:
        for end in ("domain", "range"):
            for class_ in VOCABULARY.named(property_, NamedNode(RDFS + end)):
                assert class_ in VOCABULARY.classes, (property_, class_)


def test_the_ontology_is_consistent_and_every_class_can_have_members() -> None:
    assert consistent(VOCABULARY.quads)
    assert unsatisfiable_classes(VOCABULARY) == []


def test_a_class_below_two_that_exclude_each_other_is_unsatisfiable() -> None:
    """On the few classes that matter here: each run of the reasoner takes a second."""
    classes = {isms(name) for name in ("Person", "Agent", "Risk", "Element", "Role")}
    kept = [q for q in VOCABULARY.quads if q.subject in classes and q.predicate in (RDF_TYPE, NamedNode(RDFS + "subClassOf"))]
    both = Quad(isms("Person"), NamedNode(RDFS + "subClassOf"), isms("Risk"))
    apart = Quad(isms("Role"), NamedNode(OWL + "disjointWith"), isms("Risk"))
    assert unsatisfiable_classes(type(VOCABULARY)([*kept, both])) == []
    assert unsatisfiable_classes(type(VOCABULARY)([*kept, both, apart])) == []
    below_both = Quad(isms("Person"), NamedNode(RDFS + "subClassOf"), isms("Role"))
    assert unsatisfiable_classes(type(VOCABULARY)([*kept, both, apart, below_both])) == [ISMS + "Person"]
