"""Each deliverable holds what an auditor looks for in it, of the right date, and nothing that is over or was not stated."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import docx
import openpyxl
import pytest
from conftest import DATA, HEADER

from isms_graph.elements import organization
from isms_graph.exporters import DELIVERABLES, FORMATS, deliverable, written
from isms_graph.exporters.document import NOT_STATED, PICTURE_ELSEWHERE, Cell, Document, Table, as_text
from isms_graph.graph import Isms, load

SMALL = """
:org a isms:Organization ; rdfs:label "Acme" . :org2 a isms:Organization ; rdfs:label "Acme Labs" .
:boss a isms:Role ; rdfs:label "Boss" ; isms:heldBy :ann . :ann a isms:Person ; rdfs:label "Ann" . :it a isms:Role ; rdfs:label "IT" .
:scale a isms:RiskCriteria ; rdfs:label "Scale" ; isms:acceptUpTo 4 ; isms:description "Low to high." .
:c12 a isms:MatrixCell ; isms:cellOf :scale ; isms:likelihood 1 ; isms:consequence 2 ; isms:level 3 .
:c22 a isms:MatrixCell ; isms:cellOf :scale ; isms:likelihood 2 ; isms:consequence 2 ; isms:level 6 .
:R-2 a isms:Risk ; rdfs:label "Theft" ; isms:owner :boss ; isms:inherentLikelihood 2 ; isms:inherentConsequence 2 ; isms:inherentLevel 6 ;
    isms:currentLevel 6 ; isms:treatedBy :lock , :old-lock ; isms:treatmentOption isms:Modify ; isms:assessedIn :first , :later ;
    isms:reviewedOn "2026-01-10"^^xsd:date , "2026-03-10"^^xsd:date , "2027-03-10"^^xsd:date .
:R-10 a isms:Risk ; rdfs:label "Fire" ; isms:owner :it ; isms:currentLevel 4 .
:R-3 a isms:Risk ; rdfs:label "Gone" ; isms:status isms:Closed ; isms:justification "Sold." .
:first a isms:RiskAssessment ; rdfs:label "First look" ; isms:endedOn "2026-01-10"^^xsd:date .
:later a isms:RiskAssessment ; rdfs:label "Later look" ; isms:plannedFor "2027-01-10"^^xsd:date .
:lock a isms:Control ; rdfs:label "Lock" ; isms:implements iso27001:A.7.2 ; isms:owner :it .
:old-lock a isms:Control ; rdfs:label "Old lock" ; isms:status isms:Withdrawn .
:acc a isms:RiskAcceptance ; rdfs:label "Theft kept" ; isms:accepts :R-2 ; isms:acceptedBy :boss ; isms:date "2026-02-01"^^xsd:date ;
    isms:validUntil "2026-12-31"^^xsd:date .
:acc-old a isms:RiskAcceptance ; rdfs:label "Theft kept before" ; isms:accepts :R-2 ; isms:acceptedBy :it ;
    isms:validUntil "2026-05-31"^^xsd:date .
:acc-draft a isms:RiskAcceptance ; rdfs:label "Theft to be kept" ; isms:accepts :R-2 ; isms:acceptedBy :it ; isms:status isms:Draft .
:plan a isms:RiskTreatmentPlan ; rdfs:label "Plan" ; isms:version "7" ; isms:approvedBy :boss ; isms:approvedOn "2026-02-01"^^xsd:date .
:do a isms:TreatmentAction ; rdfs:label "Fit locks" ; isms:partOf :plan ; isms:treats :R-2 ; isms:introduces :lock ; isms:owner :it ;
    isms:dueOn "2026-05-31"^^xsd:date ; isms:status isms:InProgress .
:did a isms:TreatmentAction ; rdfs:label "Buy locks" ; isms:partOf :plan ; isms:treats :R-2 ; isms:dueOn "2026-04-30"^^xsd:date ;
    isms:completedOn "2026-04-01"^^xsd:date .
:loose a isms:TreatmentAction ; rdfs:label "Buy a hose" ; isms:treats :R-10 .
:dropped a isms:TreatmentAction ; rdfs:label "Buy a dog" ; isms:partOf :plan ; isms:status isms:Withdrawn .
:programme a isms:AuditProgramme ; rdfs:label "Programme" ; isms:cycleStart "2026-01-01"^^xsd:date ; isms:cycleEnd "2028-12-31"^^xsd:date .
:audit-1 a isms:InternalAudit ; rdfs:label "Audit 1" ; isms:partOf :programme ; isms:startedOn "2026-03-02"^^xsd:date ;
    isms:endedOn "2026-03-03"^^xsd:date ; isms:auditor :ann ; isms:audits iso27001:6 , iso27001:A.7.2 , :boss-work ; isms:reportedTo :boss .
