"""What isms.toml says of a register, and what a register then says."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from conftest import HEADER
from pyoxigraph import Literal, NamedNode, Quad

from isms_graph.errors import InputError, Problems
from isms_graph.namespaces import ISO27001, RDF_TYPE, RDFS_LABEL, isms
from isms_graph.sources import mapping, workspace
from isms_graph.sources.mapping import tables
from isms_graph.sources.workspace import Source
from isms_graph.vocabulary import load_vocabulary

BASE = "https://example.org/isms/"
CRITERIA = ':criteria a isms:RiskCriteria ; isms:likelihoodMaximum 5 ; isms:consequenceMaximum 5 ; rdfs:label "Scales" .'
PEOPLE = ':role-it a isms:Role ; rdfs:label "Head of IT" . :asset-erp a isms:Asset ; rdfs:label "ERP" ; isms:identifier "A-7" .'


def read(folder: Path, text: str, toml: str, turtle: str = "", name: str = "risks.csv") -> Source:
    """The register in a workspace with some Turtle. Raises Problems."""
    (folder / name).write_text(text, encoding="utf-8")
    (folder / "isms.toml").write_text(f'base = "{BASE}"\n[tables."{name}"]\n{toml}', encoding="utf-8")
    (folder / "rest.ttl").write_text(HEADER + turtle, encoding="utf-8")
    sources = workspace.read(workspace.find([folder]), load_vocabulary())
    return next(source for source in sources if source.path.name == name)


def problems(folder: Path, text: str, toml: str, turtle: str = "", name: str = "risks.csv") -> list[str]:
    """What is wrong with the register, without the name of the file."""
    with pytest.raises(Problems) as caught:
        read(folder, text, toml, turtle, name)
    return [str(one).split(f"{name}:", 1)[-1].strip() for one in caught.value.problems]


def said(source: Source, id_: str, property_: NamedNode) -> list[object]:
    return [quad.object for quad in source.quads if quad.subject == NamedNode(BASE + id_) and quad.predicate == property_]


def test_other_heads_values_dates_and_ids(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        "Register of 2026;;;;\n\nNo;What;Who;How;Seen\n7;Fire;head of  IT;Reduce it;31.03.2026\n8;Flood;role-it;Carry;\n",
        'class = "Risk"\nheader = 3\nids = "risk-{No}"\ndates = "%d.%m.%Y"\n'
        '[tables."risks.csv".columns]\nNo = "identifier"\nWhat = "name"\nWho = "owner"\nHow = "treatment option"\nSeen = "reviewed on"\n'
        '[tables."risks.csv".values.How]\n"reduce it" = "modify"\ncarry = "retain"\n',
        PEOPLE,
    )
    assert said(source, "risk-7", RDFS_LABEL) == [Literal("Fire")]
    assert said(source, "risk-7", isms("owner")) == said(source, "risk-8", isms("owner")) == [NamedNode(BASE + "role-it")]
    assert said(source, "risk-7", isms("treatmentOption")) == [isms("Modify")]
    assert said(source, "risk-8", isms("treatmentOption")) == [isms("Retain")]
    assert [str(one.value) for one in said(source, "risk-7", isms("reviewedOn"))] == ["2026-03-31"]  # type: ignore[attr-defined]
    assert said(source, "risk-8", isms("reviewedOn")) == []
    assert next(cell.line for cell in source.cells if cell.quad.subject == NamedNode(BASE + "risk-8")) == 5


def test_an_element_is_named_by_id_label_or_identifier(tmp_path: Path) -> None:
    source = read(tmp_path, "id,concerns asset\nR-1,asset-erp\nR-2,erp\nR-3,A-7\n", 'class = "Risk"', PEOPLE)
    assert {said(source, id_, isms("concernsAsset"))[0] for id_ in ("R-1", "R-2", "R-3")} == {NamedNode(BASE + "asset-erp")}


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("ERP system", "concerns asset 'ERP system' is the name of no asset. Write an id or a label"),
        ("EPR", None),  # in the form of an id: a check reports what nothing answers to
        ("ERP ", None),
        ("Head of IT", "concerns asset 'Head of IT' is a role, not an asset."),
        ("Twin", "concerns asset 'Twin' is the name of 2 elements: twin-1, twin-2. Write the id"),
        ("The E.R.P", "concerns asset 'The E.R.P' is the name of no asset. Did you mean 'The E.R.P.'?"),
    ],
)
def test_names_that_are_in_doubt(tmp_path: Path, cell: str, message: str | None) -> None:
    turtle = PEOPLE + ':twin-1 a isms:Asset ; rdfs:label "Twin" . :twin-2 a isms:Asset ; rdfs:label "twin" . '
    turtle += ':asset-other a isms:Asset ; rdfs:label "The E.R.P." .'
    if message is None:
        assert len(said(read(tmp_path, f"id,concerns asset\nR-1,{cell}\n", 'class = "Risk"', turtle), "R-1", isms("concernsAsset"))) == 1
    else:
        assert message in problems(tmp_path, f"id,concerns asset\nR-1,{cell}\n", 'class = "Risk"', turtle)[0]


def test_unknown_names_become_elements_only_where_the_mapping_says_so(tmp_path: Path) -> None:
    text = "id,owner,concerns asset\nR-1,Ann Bee,ERP\nR-2,ann  bee,ERP\nR-3,Cy,ERP\n"
    source = read(tmp_path, text, 'class = "Risk"\ncreate.owner = "Role"\n', PEOPLE)
    assert said(source, "R-1", isms("owner")) == said(source, "R-2", isms("owner")) == [NamedNode(BASE + "role-ann-bee")]
    assert said(source, "role-ann-bee", RDF_TYPE) == [isms("Role")]
    assert said(source, "role-ann-bee", RDFS_LABEL) == [Literal("Ann Bee")]
    assert said(source, "role-cy", RDF_TYPE) == [isms("Role")]
    assert not any(quad.object == isms("Asset") for quad in source.quads)


def test_a_new_element_takes_no_id_that_is_there(tmp_path: Path) -> None:
    turtle = ':role-ann a isms:Asset ; rdfs:label "Something else" .'
    source = read(tmp_path, 'id,owner\nR-1,"Ann "\n', 'class = "Risk"\ncreate.owner = "Role"\n', turtle)
    assert said(source, "R-1", isms("owner")) == [NamedNode(BASE + "role-ann-2")]


@pytest.mark.parametrize(
    ("word", "level"),
    [("rare", 1), ("Almost certain", 5), ("möglich", 3), ("peu probable", 2), ("4", 4), ("Sehr Selten", 1)],
)
def test_words_for_levels(tmp_path: Path, word: str, level: int) -> None:
    source = read(tmp_path, f"id,inherent likelihood\nR-1,{word}\n", 'class = "Risk"', CRITERIA)
    assert said(source, "R-1", isms("inherentLikelihood")) == [Literal(level)]


def test_the_size_of_the_scale_decides_what_a_word_means(tmp_path: Path) -> None:
    turtle = CRITERIA.replace("likelihoodMaximum 5", "likelihoodMaximum 3")
    source = read(tmp_path, "id,inherent likelihood\nR-1,high\n", 'class = "Risk"', turtle)
    assert said(source, "R-1", isms("inherentLikelihood")) == [Literal(3)]


def test_words_that_are_no_level(tmp_path: Path) -> None:
    text = "id,inherent likelihood,inherent consequence\nR-1,often,major\nR-2,rare,huge\n"
    found = problems(tmp_path, text, 'class = "Risk"', CRITERIA)
    assert found[0].startswith("2: inherent likelihood 'often' is not one of 1-5 (rare ... almost certain).")
    assert found[1].startswith("3: inherent consequence 'huge' is not one of 1-5 (insignificant ... severe).")
    assert len(found) == 2


def test_levels_without_a_scale_are_one_problem_not_many(tmp_path: Path) -> None:
    found = problems(tmp_path, "id,inherent likelihood\nR-1,rare\nR-2,rare\nR-3,high\n", 'class = "Risk"')
    assert len(found) == 1
    assert "no risk criteria of the workspace have a likelihood maximum. 2 more cells are like it." in found[0]


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("A.5.1", "A.5.1"), ("a5.1", "A.5.1"), ("A.5.1 ", "A.5.1"), ("5.01", "A.5.1"), ("27001:2022-5.15", "A.5.15"), ("8.30", "A.8.30"),
        ("ISO/IEC 27001:2022 A.8.9", "A.8.9"), ("Annex A 5.7", "A.5.7"), ("ISO27001-5.15", "A.5.15"), ("A.5.15.", "A.5.15"),
        ("Privileged access rights", "A.8.2"), ("iso27001:A.5.1", "A.5.1"),
    ],
)  # fmt: skip
def test_spellings_of_controls(tmp_path: Path, text: str, term: str) -> None:
    source = read(tmp_path, f"id,for control\ns,{text}\n", 'class = "SoAEntry"')
    assert said(source, "s", isms("forControl")) == [NamedNode(ISO27001 + term)]


@pytest.mark.parametrize("text", ["A.5.99", "4.4", "clause 5.1", "A.9.1.1", "5", "AC-2", "5.1.1", "Privileged acess rights"])
def test_what_is_no_control(tmp_path: Path, text: str) -> None:
    assert "is not an Annex A control such as A.5.1" in problems(tmp_path, f"id,for control\ns,{text}\n", 'class = "SoAEntry"')[0]


def test_a_number_that_may_be_a_clause_or_a_control(tmp_path: Path) -> None:
    found = problems(tmp_path, "id,under clause\nd,5.1; 6.1.2; A.5.1; clause 5.1; § 7.2\n", 'class = "Document"')
    assert found == [
        "2: under clause '5.1' may be a clause or an Annex A control. Write A.5.1 for the control, or 'clause 5.1' for the clause, "
        "or set 'numbers' for the table."
    ]
    terms = {"clauses": "5.1", "controls": "A.5.1"}
    for numbers, term in terms.items():
        source = read(tmp_path, "id,under clause\nd,5.1; 6.1.2; 5.36\n", f'class = "Document"\nnumbers = "{numbers}"\n')
        assert said(source, "d", isms("underClause")) == [NamedNode(ISO27001 + one) for one in (term, "6.1.2", "A.5.36")]


def test_controls_that_lost_their_zero(tmp_path: Path) -> None:
    found = problems(tmp_path, "id,for control\na,5.1\nb,5.2\nc,5.1\n", 'class = "SoAEntry"')
    assert found == [
        "4: for control: A.5.1 stands in 2 rows, and A.5.10 in none; was a zero cut off? "
        "Give the column the format of a text and type the number again."
    ]
    read(tmp_path, "id,for control\na,5.1\nb,5.10\nc,5.1\n", 'class = "SoAEntry"')


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("31.3.2026", 'say dates = "%d.%m.%Y" in isms.toml.'),
        ("3/31/2026", 'say dates = "%m/%d/%Y" in isms.toml.'),
        ("03/04/2026", 'say dates = "%d/%m/%Y" or dates = "%m/%d/%Y" in isms.toml.'),
        ("46112", "It may be the number of 2026-03-31 in a spreadsheet"),
        ("soon", "is not a date such as 2026-03-31."),
        ("2026-02-30", "is not a date such as 2026-03-31."),
        ("45/45/2026", "is not a date such as 2026-03-31."),
    ],
)
def test_dates_that_are_no_dates(tmp_path: Path, text: str, advice: str) -> None:
    assert advice in problems(tmp_path, f"id,reviewed on\nR-1,{text}\n", 'class = "Risk"')[0]


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ('class = "Risk"\nclas = "x"', "there is no key 'clas'. Did you mean 'class'?"),
        ("preset = 'risk-registr'", "there is no preset 'risk-registr'. Did you mean 'risk-register'?"),
        ("sheet = 'x'", 'needs a line such as class = "Risk", or preset'),
        ("class = 3", "'class' has to be a text."),
        ("class = 'Risk'\nheader = 0", "'header' has to be the number of a row."),
        ("class = 'Risk'\nheader = true", "'header' has to be the number of a row."),
        ("class = 'Risk'\nextends = 'no'", "'extends' has to be true or false."),
        ("class = 'Risk'\nnumbers = 'both'", "'numbers' has to be one of clauses, controls."),
        ("class = 'Risk'\ncolumns = 'a'", "'columns' needs lines such as"),
        ("class = 'Risk'\ncreate = ['owner']", "'create' needs lines such as"),
        ("class = 'Risk'\nvalues.owner = 'a'", "'values' needs a section for each property"),
        ("class = 'Risk'\nsheets = 1", "the sheets need a section each"),
        ("class = 'Rsik'", "there is no class 'Rsik' for this table. Did you mean 'risk'?"),
        ("class = 'Risk'\ncreate.owner = 'Rloe'", "there is no class 'Rloe' for this table. Did you mean 'role'?"),
        ("class = 'Risk'\ncolumns.Onwer = 'owner'", "the table has no column 'Onwer', which isms.toml speaks of. Did you mean 'owner'?"),
        ("class = 'Risk'\nvalues.onwer.x = 'y'", "isms.toml speaks of 'onwer', which is no column and no property. Did you mean"),
        ("class = 'Risk'\ncolumns.owner = 'ower'", "there is no property 'ower' (what 'owner' means). Did you mean 'owner'"),
        ("class = 'Risk'\nids = 'r-{Ownr}'", "'ids' speaks of a column 'Ownr' that the table does not have. Did you mean 'owner'?"),
        ("class = 'Risk'\nconstants.onwer = 'y'", "isms.toml speaks of 'onwer', which is no column and no property."),
        ("class = 'Risk'\nencoding = 'klingon'", "there is no encoding 'klingon'."),
    ],
)  # fmt: skip
def test_a_mapping_that_is_wrong(tmp_path: Path, toml: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, "id,owner\nR-1,\n", toml)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "toml", "message"),
    [
        ("name,owner\nFire,\n", "class = 'Risk'", 'say in isms.toml how to make one, such as ids = "risk-{name}".'),
        ("id,owner,owner\nR-1,a,b\n", "class = 'Risk'", "the head 'owner' stands over two columns."),
        ("id,class\nD-1,Risk\n", "class = 'Document'", "class 'Risk' is not one of:"),
        ("No,name\n,\nx,\n", "class = 'Risk'\nids = 'r-{name}'\ncolumns.No = ''", "the row has no id."),
    ],
)
def test_a_table_that_is_wrong(tmp_path: Path, text: str, toml: str, message: str) -> None:
    assert message in problems(tmp_path, text, toml)[0]


def test_the_class_of_a_row_constants_and_columns_left_out(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        "id,class,note\nD-1,policy,x\nD-2,,y\n",
        'class = "Document"\ncolumns.note = ""\n[tables."risks.csv".constants]\nowner = "Head of IT"\nversion = "1"\n',
        PEOPLE,
    )
    assert said(source, "D-1", RDF_TYPE) == [isms("Policy")]
    assert said(source, "D-2", RDF_TYPE) == [isms("Document")]
    assert said(source, "D-2", isms("owner")) == [NamedNode(BASE + "role-it")]
    assert said(source, "D-1", isms("version")) == [Literal("1")]
    assert source.reads[0].left_out == ["note"]


def test_one_id_in_two_tables_is_two_elements_in_one(tmp_path: Path) -> None:
    (tmp_path / "assets.csv").write_text("id,name\n1,Server\n")
    more = 'class = "Risk"\n[tables."assets.csv"]\nclass = "Asset"\n'
    assert problems(tmp_path, "id,name\n1,Fire\n", more) == [
        "2: the id 1 is that of another element (assets.csv, row 2). Give one of them another id; or say extends = true for the table "
        "that only adds to the other's elements."
    ]
    (tmp_path / "assets.csv").write_text("id,description\n1,Server\n")
    read(tmp_path, "id,name\n1,Fire\n", 'class = "Risk"\n[tables."assets.csv"]\nclass = "Risk"\nextends = true\n')


@pytest.mark.parametrize(
    ("data", "toml"),
    [
        ("id,name\nR-1,Größe\n".encode("cp1252"), 'encoding = "cp1252"'),
        ("id,name\nR-1,Größe\n".encode("utf-16"), ""),
        ("id;name\nR-1;Größe\n".encode("utf-8-sig"), ""),
        ("sep=;\nid;name\nR-1;Größe\n".encode(), ""),
        ("id\tname\r\nR-1\tGröße\r\n".encode(), ""),
    ],
)
def test_encodings_and_delimiters(tmp_path: Path, data: bytes, toml: str) -> None:
    read(tmp_path, "id\nx\n", 'class = "Risk"\n' + toml)
    (tmp_path / "risks.csv").write_bytes(data)
    sources = workspace.read(workspace.find([tmp_path]), load_vocabulary())
    assert Quad(NamedNode(BASE + "R-1"), RDFS_LABEL, Literal("Größe")) in sources[-1].quads + sources[0].quads


def test_latin_1_without_a_word_is_refused_with_the_line(tmp_path: Path) -> None:
    read(tmp_path, "id\nx\n", 'class = "Risk"')
    (tmp_path / "risks.csv").write_bytes("id,name\nR-1,Größe\n".encode("latin-1"))
    message = r'risks.csv:2: the file is not UTF-8 \(byte 0xf6\).*encoding = "cp1252" under \[tables."risks.csv"\]'
    with pytest.raises(Problems, match=message):
        workspace.read(workspace.find([tmp_path]), load_vocabulary())


REGISTERS = Path(__file__).parent / "registers"


def test_every_preset_has_a_register_to_be_tried_on() -> None:
    assert {path.stem for path in REGISTERS.glob("*.toml")} == set(mapping.presets())


@pytest.mark.parametrize("name", sorted(mapping.presets()))
def test_presets(tmp_path: Path, name: str) -> None:
    """A small register in the layout gives the statements that are written beside it, and no problem."""
    expected = tomllib.loads((REGISTERS / f"{name}.toml").read_text(encoding="utf-8"))
    sheets = expected.pop("sheets", None)
    if sheets:
        import openpyxl

        book = openpyxl.Workbook()
        book.remove(book.worksheets[0])
        for sheet, rows in sheets.items():
            page = book.create_sheet(sheet)
            for row in rows:
                page.append(row)
        book.save(tmp_path / "r.xlsx")
        register = "r.xlsx"
    else:
        (tmp_path / "r.csv").write_text((REGISTERS / f"{name}.csv").read_text(encoding="utf-8"), encoding="utf-8")
        register = "r.csv"
    (tmp_path / "isms.toml").write_text(f'base = "{BASE}"\n[tables."{register}"]\npreset = "{name}"\n')
    (tmp_path / "rest.ttl").write_text(HEADER + expected.pop("turtle", CRITERIA))
    sources = workspace.read(workspace.find([tmp_path]), load_vocabulary())
    quads = next(source for source in sources if source.path.name == register).quads
    for subject, properties in expected.items():
        for property_, value in properties.items():
            predicate = {"label": RDFS_LABEL, "type": RDF_TYPE}.get(property_, isms(property_))
            objects = sorted(
                quad.object.value.removeprefix(BASE).removeprefix(ISO27001).removeprefix(isms("").value)  # type: ignore[union-attr]
                for quad in quads
                if quad.subject == NamedNode(BASE + subject) and quad.predicate == predicate
            )
            assert objects == (sorted(value) if isinstance(value, list) else [value]), (subject, property_)


def test_a_preset_can_be_changed(tmp_path: Path) -> None:
    text = "id,threat,extra\nR-1,Fire,Ann\n"
    toml = 'preset = "risk-register"\n[tables."risks.csv".columns]\nextra = "owner"\n'
    source = read(tmp_path, text, toml)
    assert said(source, "R-1", isms("owner")) == [NamedNode(BASE + "role-ann")]
    assert tables("x.csv", {"preset": "soa", "ids": "s-{name}"}, tmp_path)[0].ids == "s-{name}"
