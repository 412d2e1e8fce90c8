"""IRIs that the program itself knows, and the short names of IRIs."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from pyoxigraph import NamedNode

ISMS = "https://w3id.org/isms-graph/ns/"
ISO27001 = "https://w3id.org/isms-graph/iso27001/"
SHAPES = "https://w3id.org/isms-graph/shapes/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
OWL = "http://www.w3.org/2002/07/owl#"
XSD = "http://www.w3.org/2001/XMLSchema#"
SH = "http://www.w3.org/ns/shacl#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
PROV = "http://www.w3.org/ns/prov#"
DCTERMS = "http://purl.org/dc/terms/"

PREFIXES = {
    "isms": ISMS, "iso27001": ISO27001, "shapes": SHAPES, "rdf": RDF, "rdfs": RDFS, "owl": OWL,
    "xsd": XSD, "sh": SH, "skos": SKOS, "prov": PROV, "dcterms": DCTERMS,
}  # fmt: skip
SPARQL_PREFIXES = "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in PREFIXES.items())

RDF_TYPE = NamedNode(RDF + "type")
RDFS_LABEL = NamedNode(RDFS + "label")
ASSESSMENT = NamedNode("urn:isms-graph:assessment")


@cache
def isms(name: str) -> NamedNode:
    """The IRI of a term of the ontology."""
    return NamedNode(ISMS + name)


@cache
def sh(name: str) -> NamedNode:
    """The IRI of a term of SHACL."""
    return NamedNode(SH + name)


def local_name(iri: str) -> str:
    """What stands behind the last `/`, `#` or, in a URN, `:` of an IRI."""
    return iri.replace("#", "/").rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1]


def shorten(iri: str, prefixes: dict[str, str]) -> str:
    """The IRI as prefix:name with the longest namespace of `prefixes` that fits, else the IRI itself."""
    fitting = [(len(namespace), prefix) for prefix, namespace in prefixes.items() if iri.startswith(namespace)]
    if not fitting:
        return iri
    length, prefix = max(fitting)
    return f"{prefix}:{iri[length:]}"


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The known names that look most like `name`, upper and lower case alike, best first."""
    from difflib import get_close_matches  # only for messages about what was not found

    by_lower: dict[str, str] = {}
    for candidate in known:
        by_lower.setdefault(candidate.lower(), candidate)
    return [by_lower[match] for match in get_close_matches(name.lower(), by_lower, n=count, cutoff=0.6)]
