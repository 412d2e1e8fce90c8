"""What isms.toml says of a register: which class its rows are, and what its columns and values mean.

[tables."risks.xlsx"]
preset = "risk-register"                    a layout that the program knows, see `isms import --list-presets`; the keys below change it
class = "Risk"                              what each row is
sheet = "Register"                          which sheet; the first one if none is named
header = 3                                  the row of the column heads; the first row with text if none is named
ids = "risk-{No.|Title}"                    how an id is made from columns, where there is no column of ids; `|` where the first is empty
separator = ","                             between several values in a cell; `;` if none is named
dates = "%d.%m.%Y"                          how dates are written; 2026-03-31 is always read
encoding = "latin-1"                        of a CSV file; UTF-8 if none is named
numbers = "clauses"                         what a bare 5.1 is in a column that may name clauses and controls: "clauses" or "controls"
extends = true                              the rows add to elements that another table declares
[tables."risks.xlsx".columns]
"Risk owner" = "owner"                      a property by its label, or "id", "name" or "class"; "" leaves the column out
[tables."risks.xlsx".values."treatment option"]
"mitigate" = "modify"                       values by the property or the column head; "" is no value
[tables."risks.xlsx".create]
owner = "Role"                              names that nothing answers to become new elements of this class
[tables."soa.csv".constants]
"part of" = "soa"                           what every row says besides
[tables."isms.xlsx".sheets."Risks"]         the same keys for one of several sheets
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from isms_graph.errors import InputError, UnknownName
from isms_graph.namespaces import nearest
from isms_graph.resources import folder

_TEXTS = ("class", "sheet", "ids", "separator", "dates", "encoding", "numbers")
_TABLES = ("columns", "values", "create", "constants")
KEYS = ("preset", *_TEXTS, "header", "extends", *_TABLES, "sheets")
NUMBERS = ("clauses", "controls")
_LINES = {"columns": '"Risk owner" = "owner"', "create": 'owner = "Role"', "constants": '"part of" = "soa"'}
_PLAIN = (*_TEXTS[1:], "header", "extends")


@dataclass(frozen=True)
class Table:
    """One register: a CSV file, or a sheet of a workbook. `stated` are the columns that have to be there."""

    class_: str
    sheet: str | None = None
    header: int | None = None
    ids: str = ""
    separator: str = ";"
    dates: str = ""
    encoding: str = ""
    numbers: str = ""
    extends: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    create: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    stated: frozenset[str] = frozenset()
    optional: bool = False  # a preset's sheet, which a workbook may lack


def tables(name: str, settings: object, path: Path) -> tuple[Table, ...]:
    """The tables of the file called `name` by its section in isms.toml, which is at `path`. Raises InputError."""
    if not isinstance(settings, dict):
        raise InputError(f'the table {name!r} needs a section with a line such as class = "Risk".', path)
    _known(name, settings, path)
    stated = settings
    if "preset" in settings:
        settings = _merged(_preset(name, settings["preset"], path), {key: value for key, value in settings.items() if key != "preset"})
    sheets = settings.get("sheets")
    if sheets is None:
        return (_table(name, settings, stated, path),)
    found = []
    for sheet, own in sheets.items():
        _known(f"{name}, sheet {sheet}", own, path)
        above = {key: value for key, value in settings.items() if key != "sheets"}
        said = stated.get("sheets", {}).get(sheet)
        table = _table(f"{name}, sheet {sheet}", _merged(above, {**own, "sheet": sheet}), said or {}, path)
        found.append(Table(**{**vars(table), "optional": said is None}))
    return tuple(found)


def _known(name: str, settings: object, path: Path) -> None:
    """Raises InputError for keys that mean nothing, and values of the wrong form."""

    def wrong(message: str, advice: str = "") -> InputError:
        return InputError(f"the table {name!r}: {message}", path, advice=advice)

    if not isinstance(settings, dict):
        raise wrong("a section is expected.")
    for key, value in settings.items():
        if key not in KEYS:
            near = nearest(key, KEYS)
            raise wrong(f"there is no key {key!r}.", f"Did you mean {near[0]!r}?" if near else f"Known are {', '.join(KEYS)}.")
        if key in _TEXTS and not isinstance(value, str):
            raise wrong(f"{key!r} has to be a text.")
        if key == "separator" and not value:
            raise wrong("'separator' has to be a character, or several.")
        if key == "header" and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
            raise wrong("'header' has to be the number of a row.")
        if key == "extends" and not isinstance(value, bool):
            raise wrong("'extends' has to be true or false.")
        if key == "numbers" and value not in NUMBERS:
            raise wrong(f"'numbers' has to be one of {', '.join(NUMBERS)}.")
        if key in _LINES and not _all_texts(value):
            raise wrong(f"{key!r} needs lines such as {_LINES[key]}.")
        if key == "values" and not (isinstance(value, dict) and all(_all_texts(one) for one in value.values())):
            raise wrong('\'values\' needs a section for each property, with lines such as "mitigate" = "modify".')
        if key == "sheets" and not isinstance(value, dict):
            raise wrong('the sheets need a section each, such as [tables."isms.xlsx".sheets."Risks"].')


def _all_texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of `below` with those of `above` on top, sections key by key."""
    merged = dict(below)
    for key, value in above.items():
        merged[key] = _merged(merged[key], value) if isinstance(value, dict) and isinstance(merged.get(key), dict) else value
    return merged


def _table(name: str, settings: Mapping[str, Any], stated: Mapping[str, Any], path: Path) -> Table:
    if "class" not in settings:
        raise InputError(f'the table {name!r} needs a line such as class = "Risk", or preset = "risk-register".', path)
    return Table(
        class_=settings["class"],
        **{
            key: settings[key]
            for key in ("sheet", "header", "ids", "separator", "dates", "encoding", "numbers", "extends")
            if key in settings
        },
        columns={head(key): value for key, value in settings.get("columns", {}).items()},
        values={head(key): {text.strip().lower(): to for text, to in one.items()} for key, one in settings.get("values", {}).items()},
        create={head(key): value for key, value in settings.get("create", {}).items()},
        constants=settings.get("constants", {}),
        stated=frozenset(stated.get("columns", {})),
    )


def head(text: str) -> str:
    """A column head as it is compared: lower case, `_` for a space, one space for several."""
    return " ".join(text.replace("_", " ").lower().split())


def _preset(name: str, preset: object, path: Path) -> dict[str, Any]:
    if not isinstance(preset, str) or preset not in presets():
        near = nearest(str(preset), presets())
        advice = f"Did you mean {near[0]!r}?" if near else f"Known are {', '.join(presets())}."
        raise InputError(f"the table {name!r}: there is no preset {preset!r}.", path, advice=advice)
    return presets()[preset]


@cache
def _described() -> dict[str, dict[str, Any]]:
    return {path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(folder("presets").glob("*.toml"))}


@cache
def presets() -> dict[str, dict[str, Any]]:
    """The settings of every preset by its name."""
    return {name: {key: value for key, value in one.items() if key != "description"} for name, one in _described().items()}


def descriptions() -> dict[str, str]:
    """What each preset is for."""
    return {name: one["description"] for name, one in _described().items()}


def preset(name: str) -> tuple[Table, ...]:
    """The tables of a preset. Raises UnknownName."""
    if name not in presets():
        raise UnknownName("preset", name, nearest(name, presets()), "`isms import --list-presets` lists them.")
    return tables(name, {"preset": name}, folder("presets"))
