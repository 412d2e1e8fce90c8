"""Alder Clinics: clean before stage 2, and what an auditor would say if a completed cycle were asked of it already."""

from __future__ import annotations

import csv
import tomllib
from pathlib import Path

import pytest
from conftest import DATA

from isms_graph.checks import check
from isms_graph.graph import Isms, load
from isms_graph.namespaces import isms

ALDER = DATA / "alder-clinics"
EXPECTED = Path(__file__).parent / "expected" / "alder-clinics-surveillance.csv"


@pytest.fixture(scope="module")
def alder() -> Isms:
    return load(ALDER)


def rows() -> list[dict[str, str]]:
    with EXPECTED.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def count(alder: Isms, *classes: str) -> int:
    kinds = {isms(name) for name in classes}
    return sum(bool(kinds & set(alder.classes(node))) for node in alder.elements())


def test_nothing_is_found_before_stage_2_and_nothing_is_waived(alder: Isms) -> None:
    settings = tomllib.loads((ALDER / "isms.toml").read_text(encoding="utf-8"))
    report = check(alder)
    assert (report.stage, report.as_of) == (settings["stage"], settings["as-of"]) == ("stage2", settings["as-of"])
    assert [(finding.check, finding.focus) for finding in report.findings] == []
    assert count(alder, "Waiver") == 0


def test_exactly_what_is_expected_is_found_at_surveillance() -> None:
    expected = {(row["check"], row["focus"]) for row in rows()}
    report = check(load(ALDER), "surveillance")
    assert {(finding.check, finding.focus.rpartition("/")[2]) for finding in report.findings} == expected


def test_expectations_are_sorted_and_say_why() -> None:
    pairs = [(row["check"], row["focus"]) for row in rows()]
    assert pairs == sorted(set(pairs))
    assert all(len(row["comment"]) > 60 for row in rows())


SIZES = {
    "ExternalIssue InternalIssue": 10,
    "InterestedParty": 12,
    "LegalRequirement ContractualRequirement OtherRequirement": 25,
    "ScopeInterface": 9,
    "Policy": 12,
    "Role": 20,
    "Person": 45,
    "Interaction": 40,
    "Risk": 40,
    "Control": 70,
    "Asset": 50,
    "Supplier CloudSupplier": 15,
    "SupplierAgreement": 15,
    "SupplierAssessment": 15,
    "Objective": 8,
    "Measurement": 25,
    "AwarenessTraining Training": 9,
    "Incident": 8,
    "InternalAudit": 3,
    "ReviewInput": 10,
    "Nonconformity": 6,
    "TreatmentAction": 25,
    "Communication": 10,
}


@pytest.mark.parametrize("classes", SIZES)
def test_it_has_the_size_of_a_system_for_200_people(alder: Isms, classes: str) -> None:
    assert count(alder, *classes.split()) >= SIZES[classes]


def test_the_numbers_that_the_standard_or_the_plan_fixes(alder: Isms) -> None:
    assert count(alder, "SoAEntry") == 93
    assert count(alder, "MatrixCell") == 25
    assert count(alder, "ManagementReview") == 1
    assert 18 <= count(alder, "Process") <= 22
