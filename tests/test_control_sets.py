"""Control sets beside Annex A: what counts Annex A, and what the organization calls its own, stays as it is without them."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import DATA, HEADER, Run, base, quads, workspace
from pyoxigraph import NamedNode

from isms_graph.checks import check
from isms_graph.errors import AmbiguousName, Problems, UnknownName
from isms_graph.examples import read_example
from isms_graph.exporters import DELIVERABLES, deliverable, written
from isms_graph.exporters.registers import write_registers
from isms_graph.graph import Isms, load
from isms_graph.impacts import impact
from isms_graph.names import resolve
from isms_graph.namespaces import ISO27001, isms
from isms_graph.queries import ask, query, questions
from isms_graph.resources import folder
from isms_graph.scaffold import new_workspace
from isms_graph.statuses import status

Command = Callable[..., Run]
SET = "urn:uuid:0f9d6c3a-5d1e-4b7a-9c55-3d0d5a1f7e10"
# Ids, numbers and titles are those of Annex A and of elements of the demonstration organisation and of the examples.
FOREIGN = f"""
@prefix fw: <{SET}#> .
<{SET}> a isms:ControlSet ; isms:identifier "fw" ; rdfs:label "Statement of Applicability" .
fw:g a isms:ControlGroup ; rdfs:label "Access control" ; isms:identifier "A.5" ; isms:partOf <{SET}> .
<{SET}#5.1> a isms:ReferenceControl ; isms:identifier "5.1" ; rdfs:label "A.5.1 Policies for information security" ; isms:partOf fw:g ;
    isms:equalTo iso27001:A.5.1 .
<{SET}#A.5.1> a isms:ReferenceControl ; isms:identifier "A.5.1" ; rdfs:label "Nightly backup" ; isms:partOf <{SET}#5.1> ;
    isms:subsetOf iso27001:A.8.13 , iso27001:A.7.1 .
<{SET}#A.5.99> a isms:ReferenceControl ; isms:identifier "R-01" ; rdfs:label "Customer database" ; isms:partOf fw:g ;
    isms:supersetOf iso27001:A.5.15 ; isms:intersectsWith iso27001:A.8.5 .
fw:gone a isms:ReferenceControl ; isms:identifier "control-mfa" ; rdfs:label "Incident handling" ; isms:partOf fw:g ;
    isms:status isms:Withdrawn .
