"""What follows from the statements, and what does not."""

from __future__ import annotations

from conftest import quads
from pyoxigraph import NamedNode, Quad

from isms_graph.namespaces import ISO27001, RDF_TYPE, isms
from isms_graph.reasoning import by_predicate, entailed
from isms_graph.vocabulary import load_vocabulary

VOCABULARY = load_vocabulary()
N = "https://example.org/isms/"


def node(name: str) -> NamedNode:
    return NamedNode(N + name)


def follows(turtle: str) -> set[Quad]:
    return set(entailed(by_predicate(quads(turtle)), VOCABULARY))


def test_types_close_upwards() -> None:
    found = follows(":p a isms:InformationSecurityPolicy .")
    assert {Quad(node("p"), RDF_TYPE, isms(name)) for name in ("Policy", "Document", "DocumentedInformation", "Element")} <= found


def test_domain_and_range_infer_no_type() -> None:
    found = follows(":ana isms:treatedBy :x .")
    assert not [quad for quad in found if quad.predicate == RDF_TYPE]


def test_subproperties_and_inverses() -> None:
    found = follows(":m isms:ofMetric :k . :c isms:implements iso27001:A.5.1 .")
    assert Quad(node("m"), isms("evidences"), node("k")) in found
    assert Quad(NamedNode(ISO27001 + "A.5.1"), isms("implementedBy"), node("c")) in found


def test_chains_lead_from_the_soa_entry_to_control_and_risk() -> None:
    found = follows(":e isms:forControl iso27001:A.5.1 . :c isms:implements iso27001:A.5.1 . :r isms:treatedBy :c .")
    assert Quad(node("e"), isms("realisedBy"), node("c")) in found
    assert Quad(node("e"), isms("includedBecauseOf"), node("r")) in found
    assert Quad(node("r"), isms("adjusts"), node("e")) in found
    assert Quad(node("r"), isms("impacts"), node("e")) in found


def test_a_chain_needs_both_links() -> None:
    found = follows(":e isms:forControl iso27001:A.5.1 . :c isms:implements iso27001:A.5.2 .")
    assert not [quad for quad in found if quad.predicate == isms("realisedBy")]


def test_symmetry() -> None:
    assert Quad(node("b"), isms("incompatibleWith"), node("a")) in follows(":a isms:incompatibleWith :b .")


def test_no_impact_leads_to_what_is_settled_or_to_a_clause() -> None:
    found = follows(":i isms:materialises :r . :r isms:status isms:Withdrawn . :f isms:against iso27001:8.1 .")
    settled = {node("r"), NamedNode("https://w3id.org/isms-graph/iso27001/8.1")}
    assert not [quad for quad in found if quad.predicate in (isms("impacts"), isms("adjusts"), isms("unsettles")) and quad.object in settled]
    assert [quad for quad in follows(":i isms:materialises :r . :i isms:status isms:Closed .") if quad.predicate == isms("impacts")]


def test_excluding_classes_are_stated_pairwise() -> None:
    disjoint = NamedNode("http://www.w3.org/2002/07/owl#disjointWith")
    assert Quad(isms("Risk"), disjoint, isms("Control")) in follows("")


def test_cycles_end() -> None:
    found = follows(":a isms:dependsOn :b . :b isms:dependsOn :a . :a isms:dependsOn :a .")
    assert Quad(node("a"), isms("undermines"), node("b")) in found


def test_where_paths_end_an_edge_is_the_first_of_a_path() -> None:
    found = follows(":p a isms:Process ; isms:operates :c . :c a isms:Control ; isms:treatedBy :x .")
    assert Quad(node("p"), isms("firstUnsettles"), node("c")) in found
    assert Quad(node("p"), isms("impacts"), node("c")) in found
    assert Quad(node("p"), isms("unsettles"), node("c")) not in found
    assert Quad(node("c"), isms("adjusts"), node("p")) in found


def test_only_the_forward_direction_of_impact_is_stated() -> None:
    found = follows(":r a isms:Risk ; isms:arisesFrom :t .")
    assert Quad(node("t"), isms("impacts"), node("r")) in found
    assert not [quad for quad in found if quad.predicate in (isms("impactedBy"), isms("adjustedBy"))]
