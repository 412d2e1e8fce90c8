"""What a register in an unknown layout may mean: a proposal for isms.toml, to be read and corrected by a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path

from pyoxigraph import NamedNode

from isms_graph.errors import Problems
from isms_graph.importers.columns import Column, columns
from isms_graph.importers.heads import at_another_time, is_id, is_name, is_net, plain, when
from isms_graph.importers.imports import quoted, statement_of_applicability
from isms_graph.namespaces import SKOS, isms
from isms_graph.sources import mapping
from isms_graph.sources.delimited import csv_rows
from isms_graph.sources.mapping import head
from isms_graph.sources.sheet import Row
from isms_graph.sources.values import BOOLEANS, ID, Convert, LostZero, Wrong, reference
from isms_graph.sources.workbook import read_sheets, sheet_names
from isms_graph.sources.workspace import text_of
from isms_graph.vocabulary import Vocabulary

_LOOKED_AT = 20  # rows among which the heads are looked for
_SAMPLE = 200  # rows whose values are looked at
_KNOWN = 0.6  # the share of heads that a preset has to know
_ALIKE = 0.8  # how much a head has to look like one that is known
_FITS = 0.7  # the share of values that have to fit a property
_FILLED = 0.8  # the share of rows that have to have an id
_ALT_LABEL = NamedNode(SKOS + "altLabel")
_DATES = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y/%m/%d")
_PART_OF = '"part of" = "soa"  # the id of the Statement of Applicability'
_CREATED = {
    "owner": "Role", "concerns asset": "Asset", "treated by": "Control", "arises from": "Threat", "provided by": "Supplier",
    "located at": "Site",
}  # fmt: skip
# The classes that registers are usually kept of, with words in the names of files and sheets.
_CLASSES = {
    "Risk": ("risk", "risiko", "risque"), "SoAEntry": ("soa", "applicability", "anwendbarkeit", "applicabilité", "annex"),
    "Asset": ("asset", "inventory", "werte", "actif"), "Supplier": ("supplier", "vendor", "lieferant", "fournisseur", "third"),
    "Control": ("control", "measure", "maßnahme", "mesure"), "Incident": ("incident", "vorfall", "vorfälle"),
    "Nonconformity": ("nonconform", "capa", "abweichung"), "Finding": ("finding", "feststellung", "constat"),
    "CorrectiveAction": ("corrective", "korrektur"), "TreatmentAction": ("treatment", "behandlung", "traitement"),
    "Requirement": ("requirement", "legal", "anforderung", "exigence"), "InterestedParty": ("interested", "stakeholder", "partei"),
    "Document": ("document", "dokument"), "Person": ("person", "people", "staff"), "Role": ("role", "rolle", "rôle"),
    "Objective": ("objective", "ziele", "objectif"), "Metric": ("metric", "kpi", "kennzahl"), "Training": ("training", "schulung"),
}  # fmt: skip


@dataclass
class Proposal:
    """What a table may mean. `lines` are the lines of isms.toml below its section's head; `doubts` are in them as remarks."""

    sheet: str | None
    class_: str
    lines: list[str] = field(default_factory=list)


def guess(path: Path, vocabulary: Vocabulary, folder: Path | None = None) -> list[Proposal]:
    """A proposal for the table, or for each sheet that looks like one, for the workspace in `folder`. Raises InputError."""
    found = _guess(path, vocabulary)
    try:
        of_soa = any("SoAEntry" in one.class_ for one in found)
        statement = statement_of_applicability(folder, vocabulary) if folder and of_soa else ""
    except Problems:  # whoever tries the guess is told what is wrong with the workspace
        statement = ""
    if statement:
        for one in found:
            one.lines = [_part_of(statement) if line == _PART_OF else line for line in one.lines]
            if one.lines == ['preset = "soa"']:
                one.lines += ["[.constants]", _part_of(statement)]
    return found


def _part_of(statement: str) -> str:
    """The line that says of which Statement of Applicability the lines are part."""
    return f'"part of" = {quoted(statement)}  # the id of the Statement of Applicability'


