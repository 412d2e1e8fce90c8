"""Crosswalks: which relationship a row states, what is refused at its line, and what is reported of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyoxigraph import NamedNode
from test_oscal_import import UUID, A, Command, content, control, taken, values, written

from isms_graph.errors import InputError, Problems
from isms_graph.importers.catalog import read_catalogue
from isms_graph.importers.crosswalk import read_crosswalk
from isms_graph.namespaces import isms
from isms_graph.vocabulary import load_vocabulary


def crosswalk(folder: Path, text: str, what: object = None) -> list[tuple[str, str, str]]:
    found = read_crosswalk(written(folder, text, "c.csv"), read_catalogue(written(folder, what or content())), "fw", load_vocabulary())
    return [(one.control, one.relation, one.annex_a) for one in found.mappings]


def faults(folder: Path, text: str, what: object = None) -> list[str]:
    with pytest.raises(InputError) as raised:
        crosswalk(folder, text, what)
    found = raised.value.problems if isinstance(raised.value, Problems) else (raised.value,)
    return [str(one).removeprefix(f"{folder / 'c.csv'}:") for one in found]


@pytest.mark.parametrize(
    ("word", "relation"),
    [
        ("equal-to", "equalTo"), ("Equal", "equalTo"), ("equivalent-to", "equivalentTo"), ("EQUIVALENT", "equivalentTo"),
        ("subset-of", "subsetOf"), ("subset of", "subsetOf"), ("subsetOf", "subsetOf"), ("superset_of", "supersetOf"),
        ("intersects-with", "intersectsWith"), ("", "mapsTo"), ("maps-to", "mapsTo"),
    ],
)  # fmt: skip
def test_the_words_of_oscal(tmp_path: Path, word: str, relation: str) -> None:
    assert crosswalk(tmp_path, f"source,relationship,target\nac-2,{word},A.5.16\n") == [("ac-2", relation, "A.5.16")]


def test_either_side_may_be_annex_a(tmp_path: Path) -> None:
    text = "target;Relationship;source;Title\n5.16;subset-of;AC-2;x\nac-2(1);superset-of;ISO 27001:2022 A.5.17;y\nfw:ac-13;;Annex A 8.5;z\n"
    assert crosswalk(tmp_path, text) == [("ac-2", "subsetOf", "A.5.16"), ("ac-2.1", "subsetOf", "A.5.17"), ("ac-13", "mapsTo", "A.8.5")]


def test_without_the_column_nothing_is_said_of_how(tmp_path: Path) -> None:
    assert crosswalk(tmp_path, "source,target\nac-2,A.5.16\nac-2,A.5.16\n") == [("ac-2", "mapsTo", "A.5.16")]


def test_each_fault_of_a_crosswalk_is_said_at_its_line(tmp_path: Path) -> None:
    text = """source,relationship,target
