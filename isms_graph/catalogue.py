"""The checks that ship with the package: SHACL shapes with the words an auditor needs about each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pyoxigraph import NamedNode, Quad, RdfFormat, parse

from isms_graph.errors import CatalogueError, UnknownName
from isms_graph.index import Index
from isms_graph.namespaces import RDFS_LABEL, SHAPES, isms, local_name, nearest, sh
from isms_graph.resources import folder, shape_files
from isms_graph.shacl import kept
from isms_graph.shacl.model import MESSAGE, SEVERITY, ShapesGraph, english

SEVERITIES = {sh("Violation"): "major", sh("Warning"): "minor", sh("Info"): "ofi"}
SEVERITY_ORDER = ("major", "minor", "ofi")


@dataclass(frozen=True)
class Check:
    """One check. `clause` and `also_clauses` are numbers; `decides` are requirement numbers of the product."""

    id: str
    label: str
    clause: str
    also_clauses: tuple[str, ...]
    decides: tuple[str, ...]
    severity: str
    message: str
    rationale: str
    how_decided: str
    advice: str
    not_checked: str
    file: Path

    @property
    def iri(self) -> NamedNode:
        """The IRI of the shape."""
        return NamedNode(SHAPES + self.id)


@dataclass(frozen=True)
class Catalogue:
    """All checks by id, and the shapes graph that holds them."""

    checks: dict[str, Check]
    shapes: ShapesGraph

    def select(self, wanted: Iterable[str] = (), ignored: Iterable[str] = ()) -> Catalogue:
        """The checks named by `wanted` (all if empty) without those named by `ignored`; ids or clause numbers.

        A clause number stands for every check of the clause and its subclauses. Raises UnknownName.
        """
        chosen = self._named(wanted) or set(self.checks)
        chosen -= self._named(ignored)
        return Catalogue({id_: check for id_, check in self.checks.items() if id_ in chosen}, self.shapes)

    def _named(self, names: Iterable[str]) -> set[str]:
        found: set[str] = set()
        for name in names:
            matching = {
                check.id
                for check in self.checks.values()
                if check.id == name or check.clause == name or check.clause.startswith(f"{name}.")
            }
            if not matching:
                known = [*self.checks, *{check.clause for check in self.checks.values()}]
                raise UnknownName("check or clause", name, nearest(name, known), "`isms explain --list` lists the checks.")
            found |= matching
        return found

    def get(self, name: str) -> Check:
        """The check with an id. Raises UnknownName."""
        if name not in self.checks:
            raise UnknownName("check", name, nearest(name, self.checks))
        return self.checks[name]


def load_catalogue(files: Iterable[Path] | None = None) -> Catalogue:
    """The shipped checks, read once in a process, or those in `files`. Raises CatalogueError."""
    return _shipped() if files is None else _read(files)


@cache
def _shipped() -> Catalogue:
    files = shape_files()
    catalogue = _read(files)
    catalogue.shapes.key = kept.key(files)
    return catalogue


def _read(files: Iterable[Path]) -> Catalogue:
    quads: list[Quad] = []
    checks: dict[str, Check] = {}
    quads.extend(_parse(folder("shapes") / "prefixes.ttl"))
    for path in files:
        own = Index(_parse(path))
        quads.extend(own.quads)
        for shape in own.instances(isms("Check")):
            check = _check(shape, own, path)
            if check.id in checks:
                raise CatalogueError(f"{path}: the check {check.id} is in {checks[check.id].file} already")
            checks[check.id] = check
    return Catalogue(dict(sorted(checks.items())), ShapesGraph(quads))


def _parse(path: Path) -> list[Quad]:
    try:
        return list(parse(path.read_bytes(), format=RdfFormat.TURTLE, rename_blank_nodes=True))
    except SyntaxError as error:
        raise CatalogueError(f"{path}: {error}") from None


def _check(shape: NamedNode, index: Index, path: Path) -> Check:
    def text(name: str) -> str:
        return english(index.objects(shape, isms(name)))

    severities = index.named(shape, SEVERITY)
    clauses = index.named(shape, isms("clause"))
    if len(severities) != 1 or severities[0] not in SEVERITIES or len(clauses) != 1:
        raise CatalogueError(f"{path}: {shape.value} needs exactly one sh:severity and one isms:clause")
    return Check(
        id=shape.value.removeprefix(SHAPES),
        label=english(index.objects(shape, RDFS_LABEL)),
        clause=local_name(clauses[0].value),
        also_clauses=tuple(sorted(local_name(c.value) for c in index.named(shape, isms("alsoClause")))),
        decides=tuple(sorted(index.texts(shape, isms("decides")))),
        severity=SEVERITIES[severities[0]],
        message=english(index.objects(shape, MESSAGE)),
        rationale=text("rationale"),
        how_decided=text("howDecided"),
        advice=text("advice"),
        not_checked=text("notChecked"),
        file=path,
    )
