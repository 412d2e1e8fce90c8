"""Explanations as text."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from isms_graph.explain import ExplainedExample, Explanation
from isms_graph.render.report import console, indented

_SHOWN = 6


def write_explanation(explanation: Explanation, licensed: str = "") -> None:
    """Print an explanation for people; `licensed` is the standard's text on it, from a copy of the reader's own."""
    out = console()
    indented(out, Text(explanation.title, style="bold"))
    indented(out, Text(f"{explanation.kind} {explanation.name}", style="dim"))
    for heading, text in explanation.facts:
        out.print(Text(f"\n{heading}", style="bold"))
        for line in text.splitlines():
            indented(out, Text(line), 2)
    if licensed:
        out.print(Text(f"\nText of {explanation.number} (own licence)", style="bold"))
        for line in licensed.splitlines():
            indented(out, Text(line), 2)
    for example in explanation.examples:
        _example(out, example)
    if explanation.listing:
        heading = "Properties" if explanation.kind == "class" else "Checks"
        out.print(Text(f"\n{heading}", style="bold"))
        for name, text in explanation.listing:
            indented(out, Text.assemble((name, "cyan"), f"  {text}"), 2)


def _example(out: Console, example: ExplainedExample) -> None:
    out.print(Text("\nAn example that passes" if example.passing else "\nAn example that fails", style="bold"))
    indented(out, Text(example.shows), 2)
    for message in example.messages:
        indented(out, Text(f"Found: {message}", style="yellow"), 2)
    changes = [(f"- {line}", "red") for line in example.taken_away] + [(f"+ {line}", "green") for line in example.added]
    if changes:
        indented(out, Text("Against a complete ISMS (- taken away, + added):", style="dim"), 2)
    for line, style in changes[:_SHOWN]:
        indented(out, Text(line, style=style), 4)
    if len(changes) > _SHOWN:
        indented(out, Text(f"and {len(changes) - _SHOWN} more statements", style="dim"), 4)
