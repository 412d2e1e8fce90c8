"""A deliverable as PDF: the head of a table comes again on each page, and the foot says what it is, of when, and which page."""

from __future__ import annotations

import io
from html import escape
from typing import Any
from unicodedata import category, normalize

from isms_graph.errors import MissingExtra
from isms_graph.exporters.document import DRAFT, Cell, Document, Section, Table, as_text, cut, fitted
from isms_graph.resources import font_file

PLAIN, BOLD = "DejaVuSansCondensed", "DejaVuSansCondensed-Bold"
_MARGIN, _FOOT = 34, 20  # points
_INSIDE = 12  # points of a page's width that stay free
_TALLEST = 300  # points; a row that is higher goes on in a row of its own
_LONGEST = 100_000  # characters of a cell; setting them takes time that grows with the square of their number
_BELOW = {1: 130, 2: 80}  # points of a page that a heading needs below it
_PADDING = 3
_INK, _GREY, _GRID, _HEAD, _RED = "#1b1f24", "#57606a", "#c3c9d0", "#e9edf2", "#a40e26"
_UNSHOWN = "\ufffd"
_NOTED = 12  # characters without a sign that are named


def pdf(document: Document) -> bytes:
    """The file. Raises MissingExtra."""
    try:
        from reportlab.lib.pagesizes import A4, landscape
        from reportlab.platypus import SimpleDocTemplate
    except ImportError:
        raise MissingExtra("pdf", "documents") from None
    page = landscape(A4) if document.wide else A4
    writer = _Writer(page[0] - 2 * _MARGIN - _INSIDE)
    story = writer.story(document)
    held = io.BytesIO()
    template = SimpleDocTemplate(
        held, pagesize=page, leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=_MARGIN, bottomMargin=_MARGIN + _FOOT,
        title=writer.legible(document.title), author="isms-graph", subject=writer.legible(document.foot), creator="isms-graph",
        lang="en", invariant=1, pageCompression=1,
    )  # fmt: skip
    template.build(story, canvasmaker=_numbered(writer.legible(document.foot)))
    return held.getvalue()


class _Writer:
    """Makes what stands on the pages, and notes which characters its font cannot show."""

    def __init__(self, width: float) -> None:
        from reportlab.lib.styles import ParagraphStyle
        from reportlab.pdfbase import pdfmetrics
        from reportlab.pdfbase.ttfonts import TTFont

        for name in (PLAIN, BOLD):
            if name not in pdfmetrics.getRegisteredFontNames():
                pdfmetrics.registerFont(TTFont(name, str(font_file(f"{name}.ttf"))))
        self.width = width
        self.known: dict[int, int] = pdfmetrics.getFont(PLAIN).face.charToGlyph
        self.unshown: dict[str, None] = {}
        self.width_of = lambda text: pdfmetrics.stringWidth(text, BOLD, 6.5)

        def style(size: float, font: str = PLAIN, colour: str = _INK, before: float = 0, after: float = 0) -> Any:
            return ParagraphStyle(
                f"{font}{size}{colour}", fontName=font, fontSize=size, leading=size * 1.25, textColor=colour, spaceBefore=before,
                spaceAfter=after,
            )  # fmt: skip

        self.title, self.text, self.red = style(17, BOLD, after=6), style(9, after=4), style(9, BOLD, _RED, after=6)
        self.headings = {1: style(12.5, BOLD, before=14, after=5), 2: style(10, BOLD, before=9, after=4)}
        self.head, self.cell, self.fact = style(6.5, BOLD), style(6.8), style(9, BOLD)

    def legible(self, text: str) -> str:
        """The text in signs of the font, none of which is written from right to left; anything else is seen to be missing."""
        shown = []
        for one in normalize("NFC", text):
            if one in "\n\t\u00ad" or (ord(one) in self.known and category(one) != "Cf"):
                shown.append(one)
            else:
                self.unshown[one] = None
                shown.append(_UNSHOWN)
        return "".join(shown)

    def paragraph(self, cell: Cell, style: Any) -> Any:
        """A paragraph that holds the text as it is, never as markup."""
        from reportlab.platypus import Paragraph

        text = escape(self.legible(cut(as_text(cell), _LONGEST).replace("\r\n", "\n").replace("\r", "\n")))
        return Paragraph(text.replace("\t", " ").replace("\n", "<br/>"), style)

    def story(self, document: Document) -> list[Any]:
        """Everything in the order of reading."""
        front = [self.paragraph(document.title, self.title)]
        if document.draft:
            front.append(self.paragraph(DRAFT, self.red))
        rest = [self._facts(document)]
        for section in document.sections:
            rest += self._section(section)
        return [*front, *self._note(), *rest]

    def _note(self) -> list[Any]:
        """What the reader has to know of characters that are missing."""
        missing = [one for one in self.unshown if one != _UNSHOWN]
        if not missing:
            return []
        codes = ", ".join(f"U+{ord(one):04X}" for one in missing[:_NOTED]) + (" and more" if len(missing) > _NOTED else "")
        return [
            self.paragraph(
                f"This PDF has no sign for {len(missing)} of the characters used ({codes}) and shows {_UNSHOWN} in their place. "
                "The HTML, Word and Excel forms of this document hold them.",
                self.red,
            )
        ]

    def _facts(self, document: Document) -> Any:
        from reportlab.platypus import Table as Grid

        widths = [self.width * 0.24, self.width * 0.76]
        rows = [[self.paragraph(name, self.fact), self.paragraph(value, self.text)] for name, value in document.facts]
        rows = [part for row in rows for part in _in_parts(row, widths)]
        return Grid(rows, colWidths=widths, style=[("VALIGN", (0, 0), (-1, -1), "TOP"), *_sides(0, 1)])

    def _section(self, section: Section) -> list[Any]:
        from reportlab.platypus import CondPageBreak

        parts = [CondPageBreak(_BELOW[section.level]), self.paragraph(section.heading, self.headings[section.level])]
        parts += [self.paragraph(text, self.text) for text in section.texts]
        if section.table is not None:
            parts.append(self._table(section.table) if section.table.rows else self.paragraph(section.empty, self.text))
        return parts

    def _table(self, table: Table) -> Any:
        from reportlab.lib.colors import HexColor
        from reportlab.platypus import LongTable

        rows = [[self.paragraph(column, self.head) for column in table.columns]]
        widths = fitted(table, self.width, self.width_of, 2 * _PADDING + 1)
        inside = [width - 2 * _PADDING for width in widths]
        rows += [part for row in table.rows for part in _in_parts([self.paragraph(cell, self.cell) for cell in row], inside)]
        look = [
            ("GRID", (0, 0), (-1, -1), 0.4, HexColor(_GRID)), ("BACKGROUND", (0, 0), (-1, 0), HexColor(_HEAD)),
            ("VALIGN", (0, 0), (-1, -1), "TOP"), *_sides(_PADDING, 2),
        ]  # fmt: skip
        return LongTable(rows, colWidths=widths, repeatRows=1, splitByRow=1, style=look)


