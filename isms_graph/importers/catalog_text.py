"""The prose of an OSCAL control as plain text: its statement and its guidance, with the parameters by their names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_INSERT = re.compile(r"\{\{\s*insert:\s*param,\s*([^\s}]+)\s*\}\}")
_UNFIT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_STATEMENT, _GUIDANCE = ("statement",), ("guidance", "supplemental-guidance", "discussion")
MAX_DEPTH = 12
MAX_TEXT = 100_000  # characters of one control


def told(control: dict[str, Any]) -> tuple[str, str]:
    """The statement and the guidance of a control; what is no text is left out."""
    params = {one["id"]: _parameter(one) for one in _objects(control, "params") if isinstance(one.get("id"), str)}

    def filled(text: str) -> str:
        for _ in range(3):  # a choice may name another parameter
            text = _INSERT.sub(lambda found: f"[{params.get(found[1], found[1])}]", text)[:MAX_TEXT]
        return text

    def of(names: tuple[str, ...]) -> str:
        lines = (line for part in _objects(control, "parts") if part.get("name") in names for line in _lines(part, 0))
        return _valid(filled("\n".join(lines)[:MAX_TEXT]))

    return of(_STATEMENT), of(_GUIDANCE)


def _lines(part: dict[str, Any], depth: int) -> Iterator[str]:
    label = next((one.get("value") for one in _objects(part, "props") if one.get("name") == "label" and "class" not in one), "")
    prose = part.get("prose")
    if isinstance(prose, str) and prose.strip():
        yield f"{label} {prose.strip()}".strip() if isinstance(label, str) else prose.strip()
    if depth < MAX_DEPTH:
        for inner in _objects(part, "parts"):
            yield from _lines(inner, depth + 1)


def _parameter(param: dict[str, Any]) -> str:
    select = param.get("select")
    if isinstance(select, dict) and isinstance(select.get("choice"), list):
        return "; ".join(one for one in select["choice"] if isinstance(one, str))[:2_000]
    label = param.get("label")
    return label if isinstance(label, str) else str(param["id"])


def _objects(of: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found = of.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _valid(text: str) -> str:
    """The text without control characters and halves of characters."""
    return _UNFIT.sub("", text).strip()
