"""The documents for an auditor say what the graph states and nothing else, and no text of it becomes a formula or markup."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from conftest import DATA, HEADER, Run

from isms_graph.exporters.document import Cell, Document, Section, Table
from isms_graph.exporters.html import html
from isms_graph.exporters.soa import soa
from isms_graph.exporters.xlsx import xlsx
from isms_graph.graph import load

SMALL = """
:soa a isms:StatementOfApplicability ; rdfs:label "SoA" ; isms:version "2" ;
    isms:approvedBy :boss ; isms:approvedOn "2026-02-01"^^xsd:date .
:old a isms:StatementOfApplicability ; rdfs:label "Old SoA" ; isms:status isms:Withdrawn .
:boss a isms:Role ; rdfs:label "Boss" .
:e1 a isms:SoAEntry ; isms:partOf :soa ; isms:forControl iso27001:A.5.1 ; isms:applicable true ; isms:justification "Wanted." ;
    isms:implementationStatus isms:Implemented ; isms:includedBecauseOf :law , :deal .
:e2 a isms:SoAEntry ; isms:partOf :soa ; isms:forControl iso27001:A.5.2 ; isms:applicable false .
:e3 a isms:SoAEntry ; isms:partOf :old ; isms:forControl iso27001:A.5.3 ; isms:applicable true .
:law a isms:LegalRequirement ; rdfs:label "The law" .
:deal a isms:ContractualRequirement ; rdfs:label "The deal" .
:risk a isms:Risk ; rdfs:label "The risk" ; isms:treatedBy :rules .
:gone a isms:Risk ; rdfs:label "The old risk" ; isms:status isms:Closed ; isms:treatedBy :rules .
:rules a isms:Control ; rdfs:label "Rules" ; isms:owner :boss ; isms:implements iso27001:A.5.1 .
:ad-hoc a isms:Control ; rdfs:label "Guard dog" ; isms:satisfies :deal .
:r1 a isms:Evidence ; rdfs:label "Read by all" ; isms:evidences :rules ; isms:date "2026-03-01"^^xsd:date .
:r2 a isms:Evidence ; rdfs:label "Read again" ; isms:evidences :rules ; isms:date "2027-03-01"^^xsd:date .
"""
HOSTILE = [
    '=HYPERLINK("http://x")',
    "+1",
    "-1",
    "@SUM(A1)",
    "\tx",
    "<script>alert(1)</script>",
    "]]>",
    "a\x00b\x1bc",
    "\U0001f512 שלום",
    "x" * 100_000,
]


def small(tmp_path: Path, more: str = "", as_of: str = "2026-06-01") -> Document:
    (tmp_path / "isms.ttl").write_text(HEADER + SMALL + more, encoding="utf-8")
    return soa(load([tmp_path], as_of=as_of))


def rows(document: Document, section: int = 0) -> dict[Cell, tuple[Cell, ...]]:
    table = document.sections[section].table
    assert table is not None
    return {row[0]: row[1:] for row in table.rows}


def hostile() -> Document:
    table = Table(("Text", "Number", "Day"), (20, 5, 8), tuple((text, 7, date(2026, 1, 2)) for text in HOSTILE))
    return Document("<b>Title", (("Name", "=1+1"),), (Section("A/B: <i>", table=table),), "Foot & <u>", date(2026, 1, 3), True)


def test_an_applicable_control_has_its_reasons_and_its_latest_evidence(tmp_path: Path) -> None:
    assert rows(small(tmp_path))["A.5.1"] == (
        "Policies for information security", "yes", "contractual: The deal\nlegal: The law\nrisk: The risk", "Wanted.", "implemented",
        "Boss", "Rules", "Read by all", date(2026, 3, 1),
    )  # fmt: skip


@pytest.mark.parametrize(("end", "shown"), [("2026-11-22", "Read by all (out of date since 2026-11-22)"), ("2026-11-23", "Read by all")])
def test_evidence_that_ran_out_says_so(tmp_path: Path, end: str, shown: str) -> None:
    document = small(tmp_path, f':r1 isms:validUntil "{end}"^^xsd:date .', as_of="2026-11-23")
    assert rows(document)["A.5.1"][7] == shown


def test_an_exclusion_without_reason_and_an_undecided_control_say_so(tmp_path: Path) -> None:
    found = rows(small(tmp_path))
    assert found["A.5.2"][1:4] == ("no", "excluded", "not stated")
    assert set(found["A.5.3"][1:]) == {"not stated"}  # only a withdrawn Statement of Applicability decides on it
    assert len(found) == 93


def test_the_numbers_on_top(tmp_path: Path) -> None:
    facts = dict(small(tmp_path).facts)
    assert (facts["Applicable"], facts["of these implemented"], facts["Excluded"], facts["Not decided"]) == (1, 1, 1, 91)
    assert (facts["Version"], facts["Approved by"], facts["Signed by"], facts["Approved on"]) == (
        "2",
        "Boss",
        "not stated",
        date(2026, 2, 1),
    )


def test_controls_outside_annex_a_are_listed(tmp_path: Path) -> None:
    assert rows(small(tmp_path), 1) == {"Guard dog": ("contractual: The deal", "not stated", "not stated", "not stated")}


@pytest.mark.parametrize(
    ("more", "as_of", "draft"),
    [
        ("", "2026-06-01", False),
        ("", "2026-01-31", True),  # approved only the day after
        (":soa isms:status isms:Draft .", "2026-06-01", True),
        (":new a isms:StatementOfApplicability .", "2026-06-01", True),
    ],
)
def test_what_is_not_approved_is_a_draft(tmp_path: Path, more: str, as_of: str, draft: bool) -> None:
    document = small(tmp_path, more, as_of)
    assert document.draft == draft
    assert ("DRAFT" in html(document)) == draft


def test_an_isms_without_soa_is_a_draft_of_93_undecided_controls(tmp_path: Path) -> None:
    (tmp_path / "isms.ttl").write_text(HEADER + ':x a isms:Risk ; rdfs:label "X" .', encoding="utf-8")
    document = soa(load([tmp_path], as_of="2026-06-01"))
    assert document.draft
    assert dict(document.facts)["Not decided"] == 93


@pytest.mark.parametrize("name", ["harbour-saas", "alder-clinics", "harbour-neglected"])
def test_the_demonstrations_decide_on_every_control_they_list(name: str) -> None:
    facts = dict(soa(load([DATA / name])).facts)
    assert sum(int(str(facts[one])) for one in ("Applicable", "Excluded", "Not decided")) == 93


def test_html_holds_no_markup_of_the_data() -> None:
    page = html(hostile())
    assert "<script" not in page
    assert "<i>" not in page and "<u>" not in page and "<b>" not in page
    assert "\x00" not in page and "a\ufffdb\ufffdc" in page
    assert "]]&gt;" in page and "שלום" in page


def test_a_workbook_holds_texts_as_texts_and_numbers_and_dates_as_such(tmp_path: Path) -> None:
    (tmp_path / "x.xlsx").write_bytes(xlsx(hostile()))
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx")["A B  <i>"]
    for line, text in enumerate(HOSTILE, 2):
        cell = sheet.cell(line, 1)
        assert cell.data_type == "s"
        assert cell.quotePrefix == (text[0] in "=+-@\t")
        assert (sheet.cell(line, 2).value, sheet.cell(line, 2).data_type, sheet.cell(line, 3).is_date) == (7, "n", True)
    assert sheet.cell(9, 1).value == "a\ufffdb\ufffdc"
    assert len(sheet.cell(11, 1).value) == 32_767 and sheet.cell(11, 1).value.endswith("[cut: there is no room for more]")
    assert (sheet.freeze_panes, sheet.print_title_rows, sheet.auto_filter.ref) == ("A2", "$1:$1", "A1:C11")


def test_two_runs_write_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = xlsx(hostile())
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    assert first == xlsx(hostile())
    (tmp_path / "a.xlsx").write_bytes(first)
    assert openpyxl.load_workbook(tmp_path / "a.xlsx").properties.modified.date() == date(2026, 1, 3)


def test_the_command_writes_files_and_the_screen(isms_command: Callable[..., Run], tmp_path: Path) -> None:
    data = str(DATA / "harbour-saas")
    done = isms_command("export", "soa", data, "--output", f"html={tmp_path / 'a.html'}", "--output", f"xlsx={tmp_path / 'a.xlsx'}")
    assert done.code == 0
    assert isms_command("export", "soa", data).out == (tmp_path / "a.html").read_text(encoding="utf-8")
    assert openpyxl.load_workbook(tmp_path / "a.xlsx").sheetnames[0] == "Document"


def test_a_file_that_cannot_be_written_is_bad_input(isms_command: Callable[..., Run], tmp_path: Path) -> None:
    done = isms_command("export", "soa", str(DATA / "harbour-saas"), "--output", f"xlsx={tmp_path / 'none' / 'a.xlsx'}")
    assert done.code == 2
    assert "cannot be written" in done.err