ac-2,equals,A.5.16
ac-2,part-of-it,A.5.16
ac-22,equal-to,A.5.16
ac-2,equal-to,A.5.99
ac-2,equal-to,
ac,equal-to,A.5.16
ac-2,equal-to,ac-13
A.5.1,equal-to,A.5.2
ac-2,subset-of,A.5.17
ac-2,superset-of,A.5.17
ac-2,no-relationship,A.5.18
"""
    assert faults(tmp_path, text) == [
        "2: the relationship 'equals' is not known. Did you mean equal?",
        "3: the relationship 'part-of-it' is not known. Known are equal-to, equivalent-to, subset-of, superset-of, intersects-with, "
        "no-relationship; leave the cell empty if nobody has said.",
        "4: 'ac-22' is neither a control of the catalogue nor one of Annex A. Did you mean ac-2 or ac-2.1?",
        "5: 'A.5.99' is neither a control of the catalogue nor one of Annex A. "
        "Write an id of the catalogue, such as ac-2, or a number such as A.5.1.",
        "6: the row has no target. Fill it in, or take the row out.",
        "7: 'ac' is a group of the catalogue, not a control. Write a row for each of its controls that is meant.",
        "8: 'ac-2' and 'ac-13' are both controls of the catalogue. One of the two has to be of Annex A, the other of the catalogue.",
        "9: 'A.5.1' and 'A.5.2' are both controls of Annex A. One of the two has to be of Annex A, the other of the catalogue.",
        "11: ac-2 and A.5.17 are related otherwise in line 10: subset-of there, superset-of here. Keep the one that holds.",
    ]


def test_a_row_that_may_be_read_two_ways_is_refused(tmp_path: Path) -> None:
    what = content(groups=[], controls=[control("5.1"), control("5.2")])
    assert faults(tmp_path, "source,relationship,target\n5.1,subset-of,5.2\n", what) == [
        "2: '5.1' and '5.2' are both controls of the set and of Annex A, so that the row may be read two ways. "
        "Write fw:5.1 or fw:5.2 for the control of the set."
    ]
    assert crosswalk(tmp_path, "source,relationship,target\n5.1,subset-of,fw:5.2\nfw:5.1,equal-to,5.1\n", what) == [
        ("5.2", "supersetOf", "A.5.1"), ("5.1", "equalTo", "A.5.1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("a,b\n1,2\n", "needs one column 'source'"),
        ("source,source,target\n", "needs one column 'source'"),
        ("source,target\n", "relates no controls"),
        ("source,target\nac-2,no-such\n" * 2, "'source' is neither"),
        ('source,target\n"' + "x" * 200_000 + '",A.5.1\n', "cannot be read"),
    ],
)
def test_tables_that_are_no_crosswalk(tmp_path: Path, text: str, message: str) -> None:
    assert message in " ".join(faults(tmp_path, text))


def test_many_faults_take_no_time(tmp_path: Path) -> None:
    what = content(groups=[], controls=[control(f"ac-{number}") for number in range(1_500)])
    assert len(faults(tmp_path, "source,target\n" + "ab-77,A.5.1\n" * 5_000, what)) == 5_000


def test_the_report_says_what_came_of_it(tmp_path: Path, isms_command: Command) -> None:
    table = written(
        tmp_path, "source,relationship,target,Title\nac-2,subset-of,A.5.16,x\nac-13,,A.8.5,y\nac-2.1,no-relationship,A.5.1,z\n", "board.csv"
    )
    file = written(tmp_path, content())
    run = isms_command("oscal", "import", file, "--into", tmp_path / "fw.ttl", "--mapping", table)
    assert run.out.splitlines() == [
        "A framework, edition 3.1: 4 controls (1 withdrawn) in 3 groups.",
        "2 mappings of 2 controls to 2 of Annex A; without any: 2 controls.",
        "Mappings that do not say how much the one covers of the other: 1; none of them counts as covering.",
        "Rows that say that there is no relationship, left out: 1.",
        "Mapped although withdrawn: ac-13.",
        "Columns of the crosswalk that are not read: Title.",
        f"{tmp_path / 'fw.ttl'} written. A control is named fw:AC-2 in registers and queries.",
        f"Next: isms query coverage-by-mapping {tmp_path} --param set=fw",
    ]
    assert 'isms:mappingsFrom "board.csv"' in (tmp_path / "fw.ttl").read_text()
    again = ("oscal", "import", file, "--into", tmp_path / "fw.ttl", "--mapping", table, "--mapping-source", "The board, 2026", "--replace")
    assert isms_command(*again).code == 0
    assert 'isms:mappingsFrom "The board, 2026"' in (tmp_path / "fw.ttl").read_text()


def test_a_mapping_holds_both_ways(tmp_path: Path, isms_command: Command) -> None:
    table = written(tmp_path, "source,relationship,target\nac-2,subset-of,A.5.16\nac-2.1,equal-to,A.5.17\n", "c.csv")
    isms_ = taken(tmp_path, isms_command, "--mapping", table)
    node = f"urn:uuid:{UUID}#ac-2"
    for annex_a, relation in (("5.16", "supersetOf"), ("5.16", "mapsTo")):
        assert [getattr(value, "value", "") for value in isms_.values(NamedNode(A + annex_a), isms(relation))] == [node]
    assert values(isms_, "#ac-2", "mapsTo") == [A + "5.16"]
    assert values(isms_, "#ac-2", "supersetOf") == []
    assert [getattr(value, "value", "") for value in isms_.values(NamedNode(A + "5.17"), isms("equalTo"))] == [f"{node}.1"]