def _guess(path: Path, vocabulary: Vocabulary) -> list[Proposal]:
    if path.suffix == ".csv":
        one = _propose(path.stem, None, csv_rows(text_of(path, _encoding(path)), path), vocabulary)
        if one and (encoding := _encoding(path)):
            one.lines.insert(0, f'encoding = "{encoding}"  # the file is not UTF-8')
        return [one] if one else []
    names = sheet_names(path, hidden=False)
    sheets = read_sheets(path, names)
    proposals = [_propose(f"{path.stem} {sheet.name}", sheet.name, sheet.rows, vocabulary) for sheet in sheets]
    found = [one for one in proposals if one]
    whole = {line for one in found for line in one.lines[:1] if line in _of_workbooks()}
    if len(whole) == 1 and all(one.lines[0] in whole for one in found):
        return [Proposal(None, ", ".join(dict.fromkeys(one.class_ for one in found)), found[0].lines)]
    return found


def _of_workbooks() -> set[str]:
    """The lines for presets that are for a workbook with several sheets."""
    return {f'preset = "{name}"' for name in mapping.presets() if len(mapping.preset(name)) > 1}


def as_toml(path: Path, proposals: Sequence[Proposal]) -> str:
    """The proposals as they stand in isms.toml."""
    text: list[str] = []
    for one in proposals:
        section = f"tables.{quoted(path.name)}" + (f".sheets.{quoted(one.sheet)}" if one.sheet and len(proposals) > 1 else "")
        lines = [f"sheet = {quoted(one.sheet)}", *one.lines] if one.sheet and len(proposals) == 1 else one.lines
        text += [f"[{section}]", *(line.replace("[.", f"[{section}.") if line.startswith("[.") else line for line in lines), ""]
    return "\n".join(text).rstrip() + "\n"


def _encoding(path: Path) -> str:
    data = path.read_bytes()
    try:
        data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        return "cp1252"
    return ""


def _propose(name: str, sheet: str | None, rows: list[Row], vocabulary: Vocabulary) -> Proposal | None:
    rows = [row for row in rows if any(cell.strip() for cell in row[1])]
    if len(rows) < 2:
        return None
    if found := _by_preset(sheet, rows[0]):
        return found
    best: tuple[float, str, int] = (0.0, "", 0)
    for class_, words in _CLASSES.items():
        known = _known(isms(class_), vocabulary)
        for at, (_, cells) in enumerate(rows[:_LOOKED_AT]):
            heads = [head(cell) for cell in cells if cell.strip()]
            matched = sum(bool(_meant(one, known) or is_name(one) or is_id(one)) for one in heads)
            specific = 2 * sum(not understood.general for one in heads if (understood := _meant(one, known)))
            named = 3 if any(word in name.lower() for word in words) else 0
            score = matched + specific + (named if matched else 0)
            if matched >= 2 and score > best[0] and (class_ != "SoAEntry" or _has_controls(rows[at:], known, vocabulary)):
                best = (score, class_, at)
    if not best[1]:
        return None
    return _by_class(best[1], sheet, rows[best[2] :], best[2], vocabulary)


def _has_controls(rows: list[Row], known: dict[str, _Known], vocabulary: Vocabulary) -> bool:
    """Whether the column headed as that of the controls holds controls of Annex A: a list of measures of one's own may be headed so."""
    (_, cells), *body = rows
    at = next((at for at, cell in enumerate(cells) if (one := _meant(head(cell), known)) and one.column.head == "for control"), None)
    values = [row[at].strip() for _, row in body[:_SAMPLE] if at is not None and at < len(row) and row[at].strip()]
    convert = reference(isms("AnnexAControl"), vocabulary, mapping.Table(""))
    return at is not None and sum(_is_control(value, convert) for value in values) >= _FITS * len(values)


def _is_control(value: str, convert: Convert) -> bool:
    try:
        return isinstance(convert(value), NamedNode)
    except LostZero:
        return True
    except Wrong:
        return False


def _by_preset(sheet: str | None, header: Row) -> Proposal | None:
    """The preset that knows these heads, if one knows most of them and nothing is against it."""
    heads = [head(cell) for cell in header[1] if cell.strip()]
    best: tuple[float, str, str] = (0.0, "", "")
    for name in mapping.presets():
        for table in mapping.preset(name):
            if table.sheet not in (None, sheet):
                continue
            known = sum(one in table.columns for one in heads)
            specific = sum(1 for one in heads if table.columns.get(one))
            if heads and known == len(heads) and specific >= 3 and specific / len(heads) > best[0] and _says_class(sheet, table.class_):
                best = (specific / len(heads), name, table.class_)
    return Proposal(sheet, best[2], [f'preset = "{best[1]}"']) if best[1] else None


