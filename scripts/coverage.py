"""What each clause, list item, product requirement and known rule set is decided by: docs/coverage.md.

    python scripts/coverage.py          write the page
    python scripts/coverage.py --check  exit 1 if the page is not what would be written

The checks of a clause and of a product requirement are those whose shapes name it. What no shape says stands in
docs/coverage.csv: the checks of list items and rule sets, and what a graph cannot decide, with the reason.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from isms_graph.catalogue import Catalogue, load_catalogue
from isms_graph.findings import clause_key
from isms_graph.namespaces import ISO27001, isms, local_name
from isms_graph.vocabulary import load_vocabulary

ROOT = Path(__file__).resolve().parent.parent
SOURCE, PAGE = ROOT / "docs" / "coverage.csv", ROOT / "docs" / "coverage.md"
PARTS = ("requirement", "rule", "clause", "item")


class Line(NamedTuple):
    """A line of docs/coverage.csv; `remark` says what is not decidable and why."""

    part: str
    ref: str
    text: str
    checks: tuple[str, ...]
    remark: str


def read_lines() -> list[Line]:
    """The lines of docs/coverage.csv. Raises ValueError for a part that does not exist."""
    with SOURCE.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        if row["part"] not in PARTS:
            raise ValueError(f"{SOURCE.name}: there is no part {row['part']!r}")
    return [Line(r["part"], r["ref"], r["text"], tuple(r["checks"].split()), r["remark"]) for r in rows]


def clause_lines(catalogue: Catalogue, lines: list[Line]) -> list[Line]:
    """A line for every clause: title, the checks raised against it or comparing with it, the remark of the source."""
    vocabulary = load_vocabulary()
    remarks = {line.ref: line.remark for line in lines if line.part == "clause"}
    raised, compared = defaultdict(list), defaultdict(list)
    for check in catalogue.checks.values():
        raised[check.clause].append(check.id)
        for clause in check.also_clauses:
            compared[clause].append(check.id)
    clauses = sorted((local_name(node.value) for node in vocabulary.instances(isms("Clause"))), key=clause_key)
    annex = sorted({ref for ref in (*raised, *compared) if ref.startswith("A.")}, key=lambda ref: [int(n) for n in ref[2:].split(".")])
    titles = {term.value.removeprefix(ISO27001): vocabulary.label(term) for term in vocabulary.terms}
    return [
        Line("clause", ref, titles[ref].removeprefix(ref).strip(), tuple(dict.fromkeys(raised[ref] + compared[ref])), remarks.get(ref, ""))
        for ref in [*clauses, *annex]
    ]


def requirement_lines(catalogue: Catalogue, lines: list[Line]) -> list[Line]:
    """The lines of product requirements, with the checks whose shapes name them."""
    return [
        line._replace(checks=tuple(check.id for check in catalogue.checks.values() if line.ref in check.decides))
        for line in lines
        if line.part == "requirement"
    ]


def _table(heading: str, lines: list[Line]) -> list[str]:
    rows = [f"\n## {heading}\n", "| | what | decided by | not decidable by a graph, or otherwise |", "|---|---|---|---|"]
    for line in lines:
        checks = ", ".join(f"`{check}`" for check in line.checks)
        rows.append(f"| {line.ref} | {line.text} | {checks} | {line.remark} |")
    return rows


def page() -> str:
    """The page, in Markdown."""
    catalogue, lines = load_catalogue(), read_lines()
    text = [
        "# Coverage",
        "",
        f"What is decided by which of the {len(catalogue.checks)} checks. Written by `make docs` from the checks and from",
        "docs/coverage.csv; `isms explain CHECK` says how a check decides and what its silence does not mean.",
    ]
    text += _table("Clauses", clause_lines(catalogue, lines))
    text += _table("List items of the clauses", [line for line in lines if line.part == "item"])
    text += _table("Known rule sets", [line for line in lines if line.part == "rule"])
    text += _table("Product requirements", requirement_lines(catalogue, lines))
    return "\n".join(text) + "\n"


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(PAGE.read_text(encoding="utf-8") != page())
    PAGE.write_text(page(), encoding="utf-8")
