"""The compiled engine against the reference: the same rows on every example, on both demonstrations, on generated ISMS.

`make test` asks of each example its own check and those that it expects, and of the demonstrations and of each generated
ISMS a share of the checks, in turn; CI asks everything of the neglected organisation, and `make differential` of all.
"""

from __future__ import annotations

import os
import random
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import DATA, example

from isms_graph.assessment import assess
from isms_graph.catalogue import load_catalogue
from isms_graph.checks import selected_shapes
from isms_graph.examples import Example
from isms_graph.graph import Isms, load
from isms_graph.resources import folder
from isms_graph.shacl.compiled import CompiledEngine
from isms_graph.shacl.engine import Row
from isms_graph.shacl.reference import ReferenceEngine
from isms_graph.sources.workspace import STAGES
from isms_graph.waivers import UNMATCHED

CATALOGUE = load_catalogue()
EXAMPLES = sorted((folder("shapes") / "examples").glob("*.*.ttl"))
FAILING = [path for path in EXAMPLES if path.name.endswith(".fail.ttl")]
GENERATED = 12
ALL = bool(os.environ.get("DIFFERENTIAL"))


def rows(isms_: Isms, stage: str, checks: set[str]) -> tuple[set[Row], set[Row]]:
    """What both engines find by some checks: compiled, reference."""
    assess(isms_, stage)
    shapes = selected_shapes(CATALOGUE.select(checks))
    return CompiledEngine().validate(shapes, isms_.store).rows, ReferenceEngine().validate(shapes, isms_.store).rows


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples(path: Path) -> None:
    one = example(path.name)
    checks = {one.check} | {name for name, _ in one.expected}
    compiled, reference = rows(one.isms(), one.stage, set(CATALOGUE.checks) if ALL else checks)
    assert compiled == reference
    assert bool(compiled) == (not one.passing) or one.check == UNMATCHED, "waivers in use are taken off its list afterwards"


@pytest.mark.parametrize("name", ["harbour-saas", "harbour-neglected"])
def test_demonstration_organisations(name: str) -> None:
    whole = ALL or (name == "harbour-neglected" and os.environ.get("CI"))
    asked = set(CATALOGUE.checks) if whole else set(list(CATALOGUE.checks)[::6])
    compiled, reference = rows(load(DATA / name), "surveillance", asked)
    assert compiled == reference
    assert bool(compiled) == (name == "harbour-neglected")


@pytest.mark.parametrize("seed", range(GENERATED))
def test_generated_organisations(seed: int) -> None:
    """The complete little ISMS with a dozen defects at once, every fiftieth statement lost, at another date and stage."""
    chance = random.Random(seed)  # noqa: S311 - for variety, not for secrets
    defects = [example(path.name) for path in chance.sample(FAILING, 12)]
    several = Example(EXAMPLES[0], f"generated-{seed}", passing=False, classless=True)
    several.removals = [removal for one in defects for removal in one.removals]
    several.quads = [quad for one in defects for quad in one.quads if chance.random() > 0.02]
    several.as_of += timedelta(days=chance.randrange(-700, 700))
    asked = set(CATALOGUE.checks) if ALL else set(list(CATALOGUE.checks)[seed % 6 :: 6])
    compiled, reference = rows(several.isms(), chance.choice(STAGES), asked)
    assert compiled == reference
    assert len(compiled) >= (8 if ALL else 1), "the defects show"