def _pieces(paragraph: Any, width: float) -> list[Any]:
    return list(paragraph.split(width, _TALLEST)) if paragraph and paragraph.wrap(width, _TALLEST)[1] > _TALLEST else [paragraph]


def _in_parts(row: list[Any], widths: list[float]) -> list[list[Any]]:
    """A row of paragraphs as rows that fit on a page: what is too high for one goes on in the next."""
    parts = []
    while True:
        pieces = [_pieces(one, width) for one, width in zip(row, widths, strict=True)]
        parts.append([one[0] for one in pieces])
        row = [one[1] if len(one) > 1 else "" for one in pieces]
        if not any(row):
            return parts


def _sides(wide: int, high: int) -> list[tuple[Any, ...]]:
    """The space around the cells, and the font that a table sets before it writes a cell."""
    return [("FONTNAME", (0, 0), (-1, -1), PLAIN)] + [
        (f"{side}PADDING", (0, 0), (-1, -1), size) for side, size in (("LEFT", wide), ("RIGHT", wide), ("TOP", high), ("BOTTOM", high))
    ]  # fmt: skip


def _numbered(foot: str) -> type[Any]:
    """A canvas that writes the foot with the number of pages once that is known."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfgen.canvas import Canvas

    class Numbered(Canvas):  # type: ignore[misc]  # reportlab has no types
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **{**options, "initialFontName": PLAIN})
            self.pages: list[dict[str, Any]] = []

        def showPage(self) -> None:
            self.pages.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for page in self.pages:
                self.__dict__.update(page)
                self._foot(len(self.pages))
                super().showPage()
            super().save()

        def _foot(self, pages: int) -> None:
            number = f"page {self._pageNumber} of {pages}"
            room = self._pagesize[0] - 2 * _MARGIN - pdfmetrics.stringWidth(number, PLAIN, 7.5) - 12
            text = foot
            while pdfmetrics.stringWidth(text, PLAIN, 7.5) > room:
                text = text[:-2] + "\u2026"
            self.setFont(PLAIN, 7.5)
            self.setFillColor(_GREY)
            self.drawString(_MARGIN, _FOOT, text)
            self.drawRightString(self._pagesize[0] - _MARGIN, _FOOT, number)

    return Numbered
