"""Workbooks: what their cells hide, and files that expand too far."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import openpyxl
import pytest
import workbooks
from hypothesis import given, settings
from hypothesis import strategies as st

from isms_graph.errors import InputError
from isms_graph.sources.mapping import Table
from isms_graph.sources.registers import read_register
from isms_graph.sources.workbook import read_sheets
from isms_graph.vocabulary import load_vocabulary

BASE = "https://example.org/isms/"


def problems(path: Path, class_: str = "Risk", **more: object) -> list[str]:
    (found,) = read_register(path, [Table(class_, **more)], BASE, load_vocabulary())  # type: ignore[arg-type]
    return [str(one).split(": ", 1)[-1] for one in found.problems]


def book(path: Path, rows: list[list[object]], change: Callable[[object], None] = lambda _: None) -> Path:
    made = openpyxl.Workbook()
    page = made.worksheets[0]
    page.title = "Risks"
    for row in rows:
        page.append(row)
    change(page)
    made.save(path / "r.xlsx")
    return path / "r.xlsx"


def test_every_problem_in_one_pass_each_at_its_cell(tmp_path: Path) -> None:
    def change(page: object) -> None:
        page["D3"].data_type = "e"  # type: ignore[index]
        page.merge_cells("B4:B5")  # type: ignore[attr-defined]

    rows: list[list[object]] = [
        ["id", "name", "inherent level", "current level", "reviewed on"],
        ["R-1", "Fire", "=1+1", 4.5, "31.3.2026"],
        ["R-2", "Flood", "x", "#REF!", 46112],
        ["R-3", "Theft", 1, 1, None],
        ["R-4", None, 1, 1, None],
        ["R-4", "Loss", 1, 1, None],
        [None, "Gap", None, None, None],
    ]
    assert [re.sub(r"(\.) .*", r"\1", one) for one in problems(book(tmp_path, rows, change))] == [
        "Risks!C2: the formula was never calculated, so the cell has no value.",
        "Risks!D2: current level '4.5' is not a whole number.",
        "Risks!E2: reviewed on '31.3.2026' is not a date such as 2026-03-31.",
        "Risks!D3: the cell holds the error #REF!.",
        "Risks!C3: inherent level 'x' is not a whole number.",
        "Risks!E3: reviewed on '46112' is not a date such as 2026-03-31.",
        "Risks!B5: the cell is merged into B4:B5, so it is empty.",
        "Risks!A6: the id R-4 was used in row 5 already.",
        "Risks!A7: the row has no id.",
    ]


def test_faults_in_columns_that_are_left_out_do_not_count(tmp_path: Path) -> None:
    path = book(tmp_path, [["id", "note"], ["R-1", "=1+1"]])
    assert problems(path, columns={"note": ""}) == []
    assert len(problems(path, columns={"note": "description"})) == 1


def test_a_title_over_merged_cells_is_no_problem(tmp_path: Path) -> None:
    path = book(tmp_path, [["Register"], ["id", "name"], ["R-1", "Fire"]], lambda page: page.merge_cells("A1:B1"))  # type: ignore[attr-defined]
    assert problems(path, header=2) == []


def test_numbers_of_controls_that_a_spreadsheet_cut(tmp_path: Path) -> None:
    title = "Acceptable use of information and other associated assets"
    rows: list[list[object]] = [["id", "for control", "name"], ["a", 5.1, ""], ["b", 5.4, ""], ["c", "5.1", ""], ["d", 5.1, title]]
    path = book(tmp_path, rows)
    assert problems(path, "SoAEntry") == [
        "Risks!B2: for control '5.1' is a number, so it may stand for 5.1 or 5.10: 'Policies for information security' or "
        "'Acceptable use of information and other associated assets'. Give the column the format of a text and type it again."
    ]
    (found,) = read_register(path, [Table("SoAEntry")], BASE, load_vocabulary())
    numbers = [str(cell.quad.object).rsplit("/")[-1] for cell in found.cells if cell.column == "for control"]
    assert numbers == ["A.5.4>", "A.5.1>", "A.5.10>"]


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, b"id;name\n1;2\n"])
def test_what_is_no_workbook(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "r.xlsx").write_bytes(data)
    with pytest.raises(InputError, match=r"not a workbook in the format \.xlsx\. Save it as \.xlsx, without a password"):
        read_sheets(tmp_path / "r.xlsx", [None])


def far(cell: str) -> str:
    return workbooks.sheet(f'{workbooks.HEAD}<row r="1048576">{cell}</row>')


def repeated(index: str) -> str:
    return workbooks.sheet("<row>" + f'<c t="s"><v>{index}</v></c>' * 2_000 + "</row>")


LONG = workbooks.shared("<si><t>" + "x" * 30_000 + "</t></si>")
HOSTILE: dict[str, Callable[[Path], Path]] = {
    "far cell": lambda path: workbooks.write(path, far('<c r="XFD1048576"><v>1</v></c>')),
    "far empty value": lambda path: workbooks.write(path, far('<c r="XFD1048576" t="str"><v></v></c>')),
    "far empty text": lambda path: workbooks.write(path, far('<c r="XFD1048576" t="inlineStr"><is><t></t></is></c>')),
    "far by entity": lambda path: workbooks.write(path, far('<c r="XF&#68;1048576"><v>1</v></c>')),
    "far lower case": lambda path: workbooks.write(path, far('<c r="xfd1048576"><v>1</v></c>')),
    "far without names": lambda path: workbooks.write(path, far("<c/>" * 16_383 + "<c><v>1</v></c>")),
    "row beyond": lambda path: workbooks.write(path, far('<c r="A99999999999"><v>1</v></c>')),
    "column beyond": lambda path: workbooks.write(path, far('<c r="AAAAAAAAAAAA1"><v>1</v></c>')),
    "long string in many cells": lambda path: workbooks.write(path, repeated("0"), LONG),
    "the same, index with a space": lambda path: workbooks.write(path, repeated(" 0"), LONG),
    "many cells": lambda path: workbooks.write(path, workbooks.sheet("<row>" + "<c/>" * 3_000_000 + "</row>")),
    "many elements": lambda path: workbooks.write(path, workbooks.sheet("<a/>" * 3_000_000)),
    "many styles": lambda path: workbooks.write(path, workbooks.sheet(""), styles="<a>" + "<a/>" * 3_000_000 + "</a>"),
    "many strings": lambda path: workbooks.write(path, workbooks.sheet(""), workbooks.shared("<si/>" * 3_000_000)),
    "deep": lambda path: workbooks.write(path, workbooks.sheet("<a>" * 2_000_000 + "</a>" * 2_000_000)),
    "much space": lambda path: workbooks.write(path, workbooks.sheet(" " * 60_000_000)),
    "much space that lies": lambda path: workbooks.write(path, workbooks.sheet(" " * 60_000_000), lie=True),
    "long attribute": lambda path: workbooks.write(path, workbooks.sheet(f'<row><c x="{"y" * 30_000_000}"><v>1</v></c></row>')),
    "many merged areas": lambda path: workbooks.write(
        path, workbooks.sheet(workbooks.HEAD, "<mergeCells>" + '<mergeCell ref="A1:XFD1048576"/>' * 20_000 + "</mergeCells>")
    ),
    "document type": lambda path: workbooks.write(path, f'<!DOCTYPE x [<!ENTITY a "aa">]>{workbooks.sheet(workbooks.HEAD)}'),
}
# The peak is VmHWM, which begins anew with each program: ru_maxrss begins with the size of the process that started it, here the test run.
READ = """
import re, sys, time
from pathlib import Path
import isms_graph.sources.registers as registers, isms_graph.errors as errors
from isms_graph.sources.mapping import Table
from isms_graph.vocabulary import load_vocabulary
vocabulary = load_vocabulary()
began, number = time.process_time(), 0
for step in range(2_000_000):
    number += step
