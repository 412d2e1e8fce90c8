"""The statuses that `isms explain` says are left alone are: with one of them, nothing is reported any more."""

from __future__ import annotations

import pytest
from conftest import example
from pyoxigraph import NamedNode, Quad

from isms_graph.catalogue import load_catalogue
from isms_graph.checks import check
from isms_graph.explain import explain
from isms_graph.namespaces import isms
from isms_graph.shacl.spared import spared
from isms_graph.waivers import UNMATCHED

CATALOGUE = load_catalogue()
SPARING = {name: found for name, one in CATALOGUE.checks.items() if (found := spared(CATALOGUE.shapes, one.iri))}


def test_most_checks_leave_something_alone() -> None:
    assert len(SPARING) > 150
    facts = dict(explain("document-not-reviewed").facts)
    assert facts["Left alone"] == "What has the status draft, withdrawn, planned, in progress or cancelled."
    assert "Left alone" not in dict(explain("risks-missing").facts)


@pytest.mark.parametrize("name", sorted(SPARING.keys() - {UNMATCHED}))
def test_what_is_left_alone_is_not_reported(name: str) -> None:
    failing = example(f"{name}.fail.ttl")
    isms_, only = failing.isms(), CATALOGUE.select([name])
    focus = NamedNode(check(isms_, failing.stage, catalogue=only).findings[0].focus)
    for quad in list(isms_.store.quads_for_pattern(focus, isms("status"), None, None)):
        isms_.store.remove(quad)
    last = max(SPARING[name], key=str)
    isms_.store.add(Quad(focus, isms("status"), last))
    assert focus.value not in {finding.focus for finding in check(isms_, failing.stage, catalogue=only).findings}, last
