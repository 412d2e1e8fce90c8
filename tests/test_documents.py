"""Word and PDF files hold what the document says, as text, legibly, and the same bytes each time."""

from __future__ import annotations

import io
import re
import sys
import tomllib
import zlib
from base64 import a85decode
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import docx
import pytest
from conftest import DATA, Run
from test_exporters import HOSTILE, hostile

import isms_graph
from isms_graph.errors import MissingExtra
from isms_graph.exporters import FORMATS, deliverable, written
from isms_graph.exporters.document import NOT_STATED, Document, Section, Table, fitted
from isms_graph.exporters.pdf import _Writer
from isms_graph.graph import load


def pages(content: bytes) -> list[str]:
    """The text of each page of a PDF without spaces, letters of ASCII only: the others have codes of the embedded font."""
    streams = re.findall(rb"/ASCII85Decode /FlateDecode[^>]*>>\s*stream\r?\n(.*?)~>\s*endstream", content, re.DOTALL)
    opened = [zlib.decompress(a85decode(one)).decode("latin-1") for one in streams]
    texts = ["".join(re.findall(r"\(((?:[^()\\]|\\.)*)\) Tj", one)) for one in opened if " Tj" in one]
    return [squeezed(re.sub(r"\\([()\\])", r"\1", one)) for one in texts]


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def table(*rows: tuple[str, ...]) -> Document:
    made = Table(tuple(f"Head{at}" for at in range(len(rows[0]))), (1,) * len(rows[0]), rows)
    return Document("Title", (("Name", "x"),), (Section("Part", table=made),), "Foot", date(2026, 1, 3), False)


def read(content: bytes) -> docx.document.Document:
    return docx.Document(io.BytesIO(content))


def test_word_holds_texts_as_texts() -> None:
    file = read(written(hostile(), "docx"))
    assert [row.cells[0].text for row in file.tables[1].rows][1:6] == HOSTILE[:5]
    assert file.tables[1].cell(6, 0).text == "<script>alert(1)</script>"
    assert file.tables[1].cell(8, 0).text == "a\ufffdb\ufffdc"
    assert file.tables[1].cell(9, 0).text == "\U0001f512 שלום"
    assert [one.text for one in file.paragraphs][:2] == ["<b>Title", "DRAFT, not approved"]
    assert file.core_properties.modified.date() == file.core_properties.created.date() == date(2026, 1, 3)


def test_word_repeats_the_head_of_a_table_and_numbers_the_pages() -> None:
    file = read(written(hostile(), "docx"))
    assert "tblHeader" in file.tables[1].rows[0]._tr.xml
    assert "tblHeader" not in file.tables[1].rows[1]._tr.xml
    foot = file.sections[0].footer.paragraphs[0]
    assert foot.text.startswith("Foot & <u>, DRAFT, not approved")
    assert re.findall(r'w:instr="(\w+)"', foot._p.xml) == ["PAGE", "NUMPAGES"]


def test_the_parts_of_a_word_table_are_in_the_order_that_word_asks_for() -> None:
    names = [re.sub(r"{.*}", "", one.tag) for one in read(written(hostile(), "docx")).tables[1]._tbl.tblPr]
    order = ["tblStyle", "tblW", "jc", "tblBorders", "tblLayout", "tblLook"]
    assert names == [one for one in order if one in names]


@pytest.mark.parametrize("columns", [3, 9])
def test_pages_lie_the_way_that_the_table_needs(columns: int) -> None:
    document = table(("x",) * columns)
    page = read(written(document, "docx")).sections[0]
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+)", written(document, "pdf"))
    assert box is not None
    assert page.page_width is not None and page.page_height is not None
    assert (page.page_width > page.page_height) == (float(box[1]) > float(box[2])) == (columns == 9)
    assert ("A4 landscape" in written(document, "html").decode()) == (columns == 9)


def test_each_page_of_a_pdf_has_the_head_and_the_foot() -> None:
    found = pages(written(replace(table(*[(f"row{at}", "y") for at in range(120)]), draft=True), "pdf"))
    assert len(found) > 2
    for number, text in enumerate(found, 1):
        assert text.count("Head0") == 1
        assert "Foot,DRAFT,notapproved" in text
        assert f"page{number}of{len(found)}" in text
    assert all(f"row{at}y" in "".join(found) for at in range(120))


