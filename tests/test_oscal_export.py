"""What is exported is valid OSCAL, points to nothing that is not there, loses nothing of what it holds, and lists the rest."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import cmarkgfm
import pytest
from conftest import HEADER, Run
from pyoxigraph import Literal, NamedNode
from test_waivers import WAIVER, waived_isms
from trestle.core.profile_resolver import ProfileResolver
from trestle.core.validator_factory import validator_factory
from trestle.oscal.assessment_plan import AssessmentPlan
from trestle.oscal.assessment_results import AssessmentResults
from trestle.oscal.catalog import Catalog
from trestle.oscal.component import ComponentDefinition
from trestle.oscal.poam import PlanOfActionAndMilestones
from trestle.oscal.profile import Profile
from trestle.oscal.ssp import SystemSecurityPlan

from isms_graph.checks import check
from isms_graph.exporters.oscal import LEFT_OUT, Export, oscal
from isms_graph.exporters.oscal.build import CATALOG, COMPONENTS, PLAN, POAM, PROFILE, RESULTS, SSP, plain, prose, token
from isms_graph.graph import Isms, load
from isms_graph.namespaces import ISMS

DATA = Path(__file__).parent.parent / "data"
WHOLE = ("harbour-saas", "alder-clinics", "harbour-neglected")
MODELS = {
    CATALOG: Catalog, PROFILE: Profile, COMPONENTS: ComponentDefinition, SSP: SystemSecurityPlan, PLAN: AssessmentPlan,
    RESULTS: AssessmentResults, POAM: PlanOfActionAndMilestones,
}  # fmt: skip
ODD = """
:org a isms:Organization ; rdfs:label "Acme" .
:boss a isms:Role ; rdfs:label "Boss" ; isms:heldBy :ann . <https://other.example/boss> a isms:Role ; rdfs:label "Other boss" .
:ann a isms:Person ; rdfs:label "  Ann\\n*Bold*  " .
:7 a isms:Control ; rdfs:label "# <img src=x onerror=alert(1)> [a](javascript:b) {{ insert: param, p }}" ;
    isms:description "1. one\\n\\n- two\\n<script>x</script> &amp; `c` *d* _e_" , "Auf Deutsch"@de ;
    isms:owner :boss ; isms:implements iso27001:A.5.1 .
:8 a isms:Control ; rdfs:label " " ; isms:description "" ; isms:note "two\\nlines" .
[] a isms:Control ; rdfs:label "nobody" .
:laptop a isms:Asset ; rdfs:label "Laptop" ; isms:owner <https://other.example/boss> .
:set a isms:ControlSet ; rdfs:label "Other rules" . :rule a isms:ReferenceControl ; rdfs:label "OR-1 Rule" ; isms:partOf :set .
:issue a isms:InternalIssue ; rdfs:label "=1+1" .
:gone a isms:Control ; rdfs:label "Gone" ; isms:status isms:Withdrawn .
:nc a isms:Nonconformity ; rdfs:label "N" ; isms:status isms:Withdrawn .
:risk a isms:Risk ; rdfs:label "R" ; isms:treatedBy :7 ; isms:currentLevel 4 .
"""


@cache
def loaded(name: str) -> Isms:
    return load(DATA / name)


@cache
def exported(name: str) -> Export:
    return oscal(loaded(name))


def documents(export: Export) -> dict[str, Any]:
    return {name: next(iter(json.loads(content).values())) for name, content in export.files.items() if name in MODELS}


def inside(part: Any) -> Iterator[dict[str, Any]]:
    """Every object in a document."""
    if isinstance(part, dict):
        yield part
    for one in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from inside(one)


@pytest.fixture
def odd(tmp_path: Path) -> Isms:
    """An ISMS with odd names and texts."""
    (tmp_path / "isms.ttl").write_text(HEADER + ODD, encoding="utf-8")
    (tmp_path / "isms.toml").write_text('base = "https://example.org/isms/"\nas-of = 2026-06-01\n', encoding="utf-8")
    return load(tmp_path)


def valid(export: Export, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The documents of an export that trestle accepts, each by its model and by all its validators."""
    monkeypatch.chdir(folder)  # from where trestle follows what one document says of another
    found = sorted(set(export.files) & set(MODELS))
    (folder / ".trestle" / "cache").mkdir(parents=True)
    for name in found:
        (folder / name).write_bytes(export.files[name])
    for name in found:
        model = MODELS[name].oscal_read(folder / name)
        for one in validator_factory.get_all():
            assert one.model_is_valid(model, True, folder), (name, one.error_msg())
    return found