fw:draft a isms:ReferenceControl ; rdfs:label "control-backup" ; isms:partOf fw:g .
"""
EXAMPLES = folder("queries") / "examples"
ASKED = [name for name in questions() if name != "coverage-by-mapping"]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Isms, Isms]:
    """The neglected organisation, without a control set and with one."""
    place = tmp_path_factory.mktemp("sets") / "harbour-neglected"
    shutil.copytree(DATA / "harbour-neglected", place)
    without = load(place)
    workspace(place, zz_set_ttl=FOREIGN)
    return without, load(place)


def test_checks_find_the_same(both: tuple[Isms, Isms]) -> None:
    without, with_set = (check(isms_) for isms_ in both)
    assert len(without.findings) > 50
    assert [one.fingerprint for one in with_set.findings] == [one.fingerprint for one in without.findings]
    assert [one.message for one in with_set.findings] == [one.message for one in without.findings]


@pytest.mark.parametrize("name", ASKED)
def test_saved_queries_answer_the_same(name: str, both: tuple[Isms, Isms]) -> None:
    question, example = questions()[name], read_example(EXAMPLES / f"{name}.ttl")
    with_set = dataclasses.replace(example, quads=[*example.quads, *quads(FOREIGN)])
    assert ask(with_set.isms(), question, example.parameters) == ask(example.isms(), question, example.parameters)
    if all(one.default for one in question.parameters):
        assert ask(both[1], question, {}) == ask(both[0], question, {})


@pytest.mark.parametrize("name", DELIVERABLES)
def test_documents_say_the_same(name: str, both: tuple[Isms, Isms]) -> None:
    without, with_set = (written(deliverable(name, isms_, {}), "html") for isms_ in both)
    assert with_set == without


def test_progress_and_impact_are_the_same(both: tuple[Isms, Isms]) -> None:
    without, with_set = both
    plain, of_set = status(without), status(with_set)
    assert dataclasses.replace(of_set, report=plain.report) == plain
    assert of_set.report.findings
    for what in ("supplier-aws", "A.8.13", "control-mfa", "R-01"):
        one, other = impact(without, what), impact(with_set, what)
        assert [one_.node for one_ in other.affected] == [one_.node for one_ in one.affected]
        assert other.share == one.share
    assert with_set.elements() == without.elements()
    assert len(with_set.catalogued()) == 7


def test_a_new_workspace_decides_on_annex_a_only() -> None:
    assert len(new_workspace("Acme", 30, "general", base().as_of)["soa.csv"].splitlines()) == 94


def test_a_control_for_another_set_alone_is_still_one_outside_annex_a() -> None:
    """It is listed as such in the Statement of Applicability, and no query or figure counts it for Annex A."""
    own = ':control-extra a isms:Control ; rdfs:label "Report within a day" ; isms:implements fw:draft .'
    isms_, plain = base(FOREIGN + own), base(FOREIGN + own.replace(" ; isms:implements fw:draft", ""))
    assert b"Report within a day" in written(deliverable("soa", isms_, {}), "html")
    assert written(deliverable("soa", isms_, {}), "html") == written(deliverable("soa", plain, {}), "html")
    for name in ("figures", "annex-a-evidence", "annex-a-not-in-soa", "soa-without-control", "soa-exclusions"):
        assert query(isms_, name) == query(plain, name)
    assert [one.check for one in check(isms_).findings] == [one.check for one in check(plain).findings]


def test_an_soa_entry_decides_on_annex_a_only() -> None:
    isms_ = base(FOREIGN + ":line a isms:SoAEntry ; isms:partOf :soa ; isms:forControl fw:draft ; isms:applicable true .")
    assert "reference-of-wrong-kind" in {one.check for one in check(isms_).findings}


def test_own_names_come_first_and_those_of_a_set_after_its_short_name() -> None:
    isms_ = base(FOREIGN)
    assert resolve(isms_, "A.5.1") == NamedNode(ISO27001 + "A.5.1")
    assert resolve(isms_, "5.1") == NamedNode(ISO27001 + "5.1")
    assert resolve(isms_, "Nightly backup") == resolve(isms_, "control-backup") == NamedNode("https://example.org/isms/control-backup")
    assert resolve(isms_, "fw:A.5.1") == resolve(isms_, "FW:a.5.1") == resolve(isms_, f"{SET}#A.5.1") == NamedNode(f"{SET}#A.5.1")
    assert resolve(isms_, "fw:R-01") == NamedNode(f"{SET}#A.5.99")
    assert resolve(isms_, "fw") == NamedNode(SET)
    assert resolve(isms_, "Customer database") == NamedNode(f"{SET}#A.5.99"), "nothing of the organization is called so"
    with pytest.raises(UnknownName):
        resolve(isms_, "fw:A.5.2")


def test_two_sets_with_one_short_name_are_told_apart() -> None:
    second = '<urn:x:2> a isms:ControlSet ; isms:identifier "fw" . <urn:x:2/draft> a isms:ReferenceControl ; isms:partOf <urn:x:2> .'
    with pytest.raises(AmbiguousName):
        resolve(base(FOREIGN + second), "fw:draft")
    assert resolve(base(FOREIGN + second), "fw:g") == NamedNode(f"{SET}#g")


def test_parts_of_each_other_come_to_an_end() -> None:
    assert resolve(base(FOREIGN + "fw:g isms:partOf fw:draft ."), "fw:draft") == NamedNode(f"{SET}#draft")


CONFIG = 'base = "https://example.org/isms/"\n[tables."controls.csv"]\nclass = "Control"\n'


def register(place: Path, cell: str, foreign: str = FOREIGN) -> Isms:
    files = {"controls_csv": f"id,name,implements\nc-1,Own control,{cell}\n", "isms_toml": CONFIG, "set_ttl": foreign}
    return load(workspace(place, **files))


def implemented(isms_: Isms) -> list[str]:
    return [getattr(value, "value", "") for value in isms_.values(NamedNode("https://example.org/isms/c-1"), isms("implements"))]


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        ("5.1", f"{ISO27001}A.5.1"),
        ("A.5.1", f"{ISO27001}A.5.1"),
        ("Policies for information security", f"{ISO27001}A.5.1"),
        ("fw:5.1", f"{SET}#5.1"),
        ("fw:A.5.1", f"{SET}#A.5.1"),
        ("FW:r-01", f"{SET}#A.5.99"),
        ("fw:draft", f"{SET}#draft"),
        (f"{SET}#draft", f"{SET}#draft"),
        (f"<{SET}#5.1>", f"{SET}#5.1"),
        ("own-1", "https://example.org/isms/own-1"),
    ],
)
def test_a_register_means_annex_a_unless_it_names_a_set(tmp_path: Path, cell: str, meant: str) -> None:
    assert implemented(register(tmp_path, cell, FOREIGN + ":own-1 a isms:ReferenceControl .")) == [meant]


@pytest.mark.parametrize(
    "cell", ["A.5.99", "A.9.9", "A5.99", "5.99", "R-01", "draft", "fw:nothing", "zz:draft", "Nightly backup", "fw:", "c-1 x"]
)
def test_what_is_no_control_of_annex_a_and_names_no_set_is_refused(tmp_path: Path, cell: str) -> None:
    with pytest.raises(Problems) as raised:
        register(tmp_path, cell)
    assert len(raised.value.problems) == 1
    assert f"implements {cell!r} is not an Annex A control such as A.5.1" in str(raised.value)


def test_the_message_tells_of_the_sets_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(Problems, match=r"A\.5\.1, nor one of the set fw\. Controls of a set are written like fw:id\.$"):
        register(tmp_path, "fw:nothing")
    with pytest.raises(Problems, match=r"is not an Annex A control such as A\.5\.1\.$"):
        register(tmp_path, "fw:nothing", ":r a isms:Role .")


def test_the_column_of_the_soa_takes_annex_a_only(tmp_path: Path) -> None:
    (tmp_path / "soa.csv").write_text("id,for control\nl-1,fw:draft\n")
    config = CONFIG.replace("controls.csv", "soa.csv").replace('"Control"', '"SoAEntry"')
    with pytest.raises(Problems, match="for control 'fw:draft' is not an Annex A control"):
        load(workspace(tmp_path, set_ttl=FOREIGN, isms_toml=config))


def test_other_columns_name_controls_of_a_set_too(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("id,against\nf-1,fw:A.5.1\n")
    isms_ = load(workspace(tmp_path, set_ttl=FOREIGN, isms_toml=CONFIG.replace("controls.csv", "f.csv").replace('"Control"', '"Finding"')))
    assert isms_.values(NamedNode("https://example.org/isms/f-1"), isms("against")) == [NamedNode(f"{SET}#A.5.1")]


def test_registers_come_back_as_they_were(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    before = register(tmp_path / "in", "fw:5.1;A.8.13;fw:draft")
    write_registers(before, tmp_path / "out")
    assert implemented(load(tmp_path / "out")) == implemented(before)
    assert load(tmp_path / "out").catalogued() == before.catalogued()


def test_coverage_is_asked_by_the_short_name(isms_command: Command, tmp_path: Path) -> None:
    (tmp_path / "base.ttl").write_bytes((folder("shapes") / "examples" / "base.ttl").read_bytes())
    (tmp_path / "set.ttl").write_text(HEADER + FOREIGN)
    found = isms_command("query", "coverage-by-mapping", tmp_path, "--param", "set=fw", "--as-of", "2026-11-23", "--output", "csv")
    rows = [line.split(",") for line in found.out.splitlines()[1:]]
    assert [(row[0].rpartition("#")[2], row[1], row[2].rpartition("/")[2], row[-1]) for row in rows] == [
        ("5.1", "equal to", "A.5.1", "covered"),
        ("A.5.1", "subset of", "A.7.1", "not covered"),
        ("A.5.1", "subset of", "A.8.13", "covered"),
        ("A.5.99", "superset of", "A.5.15", "partly"),
        ("A.5.99", "intersects with", "A.8.5", "partly"),
        ("draft", "", "", "no mapping"),
    ]
    of_group = isms_command("query", "coverage-by-mapping", tmp_path, "--param", "set=fw:g", "--as-of", "2026-11-23", "--output", "csv")
    assert of_group.out == found.out


def test_a_change_of_a_reference_control_reaches_what_puts_it_into_practice() -> None:
    isms_ = base(FOREIGN + ":control-backup isms:implements fw:draft .")
    assert "https://example.org/isms/control-backup" in {one.node for one in impact(isms_, "fw:draft").affected}
    assert not {one.node for one in impact(isms_, "fw:5.1").affected}, "a mapping carries no change"
