"""A check report as the standard sh:ValidationReport, in Turtle."""

from __future__ import annotations

from collections.abc import Iterable

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, serialize

from isms_graph.findings import Finding, Report
from isms_graph.index import Node, Object
from isms_graph.namespaces import PREFIXES, RDF_TYPE, SHAPES, XSD, isms, sh

SEVERITIES = {"major": sh("Violation"), "minor": sh("Warning"), "ofi": sh("Info")}


def as_turtle(report: Report) -> str:
    """The report; as SHACL has it, it conforms if there is no result, of whatever severity. Waived results name the waiver."""
    root = BlankNode("report")
    conforms = Literal("false" if report.findings else "true", datatype=NamedNode(XSD + "boolean"))
    triples = [Triple(root, RDF_TYPE, sh("ValidationReport")), Triple(root, sh("conforms"), conforms)]
    for number, finding in enumerate(report.findings, 1):
        node = BlankNode(f"result{number}")
        triples.append(Triple(root, sh("result"), node))
        triples.extend(Triple(node, predicate, object_) for predicate, object_ in _result(finding))
    return turtle(triples)


def turtle(triples: Iterable[Triple]) -> str:
    """Statements as Turtle, with the known prefixes in a fixed order."""
    lines = (serialize(triples, format=RdfFormat.TURTLE, prefixes=PREFIXES) or b"").decode().splitlines(keepends=True)
    declared = [line for line in lines if line.startswith("@prefix ")]
    return "".join([*sorted(declared), *lines[len(declared) :]])


def _result(finding: Finding) -> list[tuple[NamedNode, Object]]:
    focus: Node = finding.row.focus if finding.row and not isinstance(finding.row.focus, Literal) else NamedNode(finding.focus)
    found: list[tuple[NamedNode, Object]] = [
        (RDF_TYPE, sh("ValidationResult")),
        (sh("focusNode"), focus),
        (sh("resultSeverity"), SEVERITIES[finding.severity]),
        (sh("resultMessage"), Literal(finding.message, language="en")),
        (sh("sourceShape"), NamedNode(SHAPES + finding.check)),
    ]
    if finding.row is not None:
        found.append((sh("sourceConstraintComponent"), NamedNode(finding.row.component)))
        if finding.row.value is not None:
            found.append((sh("value"), finding.row.value))
        if finding.row.path.startswith("<") and finding.row.path.endswith(">"):
            found.append((sh("resultPath"), NamedNode(finding.row.path[1:-1])))
    else:
        found.append((sh("sourceConstraintComponent"), sh("SPARQLConstraintComponent")))
    if finding.waiver is not None:
        found.append((isms("waivedBy"), NamedNode(finding.waiver)))
    return found
