"""The assessment node: stage, size band, and the dates from which on things count."""

from __future__ import annotations

from datetime import date

import pytest
from conftest import base
from pyoxigraph import Literal, NamedNode

from isms_graph.assessment import assess, default_stage, months_before, size_band
from isms_graph.errors import UnknownName
from isms_graph.graph import Isms
from isms_graph.namespaces import ASSESSMENT, isms, local_name


def limit(isms_: Isms, name: str, property_: str = "reviewLimit") -> list[str]:
    values = isms_.values(NamedNode(f"https://example.org/isms/{name}"), isms(property_))
    return [value.value for value in values if isinstance(value, Literal)]


@pytest.mark.parametrize(
    ("day", "months", "earlier"),
    [
        ("2026-11-23", 0, "2026-11-23"), ("2026-11-23", 11, "2025-12-23"), ("2026-11-23", 13, "2025-10-23"),
        ("2026-03-31", 1, "2026-02-28"), ("2024-03-31", 1, "2024-02-29"), ("2026-01-15", 1, "2025-12-15"), ("2026-12-31", 12, "2025-12-31"),
        ("0001-01-31", 12, "0001-01-31"), ("0001-03-31", 13, "0001-01-31"),
    ],
)  # fmt: skip
def test_months_before(day: str, months: int, earlier: str) -> None:
    assert months_before(date.fromisoformat(day), months) == date.fromisoformat(earlier)


def test_usual_intervals_by_class_and_own_intervals_before_them() -> None:
    isms_ = base(":doc-incidents isms:reviewEvery 6 .")
    assess(isms_, "surveillance")
    assert limit(isms_, "risk-phishing") == ["2025-10-23"]  # 13 months: a year and one of grace
    assert limit(isms_, "policy") == ["2025-10-23"]  # a policy is a document, and the nearest class decides
    assert limit(isms_, "doc-operations") == ["2024-10-23"]  # 25 months
    assert limit(isms_, "doc-incidents") == ["2026-04-23"]  # its own six and one of grace
    assert limit(isms_, "control-access", "evidenceLimit") == ["2026-04-23"]
    assert limit(isms_, "metric-phishing", "measurementLimit") == ["2026-07-23"]
    assert limit(isms_, "isms", "managementReviewLimit") == ["2025-10-23"]
    assert limit(isms_, "control-mfa", "startLimit") == ["2026-08-23"]  # three months to a first trace
    assert limit(isms_, "ana", "startLimit") == ["2026-08-23"]  # and to a first briefing
    assert limit(isms_, "asset-sites") == []


def judged_by(*statements: str, risk: str = "risk-outage") -> list[str]:
    """The names of the criteria that judge the risk, with a second set of criteria in force."""
    isms_ = base(" ".join([":criteria-old a isms:RiskCriteria ; isms:acceptUpTo 12 .", *statements]))
    assess(isms_, "surveillance")
    found = isms_.values(NamedNode(f"https://example.org/isms/{risk}"), isms("judgedBy"))
    return sorted(local_name(one.value) for one in found if isinstance(one, NamedNode))


def run(name: str, day: str) -> str:
    return f":{name} a isms:RiskAssessment ; isms:usesCriteria :criteria-old ; isms:date '{day}'^^xsd:date ."


def test_the_criteria_of_the_latest_assessment_judge_a_risk() -> None:
    inside = ":risk-outage isms:assessedIn :other ."
    assert judged_by() == ["criteria"], "criteria that no assessment used do not count beside those that were used"
    assert judged_by(run("other", "2024-05-02"), inside) == ["criteria"], "an assessment before the latest does not count"
    assert judged_by(run("other", "2026-05-02")) == ["criteria"], "the risk was not in the later assessment"
    assert judged_by(run("other", "2026-05-02"), inside) == ["criteria-old"]
    assert judged_by(run("other", "2027-05-02"), inside) == ["criteria"], "not yet"
    assert judged_by(run("other", "2026-05-02"), ":new a isms:Risk .", risk="new") == ["criteria-old"], "as the others last were"
    assert judged_by(":criteria isms:status isms:Withdrawn .") == ["criteria-old"], "all in force, where none of them was used"


def test_size_decides() -> None:
    micro = base(":larch isms:headcount 3 .")
    for quad in list(micro.store.quads_for_pattern(None, isms("headcount"), Literal(12), None)):
        micro.store.remove(quad)
    assert size_band(micro) == isms("Micro")
    assess(micro, "surveillance")
    assert limit(micro, "policy") == ["2024-10-23"]  # two years are accepted


def test_an_unknown_size_counts_as_small() -> None:
    isms_ = base()
    for quad in list(isms_.store.quads_for_pattern(None, isms("headcount"), None, None)):
        isms_.store.remove(quad)
    assert size_band(isms_) == isms("Small")


def test_the_stage_follows_from_the_certificate() -> None:
    isms_ = base()
    isms_.stage = None
    assert default_stage(isms_)[0] == "surveillance"
    for quad in list(isms_.store.quads_for_pattern(NamedNode("https://example.org/isms/certificate"), None, None, None)):
        isms_.store.remove(quad)
    assert default_stage(isms_)[0] == "stage2"


def test_a_later_assessment_takes_the_place_of_an_earlier_one() -> None:
    isms_ = base()
    assess(isms_, "stage1")
    before = len(isms_.store)
    assess(isms_, "surveillance")
    assert isms_.values(ASSESSMENT, isms("stage")) == [isms("Surveillance")]
    assert len(isms_.store) == before


def test_unknown_stage() -> None:
    with pytest.raises(UnknownName, match="stage1"):
        assess(base(), "stage-1")
