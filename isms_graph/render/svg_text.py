"""Text in SVG pictures: an estimate of its width, wrapping by width, and the element."""

from __future__ import annotations

from html import escape
from unicodedata import category

RED, INK, GREY = "#c00000", "#1c2733", "#5b6773"
_EMS = {c: ems for chars, ems in (("ijl'|", 0.28), (" .,:;", 0.34), ("ftrI()[]!", 0.42), ("cskvxyz", 0.59), ("mwMW@%", 1.0)) for c in chars}
_IDEOGRAPHS = "\u2e80"  # from here on characters are as wide as they are high


def width(text: str, size: float, bold: bool = False) -> float:
    """About how wide a text is, in a wide font: where Helvetica is there, it is narrower."""
    ems = sum(1.02 if c >= _IDEOGRAPHS else _EMS.get(c, 0.72 if c.isupper() else 0.63) for c in text)
    return ems * size * (1.1 if bold else 1.0)


def wrap(text: str, room: float, size: float, most: int = 99, bold: bool = False) -> list[str]:
    """Lines no wider than `room`; words that are wider are broken, and what needs more than `most` lines ends in "..."."""
    lines: list[str] = []
    for word in text.split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and width(joined, size, bold) <= room:
            lines[-1] = joined
            continue
        while width(word, size, bold) > room and len(word) > 1:
            cut = next(n for n in range(len(word) - 1, 0, -1) if n == 1 or width(word[:n] + "-", size, bold) <= room)
            lines.append(word[:cut] + "-")
            word = word[cut:]
        lines.append(word)
    if len(lines) > most:
        last = lines[most - 1]
        while width(f"{last} ...", size, bold) > room and len(last) > 1:
            last = last.rsplit(" ", 1)[0] if " " in last else last[:-1]
        lines = [*lines[: most - 1], f"{last} ..."]
    return lines


def legible(text: str) -> str:
    """The text without characters that XML does not have or that turn the direction of writing."""
    return "".join(one for one in text if one in "\n\u200c\u200d" or not (category(one) in ("Cc", "Cf", "Cs") or one in "\ufffe\uffff"))


def element(x: float, y: float, text: str, size: float, colour: str = INK, anchor: str = "start", bold: bool = False) -> str:
    """A text element with its baseline at y."""
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:.1f}" fill="{colour}" text-anchor="{anchor}"{weight}>{escape(text)}</text>'
