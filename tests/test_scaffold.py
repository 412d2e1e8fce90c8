"""`isms init` writes an ISMS in which nothing is done and everything has its place, scaled to size and sector."""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from conftest import Run
from pyoxigraph import Literal

import isms_graph
from isms_graph.assessment import band_of
from isms_graph.checks import check
from isms_graph.findings import Report
from isms_graph.graph import Isms, load
from isms_graph.namespaces import RDF_TYPE, RDFS_LABEL, isms
from isms_graph.phases import by_phase
from isms_graph.resources import folder
from isms_graph.scaffold import GENERAL, SECTORS, new_workspace
from isms_graph.sources.layout import laid_out
from isms_graph.statuses import status
from isms_graph.vocabulary import load_vocabulary

Command = Callable[..., Run]
START = date(2026, 11, 23)
SIZES = (1, 3, 9, 10, 30, 49, 50, 249, 250, 2000)
VOCABULARY = load_vocabulary()
# What a new organization has to do before stage 1, and no more than that.
FOUNDATION = {
    "issues-missing", "climate-change-not-determined", "issue-unused", "interested-parties-missing",
    "interested-party-without-requirement", "requirement-not-decided", "scope-missing", "top-management-missing",
    "information-security-policy-missing", "role-vacant",
}  # fmt: skip
LATER = {
    "risk-assessment-process-undocumented", "risk-criteria-missing", "risks-missing", "risk-treatment-plan-missing",
    "risk-treatment-process-undocumented", "statement-of-applicability-missing", "objectives-missing", "resources-missing",
    "communication-incomplete", "risk-assessment-missing", "metrics-missing", "audit-programme-missing",
}  # fmt: skip


def written(place: Path, people: int = 30, sector: str = GENERAL, name: str = "Acme Ltd") -> Path:
    place.mkdir(exist_ok=True)
    for file, text in new_workspace(name, people, sector, START).items():
        (place / file).write_text(text, encoding="utf-8")
    return place


def begun(place: Path, people: int = 30, sector: str = GENERAL, name: str = "Acme Ltd") -> Isms:
    return load([written(place, people, sector, name)], as_of=START)


def count(isms_: Isms, class_: str) -> int:
    return len({quad.subject for quad in isms_.store.quads_for_pattern(None, RDF_TYPE, isms(class_), None)})


def found(report: Report) -> set[str]:
    return {finding.check for finding in report.open}


@pytest.mark.parametrize("people", SIZES)
def test_at_each_size_it_is_a_list_of_what_is_to_be_done(tmp_path: Path, people: int) -> None:
    report = check(begun(tmp_path, people), "stage1")
    assert found(report) == FOUNDATION | LATER
    phases = by_phase(VOCABULARY, report.open)
    assert {one.check for one in phases[0].findings} == FOUNDATION
    assert [VOCABULARY.label(one.phase) for one in phases if one.findings] == [
        "foundation", "planning", "support", "operation", "evaluation",
    ]  # fmt: skip


@pytest.mark.parametrize("sector", SECTORS)
def test_a_sector_adds_suggestions_and_nothing_else(tmp_path: Path, sector: str) -> None:
    plain, own = begun(tmp_path / "plain"), begun(tmp_path / "own", sector=sector)
    assert found(check(own, "stage1")) == FOUNDATION | LATER
    added = {quad.subject for quad in own.store.quads_for_pattern(None, RDF_TYPE, isms("Element"), None)} - {
        quad.subject for quad in plain.store.quads_for_pattern(None, RDF_TYPE, isms("Element"), None)
    }
    assert bool(added) == (sector != GENERAL)
    for one in added:
        assert own.values(one, isms("status")) == [isms("Draft")]
        assert str(own.values(one, isms("description"))[0].value).startswith("Suggestion. ")  # type: ignore[union-attr]


def test_every_sector_has_its_folder() -> None:
    assert {one.name for one in (folder("templates") / "sectors").iterdir()} == set(SECTORS) - {GENERAL}


@pytest.mark.parametrize("people", SIZES)
def test_nothing_claims_to_be_done(tmp_path: Path, people: int) -> None:
    isms_ = begun(tmp_path, people)
    answer = status(isms_, "stage1")
    assert [one.verdict for one in answer.verbs] == ["not shown"] * 4
    there = {kind for phase in answer.phases for kind, _ in phase.present}
    assert there == {"top management", "role", "competence", "interaction"}  # described, and no more can be said of them
    assert {one.total for one in answer.life} == {0}
    for name in ("approvedOn", "approvedBy", "reviewedOn", "completedOn", "endedOn", "heldBy", "applicable", "implementationStatus"):
        assert not list(isms_.store.quads_for_pattern(None, isms(name), None, None)), name
    for class_ in ("Document", "Issue", "InterestedParty", "Requirement", "RiskCriteria", "Process", "InternalAudit", "ManagementReview"):
        for quad in isms_.store.quads_for_pattern(None, RDF_TYPE, isms(class_), None):
            assert set(isms_.values(quad.subject, isms("status"))) & {isms("Draft"), isms("Planned")}, quad.subject


