"""Run the checks on an ISMS and report findings."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from pyoxigraph import BlankNode, NamedNode

from isms_graph.assessment import assess, default_stage
from isms_graph.catalogue import Catalogue, Check, load_catalogue
from isms_graph.elements import organization
from isms_graph.errors import CatalogueError, EmptyWorkspace
from isms_graph.findings import CheckRun, Finding, Report, order
from isms_graph.graph import Isms
from isms_graph.index import Object
from isms_graph.namespaces import SHAPES
from isms_graph.shacl.engine import Engine, Result, Validation
from isms_graph.shacl.model import ShapesGraph, description_of
from isms_graph.waivers import Waiver, apply, in_force, is_about_waivers

_PLACEHOLDER = re.compile(r"\{[?$](\w+)(?:\|([^{}]*))?\}")


def check(isms_: Isms, stage: str | None = None, engine: Engine | None = None, catalogue: Catalogue | None = None) -> Report:
    """Run the checks of the catalogue (default: all that ship) for a stage.

    Raises UnknownName for a stage that does not exist, EmptyWorkspace if no element of an ISMS is there.
    """
    if not any(isms_.classes(node) for node in isms_.elements()):
        raise EmptyWorkspace(
            "nothing was checked: no element of an ISMS is described here.",
            None if isms_.workspace.address else isms_.workspace.root,
            advice="Elements are things of a class such as isms:Risk or isms:Control; `isms explain --list classes` lists them.",
        )
    if engine is None:
        from isms_graph.shacl.compiled import CompiledEngine

        engine = CompiledEngine()
    catalogue = catalogue or load_catalogue()
    stage_reason = "given" if stage else default_stage(isms_)[1]
    stage = assess(isms_, stage)
    validation = engine.validate(selected_shapes(catalogue), isms_.store)
    findings = _findings(isms_, catalogue, validation)
    waivers = _waivers(isms_, catalogue, engine, findings)
    runs = tuple(
        CheckRun(one, validation.focus_nodes[one.iri], validation.seconds[one.iri], validation.referred.get(one.iri, ""))
        for one in catalogue.checks.values()
    )
    return Report(
        workspace=isms_.workspace.name,
        name=organization_name(isms_),
        as_of=isms_.as_of,
        as_of_origin=isms_.as_of_origin,
        stage=stage,
        stage_reason=stage_reason,
        statements=isms_.statement_count,
        files=len(isms_.sources),
        engine=engine.name,
        checks=runs,
        findings=tuple(sorted(apply(findings, waivers, set(catalogue.checks)), key=order)),
    )


def _findings(isms_: Isms, catalogue: Catalogue, validation: Validation) -> list[Finding]:
    findings: dict[str, Finding] = {}
    for result in sorted(validation.results, key=lambda r: (str(r.row), r.message, str(sorted(r.bindings.items(), key=str)))):
        if not isinstance(result.row.shape, NamedNode):
            raise CatalogueError(f"a result comes from a shape without a name, for {result.row.focus}")
        finding = _finding(isms_, catalogue.get(result.row.shape.value.removeprefix(SHAPES)), result)
        findings.setdefault(finding.fingerprint, finding)
    return list(findings.values())


def _waivers(isms_: Isms, catalogue: Catalogue, engine: Engine, findings: list[Finding]) -> list[Waiver]:
    """The waivers that hold; the checks that look at waivers are asked even where they were not selected."""
    if not isms_.has_any("Waiver"):
        return []
    others = {id_ for id_ in load_catalogue().checks if is_about_waivers(id_)} - set(catalogue.checks)
    if others:
        unasked = load_catalogue().select(others)
        findings = [*findings, *_findings(isms_, unasked, engine.validate(selected_shapes(unasked), isms_.store))]
    return in_force(isms_, findings)


def organization_name(isms_: Isms) -> str:
    """The name of the organisation, or of its folder."""
    return organization(isms_) or isms_.workspace.address or isms_.workspace.root.resolve().name


def selected_shapes(catalogue: Catalogue) -> ShapesGraph:
    """The shapes graph of the catalogue, or of the part of it that was selected."""
    known = catalogue.shapes.instances(NamedNode("https://w3id.org/isms-graph/ns/Check"))
    if len(known) == len(catalogue.checks):
        return catalogue.shapes
    return ShapesGraph(quad for one in catalogue.checks.values() for quad in description_of(catalogue.shapes, one.iri))


def _finding(isms_: Isms, check_: Check, result: Result) -> Finding:
    row = result.row
    path_iri = NamedNode(row.path[1:-1]) if row.path.startswith("<") and row.path.endswith(">") else None
    value = row.value if row.value != row.focus else None
    named = result.bindings.get("property")
    at_fault = path_iri or (named if isinstance(named, NamedNode) else None)
    place = isms_.locator.of(row.focus, at_fault, value) if isinstance(row.focus, NamedNode) else None
    identity = "\n".join((check_.id, _identity(isms_, row.focus), row.path, "" if value is None else str(value)))
    return Finding(
        check=check_.id,
        clause=check_.clause,
        severity=check_.severity,
        focus=row.focus.value if hasattr(row.focus, "value") else str(row.focus),
        label=isms_.label(row.focus),
        path=isms_.short(path_iri) if path_iri else row.path,
        value=None if value is None else isms_.short(value),
        message=render(result.message, result.bindings, isms_),
        advice=check_.advice,
        file=place.file if place else None,
        line=place.line if place else None,
        column=place.column if place else None,
        sheet=place.sheet if place else "",
        cell=place.cell if place else "",
        fingerprint=hashlib.sha256(identity.encode()).hexdigest()[:16],
        row=row,
    )


def _identity(isms_: Isms, node: Object) -> str:
    """What an element is known by from run to run: its IRI, or for one without an IRI what is said of it."""
    if not isinstance(node, BlankNode):
        return str(node)
    said = isms_.store.quads_for_pattern(node, None, None, None)
    return "\n".join(sorted(f"{quad.predicate} {quad.object}" for quad in said if not isinstance(quad.object, BlankNode)))


def render(template: str, bindings: Mapping[str, Object], isms_: Isms) -> str:
    """A message with its placeholders `{$this}`, `{?name}` and `{?name|what if there is none}` filled by the names of things."""

    def fill(match: re.Match[str]) -> str:
        value = bindings.get(match[1])
        return isms_.label(value) if value is not None else match[2] or f"(no {match[1]})"

    return _PLACEHOLDER.sub(fill, template)
