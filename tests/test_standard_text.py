"""A licensee's copy of the standard's text is shown to the licensee, and reaches nothing that is passed on by itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Run, workspace

from isms_graph.errors import InputError, Problems
from isms_graph.render.formats import FORMATS
from isms_graph.sources.standard import MAX_BYTES, standard_text
from isms_graph.sources.workspace import configured, find
from isms_graph.vocabulary import load_vocabulary

Command = Callable[..., Run]
CONFIG = 'base = "https://example.org/isms/"\n[standard]\ntext = "licence/standard.csv"\n'
ISMS = """:isms a isms:ManagementSystem ; rdfs:label "ISMS" .
:soa a isms:StatementOfApplicability . :line a isms:SoAEntry ; isms:partOf :soa ; isms:forControl iso27001:A.5.1 ."""
TEXT = "number,text\n5.1,Zebra clause\nA.5.1,Zebra control\n6.1.3,Zebra treatment\n"


def licensed(tmp_path: Path, text: str | bytes = TEXT, config: str = CONFIG) -> Path:
    """A workspace whose isms.toml names a copy of the text."""
    workspace(tmp_path, isms_ttl=ISMS, isms_toml=config)
    (tmp_path / "licence").mkdir()
    (tmp_path / "licence" / "standard.csv").write_bytes(text.encode() if isinstance(text, str) else text)
    return tmp_path


def texts(root: Path) -> dict[str, str]:
    return dict(standard_text(configured(root), load_vocabulary()))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
def test_a_table_of_numbers_and_texts(tmp_path: Path, delimiter: str, start: bytes) -> None:
    rows = [("text", "number"), ('"one; two, three\nfour"', "5.1"), ("control", "a.5.1 ")]
    text = "".join(delimiter.join(row) + "\r\n" for row in rows)
    assert texts(licensed(tmp_path, start + text.encode())) == {"5.1": "one; two, three\nfour", "A.5.1": "control"}


def test_every_fault_is_told_with_its_line(tmp_path: Path) -> None:
    rows = ["5.9,x", "A.5.99,x", "A5.1,x", "Clause 4.1,x", "4.2,", "4.3,x", "4.3,y", ",x", "4.1,a,b"]
    with pytest.raises(Problems) as raised:
        texts(licensed(tmp_path, "number,text\n" + "\n".join(rows)))
    lines = {problem.line: str(problem) for problem in raised.value.problems}
    assert list(lines) == [2, 3, 4, 5, 6, 8, 9, 10]
    assert lines[2].endswith("there is no clause or control '5.9'. Write A.5.9 for the control of Annex A.")
    assert "A.5.9" in lines[3]
    assert lines[4].endswith("Write A.5.1 for the control of Annex A.")
    assert lines[5].endswith("Write 4.1.")
    assert "no text for 4.2" in lines[6]
    assert "4.3 was used in line 7 already" in lines[8]
    assert "3 cells under 2 headers" in lines[10]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the columns are missing"),
        ("number,title,text\n", "the columns are 'number', 'title', 'text'"),
        (b"number,text\n4.1,\xe4\n", "not UTF-8"),
        ('number,text\n4.1,"' + "x" * 200_000, "field larger than field limit"),
        (b"number,text\n" + b"x" * MAX_BYTES, "larger than 5 MB"),
    ],
)
def test_what_is_no_such_table_is_refused(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        texts(licensed(tmp_path, text))


@pytest.mark.parametrize(
    "config",
    [
        'standard = "x.csv"',
        "[standard]",
        '[standard]\ntext = ""',
        '[standard]\nfile = "x.csv"',
        '[standard]\ntext = "isms.ttl"',
        '[standard]\ntext = "r.csv"\n[tables."r.csv"]\nclass = "Risk"',
    ],
)
def test_a_wrong_setting_is_refused(tmp_path: Path, config: str) -> None:
    (tmp_path / "isms.toml").write_text(config)
    with pytest.raises(InputError, match=r"isms\.toml"):
        configured(tmp_path)


def test_it_is_no_file_of_the_isms(tmp_path: Path) -> None:
    found = find([licensed(tmp_path)])
    assert found.standard == tmp_path / "licence" / "standard.csv"
    assert (found.unread, [file.name for file in found.files]) == ([], ["isms.ttl"])


def test_explain_shows_it(tmp_path: Path, isms_command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    root = licensed(tmp_path)
    assert "Text of 5.1 (own licence)\n  Zebra clause\n" in isms_command("explain", "5.1", "--in", root).out
    assert "Text of A.5.1 (own licence)\n  Zebra control\n" in isms_command("explain", "A.5.1", "--in", root).out
    assert "Text of 6.1.3 (own licence)\n  Zebra treatment\n" in isms_command("explain", "risk-lowered-without-control", "--in", root).out
    assert "Zebra" not in isms_command("explain", "4.1", "--in", root).out
    assert "Zebra" not in isms_command("explain", "Risk", "--in", root).out
    monkeypatch.chdir(root)
    assert "Zebra clause" in isms_command("explain", "5.1").out


def test_a_wrong_copy_is_bad_input_and_a_missing_one_is_said(tmp_path: Path, isms_command: Command) -> None:
    root = licensed(tmp_path, "number,text\n5.9,x\n")
    assert isms_command("explain", "5.1", "--in", root).code == 2
    (root / "licence" / "standard.csv").unlink()  # a colleague without a licence
    for run in (isms_command("explain", "5.1", "--in", root), isms_command("export", "soa", root)):
        assert (run.code, "is not here" in run.err, "own licence" in run.out) == (0, True, False)


def test_the_statement_of_applicability_has_a_column_for_it(tmp_path: Path, isms_command: Command) -> None:
    import openpyxl

    root = licensed(tmp_path, TEXT.replace("Zebra control", "=Zebra <b>control</b>"))
    page = isms_command("export", "soa", root, "--as-of", "2026-11-23").out
    assert "Text (own licence)" in page and "=Zebra &lt;b&gt;control" in page and "Zebra clause" not in page
    assert isms_command("export", "soa", root, "--output", f"xlsx={tmp_path / 'soa.xlsx'}").code == 0
    rows = list(openpyxl.load_workbook(tmp_path / "soa.xlsx")["Controls of Annex A"].iter_rows())
    assert [str(cell.value) for cell in rows[0]][-1] == "Text (own licence)"
    assert [(cell.value, cell.data_type) for cell in rows[1]][-1] == ("=Zebra <b>control</b>", "s")
    assert rows[2][-1].value in (None, "")
    (root / "isms.toml").write_text('base = "https://example.org/isms/"\n')
    assert "own licence" not in isms_command("export", "soa", root).out


def test_it_reaches_no_report(tmp_path: Path, isms_command: Command) -> None:
    root = licensed(tmp_path)
    outputs = [part for name in FORMATS for part in ("--output", name)]
    written = isms_command("check", root, "--as-of", "2026-11-23", *outputs)
    assert written.code == 1 and "Zebra" not in written.out + written.err
    for verb in (("status",), ("query", "-e", "SELECT * { ?s ?p ?o }"), ("impact", "A.5.1")):
        run = isms_command(*verb, root)
        assert run.code == 0 and "Zebra" not in run.out
    explained = isms_command("explain", "5.1", "--in", root, "--output", "json")
    assert "Zebra" not in explained.out and json.loads(explained.out)["number"] == "5.1"


def test_only_the_command_line_reads_it() -> None:
    import isms_graph

    package = Path(isms_graph.__file__).parent
    mention = re.compile(r"standard_text|sources\.standard|sources import[^\n]*standard")
    assert not any(mention.search(one.read_text(encoding="utf-8")) for one in (package.parent / "api").glob("*.py"))
    reading = [module for module in package.rglob("*.py") if mention.search(module.read_text(encoding="utf-8"))]
    assert {module.relative_to(package).as_posix() for module in reading} == {"cli/answers.py", "sources/standard.py"}