def expected(subject: str, people: int) -> tuple[int, int]:
    """The least and the greatest number that the ontology gives as usual at a size."""
    band, least, most = band_of(VOCABULARY, people), 0, 10**9
    for one in VOCABULARY.instances(isms("Expectation")):
        if band in VOCABULARY.named(one, isms("forBand")) and isms(subject) in VOCABULARY.named(one, isms("expectationOn")):
            low, high, each = (VOCABULARY.text(one, isms(name)) for name in ("atLeast", "atMost", "atMostPerPerson"))
            least, most = int(low or least), min(int(high or most), people * int(each or most))
    return least, most


@pytest.mark.parametrize("people", SIZES)
def test_roles_and_documents_are_in_proportion(tmp_path: Path, people: int) -> None:
    isms_ = begun(tmp_path, people)
    for class_, subject in (("Role", "RoleCount"), ("Document", "DocumentCount")):
        least, most = expected(subject, people)
        assert least <= count(isms_, class_) <= most, class_
    labels = {isms_.label(quad.subject) for quad in isms_.store.quads_for_pattern(None, RDF_TYPE, isms("Role"), None)}
    assert "Internal auditor" in labels
    assert ("ISMS manager" in labels) == (people >= 10)
    pairs = list(isms_.store.quads_for_pattern(None, isms("incompatibleWith"), None, None))
    assert len(pairs) >= expected("SeparationOfDuties", people)[0]


def test_every_control_of_annex_a_is_undecided() -> None:
    rows = list(csv.DictReader(io.StringIO(new_workspace("Acme Ltd", 30, GENERAL, START)["soa.csv"])))
    assert len(rows) == 93
    assert [row["for control"] for row in rows][:10] == [f"A.5.{number}" for number in range(1, 11)]
    assert {row["applicable"] + row["justification"] + row["implementation status"] for row in rows} == {""}


