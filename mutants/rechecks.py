"""Faulty copies of clean organisations, checked again: does anything notice?"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache

from pyoxigraph import QuerySolutions, Store

from isms_graph.assessment import assess
from isms_graph.catalogue import Catalogue, load_catalogue
from isms_graph.checks import check
from isms_graph.errors import InputError, Problems
from isms_graph.graph import Isms, assemble, load
from isms_graph.namespaces import SHAPES
from isms_graph.resources import folder
from isms_graph.shacl.compiler import compile_shape
from isms_graph.shacl.model import targeted_shapes
from isms_graph.sources.workspace import Source
from mutants.declared import read_declarations
from mutants.faults import Fault, Faults, mutated, sample

# Every other folder of data/ has to be clean: it is taken into the run, and refused if a check finds something in it.
FAULTY = ("harbour-neglected",)
REFUSED = "refused on loading"


class NotClean(Exception):
    """An organisation that should be clean has findings, so that a fault in it could not be told from them."""


@dataclass(frozen=True)
class Outcome:
    """A fault and what noticed it first: the id of a check, REFUSED, or an empty text."""

    organisation: str
    fault: Fault
    noticed: str


def organisations() -> list[str]:
    """The names of the clean organisations in data/."""
    return sorted(path.name for path in folder("data").iterdir() if path.is_dir() and path.name not in FAULTY)


class Recheck:
    """One clean organisation and the compiled checks. Raises NotClean."""

    def __init__(self, name: str, catalogue: Catalogue | None = None) -> None:
        catalogue = catalogue or load_catalogue()
        self.isms = load(folder("data") / name)
        if findings := check(self.isms).findings:
            raise NotClean(f"{name}: {len(findings)} findings, the first by {findings[0].check}: {findings[0].message}")
        self.stage = assess(self.isms)
        self.queries: list[tuple[str, str]] = []
        for shape in targeted_shapes(catalogue.shapes):
            id_ = str(getattr(shape.node, "value", shape.node)).removeprefix(SHAPES)
            if id_ in catalogue.checks:
                self.queries.extend((id_, query.text) for _, query in compile_shape(shape))

    def with_fault(self, fault: Fault) -> Isms:
        """The organisation with a fault, assembled anew as `load` does. Raises InputError or Problems."""
        plain = self.isms
        sources = [Source(source.path, mutated(source.quads, fault), source.prefixes) for source in plain.sources]
        return assemble(plain.workspace, sources, plain.vocabulary, plain.as_of, plain.stage)

    def notice(self, fault: Fault) -> str:
        """What notices the fault first; checks that noticed something lately are asked before others."""
        try:
            faulty = self.with_fault(fault)
        except (InputError, Problems):
            return REFUSED
        assess(faulty, self.stage)
        for position, (id_, query) in enumerate(self.queries):
            if _finds(query, faulty.store):
                self.queries.insert(0, self.queries.pop(position))
                return id_
        return ""


def _finds(query: str, store: Store) -> bool:
    solutions = store.query(query)
    assert isinstance(solutions, QuerySolutions)
    return next(solutions, None) is not None


@cache
def _prepared(name: str, size: int, seed: int) -> tuple[Recheck, list[Fault]]:
    recheck = Recheck(name)
    return recheck, sample(list(Faults(recheck.isms, seed).all()), read_declarations().neutral_number, size, seed)


def _one(task: tuple[str, int, int, int]) -> Outcome:
    name, size, seed, number = task
    recheck, faults = _prepared(name, size, seed)
    return Outcome(name, faults[number], recheck.notice(faults[number]))


def run(size: int, seed: int, workers: int = 1, names: list[str] | None = None) -> Iterator[Outcome]:
    """The outcomes of a sample, shared out evenly among the organisations."""
    chosen = names or organisations()
    share = -(-size // len(chosen))
    tasks = [(name, share, seed, number) for name in chosen for number in range(len(_prepared(name, share, seed)[1]))]
    if workers == 1:
        yield from map(_one, tasks)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(_one, tasks, chunksize=16)
