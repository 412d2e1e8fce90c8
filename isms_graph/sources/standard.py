"""The text of the standard from a licensee's own copy, a table of numbers and texts that isms.toml points to.

It is copyrighted: it is shown by `isms explain` and put into exports on the licensee's machine, and never becomes a part
of the graph, of a report or of what the server answers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from isms_graph.errors import InputError, Problems
from isms_graph.namespaces import isms, nearest
from isms_graph.sources.delimited import csv_rows
from isms_graph.sources.workspace import Workspace
from isms_graph.vocabulary import Vocabulary

MAX_BYTES = 5_000_000
COLUMNS = ("number", "text")


def standard_text(workspace: Workspace, vocabulary: Vocabulary) -> Mapping[str, str]:
    """The texts by number, such as 5.1 for the clause and A.5.1 for the control; empty if isms.toml names no file.

    Raises InputError, Problems with all that is wrong.
    """
    path = workspace.standard
    if path is None:
        return {}
    problems: list[InputError] = []
    texts: dict[str, str] = {}
    lines: dict[str, int] = {}
    known = {vocabulary.text(one, isms("number")) for name in ("Clause", "AnnexAControl") for one in vocabulary.instances(isms(name))}
    for line, (written, text) in _rows(path, problems):
        number = written.upper()
        if number not in known:
            problems.append(InputError(f"there is no clause or control {written!r}.", path, line, advice=_advice(number, known)))
        elif not text:
            problems.append(InputError(f"there is no text for {number}.", path, line, advice="Add it, or take the line out."))
        elif number in lines:
            problems.append(InputError(f"{number} was used in line {lines[number]} already.", path, line))
        else:
            texts[number] = text
        lines.setdefault(number, line)
    if problems:
        raise Problems(sorted(problems, key=lambda one: one.line or 0))
    return texts


def _rows(path: Path, problems: list[InputError]) -> list[tuple[int, tuple[str, str]]]:
    """The number and the text in each line. Raises InputError for what is no such table; faulty lines become problems."""
    rows = csv_rows(_read(path), path)
    header = [name.strip().lower() for name in rows[0][1]] if rows else []
    if sorted(header) != sorted(COLUMNS):
        raise InputError(
            f"the columns are {', '.join(map(repr, header)) or 'missing'}.", path, 1, advice="They have to be number and text."
        )
    at, beside = (header.index(name) for name in COLUMNS)
    found = []
    for line, row in rows[1:]:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) > len(COLUMNS):
            advice = "Put text that contains the delimiter in double quotes."
            problems.append(InputError(f"the row has {len(row)} cells under {len(COLUMNS)} headers.", path, line, advice=advice))
            continue
        cells = [*(cell.strip() for cell in row), ""]
        found.append((line, (cells[at], cells[beside])))
    return found


def _read(path: Path) -> str:
    """The file as text, within the limits. Raises InputError."""
    advice = "isms.toml names it under [standard]; the text itself comes from your own licence."
    try:
        if not path.is_file():
            raise InputError("there is no such file with the standard's text.", path, advice=advice)
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"the file is larger than {MAX_BYTES // 1_000_000} MB; the whole standard is far smaller.", path)
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("the file is not UTF-8.", path, advice="Save it as CSV in UTF-8.") from None
    except OSError as error:
        raise InputError(f"the file cannot be read: {error.strerror}.", path) from None


def _advice(number: str, known: set[str]) -> str:
    """What was meant: a control without its A, or the nearest numbers."""
    plain = re.sub(r"^(?:CLAUSE|ANNEX|CONTROL)\s+", "", number)
    for candidate in (plain, f"A.{plain}", re.sub(r"^A\s*(?=\d)", "A.", plain), plain.rstrip(".")):
        if candidate in known:
            return f"Write {candidate}{' for the control of Annex A' if candidate.startswith('A.') else ''}."
    near = nearest(plain, sorted(known, key=lambda one: (one.startswith("A.") != plain.startswith("A"), one)))
    return f"Did you mean {' or '.join(near)}?" if near else "Clauses are written 4.1, controls of Annex A A.5.1."
