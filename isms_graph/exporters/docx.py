"""A deliverable as a Word file: facts, then sections with tables whose head comes again on each page."""

from __future__ import annotations

import io
from datetime import datetime, time
from typing import Any

from isms_graph.errors import MissingExtra
from isms_graph.exporters.document import DRAFT, Cell, Document, Section, Table, as_text, fitted, writable
from isms_graph.exporters.zipped import fixed

_LONG, _SHORT, _MARGIN = 297, 210, 14  # mm of A4
_TALL = 1500  # characters of a row that may go over to the next page
_HEAD, _GRID, _RED = "E9EDF2", "C3C9D0", "A40E26"


def docx(document: Document) -> bytes:
    """The file. Raises MissingExtra."""
    try:
        import docx as word
    except ImportError:
        raise MissingExtra("docx", "documents") from None
    from docx.shared import Pt, RGBColor

    file = word.Document()
    about = file.core_properties
    about.title, about.author, about.comments, about.language = writable(document.title)[:255], "isms-graph", "", "en"
    _page(file, document)
    for name, size in (("Normal", 9), ("Title", 18), ("Heading 1", 13), ("Heading 2", 11)):
        font = file.styles[name].font
        font.name, font.size, font.color.rgb = "Arial", Pt(size), RGBColor(0x1B, 0x1F, 0x24)
        for theme in ("asciiTheme", "hAnsiTheme"):
            file.styles[name].element.rPr.rFonts.attrib.pop(_w(theme), None)
    file.styles["Normal"].paragraph_format.space_after = Pt(4)
    file.add_paragraph(writable(document.title), style="Title")
    if document.draft:
        run = file.add_paragraph().add_run(DRAFT)
        run.bold, run.font.color.rgb = True, RGBColor.from_string(_RED)
    width = (_LONG if document.wide else _SHORT) - 2 * _MARGIN
    facts = Table(("", ""), (3, 9), tuple(document.facts))
    _table(file, facts, [width * 0.25, width * 0.75], headless=True)
    for section in document.sections:
        _section(file, section, width)
    held = io.BytesIO()
    file.save(held)
    return fixed(held.getvalue(), datetime.combine(document.as_of, time()))


def _w(name: str) -> str:
    from docx.oxml.ns import qn

    return str(qn(f"w:{name}"))


def _element(name: str, **attributes: str) -> Any:
    from docx.oxml import OxmlElement

    made = OxmlElement(f"w:{name}")
    for key, value in attributes.items():
        made.set(_w(key), value)
    return made


def _page(file: Any, document: Document) -> None:
    """A4 the way round that the tables need, and the foot of each page with its number."""
    from docx.enum.section import WD_ORIENT
    from docx.shared import Mm, Pt

    page = file.sections[0]
    page.orientation = WD_ORIENT.LANDSCAPE if document.wide else WD_ORIENT.PORTRAIT
    page.page_width, page.page_height = (Mm(_LONG), Mm(_SHORT)) if document.wide else (Mm(_SHORT), Mm(_LONG))
    page.left_margin = page.right_margin = page.top_margin = page.bottom_margin = Mm(_MARGIN)
    page.footer_distance = Mm(7)
    foot = page.footer.paragraphs[0]
    foot.add_run(f"{writable(document.foot)} \u2013 page ")
    for at, field in enumerate(("PAGE", "NUMPAGES")):
        if at:
            foot.add_run(" of ")
        simple = _element("fldSimple", instr=field)
        simple.append(_run("1"))
        foot._p.append(simple)
    foot.style.font.size = Pt(7.5)


def _section(file: Any, section: Section, width: float) -> None:
    file.add_heading(writable(section.heading), section.level)
    for text in section.texts:
        file.add_paragraph(writable(text))
    if section.table is None:
        return
    if not section.table.rows:
        file.add_paragraph(writable(section.empty))
        return
    _table(file, section.table, fitted(section.table, width))
    file.add_paragraph()


def _table(file: Any, table: Table, widths: list[float], headless: bool = False) -> None:
    """The table, written as XML: adding cells one by one takes time that grows with the square of their number."""
    from docx.shared import Mm

    twips = [int(Mm(width) / 635) for width in widths]
    made = file.add_table(rows=0, cols=len(widths))
    made.autofit = False
    for column, width in zip(made.columns, widths, strict=True):
        column.width = Mm(width)
    borders = _element("tblBorders")
    for side in ("top", "left", "bottom", "right", "insideH", "insideV"):
        borders.append(_element(side, val="single" if not headless else "nil", sz="4", space="0", color=_GRID))
    made._tbl.tblPr.insert_element_before(borders, "w:shd", "w:tblLayout", "w:tblCellMar", "w:tblLook")
    if not headless:
        made._tbl.append(_row(table.columns, twips, size="14", bold=range(len(widths)), head=True))
    for row in table.rows:
        made._tbl.append(_row(row, twips, size="18" if headless else "15", bold=range(headless)))


def _row(cells: tuple[Cell, ...], twips: list[int], size: str, bold: range, head: bool = False) -> Any:
    row = _element("tr")
    about = _element("trPr")
    if sum(len(as_text(cell)) for cell in cells) < _TALL:
        about.append(_element("cantSplit"))
    if head:
        about.append(_element("tblHeader"))
    row.append(about)
    for at, (cell, width) in enumerate(zip(cells, twips, strict=True)):
        box, look = _element("tc"), _element("tcPr")
        look.append(_element("tcW", w=str(width), type="dxa"))
        if head:
            look.append(_element("shd", val="clear", color="auto", fill=_HEAD))
        box.append(look)
        paragraph, spacing = _element("p"), _element("pPr")
        spacing.append(_element("spacing", after="0"))
        paragraph.append(spacing)
        paragraph.append(_run(as_text(cell), size, at in bold))
        box.append(paragraph)
        row.append(box)
    return row


def _run(text: str, size: str = "15", bold: bool = False) -> Any:
    """A run of text with its breaks; sizes are in half points."""
    run, look = _element("r"), _element("rPr")
    if bold:
        look.append(_element("b"))
    look.append(_element("sz", val=size))
    run.append(look)
    for at, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")):
        if at:
            run.append(_element("br"))
        words = _element("t")
        words.text = line
        words.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
        run.append(words)
    return run