:audit-2 a isms:InternalAudit ; rdfs:label "Audit 2" ; isms:partOf :programme ; isms:plannedFor "2026-05-01"^^xsd:date ;
    isms:audits iso27001:9.1 .
:audit-3 a isms:InternalAudit ; rdfs:label "Audit 3" ; isms:plannedFor "2027-05-01"^^xsd:date ; isms:audits iso27001:6.2 .
:boss-work a isms:Process ; rdfs:label "Steering" ; isms:owner :boss ; isms:underClause iso27001:5.1 ; isms:output :orders .
:desk a isms:Process ; rdfs:label "Desk" ; isms:input :orders . :orders a isms:InformationItem ; rdfs:label "Orders" .
:old-process a isms:Process ; rdfs:label "Old process" ; isms:status isms:Withdrawn .
:handing a isms:Interaction ; isms:from :boss-work ; isms:to :desk ; isms:carries :orders .
:finding a isms:Finding ; rdfs:label "No key" ; isms:foundIn :audit-1 ; isms:grade isms:Minor ; isms:against iso27001:6.2 , :boss-work .
:nc a isms:Nonconformity ; rdfs:label "Key missing" ; isms:promptedBy :finding ; isms:status isms:Open ; isms:date "2026-03-04"^^xsd:date .
:ca a isms:CorrectiveAction ; rdfs:label "Make keys" ; isms:corrects :nc ; isms:dueOn "2026-05-01"^^xsd:date .
:review a isms:ManagementReview ; rdfs:label "Review" ; isms:date "2026-03-20"^^xsd:date ; isms:attendedBy :ann .
:review-next a isms:ManagementReview ; rdfs:label "Next" ; isms:plannedFor "2027-03-20"^^xsd:date .
:review-off a isms:ManagementReview ; rdfs:label "Called off" ; isms:plannedFor "2026-09-20"^^xsd:date ; isms:status isms:Cancelled .
:in a isms:ReviewInput ; isms:inputTo :review ; isms:inputKind iso27001:9.3.2-e ; isms:description "A customer praised us." .
:in-next a isms:ReviewInput ; isms:inputTo :review-next ; isms:inputKind iso27001:9.3.2-e ; isms:description "Another one did." .
:decision a isms:Decision ; rdfs:label "Buy keys" ; isms:decidedIn :review ; isms:owner :it ; isms:dueOn "2026-04-30"^^xsd:date .
:metric a isms:Metric ; rdfs:label "Keys" ; isms:targetAtLeast 3.0 ; isms:unit "keys" .
:m1 a isms:Measurement ; isms:ofMetric :metric ; isms:date "2026-02-01"^^xsd:date ; isms:value 1.0 .
:m2 a isms:Measurement ; isms:ofMetric :metric ; isms:date "2026-03-01"^^xsd:date ; isms:value 2.0 .
:m3 a isms:Measurement ; isms:ofMetric :metric ; isms:date "2026-07-01"^^xsd:date ; isms:value 9.0 .
:e1 a isms:Evidence ; rdfs:label "Door checked" ; isms:evidences :lock ; isms:date "2026-03-01"^^xsd:date ; isms:location "Shelf" ;
    isms:validUntil "2026-04-01"^^xsd:date .
:e2 a isms:Evidence ; rdfs:label "Door to be checked" ; isms:evidences :lock ; isms:date "2026-07-01"^^xsd:date .
:e3 a isms:Evidence ; rdfs:label "Orders given" ; isms:evidences :boss-work ; isms:date "2026-03-05"^^xsd:date .
:e4 a isms:Evidence ; rdfs:label "Orders to be given" ; isms:evidences :boss-work ; isms:date "2026-07-05"^^xsd:date .
:e5 a isms:Evidence ; rdfs:label "Orders of one day" ; isms:evidences :boss-work .
:old-rules a isms:Policy ; rdfs:label "Old rules" ; isms:status isms:Withdrawn ; isms:approvedOn "2025-01-05"^^xsd:date .
:rules a isms:Document ; rdfs:label "Rules of the door" ; isms:describes :lock ; isms:approvedOn "2026-01-05"^^xsd:date .
:soa a isms:StatementOfApplicability ; rdfs:label "SoA" .
:no a isms:SoAEntry ; isms:partOf :soa ; isms:forControl iso27001:A.7.1 ; isms:applicable false .
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Isms:
    folder = tmp_path_factory.mktemp("small")
    (folder / "isms.ttl").write_text(HEADER + SMALL, encoding="utf-8")
    (folder / "isms.toml").write_text('base = "https://example.org/isms/"\n', encoding="utf-8")
    return load(folder, as_of="2026-06-01")


