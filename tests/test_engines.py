"""The compiled engine against the reference: the same rows on every example, on both demonstrations, on generated ISMS.

The reference takes a hundred times as long, so `make test` asks it about a share of the checks, another one each day: their
examples, the demonstrations and a third of the generated ISMS. The ids of the tests name the day, and DAY=739947 repeats it. CI
asks about every example, and everything of the neglected organisation; `make differential` asks everything of all. What the
compiled engine finds on every example is held each time by tests/test_catalogue.py and tests/test_unusual.py.
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
CI = bool(os.environ.get("CI"))
DAY, SHARES = int(os.environ["DAY"]), 6
BY_CLAUSE = sorted(CATALOGUE.checks, key=lambda id_: (CATALOGUE.checks[id_].clause, id_))


def share(number: int) -> set[str]:
    """One of the shares of the checks; each clause has about as many in all of them."""
    return set(BY_CLAUSE[number % SHARES :: SHARES])


TODAY = [path for path in EXAMPLES if ALL or CI or path.name.split(".")[0] in share(DAY)]
SEEDS = range(GENERATED) if ALL or CI else range(DAY % 3, GENERATED, 3)


def id_of(asked: Path | int | str) -> str:
    """The id of a test, with the day whose share it asks."""
    return f"{asked.name if isinstance(asked, Path) else asked}-DAY={DAY}"


def rows(isms_: Isms, stage: str, checks: set[str]) -> tuple[set[Row], set[Row]]:
    """What both engines find by some checks: compiled, reference."""
    assess(isms_, stage)
    shapes = selected_shapes(CATALOGUE.select(checks))
    return CompiledEngine().validate(shapes, isms_.store).rows, ReferenceEngine().validate(shapes, isms_.store).rows


@pytest.mark.parametrize("path", TODAY, ids=id_of)
def test_examples(path: Path) -> None:
    one = example(path.name)
    checks = {one.check} | {name for name, _ in one.expected}
    compiled, reference = rows(one.isms(), one.stage, set(CATALOGUE.checks) if ALL else checks)
    assert compiled == reference
    assert bool(compiled) == (not one.passing) or one.check == UNMATCHED, "waivers in use are taken off its list afterwards"


@pytest.mark.parametrize("name", ["harbour-saas", "harbour-neglected"], ids=id_of)
def test_demonstration_organisations(name: str) -> None:
    whole = ALL or (CI and name == "harbour-neglected")
    asked = set(CATALOGUE.checks) if whole else share(DAY)
    compiled, reference = rows(load(DATA / name), "surveillance", asked)
    assert compiled == reference
    assert bool(compiled) == (name == "harbour-neglected")


@pytest.mark.parametrize("seed", SEEDS, ids=id_of)
def test_generated_organisations(seed: int) -> None:
    """The complete little ISMS with a dozen defects at once, every fiftieth statement lost, at another date and stage."""
    chance = random.Random(seed)  # noqa: S311 - for variety, not for secrets
    defects = [example(path.name) for path in chance.sample(FAILING, 12)]
    several = Example(EXAMPLES[0], f"generated-{seed}", passing=False, classless=True)
    several.removals = [removal for one in defects for removal in one.removals]
    several.quads = [quad for one in defects for quad in one.quads if chance.random() > 0.02]
    several.as_of += timedelta(days=chance.randrange(-700, 700))
    isms_, stage = several.isms(), chance.choice(STAGES)
    other_share = 2 * seed + seed // 3 + DAY // 3  # those of a day have different ones, the twelve have each twice, and all come round
    compiled, reference = rows(isms_, stage, set(CATALOGUE.checks) if ALL else share(other_share))
    assert compiled == reference
    assert len(CompiledEngine().validate(CATALOGUE.shapes, isms_.store).rows) >= 8, "the defects show"
