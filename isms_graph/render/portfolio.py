"""The outcomes of many organisations as one table or as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from isms_graph.catalogue import SEVERITY_ORDER
from isms_graph.portfolios import Checked, Outcome
from isms_graph.render.report import printable, printed

Checks = Mapping[str, Outcome[Checked]]  # by the name of the folder, in the order in which they were given


def write_checks(outcomes: Checks, file: Path | None = None) -> None:
    """Write a line for each organisation, then the reasons of those without an answer, to the screen or to a file."""
    printed(file, lambda out: _write(out, outcomes))


def _write(out: Console, outcomes: Checks) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for heading in ("folder", "organisation"):
        table.add_column(heading, overflow="fold")
    for heading in (*SEVERITY_ORDER, "seconds"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, outcome in outcomes.items():
        one = outcome.answer
        what = [one.name, *(str(one.counts[severity]) for severity in SEVERITY_ORDER)] if one else ["not checked", "", "", ""]
        style = "red" if one is None else "yellow" if one.fails else None
        table.add_row(*map(printable, (name, *what, f"{outcome.seconds:.2f}")), style=style)
    with out.capture() as captured:
        out.print(table)
    for line in captured.get().splitlines():
        out.out(line.rstrip(), highlight=False)
    for name, outcome in outcomes.items():
        if outcome.answer and outcome.answer.unread:
            _plain(out, f"{name}: not read: {', '.join(outcome.answer.unread)}.")
    _plain(out, *failures(outcomes))
    _plain(out, "", f"{summary(outcomes)}.")


def _plain(out: Console, *lines: str) -> None:
    for line in lines:
        out.print(printable(line), markup=False, highlight=False, soft_wrap=True)


def summary(outcomes: Checks) -> str:
    """The figures of all organisations in one line."""
    answers = _answers(outcomes)
    counts = ", ".join(f"{count} {severity}" for severity, count in _counts(answers).items())
    conform = sum(one.conforms for one in answers)
    missing = len(outcomes) - len(answers)
    many = "1 organisation" if len(outcomes) == 1 else f"{len(outcomes)} organisations"
    return f"{many}: {conform} without nonconformity, {len(answers) - conform} with, {missing} not checked; {counts}"


def failures(outcomes: Mapping[str, Outcome[Any]]) -> list[str]:
    """The reasons of those without an answer, as lines, each reason once; none if all answered."""
    reasons: dict[str, list[str]] = {}
    for name, outcome in outcomes.items():
        if outcome.answer is None:
            reasons.setdefault(f"a defect of the program: {outcome.error}" if outcome.defect else outcome.error, []).append(name)
    lines: list[str] = []
    for reason, names in reasons.items():
        lines += ["", f"No answer from {', '.join(names)}:", *(f"  {line}" for line in reason.splitlines())]
    return lines


def checks_as_json(outcomes: Checks) -> dict[str, Any]:
    """The outcomes in the stable JSON form."""
    answers = _answers(outcomes)
    return {
        "organisations": [_one(name, outcome) for name, outcome in outcomes.items()],
        "counts": _counts(answers),
        "conform": sum(one.conforms for one in answers),
        "failed": len(outcomes) - len(answers),
    }


def _one(name: str, outcome: Outcome[Checked]) -> dict[str, Any]:
    one = outcome.answer
    return {
        "folder": name,
        "workspace": outcome.workspace,
        "name": one.name if one else None,
        "as_of": one.as_of.isoformat() if one else None,
        "stage": one.stage if one else None,
        "statements": one.statements if one else None,
        "conforms": one.conforms if one else None,
        "counts": dict(one.counts) if one else None,
        "unread": list(one.unread) if one else [],
        "error": outcome.error or None,
        "defect": outcome.defect,
        "seconds": round(outcome.seconds, 3),
    }


def _answers(outcomes: Checks) -> list[Checked]:
    return [outcome.answer for outcome in outcomes.values() if outcome.answer]


def _counts(answers: Sequence[Checked]) -> dict[str, int]:
    return {severity: sum(one.counts[severity] for one in answers) for severity in SEVERITY_ORDER}
