"""How two states differ: by element and property, whatever the files look like; with impact, findings and figures."""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path

import pytest
from conftest import DATA, base, workspace
from pyoxigraph import NamedNode, Quad, RdfFormat, serialize

from isms_graph.diffs import Diff, ElementChange, diff
from isms_graph.errors import EmptyWorkspace
from isms_graph.examples import read_example
from isms_graph.graph import Isms, load
from isms_graph.resources import folder
from isms_graph.sources.statements import Statements
from isms_graph.vocabulary import load_vocabulary

TOML = 'base = "https://example.org/isms/"\nas-of = 2026-11-23\n'
BEFORE = """
:ana a isms:Person ; rdfs:label "Ana" .
:cto a isms:Role ; rdfs:label "CTO" ; isms:heldBy :ana .
:cloud a isms:Supplier ; rdfs:label "Cloud" ; isms:owner :cto .
:data a isms:Asset ; rdfs:label "Data" ; isms:owner :cto ; isms:providedBy :cloud .
:loss a isms:Risk ; rdfs:label "Loss" ; isms:owner :cto ; isms:concernsAsset :data ; isms:currentLevel 4 ; isms:treatedBy :backup .
:backup a isms:Control ; rdfs:label "Backup" ; isms:owner :cto ; isms:implements iso27001:A.8.13 .
:entry a isms:SoAEntry ; rdfs:label "A.8.13" ; isms:forControl iso27001:A.8.13 ; isms:applicable true .
"""


def small(place: Path, text: str, **files: str) -> Isms:
    place.mkdir(exist_ok=True)
    return load(workspace(place, isms_toml=TOML, a_ttl=text, **files))


def compared(tmp_path: Path, before: str, after: str) -> Diff:
    return diff(small(tmp_path / "before", before), small(tmp_path / "after", after))


def names(changes: tuple[ElementChange, ...]) -> list[str]:
    return [one.label for one in changes]


def properties(change: ElementChange) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    return {one.property: (one.lost, one.gained) for one in change.properties}


def test_nothing_differs_from_itself(harbour: Isms) -> None:
    answer = diff(harbour, load(DATA / "harbour-saas"))
    assert not answer.changed
    assert not answer.affected and not answer.gained and not answer.lost
    assert answer.unchanged == 0, "nothing is found there"
    assert all(one.before == one.after for one in answer.figures)


@pytest.mark.parametrize("suffix", ["nt", "trig"])
def test_order_layout_files_and_format_make_no_difference(harbour: Isms, tmp_path: Path, suffix: str) -> None:
    quads = [Quad(q.subject, q.predicate, q.object) for source in harbour.sources for q in source.quads]
    random.Random(7).shuffle(quads)  # noqa: S311 - no secret
    kind = {"nt": RdfFormat.N_TRIPLES, "trig": RdfFormat.TRIG}[suffix]
    if suffix == "trig":
        quads = [Quad(q.subject, q.predicate, q.object, NamedNode("urn:here")) for q in quads]
    serialize(quads, tmp_path / f"all.{suffix}", kind)
    (tmp_path / "isms.toml").write_text(f'base = "{harbour.workspace.base}"\nas-of = {harbour.as_of}\nstage = "surveillance"\n')
    answer = diff(harbour, load(tmp_path))
    assert not answer.changed
    assert answer.gained == answer.lost == ()


def test_every_kind_of_change(tmp_path: Path) -> None:
    after = (
        BEFORE.replace('"Backup"', '"Backup every night"')
        .replace("isms:currentLevel 4", "isms:currentLevel 9")
        .replace(":cloud ", ":other ")
        + ":ben a isms:Person ."
    )
    after = after.replace('"Cloud"', '"Other cloud"').replace("isms:providedBy :cloud", "isms:providedBy :other")
    answer = compared(tmp_path, BEFORE, after)
    assert [(one.class_label, one.label) for one in answer.added] == [("person", "ben"), ("supplier", "Other cloud")]
    assert [(one.node, one.label, one.class_) for one in answer.removed] == [("https://example.org/isms/cloud", "Cloud", "isms:Supplier")]
    assert names(answer.modified) == ["Data", "Backup every night", "Loss"]
    data, backup, loss = answer.modified
    assert properties(data) == {"isms:providedBy": (("Cloud",), ("Other cloud",))}
    assert properties(backup) == {"rdfs:label": (("Backup",), ("Backup every night",))}
    assert properties(loss) == {"isms:currentLevel": (("4",), ("9",))}
    assert [one.label for one in loss.properties] == ["current level"]
    assert not any(one.properties for one in (*answer.added, *answer.removed))


