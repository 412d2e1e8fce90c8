"""Documents made of a loaded ISMS for people outside the program: the Statement of Applicability, registers, plans and indexes."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from isms_graph.exporters.document import Document
    from isms_graph.graph import Isms

# The module of each deliverable; its function has the name of the deliverable.
_HOME = {
    "soa": "soa", "risk-register": "risks", "treatment-plan": "treatment", "audit-programme": "audits", "management-review": "review",
    "evidence-index": "evidence", "process-map": "processes",
}  # fmt: skip
_WITH_TEXTS = ("soa",)
DELIVERABLES = {
    "soa": "the Statement of Applicability (6.1.3 d)",
    "risk-register": "the risks with criteria, levels and owners (6.1.2, 8.2)",
    "treatment-plan": "the risk treatment plan and what was accepted (6.1.3, 8.3)",
    "audit-programme": "the internal audits, what they cover and found (9.2)",
    "management-review": "what a management review has to consider (9.3.2)",
    "evidence-index": "the documents and evidence by clause and by control of Annex A",
    "process-map": "the processes and what they hand over (4.4)",
}
FORMATS = ("html", "xlsx", "docx", "pdf")


def deliverable(name: str, isms_: Isms, texts: Mapping[str, str] | None = None) -> Document:
    """The deliverable with a name of DELIVERABLES, imported when it is asked for.

    `texts` are those of the standard by number, from a licensed copy; what lists controls with their reasons shows them.
    """
    make = getattr(import_module(f"isms_graph.exporters.{_HOME[name]}"), name.replace("-", "_"))
    made: Document = make(isms_, texts) if name in _WITH_TEXTS else make(isms_)
    return made


def written(made: Document, format_: str) -> bytes:
    """A document in one of FORMATS; the same document gives the same bytes. Raises MissingExtra."""
    if format_ == "html":
        from isms_graph.exporters.html import html

        return html(made).encode()
    if format_ == "xlsx":
        from isms_graph.exporters.xlsx import xlsx

        return xlsx(made)
    if format_ == "docx":
        from isms_graph.exporters.docx import docx

        return docx(made)
    from isms_graph.exporters.pdf import pdf

    return pdf(made)