@pytest.mark.parametrize("name", WHOLE)
def test_trestle_accepts_every_document(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert valid(exported(name), tmp_path, monkeypatch) == sorted(MODELS)


def test_trestle_refuses_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export = exported("harbour-saas")
    wrong = export.files[SSP].replace(b'"control-id": "a.5.1"', b'"control-id": "5.1"', 1)
    with pytest.raises(Exception, match="control-id"):
        valid(Export({SSP: wrong}, 0, export.left_out, {}), tmp_path, monkeypatch)


@pytest.mark.parametrize("name", WHOLE)
def test_the_profile_selects_all_clauses_and_what_is_not_excluded(name: str, tmp_path: Path) -> None:
    export = exported(name)
    (tmp_path / ".trestle" / "cache").mkdir(parents=True)
    for file in (CATALOG, PROFILE):
        (tmp_path / file).write_bytes(export.files[file])
    profile = json.loads(export.files[PROFILE])
    profile["profile"]["imports"][0]["href"] = f"trestle://{CATALOG}"
    (tmp_path / PROFILE).write_text(json.dumps(profile))
    resolved = ProfileResolver.get_resolved_profile_catalog(tmp_path, str(tmp_path / PROFILE))
    chosen = [
        one["id"]
        for one in inside(json.loads(resolved.oscal_serialize_json()))
        if one.get("class") in ("clause", "annex-a") and "parts" in one
    ]
    rows = {"harbour-saas": 4, "alder-clinics": 4, "harbour-neglected": 7}
    isms_ = loaded(name)
    out = {
        plain(isms_.short(quad.object)).rpartition(":")[2].lower()
        for quad in isms_.store.quads_for_pattern(None, NamedNode("https://w3id.org/isms-graph/ns/forControl"), None, None)
        if Literal("false", datatype=NamedNode("http://www.w3.org/2001/XMLSchema#boolean"))
        in isms_.values(quad.subject, NamedNode("https://w3id.org/isms-graph/ns/applicable"))
    }
    assert len(out) == rows[name]
    assert {one for one in chosen if one.startswith("a.")} == {f"a.{number}" for number in annex_numbers()} - out
    assert sorted(one for one in chosen if one.startswith("clause-")) == sorted(clauses())
    answered = [one["control-id"] for one in documents(export)[SSP]["control-implementation"]["implemented-requirements"]]
    assert sorted(answered) == sorted(chosen)
    props = documents(export)[PROFILE]["metadata"]["props"]
    reasons = {one["value"]: one["remarks"] for one in props if one["name"] == "excluded-control"}
    assert set(reasons) == out and all(len(one) > 30 for one in reasons.values())


def annex_numbers() -> list[str]:
    return [f"{theme}.{one}" for theme, count in ((5, 37), (6, 8), (7, 14), (8, 34)) for one in range(1, count + 1)]


def clauses() -> set[str]:
    numbers = (
        "4.1 4.2 4.3 4.4 5.1 5.2 5.3 6.1 6.1.1 6.1.2 6.1.3 6.2 6.3 7.1 7.2 7.3 7.4 7.5 7.5.1 7.5.2 7.5.3 "
        "8.1 8.2 8.3 9.1 9.2 9.2.1 9.2.2 9.3 9.3.1 9.3.2 9.3.3 10.1 10.2"
    )
    return {f"clause-{number}" for number in numbers.split()}


@pytest.mark.parametrize("name", WHOLE)
def test_nothing_points_to_what_is_not_there(name: str) -> None:
    found = documents(exported(name))
    plan = {one["uuid"] for one in inside(found[SSP]) if "uuid" in one} | {one["uuid"] for one in inside(found[PLAN]) if "uuid" in one}
    statements = {one["id"] for one in inside(found[CATALOG]) if "id" in one}
    for file, document in found.items():
        here = {one["uuid"] for one in inside(document) if "uuid" in one}
        roles = {one["id"] for one in document["metadata"].get("roles", [])}
        for one in inside(document):
            for key, value in one.items():
                if key in ("component-uuid", "subject-uuid", "actor-uuid"):
                    assert value in here | plan, (file, one)
                elif key in ("risk-uuid", "observation-uuid"):
                    assert value in here, (file, one)
                elif key == "party-uuids":
                    assert set(value) <= here, (file, one)
                elif key == "role-id":
                    assert value in roles, (file, one)
                elif key == "role-ids":
                    assert set(value) <= roles, (file, one)
                elif key in ("control-id", "target-id"):
                    assert value in statements, (file, one)
                elif key == "href" and value.startswith("#"):
                    assert value[1:] in here, (file, one)
                elif key == "href" and value.endswith(".json"):
                    assert value in found, (file, one)


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_in_it_loses_no_statement_and_the_rest_is_listed(name: str) -> None:
    complete(loaded(name), exported(name))


def test_odd_names_and_texts_lose_no_statement(odd: Isms) -> None:
    complete(odd, oscal(odd))


def complete(isms_: Isms, export: Export) -> None:
    """Fails if a statement of an element that has a place in OSCAL stands nowhere with it, or an element is nowhere at all."""
    texts: dict[str, list[str]] = defaultdict(list)
    for document in documents(export).values():
        for one in inside(document):
            said = [other for other in one.get("props", []) if other["name"] in ("iri", "element")]
            for prop in said:
                texts[prop["value"]].append(json.dumps(one, ensure_ascii=False))
    rows = list(csv.DictReader(io.StringIO(export.files[LEFT_OUT].decode())))
    listed = {row["element"] for row in rows if not row["element"].startswith("without an IRI")}
    subjects = {quad.subject.value for source in isms_.sources for quad in source.quads if isinstance(quad.subject, NamedNode)}
    assert subjects - set(texts) == listed
    assert len(rows) == export.left_out.total() and all(row["why"] for row in rows)
    for source in isms_.sources:
        for quad in source.quads:
            if not isinstance(quad.subject, NamedNode) or quad.subject.value in listed:
                continue
            where = texts[quad.subject.value]
            if isinstance(quad.object, NamedNode):
                short = quad.object.value.rpartition("/")[2]
                ids = [f'"{short}"', f'"{short.lower()}"', f'"clause-{short}"']
                wanted = [json.dumps(quad.object.value)[1:-1], prose(quad.object.value), *ids]
                if quad.predicate.value.endswith("type"):
                    wanted = [json.dumps(plain(token(short)))]
            else:
                assert isinstance(quad.object, Literal)
                value = quad.object.value
                wanted = [json.dumps(text, ensure_ascii=False)[1:-1] for text in (plain(value), prose(value), prose(plain(value)))]
                if quad.object.language:
                    wanted = [text for text in wanted if any(f"lang-{quad.object.language}" in one and text in one for one in where)]
            assert any(text in one for text in wanted for one in where), quad


def test_texts_are_no_markup(odd: Isms, monkeypatch: pytest.MonkeyPatch) -> None:
    assert valid(oscal(odd), odd.workspace.root, monkeypatch) == sorted(set(MODELS) - {POAM})
    component = next(one for one in documents(oscal(odd))[COMPONENTS]["components"] if one["title"].startswith("\\#"))
    title = cmarkgfm.github_flavored_markdown_to_html(component["title"])
    assert "<img" not in title and "<a" not in title and "<h1" not in title and "{{" not in component["title"]
    assert "# &lt;img src=x onerror=alert(1)&gt; [a](javascript:b)" in title
    text = cmarkgfm.github_flavored_markdown_to_html(component["description"])
    for tag in ("<script", "<ol", "<ul", "<code", "<em"):
        assert tag not in text
    assert "&lt;script&gt;x&lt;/script&gt; &amp;amp; `c` *d* _e_" in text


def test_what_is_missing_is_said(odd: Isms) -> None:
    export = oscal(odd)
    assert POAM not in export.files and "wants an item" in export.unwritten[POAM]
    plan = documents(export)[SSP]
    first = next(one for one in plan["control-implementation"]["implemented-requirements"] if one["control-id"] == "a.5.1")
    assert first["remarks"] == "Applicability: not stated." and "implementation-status" not in first["by-components"][0]
    second = next(one for one in plan["control-implementation"]["implemented-requirements"] if one["control-id"] == "a.5.2")
    assert second["by-components"][0]["description"] == "The component that meets this is not stated."
    assert plan["system-characteristics"]["status"]["state"] == "under-development"
    rows = {row["element"]: row for row in csv.DictReader(io.StringIO(export.files[LEFT_OUT].decode()))}
    assert rows["https://example.org/isms/issue"]["name"] == "'=1+1"
    assert rows["https://example.org/isms/gone"]["why"] == "it is withdrawn, closed or cancelled"
    assert rows["https://example.org/isms/rule"]["why"] == "it is of another catalog, which is OSCAL already"
    assert rows["without an IRI, 1"]["why"] == "an element without an IRI cannot be referred to"
    assert [one["id"] for one in plan["metadata"]["roles"]] == ["owner", "approver", "boss", "boss-2"]


def test_the_plan_of_action_says_what_is_open_until_when() -> None:
    plan = documents(exported("harbour-saas"))[POAM]
    risks = {one["title"]: one for one in plan["risks"]}
    open_ = risks["Two hosts past the patch deadline"]
    assert (open_["status"], open_["deadline"]) == ("remediating", "2026-12-18T00:00:00Z")
    assert open_["statement"].startswith("Cause: Hosts of the old reporting job are outside")
    assert next((one["lifecycle"], one["title"]) for one in open_["remediations"]) == ("completed", "Correction")
    closed = risks["Two suppliers without security terms"]
    assert closed["status"] == "closed" and "deadline" not in closed
    assert len(closed["related-observations"]) == 2  # the finding that prompted it, and the review of whether the action worked
    assert len([one for one in plan["poam-items"] if any(p["value"].rpartition("/")[2].startswith("nc-") for p in one["props"])]) == 10


def test_results_hold_each_finding_once_and_speak_against_no_clause_for_what_is_only_a_suggestion() -> None:
    results = documents(exported("harbour-neglected"))[RESULTS]["results"][0]
    severities = {one["uuid"]: next(p["value"] for p in one["props"] if p["name"] == "severity") for one in results["observations"]}
    report = check(loaded("harbour-neglected"))
    assert sorted(severities.values()) == sorted(finding.severity for finding in report.findings) and len(severities) > 200
    related = [one["observation-uuid"] for finding in results["findings"] for one in finding["related-observations"]]
    states = {one["uuid"]: next(p["value"] for p in one["props"] if p["name"] == "state") for one in results["observations"]}
    assert sorted(related) == sorted(one for one, severity in severities.items() if severity != "ofi" and states[one] == "open")
    assert {one["target"]["status"]["state"] for one in results["findings"]} == {"not-satisfied"}
    assert "findings" not in documents(exported("harbour-saas"))[RESULTS]["results"][0]


def test_a_waived_finding_is_an_observation_and_speaks_against_nothing() -> None:
    isms_ = replace(waived_isms(WAIVER), stage="surveillance")
    result = documents(oscal(isms_))[RESULTS]["results"][0]
    waived = [one for one in result["observations"] if {"name": "state", "ns": ISMS, "value": "waived"} in one["props"]]
    assert [one["links"][0]["href"] for one in waived] == ["https://example.org/isms/control-mfa"]
    assert any(prop["name"] == "waiver" and prop["remarks"] == "New provider." for prop in waived[0]["props"])
    related = [one["observation-uuid"] for finding in result.get("findings", []) for one in finding["related-observations"]]
    assert waived[0]["uuid"] not in related


def test_the_same_files_and_date_give_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, isms_command: Callable[..., Run]
) -> None:
    shutil.copytree(DATA / "harbour-saas", tmp_path / "a copy")
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    done = isms_command("oscal", "export", tmp_path / "out", tmp_path / "a copy")
    assert (done.code, done.err) == (0, "")
    written = {one.name: one.read_bytes() for one in (tmp_path / "out").iterdir()}
    assert written == exported("harbour-saas").files
    again = isms_command("oscal", "export", tmp_path / "out", tmp_path / "a copy", "--as-of", "2026-11-24")
    assert again.code == 0
    changed = {one.name: json.loads(one.read_bytes()) for one in (tmp_path / "out").iterdir() if one.name in MODELS}
    for name, document in documents(exported("harbour-saas")).items():
        assert next(iter(changed[name].values()))["uuid"] != document["uuid"], name


def test_what_is_no_earlier_export_is_left_alone(tmp_path: Path, isms_command: Callable[..., Run], odd: Isms) -> None:
    out = tmp_path / ".." / f"{tmp_path.name}-out"
    assert isms_command("oscal", "export", out, odd.workspace.root).err.startswith(f"Not written: {POAM}, since there is neither")
    (out / SSP).write_text("mine")
    done = isms_command("oscal", "export", out, odd.workspace.root)
    assert done.code == 2 and f"not of the OSCAL export, or were changed since: {SSP}." in done.err
    assert (out / SSP).read_text() == "mine"
