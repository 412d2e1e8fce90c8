"""`isms import`: templates, presets, mappings, guesses, and a register that becomes part of a workspace."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
import workbooks
from conftest import HEADER, Run
from pyoxigraph import NamedNode

from isms_graph.graph import load
from isms_graph.importers.columns import class_named, columns
from isms_graph.namespaces import isms
from isms_graph.vocabulary import load_vocabulary

Command = Callable[..., Run]
VOCABULARY = load_vocabulary()
REGISTER = "id,name,owner,inherent level\nR-1,Fire,role-it,3\nR-2,Flood,,4\n"


def register(folder: Path, text: str = REGISTER, name: str = "risks.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_a_register_becomes_part_of_a_new_workspace(isms_command: Command, tmp_path: Path) -> None:
    place = tmp_path / "my-isms"
    run = isms_command("import", register(tmp_path), place, "--as", "risk")
    assert (run.code, run.err) == (0, "")
    assert "The register gives 9 statements about: 2 risk." in run.out
    assert f"Next: isms check {place}" in run.out
    assert len(load(place).workspace.files) == 1
    assert (place / "isms.toml").read_text() == '[tables."risks.csv"]\nclass = "Risk"\n'


def test_isms_toml_is_added_to_and_keeps_what_it_says(isms_command: Command, tmp_path: Path) -> None:
    place = tmp_path / "my-isms"
    place.mkdir()
    (place / "isms.toml").write_text('# ours\nbase = "https://x.example/"  # keep')
    (place / "isms.toml").chmod(0o640)
    (place / "rest.ttl").write_text(HEADER + ':role-it a isms:Role ; rdfs:label "IT" .')
    assert isms_command("import", register(tmp_path), place, "--as", "Risk").code == 0
    assert (place / "isms.toml").read_text().startswith('# ours\nbase = "https://x.example/"  # keep\n\n[tables."risks.csv"]')
    assert (place / "isms.toml").stat().st_mode & 0o777 == 0o640
    again = isms_command("import", register(tmp_path), place, "--as", "Risk")
    assert again.code == 2
    assert "says already what risks.csv is" in again.err


def test_a_newer_register_takes_the_place_of_the_old_only_if_told(isms_command: Command, tmp_path: Path) -> None:
    place = tmp_path / "my-isms"
    isms_command("import", register(tmp_path), place, "--as", "risk")
    newer = register(tmp_path, REGISTER + "R-3,Theft,,2\n")
    refused = isms_command("import", newer, place)
    assert (refused.code, "--replace" in refused.err) == (2, True)
    assert "R-3" not in (place / "risks.csv").read_text()
    assert isms_command("import", newer, place, "--replace").code == 0
    assert "R-3" in (place / "risks.csv").read_text()


def test_nothing_is_changed_by_a_dry_run_nor_where_something_is_wrong(isms_command: Command, tmp_path: Path) -> None:
    place = tmp_path / "my-isms"
    run = isms_command("import", register(tmp_path), place, "--as", "risk", "--dry-run")
    assert (run.code, run.out.splitlines()[-1]) == (0, "Nothing was changed.")
    assert not place.exists()
    wrong = register(tmp_path, REGISTER + "R-2,x,Who is this?,many\n,,,\nR 4,y,,\n")
    run = isms_command("import", wrong, place, "--as", "risk", "--errors", tmp_path / "copy.xlsx")
    assert run.code == 2
    assert [line.split(":")[1] for line in run.err.splitlines()[1:]] == ["4", "6"]
    assert not place.exists()
    page = openpyxl.load_workbook(tmp_path / "copy.xlsx").active
    assert page is not None
    assert [page.cell(row, 5).value for row in (1, 2, 3)] == ["Problems (isms-graph)", None, None]
    assert page.cell(4, 5).value == "the id R-2 was used in line 3 already."
    assert "characters other than letters" in str(page.cell(6, 5).value)


def test_a_copy_of_a_workbook_marks_the_cells(isms_command: Command, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    page.title = "Risks"
    for row in (["id", "inherent level", "owner"], ["R-1", "many", "=A1"], ["R-2", 3, "Who?"]):
        page.append(row)
    book.save(tmp_path / "r.xlsx")
    run = isms_command("import", tmp_path / "r.xlsx", tmp_path / "ws", "--as", "risk", "--errors", tmp_path / "c.xlsx")
    assert run.code == 2
    assert "c.xlsx written, with 3 problems in their rows" in run.err
    marked = openpyxl.load_workbook(tmp_path / "c.xlsx")["Risks"]
    assert marked["D1"].value == "Problems (isms-graph)"
    assert str(marked["D2"].value).startswith("B2: inherent level 'many' is not a whole number.\nC2: the formula was never calculated")
    assert str(marked["D3"].value).startswith("C3: owner 'Who?' is the name of no agent.")
    assert marked["B2"].fill.start_color.rgb == marked["C3"].fill.start_color.rgb == "FFF4CCCC"
    assert marked["A2"].fill.fill_type is None
    assert marked["C2"].value == "=A1"
    assert openpyxl.load_workbook(tmp_path / "r.xlsx")["Risks"]["D1"].value is None


def with_second_sheet(path: Path, content: bytes) -> Path:
    """A workbook with a register that has an error, and a second sheet that nobody reads."""
    book = openpyxl.Workbook()
    for row in (["id", "inherent level"], ["R-1", "many"]):
        book.worksheets[0].append(row)
    book.create_sheet("Other")
    book.save(path)
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    parts["xl/worksheets/sheet2.xml"] = content
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, part in parts.items():
            file.writestr(name, part)
    return path


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (workbooks.sheet("<row>" + "<c><v>1</v></c>" * 800_000 + "</row>").encode(), "more than 1,500,000 entries"),
        (b"<broken", "the part xl/worksheets/sheet2.xml of the workbook is damaged"),
        (b"<worksheet/>", ""),
        (workbooks.sheet('<row r="x"/>').encode(), "the workbook cannot be copied"),
    ],
)
def test_a_sheet_that_nobody_reads_keeps_no_errors_back(isms_command: Command, tmp_path: Path, second: bytes, why: str) -> None:
    """A copy is made of the whole workbook, so that the whole is looked at first; what is wrong with the register is said in any case."""
    path = with_second_sheet(tmp_path / "r.xlsx", second)
    assert path.stat().st_size < 100_000
    run = isms_command("import", path, tmp_path / "ws", "--as", "risk", "--errors", tmp_path / "c.xlsx")
    assert run.code == 2
    assert "inherent level 'many' is not a whole number." in run.err
    assert (tmp_path / "c.xlsx").exists() == (not why)
    assert why in run.err
    assert ("There is no copy with the errors." in run.err) == bool(why)


def test_texts_of_a_register_are_no_formulas_in_its_copy(isms_command: Command, tmp_path: Path) -> None:
    wrong = register(tmp_path, 'id,name,inherent level\nR-1,"=HYPERLINK(""http://x"")",=cmd|x\n')
    isms_command("import", wrong, tmp_path / "ws", "--as", "risk", "--errors", tmp_path / "c.xlsx")
    page = openpyxl.load_workbook(tmp_path / "c.xlsx").active
    assert page is not None
    assert {cell.data_type for row in page.iter_rows() for cell in row if cell.value is not None} == {"s"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["import"], "name the register: isms import FILE [WORKSPACE]."),
        (["import", "risks.csv", "ws"], "say what risks.csv is: --as CLASS, --preset NAME or --mapping FILE; --guess proposes a mapping."),
        (["import", "rsks.csv", "ws", "--as", "risk"], "there is no such file or folder. Did you mean risks.csv?"),
        (["import", "risks.csv", "ws", "--as", "rsik"], "There is no class 'rsik'. Did you mean risk?"),
        (["import", "risks.csv", "ws", "--preset", "risk-registr"], "there is no preset 'risk-registr'. Did you mean 'risk-register'?"),
        (["import", "risks.csv", "ws", "--as", "risk", "--preset", "soa"], "--as, --preset and --mapping exclude each other."),
        (["import", "risks.csv", "ws", "--sheet", "x", "--preset", "soa"], "--sheet goes with --as."),
        (["import", "notes.txt", "ws", "--as", "risk"], "a register is a .csv or .xlsx file, not notes.txt."),
        (["import", "--template", "risk", "risks.csv"], "a template is an .xlsx file, not risks.csv."),
        (["import", "--template", "rsk", "new.xlsx"], "There is no class 'rsk'. Did you mean risk"),
        (["import", "--guess", "notes.csv"], "looks like no register that is known"),
        (["import", "risks.csv", "ws", "--mapping", "m.toml"], "there is no section [tables.\"risks.csv\"]. It has 'other.csv'."),
        (["import", "risks.csv", "ws", "--mapping", "broken.toml"], "the mapping is not valid TOML"),
        (["import", "risks.csv", "ws", "--as", "risk", "--errors", "risks.csv"], ""),
    ],
)
def test_wrong_usage(isms_command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str) -> None:
    monkeypatch.chdir(tmp_path)
    register(tmp_path, "id,owner\nR-1,No One\n" if not message else REGISTER)
    register(tmp_path, "hello", "notes.txt")
    register(tmp_path, "a,b\n1,2\n", "notes.csv")
    register(tmp_path, '[tables."other.csv"]\nclass = "Risk"\n', "m.toml")
    register(tmp_path, "[tables", "broken.toml")
    run = isms_command(*arguments)
    assert run.code == 2
    assert message in run.err
    assert (tmp_path / "risks.csv").read_text().startswith("id,")
    assert not (tmp_path / "ws").exists()


def test_presets_are_listed(isms_command: Command) -> None:
    assert "risk-register                  A plain risk register" in isms_command("import", "--list-presets").out


#### Templates


def test_a_template_says_what_its_columns_mean_and_is_read_when_filled_in(isms_command: Command, tmp_path: Path) -> None:
    run = isms_command("import", "--template", "risk", tmp_path / "risks.xlsx")
    assert run.code == 0
    book = openpyxl.load_workbook(tmp_path / "risks.xlsx")
    page = book["Risk"]
    heads = [cell.value for cell in page[1]]
    assert heads[:4] == ["id", "name", "description", "owner"]
    assert {"inherent likelihood", "residual level", "treatment option", "treated by", "reviewed on"} <= set(heads)
    assert "judged by" not in heads
    assert "One of: modify, retain, avoid, share." in str(page.cell(1, heads.index("treatment option") + 1).comment)
    lists = {str(rule.sqref): rule.formula1 for rule in page.data_validations.dataValidation}
    assert len(lists) == 3
    page.append(["R-1", "=Fire", None, None])
    page.cell(2, heads.index("treatment option") + 1, "modify")
    page["B2"].data_type = "s"
    book.save(tmp_path / "risks.xlsx")
    run = isms_command("import", tmp_path / "risks.xlsx", tmp_path / "ws", "--as", "risk")
    assert "The register gives 4 statements about: 1 risk." in run.out
    assert "Lists" not in run.out
    assert isms_command("import", "--template", "risk", tmp_path / "risks.xlsx").code == 2


def test_the_same_template_is_the_same_file(isms_command: Command, tmp_path: Path) -> None:
    for name in ("a.xlsx", "b.xlsx"):
        isms_command("import", "--template", "soa", tmp_path / name)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


CLASSES = ["risk", "asset", "soa", "supplier", "incident", "corrective-action", "interested party", "InternalAudit"]


@pytest.mark.parametrize("class_", CLASSES)
def test_columns_of_a_class(class_: str) -> None:
    found = columns(class_named(class_, VOCABULARY), VOCABULARY)
    assert [one.head for one in found[:2]] == ["id", "name"]
    assert len({one.head for one in found}) == len(found) > 5
    assert all(one.definition for one in found)


def test_values_that_a_mapping_leaves_out_are_told(isms_command: Command, tmp_path: Path) -> None:
    mapping = '[tables."r.csv"]\nclass = "Risk"\n'
    mapping += '[tables."r.csv".values."treatment option"]\n"weg" = ""\n[tables."r.csv".values.status]\n"?" = ""\n'
    (tmp_path / "m.toml").write_text(mapping)
    path = register(tmp_path, "id,name,treatment option,status\nR-1,Fire,weg,open\nR-2,Flood,modify; weg,?\n", "r.csv")
    run = isms_command("import", path, tmp_path / "ws", "--mapping", tmp_path / "m.toml", "--dry-run")
    assert "Values left out by the mapping: treatment option 'weg', status '?'." in run.out


def test_an_element_that_is_there_under_another_id_is_told(isms_command: Command, tmp_path: Path) -> None:
    place = tmp_path / "ws"
    place.mkdir()
    (place / "rest.ttl").write_text(
        HEADER + ":soa a isms:StatementOfApplicability ."
        " :s1 a isms:SoAEntry ; rdfs:label 'One' ; isms:forControl iso27001:A.5.1 ; isms:partOf :soa ."
        " :a a isms:Asset ; rdfs:label 'ERP ' . :r a isms:Risk ; rdfs:label 'Fire' . :R-9 a isms:Risk ; rdfs:label 'Theft' ."
    )  # fmt: skip
    soa = register(tmp_path, "id,for control,part of\nx,A.5.1,soa\ny,A.5.2,soa\n", "soa2.csv")
    run = isms_command("import", soa, place, "--as", "soa", "--dry-run")
    assert "In the workspace already, under another id: 'A.5.1' is s1 of rest.ttl.\nIf this register takes their place" in run.out
    assets = register(tmp_path, "id,name\nA-1,erp\nA-2,Fire\n", "assets.csv")  # a risk of that name is another thing
    assert "already, under another id: 'erp' is a of rest.ttl." in isms_command("import", assets, place, "--as", "asset", "--dry-run").out
    same = register(tmp_path, "id,name\nR-9,Theft\n", "same.csv")
    assert "already" not in isms_command("import", same, place, "--as", "risk", "--dry-run").out


def test_ids_are_those_of_the_workspace_though_isms_toml_names_no_base(isms_command: Command, tmp_path: Path) -> None:
    place = tmp_path / "ws"
    place.mkdir()
    (place / "rest.ttl").write_text(HEADER + ":role-it a isms:Role ; rdfs:label 'IT' .")
    assert isms_command("import", register(tmp_path), place, "--as", "risk").code == 0
    assert (place / "isms.toml").read_text() == 'base = "https://example.org/isms/"\n\n[tables."risks.csv"]\nclass = "Risk"\n'
    found = {quad.object for source in load(place).sources for quad in source.quads if quad.predicate == isms("owner")}
    assert found == {NamedNode("https://example.org/isms/role-it")}
    assert isms_command("import", register(tmp_path, "id,name\nA,B\n", "assets.csv"), place, "--as", "asset").code == 0
    assert (place / "isms.toml").read_text().count("base = ") == 1


@pytest.mark.parametrize("replace", [[], ["--replace"]])
def test_nothing_is_written_through_a_link(isms_command: Command, tmp_path: Path, replace: list[str]) -> None:
    """A link in a workspace leads to a file outside of it, which an import must leave alone."""
    outside = tmp_path / "outside.csv"
    outside.write_text("id,name\nA-1,Ours\n")
    place = tmp_path / "ws"
    place.mkdir()
    (place / "risks.csv").symlink_to(outside)
    run = isms_command("import", register(tmp_path), place, "--as", "risk", *replace)
    assert run.code == 2
    assert f"is a link to {outside}, and nothing is written through a link. Change the file that it leads to" in run.err
    assert outside.read_text() == "id,name\nA-1,Ours\n"
    assert not (place / "isms.toml").exists()
    (place / "risks.csv").unlink()
    (tmp_path / "outside.toml").write_text("# ours\n")
    (place / "isms.toml").symlink_to(tmp_path / "outside.toml")
    assert "is a link to" in isms_command("import", register(tmp_path), place, "--as", "risk", *replace).err
    assert (tmp_path / "outside.toml").read_text() == "# ours\n"
    assert [one.name for one in place.iterdir()] == ["isms.toml"]  # no register without its section, nothing half written


def test_a_register_in_a_folder_of_the_workspace_stays_there(isms_command: Command, tmp_path: Path) -> None:
    below = tmp_path / "ws" / "registers"
    below.mkdir(parents=True)
    assert isms_command("import", register(below), tmp_path / "ws", "--as", "risk").code == 0
    assert [path.name for path in load(tmp_path / "ws").workspace.files] == ["risks.csv"]
    assert not (tmp_path / "ws" / "risks.csv").exists()
    other = register(tmp_path, "id,name\nR-1,Another\n")  # isms.toml would take both for the same register
    run = isms_command("import", other, tmp_path / "ws")
    assert (run.code, "the id R-1 is that of another element" in run.err) == (2, True)
    assert not (tmp_path / "ws" / "risks.csv").exists()


def test_two_imports_at_once_leave_both_sections(tmp_path: Path) -> None:
    """The second reads isms.toml after the first has written it."""
    fcntl = pytest.importorskip("fcntl")
    place = tmp_path / "ws"
    place.mkdir()
    handle = os.open(place, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    command = [sys.executable, "-m", "isms_graph.cli", "import", str(register(tmp_path)), str(place), "--as", "risk"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(timeout=3)
        (place / "isms.toml").write_text("as-of = 2026-11-23\n")
        os.close(handle)
        assert other.wait(timeout=60) == 0
    assert (place / "isms.toml").read_text() == 'as-of = 2026-11-23\n\n[tables."risks.csv"]\nclass = "Risk"\n'


@pytest.mark.parametrize(
    ("before", "mapping", "said"),
    [
        ("tables = {}\n", '[tables."risks.csv"]\nclass = "Risk"\n', "isms.toml: the section of the register does not fit into it."),
        ("", 'base = "x:"\n[tables."risks.csv"]\nclass = "Risk"\n', "isms.toml: the mapping also speaks of 'base'."),
        ("", '[tables."risks.csv"]\nclass = "Risk"\n[tables."b.csv"]\nclass = "Risk"\n', "isms.toml: the mapping also speaks of 'b.csv'."),
    ],
)  # fmt: skip
@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_isms_toml_is_never_left_broken(
    isms_command: Command, tmp_path: Path, before: str, mapping: str, said: str, dry: list[str]
) -> None:
    place = tmp_path / "ws"
    place.mkdir()
    (place / "isms.toml").write_text(before)
    (tmp_path / "m.toml").write_text(mapping)
    run = isms_command("import", register(tmp_path), place, "--mapping", tmp_path / "m.toml", *dry)
    assert (run.code, said in run.err) == (2, True), run.err
    assert (place / "isms.toml").read_text() == before
    assert [one.name for one in place.iterdir()] == ["isms.toml"]


SOA_REGISTER = "control_id,name,theme,included,justification,status,responsible_party\n5.1,Policies,x,yes,They guide,implemented,IT\n"


def test_lines_become_part_of_the_statement_of_the_workspace(isms_command: Command, tmp_path: Path) -> None:
    """Without it no check would look at them, and the Statement would have no line."""
    place = tmp_path / "ws"
    place.mkdir()
    (place / "rest.ttl").write_text(
        HEADER + ":old-one a isms:StatementOfApplicability ; isms:status isms:Withdrawn . :soa-2 a isms:StatementOfApplicability ."
    )
    path = register(tmp_path, SOA_REGISTER, "lines.csv")
    guessed = isms_command("import", "--guess", path, place)
    assert '[tables."lines.csv".constants]\n"part of" = "soa-2"' in guessed.out
    unknown = register(tmp_path, "Control;Anwendbar;Begründung\nA.5.1;ja;Risiko\n", "unknown.csv")
    assert '"part of" = "soa-2"' in isms_command("import", "--guess", unknown, place).out
    run = isms_command("import", path, place, "--preset", "soa")
    assert run.code == 0
    assert "part of no Statement" not in run.out
    found = [quad.object for source in load(place).sources for quad in source.quads if quad.predicate == isms("partOf")]
    assert found == [NamedNode("https://example.org/isms/soa-2")]


def test_lines_that_are_part_of_no_statement_are_told(isms_command: Command, tmp_path: Path) -> None:
    path = register(tmp_path, SOA_REGISTER, "lines.csv")
    told = "1 line is part of no Statement of Applicability of the workspace, so that no check looks at them."
    assert told in isms_command("import", path, tmp_path / "ws", "--preset", "soa", "--dry-run").out
    assert told in isms_command("import", "--guess", register(tmp_path, "Control,Applicable\n5.1,no\n", "soa.csv"), tmp_path / "ws").err
    (tmp_path / "ws").mkdir()
    (tmp_path / "ws" / "rest.ttl").write_text(HEADER + ":a a isms:StatementOfApplicability . :b a isms:StatementOfApplicability .")
    assert told in isms_command("import", path, tmp_path / "ws", "--preset", "soa", "--dry-run").out  # which of the two?


def test_a_new_name_is_compared_with_those_of_its_class(isms_command: Command, tmp_path: Path) -> None:
    (tmp_path / "ws").mkdir()
    (tmp_path / "ws" / "rest.ttl").write_text(
        HEADER + ":p a isms:Process ; rdfs:label 'IT lead' . :r a isms:Role ; rdfs:label 'HR leads' ."
    )
    (tmp_path / "m.toml").write_text('[tables."r.csv"]\nclass = "Risk"\n[tables."r.csv".create]\nowner = "Role"\n')
    path = register(tmp_path, "id,name,owner\nR-1,Fire,IT leads\nR-2,Flood,Process lead\n", "r.csv")
    run = isms_command("import", path, tmp_path / "ws", "--mapping", tmp_path / "m.toml", "--dry-run")
    assert "'IT leads' (looks like 'HR leads')" in run.out
    assert 'Is it a person? In the mapping, create: owner = "Person". A role that you have? values: the name = its id.' in run.out
    (tmp_path / "m.toml").write_text(
        '[tables."r.csv"]\nclass = "Risk"\n[tables."r.csv".create]\nowner = "Person"\n[tables."r.csv".values.owner]\n"IT leads" = "r"\n'
    )
    place = tmp_path / "ws"
    run = isms_command("import", path, place, "--mapping", tmp_path / "m.toml")
    assert "New person for names that no element has: 'Process lead'." in run.out
    owners = {quad.object for source in load(place).sources for quad in source.quads if quad.predicate == isms("owner")}
    assert owners == {NamedNode("https://example.org/isms/r"), NamedNode("https://example.org/isms/person-process-lead")}