def test_the_way_back_is_the_mirror() -> None:
    saas, neglected = load(DATA / "harbour-saas", as_of="2028-11-23"), load(DATA / "harbour-neglected")
    saas, neglected = (_without_most(one) for one in (saas, neglected))
    there, back = diff(saas, neglected, "surveillance"), diff(neglected, saas, "surveillance")
    assert there.added and there.removed and there.modified and there.gained and there.lost
    assert names(there.added) == names(back.removed)
    assert names(there.removed) == names(back.added)
    assert {one.node for one in there.modified} == {one.node for one in back.modified}
    turned = {one.node: {each.property: (each.gained, each.lost) for each in one.properties} for one in back.modified}
    assert {one.node: properties(one) for one in there.modified} == turned
    assert {one.fingerprint for one in there.gained} == {one.fingerprint for one in back.lost}
    assert {one.fingerprint for one in there.lost} == {one.fingerprint for one in back.gained}


def _without_most(isms_: Isms) -> Isms:
    """Fewer files, so that less differs: impact of each element costs time."""
    return load([path for path in isms_.workspace.files if path.name in ("risks.csv", "suppliers.ttl", "context.ttl")], isms_.as_of)


def test_impact_leaves_out_what_changed_and_reaches_by_old_links_too(tmp_path: Path) -> None:
    answer = compared(tmp_path, BEFORE, BEFORE.replace(" ; isms:treatedBy :backup", ""))
    assert names(answer.modified) == ["Loss"]
    reached = {one.label: one.hops for one in answer.affected}
    assert "Loss" not in reached
    assert reached["Backup"] >= 1, "the control lost its reason"
    gone = ':cloud a isms:Supplier ; rdfs:label "Cloud" ; isms:owner :cto .\n'
    removed = compared(tmp_path, BEFORE, BEFORE.replace(gone, ""))
    assert names(removed.removed) == ["Cloud"]
    assert not removed.modified, "the asset says what it said"
    assert {"Data": 1, "Loss": 2}.items() <= {one.label: one.hops for one in removed.affected}.items()
    assert "dangling-reference" in {one.check for one in removed.gained}


def test_a_value_beside_others_is_counted(tmp_path: Path) -> None:
    answer = compared(tmp_path, BEFORE, BEFORE + ":loss isms:owner :ana .")
    assert [(one.property, one.gained, one.now) for one in answer.modified[0].properties] == [("isms:owner", ("Ana",), 2)]


def test_what_is_only_recorded_touches_nothing_else(tmp_path: Path) -> None:
    reviewed = BEFORE.replace(":loss a isms:Risk ;", ':loss a isms:Risk ; isms:reviewedOn "2026-11-01"^^xsd:date ;')
    answer = compared(tmp_path, BEFORE, reviewed)
    assert names(answer.modified) == ["Loss"]
    assert not answer.affected
    rated = BEFORE.replace("isms:currentLevel 4", "isms:currentLevel 9")
    assert [one.label for one in compared(tmp_path, BEFORE, rated).affected] == ["A.8.13", "Backup"]


