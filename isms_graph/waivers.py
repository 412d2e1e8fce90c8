"""Waivers: recorded decisions to live with a finding for a time. A waived finding is shown as such and does not fail a run.

A waiver holds if it is in force on the as-of date and no check finds fault with it: without an approval of somebody
else, an end, a reason, or something to waive, it waives nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pyoxigraph import DefaultGraph, NamedNode

from isms_graph.findings import Finding
from isms_graph.graph import Isms
from isms_graph.namespaces import RDF_TYPE, SHAPES, isms

UNMATCHED = "waiver-matching-nothing"
_OVER = {isms(name) for name in ("Draft", "Closed", "Cancelled", "Withdrawn")}


@dataclass(frozen=True)
class Waiver:
    """A waiver that holds: which findings it covers, and why."""

    node: str
    label: str
    reason: str
    until: str
    checks: frozenset[str]
    nodes: frozenset[str]

    def covers(self, finding: Finding) -> bool:
        """True for a finding of one of its checks at one of its nodes; findings about waivers are covered by none."""
        return finding.check in self.checks and finding.focus in self.nodes and not is_about_waivers(finding.check)


def is_about_waivers(check: str) -> bool:
    """True for the id of a check that looks at waivers."""
    return check.startswith("waiver-")


def in_force(isms_: Isms, findings: Iterable[Finding]) -> list[Waiver]:
    """The waivers that hold; `findings` are those of the checks that look at waivers."""
    faulty = {finding.focus for finding in findings if is_about_waivers(finding.check) and finding.check != UNMATCHED}
    found = []
    for quad in isms_.store.quads_for_pattern(None, RDF_TYPE, isms("Waiver"), DefaultGraph()):
        node = quad.subject
        if not isinstance(node, NamedNode) or node.value in faulty or _OVER & set(isms_.values(node, isms("status"))):
            continue
        until = max((getattr(day, "value", "") for day in isms_.values(node, isms("validUntil"))), default="")
        if until < isms_.as_of.isoformat():
            continue
        checks = (check.value.removeprefix(SHAPES) for check in isms_.values(node, isms("waivesCheck")) if isinstance(check, NamedNode))
        nodes = (element.value for element in isms_.values(node, isms("waivesNode")) if isinstance(element, NamedNode))
        reason = " ".join(isms_.label(text) for text in isms_.values(node, isms("justification")))
        found.append(Waiver(node.value, isms_.label(node), reason, until, frozenset(checks), frozenset(nodes)))
    return sorted(found, key=lambda waiver: waiver.node)


def apply(findings: Iterable[Finding], waivers: Iterable[Waiver], ran: set[str]) -> list[Finding]:
    """The findings, those that a waiver covers marked with it; a waiver in use is not reported as matching nothing.

    `ran` are the checks that ran: a waiver for a check that did not run cannot be said to match nothing.
    """
    waivers = list(waivers)
    used: set[str] = set()
    marked = []
    for finding in findings:
        covering = next((waiver for waiver in waivers if waiver.covers(finding)), None)
        if covering:
            used.add(covering.node)
            finding = replace(finding, waiver=covering.node, waiver_reason=covering.reason)
        marked.append(finding)
    idle = {waiver.node for waiver in waivers if waiver.node not in used and waiver.checks <= ran}
    return [finding for finding in marked if finding.check != UNMATCHED or finding.focus in idle]
