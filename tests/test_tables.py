"""CSV registers: what a cell means, and every error with its line and header."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode

from isms_graph.errors import InputError
from isms_graph.namespaces import ISO27001, RDFS_LABEL, XSD, isms
from isms_graph.sources.delimited import csv_rows
from isms_graph.sources.mapping import Table
from isms_graph.sources.naming import Names, resolve
from isms_graph.sources.tables import Cell, read_rows
from isms_graph.vocabulary import load_vocabulary

VOCABULARY = load_vocabulary()
BASE = "https://example.org/isms/"


def read(text: str, class_: str = "Risk") -> tuple[list[Cell], list[InputError]]:
    found = read_rows(Path("register.csv"), csv_rows(text, Path("register.csv")), Table(class_), BASE, VOCABULARY)
    problems = found.problems + resolve([found], Names([cell.quad for cell in found.cells], BASE, VOCABULARY))
    return found.cells, sorted(problems, key=lambda problem: problem.line or 0)


def value(text: str, header: str, class_: str = "Risk") -> object:
    """The value of the cell under `header` in a table with one row."""
    cells, problems = read(f"id,{header}\nR-1,{text}\n", class_)
    assert not problems, problems
    return next(cell.quad.object for cell in cells if cell.column == header)


@pytest.mark.parametrize(
    ("header", "text", "expected"),
    [
        ("name", "Loss of data", Literal("Loss of data")),
        ("Inherent Likelihood", "3", Literal(3)),
        ("inherent_level", "12", Literal(12)),
        ("reviewedOn", "2026-03-31", Literal("2026-03-31", datatype=NamedNode(XSD + "date"))),
        ("critical", "yes", Literal(True)),
        ("critical", "FALSE", Literal(False)),
        ("treatment option", "Modify", isms("Modify")),
        ("threatens property", "availability", isms("Availability")),
        ("owner", "role-cto", NamedNode(BASE + "role-cto")),
        ("owner", "https://other.example/x", NamedNode("https://other.example/x")),
        ("arises from", "isms:Modify", isms("Modify")),
        ("under clause", "6.1.2", NamedNode(ISO27001 + "6.1.2")),
        ("under clause", "A.5.1", NamedNode(ISO27001 + "A.5.1")),
        ("description", '"two; parts, one text"', Literal("two; parts, one text")),
    ],
)
def test_cells(header: str, text: str, expected: object) -> None:
    assert value(text, header) == expected


def test_numbers_of_annex_a_may_leave_out_the_letter() -> None:
    assert value("5.10", "for control", "SoAEntry") == NamedNode(ISO27001 + "A.5.10")
    assert value("a.5.10", "for control", "SoAEntry") == NamedNode(ISO27001 + "A.5.10")


def test_several_references_and_empty_cells() -> None:
    cells, problems = read("id;name;treated by\nR-1;One;c1\nR-2;;\n")
    assert not problems
    assert [cell.quad.object for cell in cells if cell.quad.predicate == RDFS_LABEL] == [Literal("One")]
    cells, _ = read("id,treated by\nR-1,c1; c2 ;\n")
    assert [cell.quad.object for cell in cells if cell.column == "treated by"] == [NamedNode(BASE + "c1"), NamedNode(BASE + "c2")]


def test_lines_are_those_of_the_file() -> None:
    cells, _ = read('id,description\n\nR-1,"one\ntwo"\nR-2,three\n')
    assert [(cell.quad.subject, cell.line) for cell in cells if cell.column == "description"] == [
        (NamedNode(BASE + "R-1"), 3),
        (NamedNode(BASE + "R-2"), 5),
    ]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("id,inherent likelihood\nR-1,often\n", 2, "inherent likelihood 'often' is not a number, and no risk criteria"),
        ("id,reviewed on\nR-1,31.3.2026\n", 2, "is not a date such as 2026-03-31"),
        ("id,critical\nR-1,maybe\n", 2, "is not yes or no"),
        ("id,treatment option\nR-1,ignore\n", 2, "is not one of: avoid, modify, retain, share"),
        ("id,likelyhood inherent\nR-1,1\n", 1, "there is no property 'likelyhood inherent'"),
        ("id,inherent likelyhood\nR-1,1\n", 1, "Did you mean 'inherent likelihood'"),
        ("name\nLoss\n", 1, "no column 'id'"),
        ("id,name\n,Loss\n", 2, "the row has no id"),
        ("id,name\nR 1,Loss\n", 2, "characters other than"),
        ("id,name\nR-1,a\nR-1,b\n", 3, "was used in line 2 already"),
        ("id,name\nR-1,Loss, of data\n", 2, "3 cells under 2 headers"),
        ("id,owner\nR-1,the boss!\n", 2, "is the name of no agent"),
        ("", 1, "the table is empty"),
    ],
)
def test_problems(text: str, line: int, message: str) -> None:
    _, problems = read(text)
    assert len(problems) == 1
    assert problems[0].line == line
    assert message in str(problems[0])


def test_all_problems_come_in_one_pass() -> None:
    _, problems = read("id,inherent level,reviewed on\nR-1,x,y\nR-2,z,2026-01-01\n")
    assert [problem.line for problem in problems] == [2, 2, 3]


def test_an_annex_a_number_that_does_not_exist() -> None:
    _, problems = read("id,for control\ns,5.99\n", "SoAEntry")
    assert "is not an Annex A control" in str(problems[0])


def test_unknown_class() -> None:
    _, problems = read("id\nR-1\n", "Rsik")
    assert "Did you mean 'risk'" in str(problems[0])


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('id,name\nR-1,"Fire\nR-2,Flood\n', 2, "opens a double quote that is never closed"),
        ('id,name\nR-1,"Fire', 2, "opens a double quote that is never closed"),
        ('id,name\nR-0,Storm\nR-1,"Fire' + "\nR-2,Flood" * 20_000, 3, "field larger than field limit"),
    ],
)
def test_a_cell_that_swallows_the_rows_below_it(text: str, line: int, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        csv_rows(text, Path("register.csv"))
    assert (caught.value.line, caught.value.path) == (line, Path("register.csv"))


def test_quotes_and_line_ends_of_many_kinds() -> None:
    for text in ('a,"b\nc"\r\nd,"e ""f"""', 'a,"b\nc"\rd,"e ""f"""\r', 'a,"b\nc"\nd,"e ""f"""\n'):
        assert [row for _, row in csv_rows(text, Path("x.csv"))] == [["a", "b\nc"], ["d", 'e "f"']]
    assert csv_rows("", Path("x.csv")) == []


def test_the_heads_are_the_first_row_with_text() -> None:
    cells, problems = read(",,\n  \nid,inherent level,\nR-1,3,\n")
    assert not problems
    assert [cell.line for cell in cells if cell.column == "inherent level"] == [4]
    assert [str(problem) for problem in read(",,\n \n")[1]] == ["register.csv:1: the table is empty. Give it a header line, or remove it."]