def test_who_only_lost_a_link_to_what_went_is_touched_and_no_cause(tmp_path: Path) -> None:
    """The process loses a control that goes; what hangs on the process by other links is left alone."""
    more = BEFORE + ':run a isms:Process ; rdfs:label "Run" ; isms:owner :cto ; isms:operates :backup , :lock . '
    more += ':lock a isms:Control ; rdfs:label "Lock" .'
    control = next(line for line in BEFORE.splitlines() if line.startswith(":backup"))
    after = more.replace(control, "").replace(" ; isms:treatedBy :backup", "").replace(":backup , ", "")
    answer = compared(tmp_path, more, after)
    assert names(answer.removed) == ["Backup"]
    actions = {one.label: (one.action, one.owner) for one in answer.modified}
    assert set(actions) == {"Loss", "Run"}
    assert all(owner == "CTO (Ana)" and action for action, owner in actions.values())
    assert "Lock" not in {one.label for one in answer.affected}
    changed = compared(tmp_path, more, more.replace('"Run"', '"Running"'))
    assert [(one.label, one.action) for one in changed.modified] == [("Running", "")], "it changed by itself"


def test_without_a_class_but_still_mentioned(tmp_path: Path) -> None:
    before = BEFORE + ':note a isms:Document ; rdfs:label "Note" .'
    answer = compared(tmp_path, before, BEFORE + ':note rdfs:label "Note" .')
    (note,) = answer.modified
    assert (note.label, note.class_label) == ("Note", "document")
    assert properties(note) == {"rdf:type": (("document",), ())}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("[ rdfs:comment 'x' ; rdfs:seeAlso [ rdfs:comment 'y' ] ]", "[ rdfs:seeAlso [ rdfs:comment 'y' ] ; rdfs:comment 'x' ]", True),
        ("_:a . _:a rdfs:seeAlso _:b . _:b rdfs:seeAlso _:a", "_:x . _:y rdfs:seeAlso _:x . _:x rdfs:seeAlso _:y", True),
        ("_:a . _:a rdfs:seeAlso _:a", "_:b . _:b rdfs:seeAlso _:b", True),
        ("( 'a' 'b' )", "( 'a' 'b' )", True),
        ("( 'a' 'b' )", "( 'b' 'a' )", False),
        ("[ rdfs:comment 'x' ; rdfs:seeAlso [ rdfs:comment 'y' ] ]", "[ rdfs:comment 'x' ; rdfs:seeAlso [ rdfs:comment 'z' ] ]", False),
        ("_:a . _:a rdfs:seeAlso _:b . _:b rdfs:comment 'x'", "_:a . _:a rdfs:seeAlso _:b . _:b rdfs:comment 'y'", False),
        ("<<( :a rdfs:comment _:a )>> . _:a rdfs:comment 'x'", "<<( :a rdfs:comment _:b )>> . _:b rdfs:comment 'x'", True),
    ],
)
def test_blank_nodes_are_what_is_said_of_them(tmp_path: Path, one: str, other: str, same: bool) -> None:
    before, after = (f'{BEFORE} :data rdfs:seeAlso {text} . [] a isms:Asset ; rdfs:label "{same}" .' for text in (one, other))
    answer = compared(tmp_path, before, after)
    assert answer.changed is not same
    assert names(answer.modified) == ([] if same else ["Data"])
    assert not answer.added and not answer.removed


def test_a_blank_node_is_shown_as_what_is_said_of_it(tmp_path: Path) -> None:
    answer = compared(tmp_path, BEFORE, BEFORE + '[] a isms:Asset ; rdfs:label "Nameless" ; isms:owner :cto .')
    (added,) = answer.added
    assert (added.node, added.class_label) == ("", "asset")
    assert added.label == "[kind asset; name Nameless; owner CTO]"


def test_a_long_list_and_many_blank_nodes_take_no_time(tmp_path: Path) -> None:
    text = BEFORE + ":data rdfs:seeAlso (" + " 'x'" * 5000 + ") ."
    ladder = " . ".join(f"_:n{n} rdfs:seeAlso _:n{n + 1} ; rdfs:isDefinedBy _:n{n + 1}" for n in range(60))
    answer = compared(tmp_path, text, text.replace("(", "('first'") + f":data rdfs:seeAlso _:n0 . {ladder} .")
    (data,) = answer.modified
    assert len(properties(data)["rdfs:seeAlso"][1]) == 2


