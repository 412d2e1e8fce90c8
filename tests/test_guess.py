"""`isms import --guess`: a mapping proposed for a register with heads of its own, read by its heads and its values."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_import_cli import VOCABULARY, Command, register

from isms_graph.graph import load
from isms_graph.importers.guess import as_toml, guess
from isms_graph.importers.imports import settings


def test_a_guess_is_a_mapping_that_reads_the_register(isms_command: Command, tmp_path: Path) -> None:
    text = (
        "Risikoregister 2026;;;;;;\n;;;;;;\nNr.;Risiko;Wahrscheinlichkeit;Auswirkung;Risikoeigentümer;Behandlung;Letzte Überprüfung;Notiz\n"
    )
    text += "R1;Ausfall;4;5;IT-Leitung;mindern;31.03.2026;x\nR2;Brand;1;5;IT-Leitung;übertragen;15.04.2026;y\n"
    path = register(tmp_path, text, "risiken.csv")
    run = isms_command("import", "--guess", path, tmp_path / "ws")
    assert run.code == 0
    assert '"Risiko" = "name"' in run.out
    assert '"Nr." = "id"' in run.out
    assert 'dates = "%d.%m.%Y"\n' in run.out
    assert '"Notiz" = ""  # not understood, so left out' in run.out
    assert "The register gives 18 statements about: 2 risk, 1 role." in run.err
    assert "New role for names that no element has: 'IT-Leitung'." in run.err
    (tmp_path / "m.toml").write_text(run.out, encoding="utf-8")
    assert isms_command("import", path, tmp_path / "ws", "--mapping", tmp_path / "m.toml").code == 0
    assert sum(len(source.quads) for source in load(tmp_path / "ws").sources) == 18


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("assets.csv", "Asset ID,Asset name,Owner\n7,ERP,Ann\n", ['class = "Asset"', '"Asset ID" = "id"', '"Asset name" = "name"']),
        ("soa.csv", "Control,Applicable,Reason,Status\n5.1,Yes,Direction,Done\n", ['ids = "soa-{control}"', '"Reason" = "justification"']),
        ("soa.csv", "Control,Applicable\n5.1,JA\n5.2,perhaps\n", ['values."applicable"]  # one of: yes, no', '"perhaps" = ""']),
        ("vendors.csv", "Vendor,Owner,Last review\nCloudy,Ann,03/04/2026\n", ["# or %m/%d/%Y: all dates fit both", 'class = "Supplier"']),
        (
            "Maßnahmen.csv", "Nr;Maßnahme;Risiko;Verantwortlich;Frist;Status\nM-1;EDR ausrollen;R-01;Leiter IT;31.03.2027;in Umsetzung\n",
            ['class = "TreatmentAction"', '"Maßnahme" = "name"', '"Risiko" = "treats"', '"Frist" = "due on"', 'dates = "%d.%m.%Y"'],
        ),
        ("Liste.csv", "Maßnahme;Anwendbar;Begründung\nA.5.1;ja;x\n5.10;nein;x\n", ['class = "SoAEntry"', '"Maßnahme" = "for control"']),
        ("x.csv", "Title,Treatment,Whatever\nFire,reduce,C; I\n", ['"Whatever" = "threatens property"  # by its values']),
    ],
)  # fmt: skip
def test_guesses(tmp_path: Path, name: str, text: str, expected: list[str]) -> None:
    toml = as_toml(register(tmp_path, text, name), guess(tmp_path / name, VOCABULARY))
    for line in expected:
        assert line in toml
    settings(toml, name, tmp_path)


GERMAN = """Risiko-ID;Risikobezeichnung;{};Behandlungsoption;Status;Bemerkung
R-01;Ransomware;hoch;Vermindern;offen;x
R-02;Diebstahl;4;akzeptieren;geschlossen;
R-03;Brand;1;mindern;offen;
R-04;Ausfall;2;mindern;offen;
;Summe;;;;
"""


@pytest.mark.parametrize(
    ("heads", "meaning"),
    [
        ("Eintrittswahrscheinlichkeit (brutto)", '"inherent likelihood"\n'),
        ("Schadenshöhe brutto", '"inherent consequence"\n'),
        ("Schadenshöhe vor Maßnahmen", '"inherent consequence"\n'),
        ("Auswirkung netto", '"current consequence"  # or residual consequence, if it is what remains once treatment is complete\n'),
        ("Likelihood (residual)", '"residual likelihood"\n'),
        ("Likelihood", '"current likelihood"\n'),
        ("Likelihood in words, gross", '""  # not understood, so left out\n'),
    ],
)
def test_a_guess_tells_before_from_after(tmp_path: Path, heads: str, meaning: str) -> None:
    toml = as_toml(register(tmp_path, GERMAN.format(heads)), guess(tmp_path / "risks.csv", VOCABULARY))
    assert f'"{heads}" = {meaning}' in toml
    assert '"Risiko-ID" = "id"\n"Risikobezeichnung" = "name"\n' in toml  # although the sum has no id
    assert "values" not in toml


def test_net_is_what_holds_today_unless_something_else_does(tmp_path: Path) -> None:
    """Net is with the measures that there are. Taken for what remains after treatment, each risk would lack the level of today."""
    text = "id,Risk,Nettorisiko,{}\nR-1,Fire,3,4\n"
    path = register(tmp_path, text.format("Bruttorisiko"), "gross.csv")
    assert '"Nettorisiko" = "current level"  # or residual level' in as_toml(path, guess(path, VOCABULARY))
    path = register(tmp_path, text.format("Current level"), "both.csv")
    toml = as_toml(path, guess(path, VOCABULARY))
    assert '"Nettorisiko" = "residual level"\n"Current level" = "current level"\n' in toml


def test_the_sum_below_a_register_is_no_element(isms_command: Command, tmp_path: Path) -> None:
    run = isms_command("import", "--guess", register(tmp_path, GERMAN.format("Auswirkung netto").replace("hoch", "3")), tmp_path / "ws")
    assert "With it there is 1 problem:\nrisks.csv:6: the row has no id." in run.err.replace(f"{tmp_path}/", "")


def test_what_is_to_come_does_not_look_like_what_has_been(tmp_path: Path) -> None:
    path = register(tmp_path, "Lieferantenname;Leistung;Next review date\nMüller;ERP;2027-01-01\n", "Lieferanten.csv")
    toml = as_toml(path, guess(path, VOCABULARY))
    assert '"Lieferantenname" = "name"' in toml
    assert '"Next review date" = ""' in toml


def test_an_soa_gets_its_ids_from_the_controls_even_if_one_stands_twice(tmp_path: Path) -> None:
    path = register(tmp_path, "Control,Applicable\n5.1,yes\n5.2,yes\n5.1,no\n", "soa.csv")
    assert 'ids = "soa-{control}"  # not all of them are there, or some stand twice' in as_toml(path, guess(path, VOCABULARY))


def test_a_guess_for_a_head_that_stands_twice_is_read(tmp_path: Path) -> None:
    path = register(tmp_path, "id,Risk,Owner,Noise,Owner\nR-1,Fire,IT,x,HR\n")
    toml = as_toml(path, guess(path, VOCABULARY))
    assert '# "Owner" stands over two columns: rename one of them' in toml
    settings(toml, path.name, tmp_path)


def test_a_guess_survives_any_text(tmp_path: Path) -> None:
    path = register(tmp_path, 'Risk,"Owner ""]\n[x]",Treatment\n"a\\u0022",b,c\n', 'ri"sk\\s.csv')
    settings(as_toml(path, guess(path, VOCABULARY)), path.name, tmp_path)


def test_latin_1_is_told_by_a_guess(tmp_path: Path) -> None:
    (tmp_path / "risks.csv").write_bytes("Risiko;Eigentümer\nBrand;Müller\n".encode("latin-1"))
    assert 'encoding = "cp1252"' in as_toml(tmp_path / "risks.csv", guess(tmp_path / "risks.csv", VOCABULARY))
