"""Faulty copies of clean organisations, checked again: does anything notice?"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pyoxigraph import DefaultGraph, NamedNode, Quad, QuerySolutions, Store

from isms_graph.assessment import assess
from isms_graph.catalogue import Catalogue, load_catalogue
from isms_graph.checks import check
from isms_graph.graph import Isms, assemble, load
from isms_graph.namespaces import PREFIXES, RDF_TYPE, SHAPES
from isms_graph.reasoning import by_predicate, entailed
from isms_graph.resources import folder
from isms_graph.shacl import sparql
from isms_graph.shacl.compiler import compile_shape
from isms_graph.shacl.model import targeted_shapes
from isms_graph.sources import lint
from isms_graph.sources.workspace import Source, in_default_graph
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
    """One clean organisation and the compiled checks. Raises NotClean.

    A fault is put into the loaded store and taken out again: what follows from the statements is worked out anew, and
    the difference goes into the store. Only those queries are asked that name a property or class of the difference;
    the others find what they found before, which was nothing. `with_fault` loads the faulty organisation from nothing;
    a test holds that the stores are equal.
    """

    def __init__(self, name: str, catalogue: Catalogue | None = None) -> None:
        catalogue = catalogue or load_catalogue()
        self.isms = load(folder("data") / name)
        if findings := check(self.isms).findings:
            raise NotClean(f"{name}: {len(findings)} findings, the first by {findings[0].check}: {findings[0].message}")
        self.stage = assess(self.isms)
        stated = [quad for source in self.isms.sources for quad in in_default_graph(source)]
        self.stated = set(stated)
        self.pairs = by_predicate([*self.isms.vocabulary.quads, *stated])
        self.fixed = set(self.isms.vocabulary.quads)
        self.derived = set(entailed(self.pairs, self.isms.vocabulary))
        self.queries: list[Asked] = []
        for shape in targeted_shapes(catalogue.shapes):
            id_ = str(getattr(shape.node, "value", shape.node)).removeprefix(SHAPES)
            if id_ in catalogue.checks:
                self.queries.extend(Asked.of(id_, query.text) for _, query in compile_shape(shape))

    def with_fault(self, fault: Fault) -> Isms:
        """The organisation with a fault, assembled anew as `load` does. Raises InputError or Problems."""
        plain = self.isms
        sources = [Source(source.path, mutated(source.quads, fault), source.prefixes) for source in plain.sources]
        return assemble(plain.workspace, sources, plain.vocabulary, plain.as_of, plain.stage)

    def refuses(self, fault: Fault) -> bool:
        """True if loading refuses what the fault puts in, or an element from which it takes the class away."""
        vocabulary = self.isms.vocabulary
        wrong = lint.problems(Path(), by_predicate(fault.put), vocabulary, lambda _path, _quad: (None, None))
        if next(wrong, None) is not None:
            return True
        if all(quad.predicate != RDF_TYPE for quad in fault.gone):
            return False
        left = by_predicate((self.stated - set(fault.gone)) | set(fault.put))
        return next(lint.without_class([(Path(), left)], vocabulary), None) is not None

    @contextmanager
    def faulty(self, fault: Fault) -> Iterator[set[Quad]]:
        """The store with the fault in it, and the statements that are there only with it or only without it."""
        stated = (self.stated - set(fault.gone)) | set(fault.put)
        pairs = dict(self.pairs)
        for quad in fault.gone:
            pairs[quad.predicate] = [pair for pair in pairs[quad.predicate] if pair != (quad.subject, quad.object)]
        for quad in fault.put:
            pairs[quad.predicate] = [*pairs.get(quad.predicate, ()), (quad.subject, quad.object)]
        derived = set(entailed(pairs, self.isms.vocabulary))
        lost = {quad for quad in (self.stated - stated) | (self.derived - derived) if not _in(quad, stated, derived, self.fixed)}
        won = {quad for quad in (stated - self.stated) | (derived - self.derived) if not _in(quad, self.stated, self.derived, self.fixed)}
        store = self.isms.store
        limits = _limits(self.isms)
        for quad in lost:
            store.remove(quad)
        store.extend(won)
        assess(self.isms, self.stage)
        try:
            yield lost | won | (limits ^ _limits(self.isms))
        finally:
            for quad in won:
                store.remove(quad)
            store.extend(lost)
            assess(self.isms, self.stage)

    def notice(self, fault: Fault) -> str:
        """What notices the fault first; checks that noticed something lately are asked before others."""
        if self.refuses(fault):
            return REFUSED
        with self.faulty(fault) as difference:
            touched = {quad.predicate.value for quad in difference if quad.predicate != RDF_TYPE}
            touched |= {quad.object.value for quad in difference if quad.predicate == RDF_TYPE and isinstance(quad.object, NamedNode)}
            for position, asked in enumerate(self.queries):
                if (asked.anything or not touched.isdisjoint(asked.names)) and _finds(asked.text, self.isms.store):
                    self.queries.insert(0, self.queries.pop(position))
                    return asked.check
        return ""


@dataclass(frozen=True)
class Asked:
    """A compiled query, and the properties and classes that it names; `anything` if it may ask for others."""

    check: str
    text: str
    names: frozenset[str]
    anything: bool

    @classmethod
    def of(cls, check_: str, text: str) -> Asked:
        """Read from the text of a query."""
        tokens = sparql.tokens(text)
        names: set[str] = set()
        anything = inside = False
        for position, token in enumerate(tokens):
            following = tokens[position + 1] if position + 1 < len(tokens) else token
            inside = token.text not in ("SELECT", "GROUP") and (inside or token.text in ("{", "}", "WHERE"))
            if token.kind == "iri":
                names.add(token.text[1:-1])
            elif token.kind == "pname":
                prefix, _, local = token.text.partition(":")
                names.add(PREFIXES.get(prefix, prefix) + local.replace("\\", ""))
            # A class that is not named, or a property that is a variable or any but some.
            asks_type = token.text in ("a", "rdf:type", f"<{RDF_TYPE.value}>")
            anything |= asks_type and following.kind != "iri" and following.kind != "pname"
            anything |= token.text == "!" and following.text in ("(", "^") and position > 0 and tokens[position - 1].kind == "var"
            anything |= (
                inside and token.kind == following.kind == "var" and position + 2 < len(tokens) and _starts_node(tokens[position + 2])
            )
        return cls(check_, text, frozenset(names), anything)


def _starts_node(token: sparql.Token) -> bool:
    return token.kind in ("var", "iri", "pname", "string", "number") or token.text in ("[", "true", "false")


def _in(quad: Quad, *sets: set[Quad]) -> bool:
    return any(quad in one for one in sets)


def _limits(isms_: Isms) -> set[Quad]:
    return {quad for limit in isms_.vocabulary.computed for quad in isms_.store.quads_for_pattern(None, limit, None, DefaultGraph())}


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
