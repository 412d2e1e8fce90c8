"""What the endpoint says about itself: a SPARQL 1.1 Service Description, with what VoID has to say about the data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from isms_graph.namespaces import RDF_TYPE, XSD

from .negotiation import FORMATS

SD, VOID = "http://www.w3.org/ns/sparql-service-description#", "http://rdfs.org/ns/void#"
PREFIXES = {"sd": SD, "void": VOID, "xsd": XSD}
_INTEGER = NamedNode(XSD + "integer")


def service_description(
    endpoint_url: str,
    graphs: Sequence[tuple[str, int]],
    default_triples: int,
    classes: Mapping[str, int] | None = None,
    vocabularies: Iterable[str] = (),
) -> list[Triple]:
    """The description as statements, the same for the same arguments.

    `graphs` are the named graphs that may be told, with how many statements each has; `classes` the classes of the
    default graph with how many elements each has; `vocabularies` the namespaces that it uses. Federated queries are
    not among the features, as SERVICE is not answered. Raises ValueError if what should be an IRI is none.
    """
    service, dataset, default = BlankNode("service"), BlankNode("dataset"), BlankNode("default")
    url = NamedNode(endpoint_url)
    formats = {one.iri: None for offered in FORMATS.values() for one in offered}
    told = [
        Triple(service, RDF_TYPE, _sd("Service")),
        Triple(service, _sd("endpoint"), url),
        Triple(service, _sd("supportedLanguage"), _sd("SPARQL11Query")),
        *(Triple(service, _sd("resultFormat"), NamedNode(iri)) for iri in formats),
        Triple(service, _sd("defaultDataset"), dataset),
        Triple(dataset, RDF_TYPE, _sd("Dataset")),
        Triple(dataset, _sd("defaultGraph"), default),
        *_graph(default, url, default_triples),
        *(Triple(default, _void("vocabulary"), NamedNode(iri)) for iri in vocabularies),
    ]
    for number, (class_, entities) in enumerate((classes or {}).items(), 1):
        part = BlankNode(f"class{number}")
        told += [
            Triple(default, _void("classPartition"), part),
            Triple(part, RDF_TYPE, _void("Dataset")),
            Triple(part, _void("class"), NamedNode(class_)),
            Triple(part, _void("entities"), _number(entities)),
        ]
    for number, (name, triples) in enumerate(graphs, 1):
        named, graph = BlankNode(f"named{number}"), BlankNode(f"graph{number}")
        told += [
            Triple(dataset, _sd("namedGraph"), named),
            Triple(named, RDF_TYPE, _sd("NamedGraph")),
            Triple(named, _sd("name"), NamedNode(name)),
            Triple(named, _sd("graph"), graph),
            *_graph(graph, url, triples),
        ]
    return told


def _graph(node: BlankNode, url: NamedNode, triples: int) -> list[Triple]:
    """A graph, which VoID calls a dataset, with its size and where it can be asked."""
    return [
        Triple(node, RDF_TYPE, _sd("Graph")),
        Triple(node, RDF_TYPE, _void("Dataset")),
        Triple(node, _void("triples"), _number(triples)),
        Triple(node, _void("sparqlEndpoint"), url),
    ]


def _number(count: int) -> Literal:
    return Literal(str(count), datatype=_INTEGER)


def _sd(name: str) -> NamedNode:
    return NamedNode(SD + name)


def _void(name: str) -> NamedNode:
    return NamedNode(VOID + name)
