"""Single faults in clean data are noticed, broken checks are noticed, and the tool itself notices when nothing is.

A small sample; `make mutants` tries more. What need not be noticed is declared in docs/mutants.md.
"""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest
from pyoxigraph import Quad

from isms_graph.catalogue import Catalogue, load_catalogue
from isms_graph.checks import check
from isms_graph.errors import InputError, Problems
from isms_graph.shacl import sparql
from isms_graph.shacl.compiler import compile_shape
from isms_graph.shacl.model import ShapesGraph, targeted_shapes
from isms_graph.vocabulary import load_vocabulary
from mutants.breaks import broken
from mutants.declared import read_declarations, same_meaning
from mutants.faults import Fault, Faults, sample
from mutants.rechecks import REFUSED, Recheck, organisations
from mutants.report import stale
from mutants.trials import Trial, Trials, trials_of

SEED, FAULTS, CHECKS = 7, 60, 12
CATALOGUE = load_catalogue()
DECLARED = read_declarations()
# The tree of a query is broken in these ways; each has to be noticed at every check.
ALWAYS_NOTICED = ("misspell target", "misspell term", "drop constraint")


@cache
def prepared(name: str) -> tuple[Recheck, list[Fault]]:
    recheck = Recheck(name)
    return recheck, list(Faults(recheck.isms, SEED).all())