def test_values_that_read_alike_are_told_apart(tmp_path: Path) -> None:
    before = BEFORE + ':data rdfs:comment "3" ; rdfs:seeAlso :one . :one rdfs:label "Same" . :two rdfs:label "Same" .'
    answer = compared(tmp_path, before, before.replace('rdfs:comment "3"', "rdfs:comment 3").replace("seeAlso :one", "seeAlso :two"))
    found = properties(answer.modified[0])
    assert found["rdfs:seeAlso"] == (("Same (one)",), ("Same (two)",))
    assert found["rdfs:comment"] == (('3 ("3")',), ('3 ("3"^^<http://www.w3.org/2001/XMLSchema#integer>)',))


def test_findings_and_figures(tmp_path: Path) -> None:
    answer = compared(tmp_path, BEFORE, BEFORE.replace('"Loss" ; isms:owner :cto', '"Loss"') + ":new a isms:Risk .")
    assert {(one.check, one.label) for one in answer.gained} >= {("risk-without-owner", "Loss"), ("risk-without-owner", "new")}
    figures = {one.figure: (one.before, one.after) for one in answer.figures}
    assert figures["Risks"] == (1, 2)
    assert figures["Risks without an owner"] == (0, 2)
    assert answer.fails_on("minor") and not answer.fails_on("never")
    assert not diff(small(tmp_path / "after", BEFORE), small(tmp_path / "again", BEFORE)).fails_on("ofi")


def test_two_dates(tmp_path: Path) -> None:
    text = (
        BEFORE
        + ':act a isms:TreatmentAction ; rdfs:label "Act" ; isms:owner :cto ; isms:treats :loss ; isms:dueOn "2026-12-31"^^xsd:date .'
    )
    place = workspace(tmp_path, a_ttl=text)
    answer = diff(load(place, as_of="2026-12-01"), load(place, as_of="2027-01-15"))
    assert not answer.changed
    assert "treatment-action-overdue" in {one.check for one in answer.gained}
    assert (answer.before.as_of.isoformat(), answer.after.as_of.isoformat()) == ("2026-12-01", "2027-01-15")


def test_the_stage_is_that_of_the_second_unless_two_dates_are_compared(tmp_path: Path) -> None:
    certificate = ':cert a isms:Certificate ; isms:date "2026-05-01"^^xsd:date .'
    answer = compared(tmp_path, BEFORE, BEFORE + certificate)
    assert (answer.before.stage, answer.after.stage) == ("surveillance", "surveillance")
    place = small(tmp_path / "after", BEFORE + certificate).workspace.root
    answer = diff(load(place, as_of="2026-04-01"), load(place, as_of="2026-06-01"))
    assert (answer.before.stage, answer.after.stage) == ("stage2", "surveillance")


def test_what_is_no_isms(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.ttl").write_text("<urn:a> <urn:b> <urn:c> .")
    with pytest.raises(EmptyWorkspace):
        diff(small(tmp_path / "before", BEFORE), load(other))


def _doubled(quads: list[Quad]) -> list[tuple[str, str]]:
    values = defaultdict(set)
    for quad in quads:
        if quad.predicate in load_vocabulary().functional:
            values[quad.subject, quad.predicate].add(quad.object)
    return [(str(subject), str(predicate)) for (subject, predicate), found in values.items() if len(found) > 1]


@pytest.mark.parametrize("name", ["harbour-saas", "harbour-neglected", "alder-clinics"])
def test_properties_with_one_value_have_one_in_the_demonstrations(name: str) -> None:
    assert _doubled([quad for source in load(DATA / name).sources for quad in source.quads]) == []


@pytest.mark.parametrize("kind", ["shapes", "queries"])
def test_properties_with_one_value_have_one_in_the_examples(kind: str) -> None:
    """A check that needs two values of such a property would show that it has not one by meaning."""
    plain = base().sources[0].quads
    assert _doubled(plain) == []
    wrong = {}
    for path in sorted((folder(kind) / "examples").glob("*.ttl")):
        if path.name != "base.ttl":
            one = read_example(path)
            gone = set(one.removed())
            own = [quad for quad in plain if quad not in gone] if not one.alone else []
            if found := _doubled([*own, *one.quads]):
                wrong[path.name] = found
    assert wrong == {}


def test_statements_of_nothing() -> None:
    assert Statements([]).stated == set()
