"""What the endpoint says about itself."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from pyoxigraph import Literal, NamedNode, Quad, QuerySolutions, RdfFormat, Store, Triple, parse, serialize
from rdflib.namespace import VOID as KNOWN_VOID

from isms_graph.api.description import PREFIXES, SD, VOID, service_description
from isms_graph.api.negotiation import FORMATS
from isms_graph.namespaces import ISMS, PROV, RDF_TYPE, XSD

URL = "https://isms.example.org/sparql"
GRAPHS = [("urn:isms:file:a.ttl", 12), ("urn:isms:file:b.ttl", 0)]
CLASSES = {ISMS + "Risk": 7, ISMS + "Control": 93}
# Section 3 of SPARQL 1.1 Service Description: classes, instances, properties.
KNOWN_SD = {
    "Service", "Feature", "Language", "Function", "Aggregate", "EntailmentRegime", "EntailmentProfile", "GraphCollection", "Dataset",
    "Graph", "NamedGraph", "SPARQL10Query", "SPARQL11Query", "SPARQL11Update", "DereferencesURIs", "UnionDefaultGraph",
    "RequiresDataset", "EmptyGraphs", "BasicFederatedQuery", "endpoint", "feature", "defaultEntailmentRegime", "entailmentRegime",
    "defaultSupportedEntailmentProfile", "supportedEntailmentProfile", "extensionFunction", "extensionAggregate",
    "languageExtension", "supportedLanguage", "propertyFeature", "defaultDataset", "availableGraphs", "resultFormat", "inputFormat",
    "defaultGraph", "namedGraph", "name", "graph",
}  # fmt: skip


def described() -> list[Triple]:
    triples: list[Triple] = service_description(URL, GRAPHS, 500, CLASSES, [ISMS, PROV])
    return triples


def store(triples: Iterable[Triple]) -> Store:
    made = Store()
    made.extend(Quad(*triple) for triple in triples)
    return made


def rows(query: str, triples: list[Triple]) -> set[tuple[str, ...]]:
    prefixes = "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in PREFIXES.items())
    found = store(triples).query(prefixes + query)
    assert isinstance(found, QuerySolutions)
    return {tuple(getattr(value, "value", "") for value in solution) for solution in found}


def test_the_service_answers_sparql_1_1_queries_in_the_formats_there_are() -> None:
    query = "SELECT ?url ?language { ?s a sd:Service ; sd:endpoint ?url ; sd:supportedLanguage ?language }"
    assert rows(query, described()) == {(URL, SD + "SPARQL11Query")}
    formats = rows("SELECT ?format { ?s a sd:Service ; sd:resultFormat ?format }", described())
    assert formats == {(one.iri,) for offered in FORMATS.values() for one in offered}
    assert len(formats) == 8


def test_it_has_no_feature_and_takes_no_updates() -> None:
    assert rows("SELECT ?x { ?s sd:feature|sd:languageExtension|sd:extensionFunction|sd:inputFormat ?x }", described()) == set()
    assert NamedNode(SD + "SPARQL11Update") not in {triple.object for triple in described()}


def test_the_default_graph_is_a_void_dataset_with_its_size_classes_and_vocabularies() -> None:
    graph = "?s a sd:Service ; sd:defaultDataset ?d . ?d a sd:Dataset ; sd:defaultGraph ?g . ?g a sd:Graph, void:Dataset "
    assert rows(f"SELECT ?n ?url {{ {graph} ; void:triples ?n ; void:sparqlEndpoint ?url }}", described()) == {("500", URL)}
    assert rows(f"SELECT ?v {{ {graph} ; void:vocabulary ?v }}", described()) == {(ISMS,), (PROV,)}
    parts = f"SELECT ?class ?n {{ {graph} ; void:classPartition ?p . ?p a void:Dataset ; void:class ?class ; void:entities ?n }}"
    assert rows(parts, described()) == {(ISMS + "Risk", "7"), (ISMS + "Control", "93")}


def test_named_graphs_are_those_that_are_given() -> None:
    named = "?s sd:defaultDataset ?d . ?d sd:namedGraph ?n . ?n a sd:NamedGraph ; sd:name ?name ; sd:graph ?g ."
    sizes = f"SELECT ?name ?size {{ {named} ?g a sd:Graph, void:Dataset ; void:triples ?size ; void:sparqlEndpoint <{URL}> }}"
    assert rows(sizes, described()) == {(name, str(size)) for name, size in GRAPHS}
    alone = service_description(URL, [], 3)
    assert rows("SELECT ?x { ?d sd:namedGraph|sd:name|void:classPartition|void:vocabulary ?x }", alone) == set()
    assert rows("SELECT ?n { ?s sd:defaultGraph ?g . ?g void:triples ?n }", alone) == {("3",)}


def test_only_terms_that_the_vocabularies_define_are_used() -> None:
    used = {term.value for triple in described() for term in triple if isinstance(term, NamedNode)}
    in_sd = {iri.removeprefix(SD) for iri in used if iri.startswith(SD)}
    in_void = {iri.removeprefix(VOID) for iri in used if iri.startswith(VOID)}
    assert in_sd and in_sd <= KNOWN_SD
    assert str(KNOWN_VOID) == VOID
    assert in_void and all(name in KNOWN_VOID for name in in_void)
    predicates = {triple.predicate.value for triple in described()}
    assert all(iri == RDF_TYPE.value or iri.startswith((SD, VOID)) for iri in predicates)


def test_numbers_are_integers() -> None:
    numbers = [triple.object for triple in described() if isinstance(triple.object, Literal)]
    assert len(numbers) == 5
    assert {number.datatype.value for number in numbers} == {XSD + "integer"}


def test_it_says_everything_once_and_the_same_again() -> None:
    assert len(set(described())) == len(described())
    assert described() == described()


@pytest.mark.parametrize("one", FORMATS["DESCRIBE"], ids=lambda one: one.name)
def test_it_can_be_written_in_each_format(one: object) -> None:
    format_ = getattr(RdfFormat, getattr(one, "engine", ""))
    written = serialize(described(), format=format_, prefixes=PREFIXES)
    assert written is not None
    again = [Triple(quad.subject, quad.predicate, quad.object) for quad in parse(written, format=format_)]
    assert canonical(again) == canonical(described())


def canonical(triples: list[Triple]) -> set[str]:
    """The statements with each blank node replaced by what tells it apart: all that hangs on it."""

    def name(node: object, depth: int = 4) -> str:
        if isinstance(node, (NamedNode, Literal)) or depth == 0:
            return str(node) if depth else "..."
        return "[" + " ".join(sorted(f"{t.predicate} {name(t.object, depth - 1)}" for t in triples if t.subject == node)) + "]"

    return {f"{name(triple.subject)} {triple.predicate} {name(triple.object)}" for triple in triples}


@pytest.mark.parametrize("url", ["", "sparql", "https://a b/", "https://x/<>"])
def test_an_address_that_is_no_iri_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"IRI"):
        service_description(url, [], 0)
