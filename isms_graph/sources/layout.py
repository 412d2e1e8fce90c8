"""The layout of a Turtle document: spaces, indents and short forms are made alike; order, line breaks and comments stay."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pyoxigraph import CanonicalizationAlgorithm, Dataset, RdfFormat, parse

from isms_graph.namespaces import RDF
from isms_graph.sources.turtle import tokens

_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_LOCAL = re.compile(r"[A-Za-z_](?:[\w-]*\w)?", re.ASCII)
_PLAIN = re.compile(r"'([^'\"\\\n\r]*)'")
_BASE = "http://base.invalid/"


@dataclass
class _Layout:
    out: list[str] = field(default_factory=list)
    prefixes: dict[str, str] = field(default_factory=dict)
    depth: int = 0
    inside: bool = False  # a statement is open
    listing: bool = False  # after a comma: a further line of a list of objects

    def gap(self, gap: str, glue: str, broken: bool, closing: bool) -> None:
        """Write what stands between two tokens: `glue` if they stay on one line, else the comments and the indent."""
        head, *lines = [line.strip() for line in gap.split("\n")]
        if head:
            self.out.append(f"  {head}" if self.out else head)
        if not (head or lines or broken):
            self.out.append(glue)
            return
        *own, _ = lines or [""]
        blank = False
        for line in own:
            if line:
                self._line(blank, line, self._indent(False))
            blank = not line
        self._line(blank, "", self._indent(closing))

    def _indent(self, closing: bool) -> str:
        return "    " * (self.inside + self.depth + self.listing - closing)

    def _line(self, blank: bool, text: str, indent: str) -> None:
        if self.out:
            self.out.append("\n\n" if blank else "\n")
        self.out.append(indent + text)

    def short(self, iri: str) -> str:
        """The IRI written with the longest declared prefix that leaves a plain local name, else as it stands."""
        fitting = [(name, start) for name, start in self.prefixes.items() if start and iri[1:].startswith(start)]
        for name, start in sorted(fitting, key=lambda item: (-len(item[1]), item[0])):
            if _LOCAL.fullmatch(iri[1 + len(start) : -1]):
                return f"{name}:{iri[1 + len(start) : -1]}"
        return iri


def _laid_out(text: str) -> str:
    layout = _Layout()
    stream = list(tokens(text))
    end, before, directive, name, carried = 0, "", "", "", False
    predicate_next, starts = False, True
    openers: list[str] = []
    for kind, token, offset in stream:
        gap = text[end:offset]
        if not _GAP.fullmatch(gap):
            raise ValueError(f"{gap.strip()[:20]!r} is not known to the formatter")
        end = offset + len(token)
        mark = token if kind == "mark" else ""
        glued = kind in ("lang", "datatype") or before == "^^" or before + mark in ("[]", "()") or not before
        broken = starts and bool(before)
        if mark in (".", ";", ",") and "#" not in gap:
            carried, gap = carried or "\n" in gap, ""
        elif glued and "#" not in gap:
            gap = ""
        elif carried and "\n" not in gap:
            broken, carried = True, False
        else:
            carried = False
        closing = mark in ("]", ")")
        layout.gap(gap, "" if glued else " ", broken, closing)

        written = token
        if kind == "directive":
            directive = token
            written = "@" + token.lstrip("@").lower()
        elif directive and kind == "pname":
            name = token[:-1]
        elif directive and kind == "iri":
            if "prefix" in directive.lower():
                layout.prefixes[name] = token[1:-1] if ":" in token else ""
            if not directive.startswith("@"):
                written += " ."
        elif kind in ("iri", "pname"):
            written = layout.short(token) if kind == "iri" else token
            prefix, _, local = written.partition(":")
            if predicate_next and (token == f"<{RDF}type>" or (local == "type" and layout.prefixes.get(prefix) == RDF)):
                written = "a"
        elif kind == "string" and (plain := _PLAIN.fullmatch(token)):
            written = f'"{plain[1]}"'
        layout.out.append(written)

        if mark in ("[", "("):
            layout.depth += 1
            openers.append("subject" if starts else "object")
            predicate_next = mark == "["
        elif closing:
            layout.depth -= 1
            predicate_next = openers.pop() == "subject" and not layout.depth
        else:
            predicate_next = mark == ";" or (starts and not directive)
        starts = (mark == "." and not layout.depth) or (kind == "iri" and bool(directive) and not directive.startswith("@"))
        if starts:
            directive, carried = "", False
        layout.inside, layout.listing = not starts, mark == ","
        before = token
    rest = text[end:]
    if not _GAP.fullmatch(rest):
        raise ValueError(f"{rest.strip()[:20]!r} is not known to the formatter")
    layout.gap(rest, "", False, False)
    return "".join(layout.out).strip("\n") + "\n"


def _graph(text: str) -> Dataset:
    data = Dataset(parse(text, format=RdfFormat.TURTLE, base_iri=_BASE))
    data.canonicalize(CanonicalizationAlgorithm.UNSTABLE)
    return data


def laid_out(text: str) -> str:
    """The document in the common layout. Raises SyntaxError if it is not Turtle, RuntimeError if the graph would change."""
    text = text.removeprefix("\ufeff")
    before = _graph(text)
    try:
        after = _laid_out(text)
        same = _graph(after) == before
    except (ValueError, SyntaxError) as error:
        raise RuntimeError(f"the formatter cannot write this document: {error}") from error
    if not same:
        raise RuntimeError("the formatted document would say something else")
    return after
