"""What a change affects: how far a path goes, which way, and why; on small graphs and on the demonstration organisation."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import DATA, Run, base, workspace
from pyoxigraph import NamedNode

from isms_graph.edges import carriers, edges_of
from isms_graph.graph import Isms, load
from isms_graph.impacts import impact, sentence, why
from isms_graph.namespaces import isms
from isms_graph.queries import query
from isms_graph.vocabulary import load_vocabulary

Command = Callable[..., Run]
CHAIN = """
:req a isms:Requirement ; rdfs:label "New requirement" .
:risk a isms:Risk ; isms:arisesFrom :req ; isms:treatedBy :control .
:entry a isms:SoAEntry ; isms:forControl iso27001:A.8.5 .
:control a isms:Control ; isms:implements iso27001:A.8.5 ; isms:owner :role .
:other-risk a isms:Risk ; isms:treatedBy :control .
:doc a isms:Document ; isms:describes :control .
:training a isms:Training ; isms:teaches :control .
:process a isms:Process ; isms:operates :control , :other-control .
:next a isms:Process . :flow a isms:Interaction ; isms:from :process ; isms:to :next .
:other-control a isms:Control .
:finding a isms:Finding ; isms:against :control , iso27001:A.8.5 .
:role a isms:Role ; isms:heldBy :ana . :ana a isms:Person ; rdfs:label "Ana" .
"""


def small(tmp_path: Path, text: str = CHAIN) -> Isms:
    return load(workspace(tmp_path, a_ttl=text, isms_toml='base = "https://example.org/isms/"'))


def reached(isms_: Isms, what: str, **options: object) -> dict[str, int]:
    """Short name -> hops."""
    return {one.node.rsplit("/", 1)[1]: one.hops for one in impact(isms_, what, **options).affected}  # type: ignore[arg-type]


def test_a_requirement_reaches_risks_then_controls_then_what_serves_them(tmp_path: Path) -> None:
    assert reached(small(tmp_path), "New requirement") == {"risk": 1, "control": 2, "entry": 2, "doc": 3, "training": 3, "process": 3}


def test_it_does_not_climb_from_the_control_to_other_risks(tmp_path: Path) -> None:
    assert "other-risk" not in reached(small(tmp_path), "req")


def test_a_control_puts_its_risks_in_question_and_stops_there(tmp_path: Path) -> None:
    found = reached(small(tmp_path, CHAIN + ":third a isms:Control . :risk isms:treatedBy :third ."), "control")
    assert found["risk"] == found["other-risk"] == found["entry"] == 1
    assert not {"ana", "third"} & set(found)


def test_a_process_alerts_the_next_process_and_puts_its_controls_in_question(tmp_path: Path) -> None:
    found = reached(small(tmp_path), "process")
    assert found["next"] == found["control"] == found["other-control"] == 1
    assert found["risk"] == 2


def test_a_path_ends_at_a_process_that_it_reaches(tmp_path: Path) -> None:
    assert not {"next", "other-control"} & set(reached(small(tmp_path), "control"))


def test_a_person_alerts_what_their_roles_own_and_nothing_further(tmp_path: Path) -> None:
    assert reached(small(tmp_path), "Ana") == {"role": 1, "control": 2}


def test_a_finding_reaches_through_its_control_and_not_through_the_annex(tmp_path: Path) -> None:
    found = reached(small(tmp_path, CHAIN + ":far a isms:Control ; isms:implements iso27001:A.8.5 ."), "finding")
    assert found["control"] == 1
    assert not {"far", "A.8.5"} & set(found)


def test_what_depends_on_a_thing_fails_with_it_however_far_with_its_risks_and_not_with_its_controls(tmp_path: Path) -> None:
    text = ":host a isms:Asset . :db a isms:Asset ; isms:dependsOn :host . :app a isms:Asset ; isms:dependsOn :db . "
    text += ":outage a isms:Risk ; isms:concernsAsset :app . :guard a isms:Control ; isms:protects :app . "
    text += ":lock a isms:Control ; isms:protects :host ."
    assert reached(small(tmp_path, text), "host") == {"db": 1, "lock": 1, "app": 2, "outage": 3}


def test_an_annex_a_control_as_origin(tmp_path: Path) -> None:
    found = reached(small(tmp_path), "A.8.5")
    assert found["entry"] == found["control"] == 1


def test_backwards_tells_why_we_have_it(tmp_path: Path) -> None:
    found = reached(small(tmp_path), "control", direction="affected-by")
    assert found["entry"] == found["risk"] == found["process"] == found["A.8.5"] == found["role"] == found["doc"] == 1
    assert found["req"] == 2
    assert "training" not in found


def test_what_is_settled_is_no_reason(tmp_path: Path) -> None:
    isms_ = small(tmp_path, CHAIN + ":old a isms:Change ; isms:changes :control ; isms:status isms:Completed .")
    assert "old" not in reached(isms_, "control", direction="affected-by")
    assert reached(isms_, "old")["control"] == 1, "asked for itself it still answers"


def test_several_origins_are_one_question(tmp_path: Path) -> None:
    isms_ = small(tmp_path)
    answer = impact(isms_, ["req", "control"])
    assert [one.label for one in answer.origins] == ["New requirement", "control"]
    found = {one.node.rsplit("/", 1)[1]: one.hops for one in answer.affected}
    assert found == {"risk": 1, "other-risk": 1, "entry": 1, "doc": 1, "training": 1, "process": 1}
    assert [one[:4] for one in impact(isms_, ["req", "req"]).affected] == [one[:4] for one in impact(isms_, "req").affected]


def strengths(isms_: Isms, what: str) -> dict[str, str]:
    return {one.node.rsplit("/", 1)[1]: one.strength for one in impact(isms_, what).affected}


def test_a_path_is_as_strong_as_its_weakest_link(tmp_path: Path) -> None:
    found = strengths(small(tmp_path), "req")
    assert (found["risk"], found["doc"], found["training"], found["process"]) == ("strong", "strong", "moderate", "moderate")
    assert set(strengths(small(tmp_path), "Ana").values()) == {"strong", "weak"}


def test_of_the_shortest_paths_the_strongest_counts(tmp_path: Path) -> None:
    text = ":x a isms:Requirement . :c1 a isms:Control ; isms:satisfies :x . :r a isms:Risk ; isms:arisesFrom :x ; isms:treatedBy :c2 . "
    text += ":c2 a isms:Control . :d a isms:Document ; isms:describes :c1 , :c2 ."
    isms_ = small(tmp_path, text)
    assert strengths(isms_, "x")["d"] == "strong"
    weak_first = small(tmp_path, text.replace(":d a isms:Document ; isms:describes :c1 , :c2", ":t a isms:Training ; isms:teaches :c1"))
    assert strengths(weak_first, "x")["t"] == "moderate"


def test_removal_says_what_is_left(tmp_path: Path) -> None:
    isms_ = small(tmp_path, CHAIN + ':risk isms:treatedBy :spare . :spare a isms:Control ; rdfs:label "Spare" .')
    actions = {one.node.rsplit("/", 1)[1]: one.action for one in impact(isms_, "control", change="removal").affected}
    assert actions["risk"].startswith("See whether what is left will do: Spare. If not: treat the risk")
    assert actions["other-risk"].endswith("Nothing else is left.")
    gone = {one.node.rsplit("/", 1)[1]: one.action for one in impact(isms_, ["control", "spare"], change="removal").affected}
    assert gone["risk"].endswith("Nothing else is left.")
    assert impact(isms_, "control").affected[0].action != actions["risk"]


def test_who_is_only_alerted_is_told_so(tmp_path: Path) -> None:
    actions = {one.node.rsplit("/", 1)[1]: one.action for one in impact(small(tmp_path), "Ana").affected}
    assert actions["control"].startswith("See that the owner knows")


def test_last_review(tmp_path: Path) -> None:
    text = ':a a isms:Asset . :r a isms:Risk ; isms:concernsAsset :a ; isms:reviewedOn "2026-01-05"^^xsd:date , "2999-01-05"^^xsd:date ; '
    text += 'isms:assessedIn :ra . :ra a isms:RiskAssessment ; isms:date "2026-03-01"^^xsd:date .'
    assert [one.reviewed for one in impact(small(tmp_path, text), "a").affected] == ["2026-03-01"]


def test_backwards_and_forwards_agree() -> None:
    isms_ = base()
    elements = sorted((node.value for node in isms_.elements()), key=str)[::7]
    done = {node.value for node in edges_of(isms_).settled if isinstance(node, NamedNode)}
    assert done & set(elements)
    elements = [one for one in elements if one not in done]
    forward = {(one, other.node, other.hops) for one in elements for other in impact(isms_, one).affected if other.node in elements}
    backward = {
        (other.node, one, other.hops) for one in elements for other in impact(isms_, one, "affected-by").affected if other.node in elements
    }
    assert forward == backward
    assert forward


def test_what_is_settled_is_not_reached(tmp_path: Path) -> None:
    found = reached(small(tmp_path, CHAIN + ":control isms:status isms:Withdrawn ."), "req")
    assert "control" not in found
    assert "doc" not in found


def test_hops_bound_the_answer(tmp_path: Path) -> None:
    assert set(reached(small(tmp_path), "req", hops=1)) == {"risk"}


def test_paths_join_origin_and_end() -> None:
    isms_ = base()
    for direction in ("affects", "affected-by"):
        answer = impact(isms_, "Nightly backup", direction)
        assert answer.affected
        for one in answer.affected:
            assert len(one.path) == one.hops
            ends = (answer.origin, one.node) if direction == "affects" else (one.node, answer.origin)
            assert (one.path[0].cause, one.path[-1].effect) == ends
            for step, following in zip(one.path, one.path[1:], strict=False):
                assert step.effect == following.cause
            for step in one.path:
                assert {step.subject, step.object} == {step.cause, step.effect}


def test_every_step_is_a_statement_of_the_graph() -> None:
    isms_ = base()
    for one in impact(isms_, "Phishing").affected:
        for step in one.path:
            statement = (NamedNode(step.subject), NamedNode(step.property), NamedNode(step.object))
            assert list(isms_.store.quads_for_pattern(*statement))


def test_order_is_by_hops_then_class_then_iri() -> None:
    affected = impact(base(), "Phishing").affected
    assert list(affected) == sorted(affected, key=lambda one: (one.hops, one.class_, one.node))


def test_actions_and_owners() -> None:
    by_label = {one.label: one for one in impact(base(), "Phishing").affected}
    risk = by_label["An account is taken over by phishing"]
    assert risk.action.startswith("Reassess the risk")
    assert risk.owner == "Head of operations (Cleo Marsh)"
    assert risk.clause == "6.1.2"


def test_owners_who_left_are_not_named() -> None:
    isms_ = base(':cleo isms:leftOn "2026-06-01"^^xsd:date .')
    assert next(one for one in impact(isms_, "Phishing").affected if one.class_ == "isms:Risk").owner == "Head of operations"


def test_why_gives_every_shortest_path_as_sentences() -> None:
    isms_ = base()
    paths = why(isms_, "Phishing", "Operations handbook")
    assert len(paths) == 2
    assert all(len(path) == 3 for path in paths)
    texts = [sentence(isms_, step) for step in paths[0]]
    assert texts[0] == 'The risk "An account is taken over by phishing" arises from the threat "Phishing"'
    assert why(isms_, "Operations handbook", "Phishing") == []
    assert why(isms_, "Operations handbook", "Phishing", "affected-by")


def test_every_property_that_carries_impact_reads_as_a_sentence() -> None:
    vocabulary = load_vocabulary()
    properties = {carrier.property for carrier in carriers(vocabulary)}
    assert len(properties) > 25
    for property_ in properties:
        assert vocabulary.objects(property_, isms("strength")), property_
        assert vocabulary.text(property_, isms("strengthBecause")).endswith("."), property_
        text = vocabulary.text(property_, isms("readsAs"))
        assert text.count("{subject}") == text.count("{object}") == 1, property_


def test_names(tmp_path: Path) -> None:
    isms_ = small(tmp_path)
    wanted = reached(isms_, "req")
    for name in ("https://example.org/isms/req", ":req", "req", "New requirement", "new REQUIREMENT"):
        assert reached(isms_, name) == wanted


def test_cycles_self_links_and_diamonds_end(tmp_path: Path) -> None:
    text = ":a a isms:Asset ; isms:dependsOn :b , :a , :c . :b a isms:Asset ; isms:dependsOn :d . "
    text += ":c a isms:Asset ; isms:dependsOn :d . :d a isms:Asset ; isms:dependsOn :a ."
    isms_ = small(tmp_path, text)
    assert reached(isms_, "d") == {"b": 1, "c": 1, "a": 2}
    assert len(why(isms_, "d", "a")) == 2


def test_a_chain_of_ten_thousand_needs_no_recursion(tmp_path: Path) -> None:
    text = "".join(f":n{n} a isms:Asset ; isms:dependsOn :n{n - 1} .\n" for n in range(1, 10_000)) + ":n0 a isms:Asset ."
    isms_ = small(tmp_path, text)
    begin = time.perf_counter()
    assert len(impact(isms_, "n0", hops=9_000).affected) == 9_000
    assert len(why(isms_, "n0", "n9999")[0]) == 9_999
    assert time.perf_counter() - begin < 20


def test_no_effect_says_so_and_exits_0(isms_command: Command, tmp_path: Path) -> None:
    run = isms_command("impact", "r", workspace(tmp_path, a_ttl=":r a isms:Risk .", isms_toml='base = "https://example.org/isms/"'))
    assert run.code == 0
    assert "reaches nothing else" in run.out


def test_why_an_annex_a_control_is_in_is_said_by_its_entry(isms_command: Command) -> None:
    run = isms_command("impact", "A.8.13", DATA / "harbour-saas", "--direction", "affected-by")
    assert run.code == 0
    assert "isms impact soa-A.8.13" in run.out.replace("\n", " ") or "isms impact 'A.8.13 Information backup'" in run.out.replace("\n", " ")


def test_json_has_the_stable_form(isms_command: Command) -> None:
    run = isms_command("impact", "EU data residency", DATA / "harbour-saas", "--output", "json")
    answer = json.loads(run.out)
    assert set(answer) == {"origin", "origins", "direction", "change", "affected"}
    assert set(answer["affected"][0]) == {
        "node", "label", "class", "clause", "hops", "strength", "path", "action", "owner", "reviewed"
    }  # fmt: skip
    assert set(answer["affected"][0]["path"][0]) == {"from", "property", "to"}


def answered(isms_: Isms, origin: str) -> set[str]:
    """What the saved query gives."""
    return {str(record["element"]) for record in query(isms_, "what-hangs-on", origin=origin).records()}


@pytest.mark.parametrize("number", range(0, 200, 13))
def test_the_saved_query_agrees_on_everything(number: int) -> None:
    isms_ = base()
    origin = sorted(node.value for node in isms_.elements())[number]
    assert answered(isms_, origin) == {one.node for one in impact(isms_, origin).affected}


def test_data_residency(harbour: Isms) -> None:
    """The question that the product is named for, end to end: in this order of distance, and little else.

    The contract is also the stated reason of some SoA entries, which are therefore as near as the risks; on the whole
    the chain of the guidance holds: risks, SoA entries, controls, then documents, trainings and processes.
    """
    answer = impact(harbour, "EU data residency")
    hops: dict[str, list[int]] = {}
    for one in answer.affected:
        kind = "Training" if "Training" in one.class_ else one.class_.removeprefix("isms:")
        hops.setdefault(kind, []).append(one.hops)
    nearest = {kind: min(found) for kind, found in hops.items()}
    mean = {kind: sum(found) / len(found) for kind, found in hops.items()}
    assert nearest["Risk"] <= nearest["SoAEntry"] < nearest["Control"] < nearest["Document"] == nearest["Process"]
    assert mean["Risk"] < mean["SoAEntry"] < mean["Control"] < min(mean["Document"], mean["Training"], mean["Process"])
    assert answer.share < 0.15
    labels = {one.label.lower() for one in answer.affected}
    assert not any("phishing" in label for label in labels)
    assert all(one.action for one in answer.affected)


def test_the_printed_order_is_that_of_the_guidance(isms_command: Command) -> None:
    out = isms_command("impact", "EU data residency", DATA / "harbour-saas").out
    places = [out.index(f"\n  {kind} (") for kind in ("risk", "SoA entry", "control", "document", "process")]
    assert places == sorted(places)


@pytest.mark.parametrize("what", ["EU data residency", "Amazon Web Services"])
def test_the_command_that_is_suggested_can_be_typed_as_it_stands(isms_command: Command, what: str) -> None:
    """With the workspace, and with an IRI where a label is that of several elements."""
    out = isms_command("impact", what, DATA / "harbour-saas").out
    program, *arguments = shlex.split(out.rpartition("Why the last one is here: ")[2].replace("\n", " "))
    run = isms_command(*arguments)
    assert (program, run.code) == ("isms", 0)
    assert "No path" not in run.out


def test_what_stands_in_may_be_a_document_beside_a_policy(tmp_path: Path) -> None:
    text = ":c a isms:Control . :p a isms:Policy ; isms:prescribes :c . :d a isms:Document ; isms:prescribes :c ."
    isms_ = small(tmp_path, text)
    for gone, left in (("d", "p"), ("p", "d")):
        assert f"will do: {left}." in next(one.action for one in impact(isms_, gone, change="removal").affected if one.label == "c")


def test_a_role_that_is_vacated_hands_over_and_one_that_is_not_does_not(tmp_path: Path) -> None:
    text = CHAIN + ':role isms:heldBy :bo . :bo a isms:Person ; rdfs:label "Bo" .'
    isms_ = small(tmp_path, text)
    one = {each.label: each.action for each in impact(isms_, "Ana", change="removal").affected}
    both = {each.label: each.action for each in impact(isms_, ["Ana", "Bo"], change="removal").affected}
    assert one["role"].startswith("See whether what is left will do: Bo.")
    assert both["role"] == "Name who holds the role now. Nothing else is left."
    assert both["control"].startswith("Its owner leaves")
    assert not one["control"].startswith("Its owner leaves")
