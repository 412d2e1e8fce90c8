"""Harbour is as large and as orderly as it claims to be; the neglected Harbour has findings against every clause."""

from __future__ import annotations

import pytest

from isms_graph.checks import check
from isms_graph.graph import Isms
from isms_graph.namespaces import isms

AT_LEAST = {
    "Process": 15, "Interaction": 25, "Risk": 25, "SoAEntry": 93, "Control": 50, "Asset": 35, "Supplier": 10, "Objective": 3,
    "Measurement": 20, "TrainingSession": 2, "Incident": 2, "InternalAudit": 2, "ManagementReview": 2, "Nonconformity": 3,
    "CorrectiveAction": 3, "EffectivenessReview": 2, "Change": 1,
}  # fmt: skip


def count(isms_: Isms, class_: str) -> int:
    kind = isms(class_)
    return sum(any(isms_.vocabulary.is_kind_of(one, kind) for one in isms_.classes(node)) for node in isms_.elements())


@pytest.mark.parametrize("class_", AT_LEAST)
def test_harbour_has_enough_of_it(harbour: Isms, class_: str) -> None:
    assert count(harbour, class_) >= AT_LEAST[class_]


def test_harbour_is_clean_at_surveillance_without_waivers(harbour: Isms) -> None:
    report = check(harbour, "surveillance")
    assert report.findings == ()
    assert count(harbour, "Waiver") == 0
    assert [run.check.id for run in report.checks if not run.focus_nodes and not run.check.id.startswith("waiver-")] == []


def test_the_residency_change_is_completed_with_its_follow_through(harbour: Isms) -> None:
    changes = [
        node for node in harbour.elements() if isms("Change") in harbour.classes(node) and "residency" in harbour.label(node).lower()
    ]
    assert changes
    assert all(isms("Completed") in harbour.values(node, isms("status")) for node in changes)


def test_neglected_harbour_has_findings_against_every_clause(neglected: Isms) -> None:
    report = check(neglected)
    assert len(report.open) >= 40
    assert {finding.clause.split(".")[0] for finding in report.open} >= {"4", "5", "6", "7", "8", "9", "10"}
    assert report.counts()["major"] >= 3, "two years without upkeep are no isolated lapses"