def _says_class(sheet: str | None, class_: str) -> bool:
    """False if the name of the sheet speaks of another class."""
    words = {name for name, words in _CLASSES.items() if sheet and any(word in sheet.lower() for word in words)}
    return not words or class_ in words or class_ not in _CLASSES


@dataclass(frozen=True)
class _Known:
    column: Column
    general: bool


def _known(class_: NamedNode, vocabulary: Vocabulary) -> dict[str, _Known]:
    """The columns of a class by their heads and by other words for them."""
    found: dict[str, _Known] = {}
    for column in columns(class_, vocabulary):
        if column.property is None or column.head == "name":
            continue
        general = column.head in ("owner", "description", "identifier", "status", "justification", "reviewed on", "date", "critical")
        found.setdefault(head(column.head), _Known(column, general))
        for word in vocabulary.texts(column.property, _ALT_LABEL):
            found.setdefault(head(word), _Known(column, general))
    return found


def _meant(text: str, known: dict[str, _Known]) -> _Known | None:
    """What a head means; `Impact (gross)` is the inherent consequence."""
    word, time = when(text, known)
    if word and known[word].column.head.startswith("current "):
        return known.get(known[word].column.head.replace("current", time, 1))
    return known.get(text) or known.get(plain(text))


def _doubt(to: str, text: str) -> str:
    """What to ask of a column that was understood."""
    if to.startswith("current ") and is_net(text):
        return f"or {to.replace('current', 'residual', 1)}, if it is what remains once treatment is complete"
    return ""


def _by_class(class_: str, sheet: str | None, rows: list[Row], skipped: int, vocabulary: Vocabulary) -> Proposal:
    known = _known(isms(class_), vocabulary)
    (line, cells), *body = rows
    values = {at: [row[at].strip() for _, row in body[:_SAMPLE] if at < len(row) and row[at].strip()] for at in range(len(cells))}
    meaning: dict[int, tuple[str, str]] = {}  # column -> (what it means, remark)
    used: set[str] = set()

    def take(at: int, to: str, remark: str = "") -> None:
        meaning[at] = (to, remark)
        used.add(to)

    heads = {at: head(cell) for at, cell in enumerate(cells) if cell.strip()}
    for at, one in sorted(heads.items(), key=lambda item: is_net(item[1])):  # those that say less of the time have what holds today
        if is_id(one) and class_ != "SoAEntry" and "id" not in used and _are_ids(values[at], len(body)):
            take(at, "id")
        elif found := _meant(one, known):
            to = found.column.head
            to = to.replace("current", "residual", 1) if to in used and is_net(one) else to
            if to not in used:
                take(at, to, _doubt(to, one))
    for at, one in heads.items():
        if at not in meaning and is_name(one) and "name" not in used:
            take(at, "name")
    for at, one in heads.items():
        if at in meaning:
            continue
        alike = [] if at_another_time(one) or when(one, known)[1] else get_close_matches(one, known, 1, _ALIKE)
        near = [word for word in alike if known[word].column.head not in used]
        if near:
            take(at, known[near[0]].column.head, "looks like it")
        elif fitting := next((column.head for column in _by_values(values[at], known, used, vocabulary)), None):
            take(at, fitting, "by its values")
        else:
            meaning[at] = ("", "not understood, so left out" if values[at] else "empty")
    lines = [f'class = "{class_}"']
    if skipped:
        lines.append(f"header = {line}")
    if "id" not in used:
        lines.append(_ids(class_, heads, meaning, values, len(body)))
    lines += _dates(meaning, values, known)
    if class_ == "SoAEntry":
        lines += ["[.constants]", _PART_OF]
    if create := {to: _CREATED[to] for to, _ in meaning.values() if to in _CREATED}:
        lines.append("[.create]  # names that no element has become new elements")
        lines += [f"{quoted(to)} = {quoted(what)}" for to, what in create.items()]
    lines.append("[.columns]")
    twice = [at for at, one in heads.items() if one in [heads[before] for before in heads if before < at]]
    for at, (to, remark) in sorted(meaning.items()):
        if at in twice:
            lines.append(f"# {quoted(cells[at].strip())} stands over two columns: rename one of them")
            continue
        lines.append(f"{quoted(cells[at].strip())} = {quoted(to)}" + (f"  # {remark}" if remark else ""))
    lines += _values(meaning, values, known, vocabulary)
    return Proposal(sheet, class_, lines)


