"""Reading the tables of a workspace: the files, then what names in them mean."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from isms_graph.errors import InputError
from isms_graph.sources.delimited import csv_rows
from isms_graph.sources.mapping import Table
from isms_graph.sources.naming import Names, resolve
from isms_graph.sources.tables import Read, read_rows
from isms_graph.sources.workbook import read_sheets, sheet_names
from isms_graph.sources.workspace import Source, in_default_graph, text_of
from isms_graph.vocabulary import Vocabulary

MAX_CSV = 50_000_000  # bytes


def read_register(path: Path, tables: Sequence[Table], base: str, vocabulary: Vocabulary) -> list[Read]:
    """The tables of a file, as far as they can be understood by themselves. Raises InputError for a file that cannot be read."""
    if path.suffix == ".csv":
        if path.stat().st_size > MAX_CSV:
            raise InputError(f"the file has more than {MAX_CSV // 1_000_000} MB.", path)
        return [read_rows(path, csv_rows(text_of(path, table.encoding), path), table, base, vocabulary) for table in tables[:1]]
    if any(table.optional for table in tables):
        names = sheet_names(path)
        found = [table for table in tables if not table.optional or table.sheet in names]
        if not found:
            wanted = ", ".join(repr(table.sheet) for table in tables)
            raise InputError(f"the workbook has none of the sheets {wanted}.", path, advice=f"It has {', '.join(map(repr, names))}.")
        tables = found
    sheets = read_sheets(path, [table.sheet for table in tables])
    return [read_rows(path, sheet.rows, table, base, vocabulary, sheet) for sheet, table in zip(sheets, tables, strict=True)]


def complete(sources: list[Source], reads: dict[int, list[Read]], base: str, vocabulary: Vocabulary) -> list[InputError]:
    """Fill the sources of tables with their statements. Returns every problem of the tables.

    `reads` are the tables by the place of their source in `sources`.
    """
    every = list(chain.from_iterable(reads.values()))
    problems = _declared_twice(every)
    if any(read.open for read in every):
        plain = chain.from_iterable(in_default_graph(source) for source in sources)
        names = Names(chain(plain, (cell.quad for read in every for cell in read.cells)), base, vocabulary)
        problems += resolve(every, names)
    for at, of_file in reads.items():
        sources[at].reads = of_file
        sources[at].quads = [cell.quad for cell in sources[at].cells]
    return _in_order([*chain.from_iterable(read.problems for read in every), *problems])


def _declared_twice(reads: Sequence[Read]) -> list[InputError]:
    """Problems for ids that two tables declare, neither of which says that it extends another."""
    problems = []
    first: dict[str, Read] = {}
    for read in reads:
        if read.table.extends:
            continue
        for identifier, line in read.declared.items():
            other = first.setdefault(identifier, read)
            if other is not read:
                where = f"{other.path.name}, {other.sheet + ' ' if other.sheet else ''}row {other.declared[identifier]}"
                advice = "Give one of them another id; or say extends = true for the table that only adds to the other's elements."
                problems.append(read.problem(line, None, f"the id {identifier} is that of another element ({where}).", advice))
    return problems


def _in_order(problems: list[InputError]) -> list[InputError]:
    """The problems in the order of files, sheets, rows and columns."""

    def key(problem: InputError) -> tuple[str, int, int]:
        digits = "".join(letter for letter in problem.cell if letter.isdigit())
        return problem.sheet, problem.line or int(digits or 0), problem.at

    by_file: dict[Path | None, list[InputError]] = {}
    for problem in problems:
        by_file.setdefault(problem.path, []).append(problem)
    return [problem for of_file in by_file.values() for problem in sorted(of_file, key=key)]