@pytest.fixture(scope="module")
def alder() -> Isms:
    return load(DATA / "alder-clinics")


def table(document: Document, heading: str) -> Table:
    found = [section.table for section in document.sections if section.heading.startswith(heading)]
    assert len(found) == 1 and found[0] is not None, [section.heading for section in document.sections]
    return found[0]


def rows(document: Document, heading: str) -> dict[Cell, dict[str, Cell]]:
    """The rows of a table by their first cell, which is unique."""
    made = table(document, heading)
    assert len({row[0] for row in made.rows}) == len(made.rows)
    return {row[0]: dict(zip(made.columns, row, strict=True)) for row in made.rows}


def column(document: Document, heading: str, name: str) -> list[Cell]:
    made = table(document, heading)
    return [row[made.columns.index(name)] for row in made.rows]


def everything(document: Document) -> str:
    cells = [cell for section in document.sections if section.table for row in section.table.rows for cell in row]
    texts = [text for section in document.sections for text in (section.heading, *section.paragraphs)]
    return "\n".join([*texts, *map(as_text, cells), *(as_text(value) for _, value in document.facts)])


def test_all_organizations_are_named_everywhere(small: Isms) -> None:
    assert organization(small) == "Acme, Acme Labs"
    for name in DELIVERABLES:
        document = deliverable(name, small)
        assert dict(document.facts)["Organization"] == "Acme, Acme Labs"
        assert document.footer.startswith(f"{document.title} of Acme, Acme Labs")


def test_the_risk_register_has_levels_owner_and_standing(small: Isms) -> None:
    document = deliverable("risk-register", small)
    assert list(rows(document, "Risks")) == ["R-2", "R-10"]
    what, level = rows(document, "Risks")["R-2"], rows(document, "Levels")["R-2"]
    assert (what["Risk owner"], what["Assessed last in"], what["Reviewed on"]) == ("Boss", "First look", date(2026, 3, 10))
    assert [level[name] for name in ("L before", "C before", "Level before", "Level now", "Level after")] == [2, 2, 6, 6, NOT_STATED]
    assert (level["Accept up to"], level["Level now is"], level["Treated by"]) == (4, "above", "Lock")
    assert level["Accepted by (until)"] == "Boss (2026-12-31)"
    assert rows(document, "Levels")["R-10"]["Level now is"] == "within"
    assert rows(document, "Closed")["R-3"]["Reason"] == "Sold."
    assert table(document, "Risk criteria: Scale").rows == ((2, 6), (1, 3))
    facts = dict(document.facts)
    assert (facts["Risks"], facts["of these above the acceptance level"], facts["without a treatment option"]) == (2, 1, 1)
    assert not document.draft


def test_the_treatment_plan_has_actions_dates_and_approval(small: Isms) -> None:
    document = deliverable("treatment-plan", small)
    actions = rows(document, "Actions: Plan")
    assert list(actions) == ["Buy locks", "Fit locks"]
    assert [actions["Fit locks"][name] for name in ("Risks", "Controls", "Responsible", "Due", "Status", "Done on")] == [
        "R-2 Theft", "Lock", "IT", date(2026, 5, 31), "in progress, overdue", "",
    ]  # fmt: skip
    assert (actions["Buy locks"]["Status"], actions["Buy locks"]["Done on"]) == ("completed", date(2026, 4, 1))
    assert list(rows(document, "Actions in no")) == ["Buy a hose"]
    treated = rows(document, "How each")
    assert (treated["R-2"]["Plan approved by the owner"], treated["R-10"]["Plan approved by the owner"]) == ("yes", "no")
    assert treated["R-2"]["Open actions"] == "Fit locks"
    assert {name: row["Holds"] for name, row in rows(document, "Accepted").items()} == {
        "Theft kept": "yes", "Theft kept before": "no", "Theft to be kept": "no",
    }  # fmt: skip
    assert not document.draft and "version 7" in document.footer
    assert "Buy a dog" not in everything(document)


def test_a_plan_that_nobody_approved_is_a_draft(tmp_path: Path) -> None:
    (tmp_path / "isms.ttl").write_text(HEADER + ':x a isms:RiskTreatmentPlan ; rdfs:label "X" .', encoding="utf-8")
    isms_ = load(tmp_path, as_of="2026-06-01")
    assert {name: deliverable(name, isms_).draft for name in DELIVERABLES} == {
        "soa": True, "risk-register": False, "treatment-plan": True, "audit-programme": True, "management-review": False,
        "evidence-index": False, "process-map": False,
    }  # fmt: skip