@pytest.mark.parametrize("name", organisations())
def test_single_faults_are_noticed(name: str) -> None:
    recheck, possible = prepared(name)
    asked = [fault for fault in possible if DECLARED.neutral_number(fault) is None and DECLARED.missed_number(fault) is None]
    tried = sample(asked, lambda _: None, FAULTS // len(organisations()), SEED)
    missed = [" ".join([*fault.key, *map(str, fault.gone[:1]), *map(str, fault.put[:1])]) for fault in tried if not recheck.notice(fault)]
    assert missed == [], "an auditor would see these; declare them in docs/mutants.md only if that is not so"


@pytest.mark.parametrize("name", organisations())
def test_sample_asks_more_than_it_spares(name: str) -> None:
    tried = sample(prepared(name)[1], DECLARED.neutral_number, 2000, SEED)
    assert len(tried) == len(set(tried)) == 2000
    assert sum(DECLARED.neutral_number(fault) is not None for fault in tried) < 2000 / 3
    assert {fault.class_ for fault in tried} == {fault.class_ for fault in prepared(name)[1]}, "no class is left out"


def test_every_declaration_is_about_something() -> None:
    possible = [fault for name in organisations() for fault in prepared(name)[1]]
    neutral = {DECLARED.neutral_number(fault) for fault in possible}
    missed = {DECLARED.missed_number(fault) for fault in possible}
    assert [row for number, row in enumerate(DECLARED.neutral) if number not in neutral] == []
    assert [row for number, row in enumerate(DECLARED.missed) if number not in missed] == []
    assert all(len(row.reason) > 10 for row in (*DECLARED.neutral, *DECLARED.missed))
    assert list(stale([], DECLARED)), "declarations that were not met are reported"


def test_without_checks_every_fault_is_missed() -> None:
    recheck = Recheck(organisations()[0], Catalogue({}, ShapesGraph([])))
    assert recheck.queries == []
    tried = sample(prepared(organisations()[0])[1], lambda _: None, 8, SEED)
    noticed = [recheck.notice(fault) for fault in tried]
    assert set(noticed) <= {"", REFUSED}, "only loading is left to refuse anything"
    assert "" in noticed


def test_a_recheck_finds_what_a_check_finds() -> None:
    """The store with a fault put in is that of the faulty organisation loaded from nothing, and so are the findings."""
    recheck, possible = prepared(organisations()[0])
    clean = set(recheck.isms.store)
    for fault in sample(possible, lambda _: None, 6, SEED + 1):
        try:
            loaded = recheck.with_fault(fault)
        except (InputError, Problems):
            assert recheck.notice(fault) == REFUSED
            continue
        findings = check(loaded, recheck.stage).findings
        with recheck.faulty(fault):
            assert set(recheck.isms.store) == set(loaded.store)
        noticed = recheck.notice(fault)
        assert bool(noticed) == bool(findings)
        assert not findings or noticed in {finding.check for finding in findings}
    assert set(recheck.isms.store) == clean, "what was put in is taken out again"


def test_a_fault_changes_what_it_says() -> None:
    recheck, possible = prepared(organisations()[0])
    before = {Quad(q.subject, q.predicate, q.object) for source in recheck.isms.sources for q in source.quads}
    for fault in sample(possible, lambda _: None, 12, SEED + 2):
        try:
            faulty = recheck.with_fault(fault)
        except (InputError, Problems):
            continue
        after = {Quad(q.subject, q.predicate, q.object) for source in faulty.sources for q in source.quads}
        assert before - after == set(fault.gone) - set(fault.put)
        assert after - before == set(fault.put) - before


def test_every_check_is_compiled() -> None:
    """What the compiler refuses is slower by far; a break that leads there counts as noticed."""
    for shape in targeted_shapes(CATALOGUE.shapes):
        assert list(compile_shape(shape))


@cache
def broken_checks() -> list[Trial]:
    ids = list(CATALOGUE.checks)
    chosen = [id_ for number, id_ in enumerate(ids) if number % (len(ids) // CHECKS) == SEED % 5]
    return [trial for id_ in chosen for trial in trials_of(id_, limit=24, seed=SEED)]


def test_misspelt_checks_are_noticed() -> None:
    trials = [trial for trial in broken_checks() if trial.kind in ALWAYS_NOTICED]
    assert len(trials) > 50
    assert [trial for trial in trials if not trial.noticed] == []


def test_broken_checks_are_noticed() -> None:
    trials = [trial for trial in broken_checks() if trial.kind not in ALWAYS_NOTICED]
    asked = [trial for trial in trials if (trial.check, trial.kind, trial.what) not in same_meaning()]
    missed = [trial for trial in asked if not trial.noticed]
    assert len(asked) > 120
    assert missed == [], "an edge is missing, or a part of a check that says nothing should go"


def test_a_check_that_means_the_same_is_not_noticed_and_one_that_does_not_is() -> None:
    trials = Trials("risk-without-owner", CATALOGUE, load_vocabulary())
    assert trials.notice(trials.plain) == ""
    assert trials.notice(ShapesGraph([])) != ""


def test_ways_to_break_a_query() -> None:
    query = """SELECT $this WHERE {
        $this isms:date|isms:endedOn ?date . [] isms:asOf ?today ; isms:stage [ a isms:Stage ; isms:expects isms:X ] .
        FILTER (?date < ?today && ?date IN (1, 2)) OPTIONAL { $this isms:owner ?owner }
        { $this isms:p [] } UNION { $this isms:q ?r , ?s } FILTER NOT EXISTS { $this isms:status isms:Draft } }"""
    forms = list(broken(query))
    kinds = {form.kind for form in forms}
    assert kinds >= {
        "drop pattern", "drop alternative", "drop filter", "drop optional", "drop branch", "drop list member", "flip comparison",
        "turn EXISTS round", "swap and with or", "misspell term",
    }  # fmt: skip
    plain = sparql.write_select(sparql.parse_select(query))
    for form in forms:
        assert sparql.write_select(sparql.parse_select(form.text)) != plain
    texts = [form.text for form in forms]
    assert len(texts) == len(set(texts)), "each break is another one"
    dropped = {form.what for form in forms if form.kind == "drop pattern"}
    assert dropped >= {"[ ] isms:asOf ?today", "[ a isms:Stage ]", "[ isms:expects isms:X ]", "?this isms:q ?r", "?this isms:q ?s"}
    assert {form.what.split(" in ")[0] for form in forms if form.kind == "drop alternative"} == {"isms:date", "isms:endedOn"}


def test_what_is_repeated_inside_exists_for_the_compiler_is_not_dropped() -> None:
    query = """SELECT $this WHERE {
        [] isms:asOf ?today . [] isms:reviews $this ; isms:effective false ; isms:date ?date . $this isms:corrects ?case .
        FILTER NOT EXISTS {
            [] isms:asOf ?today . [] isms:reviews $this ; isms:date ?date . [] isms:date ?later .
            $this isms:corrects ?case ; isms:owner [] .
            FILTER (?later > ?date && ?later <= ?today)
        } }"""
    dropped = Counter(form.what for form in broken(query) if form.kind == "drop pattern")
    assert dropped["[ ] isms:date ?later"] == 1
    assert dropped["[ ] isms:asOf ?today"] == dropped["[ ] isms:reviews ?this"] == dropped["[ ] isms:date ?date"] == 1, "outside only"
    assert dropped["?this isms:corrects ?case"] == 1
    assert dropped["?this isms:owner [ ]"] == 1


def test_what_all_branches_around_exists_say_is_not_dropped_inside() -> None:
    query = """SELECT $this WHERE {
        { $this isms:date ?date ; isms:owner [] } UNION { $this isms:date ?date ; isms:status isms:Draft } $this isms:p ?q .
        FILTER NOT EXISTS {
            $this isms:date ?date ; isms:status isms:Draft ; isms:p [] . [] isms:date ?later . FILTER (?later > ?date)
        } }"""
    dropped = Counter(form.what for form in broken(query) if form.kind == "drop pattern")
    assert dropped["?this isms:date ?date"] == 2, "once in each branch"
    assert dropped["?this isms:status isms:Draft"] == 2, "one branch says it, and EXISTS"
    assert dropped["?this isms:p [ ]"] == 0, "it is some ?q"


def test_what_is_said_to_mean_the_same_belongs_to_a_check() -> None:
    assert {check_ for check_, _, _ in same_meaning()} <= set(CATALOGUE.checks)