def _are_ids(values: list[str], rows: int) -> bool:
    """Whether the values are ids; a few rows may lack one, such as the one below the table with its sums."""
    enough = len(values) >= _FILLED * min(rows, _SAMPLE)
    return enough and len(values) == len(set(values)) and all(ID.fullmatch(value) for value in values)


def _ids(class_: str, heads: dict[int, str], meaning: dict[int, tuple[str, str]], values: dict[int, list[str]], rows: int) -> str:
    """How ids may be made: from the first column whose values are all there and all different."""
    order = sorted(heads, key=lambda at: (meaning[at][0] not in ("for control", "identifier"), meaning[at][0] != "name", at))
    start = {"SoAEntry": "soa"}.get(class_, class_.lower())
    for at in order:
        if len(values[at]) == min(rows, _SAMPLE) == len(set(values[at])):
            return f"ids = {quoted(f'{start}-{{{heads[at]}}}')}"
    if class_ == "SoAEntry" and (control := next((at for at in order if meaning[at][0] == "for control"), None)) is not None:
        return f"ids = {quoted(f'{start}-{{{heads[control]}}}')}  # not all of them are there, or some stand twice"
    return f"# ids = {quoted(f'{start}-{{...}}')}  # no column has a value of its own in each row; name one, or several"


def _by_values(values: list[str], known: dict[str, _Known], used: set[str], vocabulary: Vocabulary) -> list[Column]:
    """The columns whose values of the ontology most of the cells are."""
    found = []
    for one in {id(item.column): item.column for item in known.values()}.values():
        if one.head in used or not values or not one.choices or one.datatype or one.property is None:
            continue
        convert = reference(vocabulary.range(one.property), vocabulary, mapping.Table(""))
        parts = [part.strip() for value in values for part in value.split(";")]
        if sum(_converts(part, convert) for part in parts) >= _FITS * len(parts):
            found.append(one)
    return found


def _converts(value: str, convert: Convert) -> bool:
    try:
        return isinstance(convert(value), NamedNode)
    except Wrong:
        return False


def _dates(meaning: dict[int, tuple[str, str]], values: dict[int, list[str]], known: dict[str, _Known]) -> list[str]:
    of_dates = {item.column.head for item in known.values() if item.column.datatype == "date"}
    texts = [value for at, (to, _) in meaning.items() if to in of_dates for value in values[at]]
    fitting = [form for form in _DATES if texts and all(_is_date(text, form) or _is_date(text, "%Y-%m-%d") for text in texts)]
    if not fitting or all(_is_date(text, "%Y-%m-%d") for text in texts):
        return []
    doubt = f"  # or {', '.join(fitting[1:])}: all dates fit both" if fitting[1:] else ""
    return [f'dates = "{fitting[0]}"{doubt}']


def _is_date(text: str, form: str) -> bool:
    try:
        datetime.strptime(text, form)
    except ValueError:
        return False
    return True


def _values(
    meaning: dict[int, tuple[str, str]], values: dict[int, list[str]], known: dict[str, _Known], vocabulary: Vocabulary
) -> list[str]:
    """Sections for values that are none of the ontology's, each to be completed."""
    by_head = {item.column.head: item.column for item in known.values()}
    lines: list[str] = []
    for at, (to, _) in sorted(meaning.items()):
        column = by_head.get(to)
        if column is None or column.property is None or not column.choices or column.names in ("Annex A control", "reference control"):
            continue
        parts = [part.strip() for value in values[at] for part in value.split(";") if part.strip()]
        if column.datatype == "boolean":
            strange = [part for part in parts if part.lower() not in BOOLEANS]
        else:
            convert = reference(vocabulary.range(column.property), vocabulary, mapping.Table(""))
            strange = [part for part in parts if not _converts(part, convert)]
        if strange:
            lines.append(f"[.values.{quoted(to)}]  # one of: {', '.join(column.choices)}")
            lines += [f'{quoted(value)} = ""  # not understood, so left out' for value in dict.fromkeys(strange[:_SAMPLE])]
    return lines