HOSTILE = ['a "quoted" one', "back\\slash", "a\nb\tc", "Ünïcode 日本 שלום", "{start} {headcount} {name}", '"@en . :x a :y', "'''", "\x01"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_stays_a_name(tmp_path: Path, name: str) -> None:
    isms_ = begun(tmp_path, name=name)
    organization = next(iter(isms_.store.quads_for_pattern(None, RDF_TYPE, isms("Organization"), None))).subject
    assert isms_.values(organization, RDFS_LABEL) == [Literal(name)]
    assert count(isms_, "Organization") == 1
    assert re.fullmatch(r"https://[a-z0-9-]+\.example/isms/", isms_.workspace.base)


@pytest.mark.parametrize("people", [3, 30, 2000])
@pytest.mark.parametrize("sector", SECTORS)
def test_the_turtle_is_laid_out_and_no_placeholder_is_left(people: int, sector: str) -> None:
    files = new_workspace('Acme "Ltd"', people, sector, START)
    assert files == new_workspace('Acme "Ltd"', people, sector, START)
    for name, text in files.items():
        assert "{" not in text and "organization.example" not in text, name
        assert not name.endswith(".ttl") or laid_out(text) == text, name


def test_the_command(tmp_path: Path, isms_command: Command) -> None:
    place = tmp_path / "new" / "acme"
    run = isms_command("init", place, "--name", "Acme Ltd", "--headcount", 5, "--sector", "software", "--as-of", "2026-11-23")
    assert run.code == 0
    assert f"isms check {place} --as-of 2026-11-23 --stage stage1 --order phase" in run.out
    for line in re.findall(r"^  isms (.*)", run.out, re.MULTILINE):
        assert isms_command(*line.split()).code in (0, 1)
    listed = isms_command("check", place, "--as-of", "2026-11-23", "--stage", "stage1", "--order", "phase").out
    heads = ["1 FOUNDATION (clauses 4 and 5): ", "2 PLANNING (clause 6): ", "3 SUPPORT (clause 7): ", "4 OPERATION", "5 EVALUATION"]
    assert [listed.index(head) for head in heads] == sorted(listed.index(head) for head in heads)
    assert "6 IMPROVEMENT (clause 10): no findings" in listed
    assert isms_command("fmt", "--check", place).code == 0
    assert "standard.csv" in (place / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_today_is_the_day_of_begin_if_none_is_given(tmp_path: Path, isms_command: Command) -> None:
    assert isms_command("init", tmp_path / "a", "--name", "A", "--headcount", 1).code == 0
    assert date.today().isoformat() in (tmp_path / "a" / "organisation.ttl").read_text(encoding="utf-8")


@pytest.mark.parametrize("there", ["notes.txt", ".hidden", "sub/"])
def test_nothing_is_written_over(tmp_path: Path, isms_command: Command, there: str) -> None:
    (tmp_path / there).mkdir() if there.endswith("/") else (tmp_path / there).write_text("mine")
    run = isms_command("init", tmp_path, "--name", "Acme Ltd", "--headcount", 5)
    assert (run.code, len(list(tmp_path.iterdir()))) == (2, 1)
    assert "something here already" in run.err


def test_a_new_git_repository_is_empty(tmp_path: Path, isms_command: Command) -> None:
    (tmp_path / ".git").mkdir()
    assert isms_command("init", tmp_path, "--name", "Acme Ltd", "--headcount", 5).code == 0
    assert load([tmp_path]).statement_count > 500


@pytest.mark.parametrize(
    "arguments",
    [
        ("--name", " ", "--headcount", "5"),
        ("--name", "\udcff", "--headcount", "5"),
        ("--name", "A", "--headcount", "0"),
        ("--name", "A", "--headcount", "5", "--sector", "space"),
        ("--name", "A", "--headcount", "5", "--as-of", "soon"),
        ("--name", "A", "--headcount", "5", "--as-of", "9999-12-01"),
        ("--name", "A"),
    ],
)
def test_bad_input_writes_nothing(tmp_path: Path, isms_command: Command, arguments: tuple[str, ...]) -> None:
    run = isms_command("init", tmp_path / "new", *arguments)
    assert (run.code, (tmp_path / "new").exists()) == (2, False)
    assert run.err


def in_force(text: str, who: str = ":role-top") -> str:
    """The drafts of a Turtle file, approved."""
    return text.replace("isms:status isms:Draft", f'isms:status isms:Approved ; isms:version "1" ; isms:approvedBy {who} ; '
                        'isms:approvedOn "2026-12-01"^^xsd:date')  # fmt: skip


def test_what_is_done_leaves_the_list(tmp_path: Path) -> None:
    """The first phase worked off by hand: its findings go, and those of later phases stay."""
    place = written(tmp_path)
    text = {name: (place / name).read_text(encoding="utf-8") for name in ("organisation.ttl", "context.ttl", "documents.ttl", "roles.csv")}
    context = text["context.ttl"].replace(" isms:status isms:Draft ;", "").replace(" ;\n    isms:status isms:Draft", "")
    context = re.sub(r"(a isms:\w+Requirement ;)", r"\1 isms:addressedThroughIsms true ;", context)
    context += """
:req-clear a isms:OtherRequirement ; rdfs:label "Clear rules" ; isms:requiredBy :party-staff , :party-owners , :party-suppliers ;
    isms:addressedThroughIsms true .
"""
    needed = " , ".join(re.findall(r"^(:req-\S+)", context, re.MULTILINE))
    policy, _, others = text["documents.ttl"].partition("\n:doc-risk-method")
    policy = in_force(policy) + ":policy-is isms:commitsTo isms:SatisfyingRequirements , isms:ContinualImprovement .\n"
    policy += f":policy-is isms:satisfies {needed} .\n"
    issues = " , ".join(re.findall(r"^(:issue-\S+)", context, re.MULTILINE))
    scope = in_force(text["organisation.ttl"]) + f":scope isms:includes :organization ; isms:considers {issues} , {needed} .\n"
    scope += ':isms isms:climateChangeRelevant false ; isms:justification "Asked on 1 December: one office on a hill." .\n'
    held = list(csv.reader(io.StringIO(text["roles.csv"])))
    people = [row[0].replace("role", "person") for row in held[1:]]
    roles = io.StringIO()
    csv.writer(roles).writerows([held[0], *([row[0], row[1], person, *row[3:]] for row, person in zip(held[1:], people, strict=True))])
    (place / "context.ttl").write_text(context, encoding="utf-8")
    (place / "documents.ttl").write_text(f"{policy}\n:doc-risk-method{others}", encoding="utf-8")
    (place / "organisation.ttl").write_text(scope, encoding="utf-8")
    (place / "roles.csv").write_text(roles.getvalue(), encoding="utf-8")
    with (place / "people.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"{person},{person},2026-01-01,,\n" for person in people)

    answer = check(load([place], as_of="2026-12-02"), "stage1")
    phases = by_phase(VOCABULARY, answer.open)
    assert [one.message for one in phases[0].findings] == []
    assert found(answer) == LATER


def test_the_wheel_carries_the_templates() -> None:
    """The globs of pyproject.toml take every template; what is built from them is tried by scripts/wheel-test.sh."""
    root = Path(isms_graph.__file__).parent
    settings = tomllib.loads((root.parent / "pyproject.toml").read_text(encoding="utf-8"))
    globs = settings["tool"]["setuptools"]["package-data"]["isms_graph"]
    carried = {file for glob in globs for file in root.glob(glob) if file.is_file()}
    assert {file for file in folder("templates").rglob("*") if file.is_file()} <= carried