slowness = max(1, (time.process_time() - began) / USUAL)
for path in sys.argv[1:]:
    began = time.process_time()
    try:
        registers.read_register(Path(path), [Table("Risk")], "urn:x:", vocabulary)
        print("read", end="")
    except errors.InputError as error:
        print("refused", end="")
    peak = re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1]
    print("", (time.process_time() - began) / slowness, int(peak) // 1024)
""".replace("USUAL", "0.16")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_workbook_that_expands_is_refused_soon_and_in_little_memory(tmp_path: Path, name: str) -> None:
    """Within 2 seconds of computing and 300 MB, in a process of its own: the reader ends the process where memory lacks.

    The seconds are those of a machine that counts to two million in 0.16 of them; a slower one is given more in proportion.
    """
    path = HOSTILE[name](tmp_path / "r.xlsx")
    assert path.stat().st_size < 500_000
    run = subprocess.run([sys.executable, "-c", READ, path], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr[-300:]
    what, seconds, megabytes = run.stdout.split()
    assert what == "refused"
    assert float(seconds) < 2
    assert int(megabytes) < 300


def test_a_large_register_is_read(tmp_path: Path) -> None:
    """What people really have: 5,000 rows, with styles down to the last row of the sheet."""
    rows = '<row r="1"><c r="A1" t="str"><v>id</v></c><c r="B1" t="str"><v>current level</v></c></row>'
    rows += "".join(f'<row><c t="str"><v>R-{number}</v></c><c><v>{number}</v></c></row>' for number in range(4_998))
    path = workbooks.write(tmp_path / "r.xlsx", workbooks.sheet(rows + '<row r="1048576"><c r="XFD1048576" s="0"/></row>'))
    (found,) = read_register(path, [Table("Risk")], BASE, load_vocabulary())
    assert (len(found.cells), found.problems) == (3 * 4_998, [])


PARTS = ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml", "[Content_Types].xml"]
BITS = [b"", b"<", b">", b'"', b"9", b"r", b"\0", b"&#0;", b"\xff", b"-", b"Z"]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_broken_workbook_is_an_error_never_a_crash(data: st.DataObject) -> None:
    """Bytes of the parts of a good workbook are changed at will; the reader answers, or refuses with a sentence."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = book(Path(folder), [["id", "name"], ["R-1", "Fire"], ["R-2", 5.1]])
        with zipfile.ZipFile(path) as file:
            parts = {name: file.read(name) for name in file.namelist()}
        name = data.draw(st.sampled_from(PARTS))
        part = bytearray(parts[name])
        for _ in range(data.draw(st.integers(1, 4))):
            at = data.draw(st.integers(0, len(part) - 1))
            part[at : at + data.draw(st.integers(0, 5))] = data.draw(st.sampled_from(BITS))
        parts[name] = bytes(part)
        with zipfile.ZipFile(path, "w") as file:
            for one, content in parts.items():
                file.writestr(one, content)
        with suppress(InputError):
            read_register(path, [Table("Risk")], BASE, load_vocabulary())


def at_byte(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def test_a_damaged_zip_file_is_refused_wherever_the_damage_is(tmp_path: Path) -> None:
    """Each byte in turn is another: what is packed no longer unpacks, ends early, or calls itself encrypted or of another method."""
    path = book(tmp_path, [["id", "name"], ["R-1", "Fire"]])
    data = path.read_bytes()
    refused = 0
    for at in range(0, len(data), 3):
        path.write_bytes(at_byte(data, at, bytes([data[at] ^ 0xFF])))
        try:
            read_sheets(path, [None])
        except InputError:
            refused += 1
    assert refused > len(data) // 10


def test_a_sheet_that_is_damaged_is_named(tmp_path: Path) -> None:
    path = workbooks.write(tmp_path / "r.xlsx", workbooks.sheet(workbooks.HEAD))
    with zipfile.ZipFile(path) as file:
        where = file.getinfo("xl/worksheets/sheet1.xml").header_offset + 30 + len("xl/worksheets/sheet1.xml")
    path.write_bytes(at_byte(path.read_bytes(), where, b"\xff\xff"))
    with pytest.raises(InputError, match=r"the sheet 'S' of the workbook is damaged: .*Open it in a spreadsheet program and save it anew"):
        read_sheets(path, [None])
