"""A deliverable as one HTML page without scripts, made to be printed."""

from __future__ import annotations

from datetime import date
from html import escape

from isms_graph.exporters.document import DRAFT, Cell, Document, Section, Table, as_text, fitted

_STYLE = """
@page { margin: 12mm 12mm 16mm; @bottom-right { content: counter(page) " / " counter(pages); font: 8pt sans-serif; } }
body { font: 10pt/1.35 "Helvetica Neue", Arial, "Noto Sans", sans-serif; color: #1b1f24; margin: 1.5rem; }
h1 { font-size: 17pt; margin: 0 0 .6rem; } h2 { font-size: 12.5pt; margin: 1.4rem 0 .4rem; }
h3 { font-size: 10.5pt; margin: 1rem 0 .3rem; } h2, h3 { break-after: avoid; } svg { max-width: 100%; max-height: 160mm; height: auto; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
th, td { border: 1px solid #c3c9d0; padding: 3px 5px; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
td { white-space: pre-line; font-size: 8pt; } th { background: #e9edf2; font-size: 7pt; }
td.date { white-space: nowrap; overflow-wrap: normal; font-size: 7pt; }
thead { display: table-header-group; } tr { break-inside: avoid; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 1rem; margin: 0; } dt { font-weight: 600; } dd { margin: 0; }
.draft { color: #a40e26; font-weight: 700; border: 2px solid; display: inline-block; padding: 2px 8px; margin: 0 0 .6rem; }
footer { margin-top: 1.2rem; border-top: 1px solid #c3c9d0; padding-top: 4px; font-size: 8pt; color: #57606a; }
"""


def html(document: Document) -> str:
    """The page; every text of the ISMS is escaped."""
    draft = f'<p class="draft">{DRAFT}</p>\n' if document.draft else ""
    page = f"@page {{ size: A4 {'landscape' if document.wide else 'portrait'}; }}"
    facts = "".join(f"<dt>{_text(name)}</dt><dd dir='auto'>{_text(value)}</dd>\n" for name, value in document.facts)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{_text(document.title)}</title>\n'
        f"<style>\n{page}{_STYLE}</style>\n</head>\n<body>\n<h1>{_text(document.title)}</h1>\n{draft}<dl>\n{facts}</dl>\n"
        + "".join(_section(section) for section in document.sections)
        + f"<footer>{_text(document.foot)}</footer>\n</body>\n</html>\n"
    )


def _text(cell: Cell) -> str:
    return escape(as_text(cell))


def _cell(cell: Cell) -> str:
    return f'<td class="date">{_text(cell)}</td>' if isinstance(cell, date) else f'<td dir="auto">{_text(cell)}</td>'


def _section(section: Section) -> str:
    paragraphs = "".join(f"<p>{_text(one)}</p>\n" for one in section.paragraphs)
    if section.table is None:
        body = ""
    elif not section.table.rows:
        body = f"<p>{_text(section.empty)}</p>\n"
    else:
        body = _table(section.table)
    head = f"h{section.level + 1}"
    return f"<{head}>{_text(section.heading)}</{head}>\n{paragraphs}{section.picture}{body}"


def _table(table: Table) -> str:
    widths = fitted(table, 273)  # mm on A4 in landscape
    columns = "".join(f'<col style="width:{100 * width / sum(widths):.2f}%">' for width in widths)
    heads = "".join(f"<th>{_text(column)}</th>" for column in table.columns)
    rows = "".join("<tr>" + "".join(_cell(cell) for cell in row) + "</tr>\n" for row in table.rows)
    return f"<table><colgroup>{columns}</colgroup>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody></table>\n"
