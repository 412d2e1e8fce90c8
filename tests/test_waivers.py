"""Waivers: a finding that one covers is shown as waived and does not fail; a waiver with a fault waives nothing."""

from __future__ import annotations

import pytest
from conftest import HEADER
from pyoxigraph import NamedNode, RdfFormat, parse

from isms_graph.catalogue import load_catalogue
from isms_graph.checks import check
from isms_graph.examples import Example
from isms_graph.findings import Report
from isms_graph.graph import Isms
from isms_graph.namespaces import SHAPES
from isms_graph.resources import folder

BASE = folder("shapes") / "examples" / "base.ttl"
WAIVER = """:w a isms:Waiver ; rdfs:label "Until the move" ; isms:owner :role-operations ; isms:justification "New provider." ;
    isms:approvedBy :role-director ; isms:approvalSignedBy :ana ; isms:validUntil "2027-01-31"^^xsd:date ;
    isms:waivesCheck shapes:control-without-evidence ; isms:waivesNode :control-mfa ."""


def waived_isms(waiver: str) -> Isms:
    """The complete little ISMS without evidence of one control, with a waiver."""
    node = NamedNode("https://example.org/isms/ev-mfa-2026"), None, None
    older = NamedNode("https://example.org/isms/ev-mfa-2025"), None, None
    text = f"{HEADER}@prefix shapes: <{SHAPES}> .\n{waiver}"
    return Example(BASE, "base", passing=True, removals=[node, older], quads=list(parse(text, format=RdfFormat.TURTLE))).isms()


def report(waiver: str, select: tuple[str, ...] = ()) -> Report:
    """The report on that ISMS."""
    return check(waived_isms(waiver), "surveillance", catalogue=load_catalogue().select(select))


def test_a_waived_finding_is_shown_and_does_not_fail() -> None:
    found = report(WAIVER)
    assert [(finding.check, finding.waiver_reason) for finding in found.findings] == [("control-without-evidence", "New provider.")]
    assert found.open == ()
    assert found.conforms
    assert not found.fails_on("ofi")
    assert found.counts() == {"major": 0, "minor": 0, "ofi": 0}
    assert len(found.waived) == 1


@pytest.mark.parametrize(
    ("old", "new", "check_"),
    [
        ("isms:approvedBy :role-director ; isms:approvalSignedBy :ana ;", "", "waiver-without-approval"),
        (":role-director ; isms:approvalSignedBy :ana", ":role-operations ; isms:approvalSignedBy :cleo", "waiver-self-approved"),
        ('isms:validUntil "2027-01-31"^^xsd:date ;', "", "waiver-without-end"),
        ("2027-01-31", "2026-01-31", "waiver-expired"),
    ],
)
def test_a_waiver_with_a_fault_waives_nothing(old: str, new: str, check_: str) -> None:
    assert old in WAIVER
    found = report(WAIVER.replace(old, new))
    assert {finding.check for finding in found.open} == {"control-without-evidence", check_}
    assert found.fails_on("minor")


def test_a_fault_of_the_waiver_counts_even_if_its_check_was_not_selected() -> None:
    found = report(WAIVER.replace("isms:approvedBy :role-director ; isms:approvalSignedBy :ana ;", ""), ("control-without-evidence",))
    assert [finding.check for finding in found.open] == ["control-without-evidence"]


def test_a_waiver_covers_its_own_check_and_element_only() -> None:
    other = report(WAIVER.replace(":control-mfa", ":control-backup"))
    assert sorted(finding.check for finding in other.open) == ["control-without-evidence", "waiver-matching-nothing"]


def test_a_waiver_of_a_check_that_did_not_run_is_not_idle() -> None:
    assert report(WAIVER, ("10.2",)).findings == ()


def test_no_waiver_covers_a_finding_about_waivers() -> None:
    own = (
        WAIVER.replace(":control-mfa", ":w")
        .replace("control-without-evidence", "waiver-without-end")
        .replace('isms:validUntil "2027-01-31"^^xsd:date ;', "")
    )
    assert "waiver-without-end" in {finding.check for finding in report(own).open}