def test_the_audit_programme_has_state_coverage_and_findings(small: Isms) -> None:
    document = deliverable("audit-programme", small)
    audits = rows(document, "Audits: Programme")
    assert {name: row["State"] for name, row in audits.items()} == {"Audit 1": "held", "Audit 2": "not held"}
    assert audits["Audit 1"]["Covers"] == "6, A.7.2\nSteering"
    assert audits["Audit 1"]["Findings"] == "minor nonconformity: 1"
    assert rows(document, "Audits in no")["Audit 3"]["State"] == "planned"
    assert rows(document, "Findings")["No key"]["What came of it"] == "Key missing (open)"
    clauses = rows(document, "Coverage")
    assert len(clauses) == 23
    sixth = clauses["6.2 Information security objectives and planning to achieve them"]
    assert (sixth["Audited in"], sixth["To be audited in"], sixth["Findings"]) == ("Audit 1 (2026-03-03)", "Audit 3 (2027-05-01)", 1)
    assert clauses["9.1 Monitoring, measurement, analysis and evaluation"]["Audited in"] == "none"
    assert column(document, "Controls of Annex A", "Audited in") == ["Audit 1 (2026-03-03)"]
    assert table(document, "Auditors").rows == (("Ann", "Audit 1", "Steering"),)
    assert document.draft


def test_the_management_review_has_every_topic(small: Isms) -> None:
    document = deliverable("management-review", small)
    topics = [section for section in document.sections if section.level == 1]
    assert [one.heading.split(")")[0][6:] for one in topics] == ["a", "b", "c", "d1", "d2", "d3", "d4", "e", "f", "g"]
    empty = {one.heading.split(")")[0][6:] for one in topics if one.paragraphs == ("Nothing recorded.",)}
    assert empty == {"b", "c", "d4", "g"}
    facts = dict(document.facts)
    assert (facts["Latest review"], facts["Attended by"], facts["Next review"]) == ("Review", "Ann", "Next")
    assert column(document, "e) Laid", "What was laid before it") == ["A customer praised us.", "Another one did."]
    assert rows(document, "a) Decisions")["Buy keys"]["Status"] == f"{NOT_STATED}, overdue"
    assert rows(document, "d1) Nonconformities that")["Key missing"]["Corrective actions"] == f"Make keys ({NOT_STATED}, overdue)"
    assert table(document, "d1) Nonconformities by").rows == (("2026", 1, 0),)
    measured = rows(document, "d2) Latest")["Keys"]
    assert (measured["Target"], measured["Value before"], measured["Latest value"]) == (
        "at least 3",
        "1 (2026-02-01)",
        "2 (2026-03-01)",
    )
    assert column(document, "d3) Audits", "Audit") == ["Audit 1"]
    assert list(rows(document, "f) Risks above")) == ["Theft"]
    assert sorted(map(str, rows(document, "f) Treatment"))) == ["Buy a hose", "Buy locks", "Fit locks"]
    assert "Called off" not in everything(document) and "9 (2026-07-01)" not in everything(document)


def test_the_evidence_index_has_date_validity_and_place(small: Isms) -> None:
    document = deliverable("evidence-index", small)
    annex: dict[str, list[tuple[Cell, ...]]] = {}
    for row in table(document, "By control").rows:
        annex.setdefault(str(row[0]).partition(" ")[0], []).append(row)
    assert [row[1:] for row in annex["A.7.2"]] == [
        ("Lock", "Door checked", "evidence", date(2026, 3, 1), "2026-04-01 (run out)", "Shelf"),
        ("Lock", "Rules of the door", "document", date(2026, 1, 5), NOT_STATED, NOT_STATED),
    ]
    assert annex["A.7.1"][0][1] == "excluded"
    assert annex["A.5.1"][0][1] == "Nothing recorded."
    clauses = [(str(row[0]).partition(" ")[0], row[1]) for row in table(document, "By clause").rows]
    assert ("5.1", "Orders given") in clauses and ("9.2.2", "Audit 1") in clauses and ("6.1.3", "Plan") in clauses
    assert ("7.2", "Nothing recorded.") in clauses
    assert ("5.1", "Orders of one day") in clauses and ("9.3.3", "Buy keys") in clauses
    for absent in ("Door to be checked", "Orders to be given", "Old rules"):
        assert absent not in everything(document)
    assert dict(document.facts)["of these without a date"] == 3  # the orders, the audit programme and the Statement of Applicability
    assert not [item for clause, item in clauses if item == "Door checked"]