def test_a_pdf_holds_texts_as_texts() -> None:
    document = hostile()
    part = document.sections[0]
    assert part.table is not None
    rows = tuple((text[:20_000], number, day) for text, number, day in part.table.rows if isinstance(text, str))
    text = "".join(pages(written(replace(document, sections=(replace(part, table=replace(part.table, rows=rows)),)), "pdf")))
    for one in ("<b>Title", "<script>alert(1)</script>", "]]>", '=HYPERLINK("http://x")', "A/B: <i>"):
        assert squeezed(one) in text
    assert text.count("x" * 40) > 300  # the text that is higher than a page goes on


def test_letters_of_europe_are_shown_and_what_is_not_is_seen() -> None:
    writer = _Writer(500)
    shown = "Zażółć gęślą jaźń Ελληνικά Ўкраїна ş ğ ő ≤ → ✓ e\u0301"
    assert writer.legible(shown) == shown.replace("e\u0301", "é")
    assert not writer.unshown
    assert writer.legible("a中b\u202ec\U0001f512ש") == "a\ufffdb\ufffdc\ufffd\ufffd"
    note = "".join(pages(written(table(("中",)), "pdf")))
    assert "nosignfor1ofthecharactersused(U+4E2D)" in note
    assert "nosign" not in "".join(pages(written(table(("é",)), "pdf")))


def test_every_font_of_a_pdf_is_in_it() -> None:
    content = written(table(("Zażółć",)), "pdf")
    assert set(re.findall(rb"/BaseFont /(\S+)", content)) == {b"AAAAAA+DejaVuSansCondensed", b"AAAAAA+DejaVuSansCondensed-Bold"}
    assert content.count(b"/FontFile2") == 2


def test_no_word_of_a_head_and_no_number_breaks() -> None:
    made = Table(("Likelihood", "Text", "Number"), (1, 98, 1), (("a", "b", 1_000_000_000),))
    widths = fitted(made, 100, len, 1)
    assert widths[0] == 11 and widths[2] == 11
    assert sum(widths) == pytest.approx(100)


def test_what_is_not_stated_breaks_at_the_space_only() -> None:
    made = Table(("L", "Text"), (1, 99), ((NOT_STATED, "a"), (1, "b")))
    assert fitted(made, 100, len, 1)[0] == len("stated") + 1


@pytest.mark.parametrize("form", FORMATS)
def test_two_runs_write_the_same_bytes(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    document = deliverable("audit-programme", load(DATA / "harbour-saas"))
    first = written(document, form)
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    assert first == written(document, form)


@pytest.mark.parametrize(
    ("form", "package", "extra"), [("docx", "docx", "documents"), ("pdf", "reportlab", "documents"), ("xlsx", "openpyxl", "xlsx")]
)
def test_a_package_that_is_missing_is_named(form: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [one for one in sys.modules if one.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=re.escape(f"pip install 'isms-graph[{extra}]'")):
        written(hostile(), form)


def test_the_command_writes_word_and_pdf(isms_command: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = isms_command("export", "risk-register", DATA / "harbour-saas", "--output", "pdf", "--output", f"docx={tmp_path / 'r.docx'}")
    assert (done.code, done.out) == (0, "")
    assert "Customers'documentsexposed" in "".join(pages((tmp_path / "risk-register.pdf").read_bytes()))
    assert "Risk register" in read((tmp_path / "r.docx").read_bytes()).paragraphs[0].text


def test_the_licence_of_the_fonts_goes_with_the_wheel() -> None:
    """A wheel with fonts in it names their licence and carries its text."""
    root = Path(isms_graph.__file__).parent
    project = tomllib.loads((root.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    places = {file.parent for file in root.rglob("*.ttf")}
    assert places
    assert project["license"].split(" AND ")[1:] == ["Bitstream-Vera"]
    for place in places:
        licence = (place / "LICENSE").relative_to(root.parent).as_posix()
        assert licence in project["license-files"]
        assert "Bitstream Vera Fonts Copyright" in (root.parent / licence).read_text(encoding="utf-8")