def test_the_process_map_has_the_picture_and_what_is_handed_over(small: Isms) -> None:
    document = deliverable("process-map", small)
    assert list(rows(document, "Processes")) == ["Desk", "Steering"]
    assert rows(document, "Processes")["Steering"]["Latest evidence"] == "Orders given"
    assert [row[:3] for row in table(document, "What is").rows] == [("Steering", "Orders", "Desk")]
    assert table(document, "Gaps").rows
    page = written(document, "html").decode()
    assert page.count("<svg ") == 1 and PICTURE_ELSEWHERE not in page
    assert PICTURE_ELSEWHERE in [one.text for one in docx.Document(io.BytesIO(written(document, "docx"))).paragraphs]


def test_harbour_hands_over_what_its_files_say(harbour: Isms) -> None:
    register, plan = deliverable("risk-register", harbour), deliverable("treatment-plan", harbour)
    assert list(rows(register, "Levels")) == [f"R-{number:02}" for number in range(1, 33)]
    assert rows(register, "Levels")["R-17"]["Accepted by (until)"] == "Chief technology officer (2027-09-13)"
    assert dict(register.facts)["of these above the acceptance level"] == 7
    assert set(column(plan, "How each", "Plan approved by the owner")) == {"yes"}
    assert not [status for status in column(plan, "Actions", "Status") if "overdue" in str(status)]
    assert "Management review 2027" in everything(deliverable("management-review", harbour))
    index = deliverable("evidence-index", harbour)
    assert dict(index.facts)["Clauses with nothing"] == 0
    assert "AWS region London" not in everything(register)  # withdrawn
    assert not any(deliverable(name, harbour).draft for name in DELIVERABLES)


def test_alder_hands_over_what_its_files_say(alder: Isms) -> None:
    register, programme = deliverable("risk-register", alder), deliverable("audit-programme", alder)
    assert list(rows(register, "Risks"))[:2] == ["101", "102"]
    assert len(rows(register, "Levels")) == 51
    assert {row["State"] for row in rows(programme, "Audits").values()} == {"held", "planned"}
    assert "none" not in column(programme, "Coverage", "Audited in")
    review = deliverable("management-review", alder)
    assert dict(review.facts)["Next review"] == NOT_STATED
    assert "Nothing recorded." not in everything(review)
    assert "Harbour" not in "".join(everything(deliverable(name, alder)) for name in DELIVERABLES)


def test_what_was_neglected_shows(neglected: Isms) -> None:
    plan, programme = deliverable("treatment-plan", neglected), deliverable("audit-programme", neglected)
    assert dict(plan.facts)["overdue"] == 5
    assert dict(programme.facts)["not held though due"] == 1
    assert "none" in column(programme, "Coverage", "Audited in")
    assert dict(deliverable("process-map", neglected).facts)["Gaps"] == 31


@pytest.mark.parametrize("name", DELIVERABLES)
def test_no_text_of_the_data_becomes_markup_or_a_formula(name: str, small: Isms, monkeypatch: pytest.MonkeyPatch) -> None:
    wicked = '=cmd|"/c"!A1 <script>alert(1)</script> <b>&amp;\x00\x1b]\u202e\r\n\t'
    monkeypatch.setattr(Isms, "label", lambda self, node: f"{wicked}{self.short(node)}")
    document = deliverable(name, load(small.workspace.root, as_of="2026-06-01"))
    page = written(document, "html").decode()
    assert "<script" not in page and "<b>" not in page and "\x00" not in page and "&lt;script&gt;" in page
    book = openpyxl.load_workbook(io.BytesIO(written(document, "xlsx")))
    assert "f" not in {cell.data_type for sheet in book for row in sheet for cell in row}
    file = docx.Document(io.BytesIO(written(document, "docx")))
    assert any("<script>" in cell.text for one in file.tables for cell in one.rows[-1].cells)
    assert written(document, "pdf").startswith(b"%PDF")


@pytest.mark.parametrize("name", DELIVERABLES)
def test_an_isms_that_says_nothing_gives_a_document_that_says_so(name: str, tmp_path: Path) -> None:
    (tmp_path / "isms.ttl").write_text(HEADER + ':x a isms:Asset ; rdfs:label "Laptop" .', encoding="utf-8")
    document = deliverable(name, load(tmp_path, as_of="2026-06-01"))
    assert dict(document.facts)["Organization"] == NOT_STATED
    for form in FORMATS:
        assert written(document, form)
    assert "Laptop" not in everything(document)
