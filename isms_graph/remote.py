"""Impact over a SPARQL endpoint that holds an organisation's statements; nothing has to be inferred there.

Level by level the statements around what was reached last are fetched, and the search of `impacts` runs over what has
been fetched so far. A level takes two queries, one for the statements and one for what the elements at their other ends
are, for each BATCH elements; before that, one query finds the elements that are named, and one counts all elements.
A removal takes a level more: what else stands to the neighbours. The client's own ontology says how a property may be
stated: by itself, by a property below it, by an inverse, or by a chain of others; a chain is followed at the endpoint.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from pyoxigraph import Literal, NamedNode, Quad, Store

from isms_graph.edges import carriers
from isms_graph.endpoint import Endpoint
from isms_graph.errors import AmbiguousName, EndpointError, UnknownName, UsageError
from isms_graph.graph import Isms, as_date
from isms_graph.impacts import CHANGES, Impact, Step, impact, reached, require, why
from isms_graph.index import Object
from isms_graph.namespaces import ISMS, ISO27001, PREFIXES, RDF_TYPE, RDFS_LABEL, isms
from isms_graph.reasoning import by_predicate, entailed
from isms_graph.sources.workspace import Source, Workspace
from isms_graph.vocabulary import ELEMENT, Vocabulary, load_vocabulary

BATCH = 200
_NAMES = f"{RDFS_LABEL}|{isms('identifier')}"


def remote_impact(
    endpoint: Endpoint, what: str | Sequence[str], direction: str = "affects", hops: int | None = None, change: str = "change",
    as_of: str | date | None = None,
) -> Impact:  # fmt: skip
    """What `impacts.impact` answers for the same statements. `what`: IRIs, short names with a known prefix, identifiers, or exact labels.

    Raises EndpointError, UnknownName, AmbiguousName or UsageError.
    """
    return remote_answer(endpoint, what, direction, hops, change, as_of)[0]


def remote_answer(
    endpoint: Endpoint, what: str | Sequence[str], direction: str = "affects", hops: int | None = None, change: str = "change",
    as_of: str | date | None = None,
) -> tuple[Impact, Isms]:  # fmt: skip
    """The same, with the part of the ISMS that was fetched for it."""
    require(direction, change)
    part = _Part(endpoint, as_date(as_of) or date.today())
    origins = part.resolve([what] if isinstance(what, str) else what)
    part.grow(origins, direction, hops)
    if change == "removal" and direction == "affects":
        part.fetch({node for node, depth, _ in reached(part.isms, origins, direction, 1) if depth}, "affected-by")
    answer = impact(part.isms, [node.value for node in origins], direction, hops, change)
    return replace(answer, elements=part.count()), part.isms


def remote_why(
    endpoint: Endpoint, what: str | Sequence[str], node: str, direction: str = "affects", as_of: str | date | None = None
) -> tuple[list[tuple[Step, ...]], Isms]:
    """What `impacts.why` answers for the same statements, with the part of the ISMS that was fetched for it."""
    require(direction, CHANGES[0])
    part = _Part(endpoint, as_date(as_of) or date.today())
    names = [what] if isinstance(what, str) else list(what)
    origins, (target,) = part.resolve(names), part.resolve([node])
    part.grow(origins, direction, None)
    known = target in part.described
    return why(part.isms, [one.value for one in origins], target.value, direction) if known else [], part.isms


@dataclass
class _Part:
    """What has been fetched: `statements` in the order of their arrival, and the ISMS that they make up."""

    endpoint: Endpoint
    as_of: date
    vocabulary: Vocabulary = field(default_factory=load_vocabulary)
    statements: dict[Quad, None] = field(default_factory=dict)
    described: set[NamedNode] = field(default_factory=set)
    isms: Isms = field(init=False)

    def grow(self, origins: Sequence[NamedNode], direction: str, hops: int | None) -> None:
        """Fetch every statement that lies on a path from the origins, level by level."""
        asked: set[NamedNode] = set()
        frontier = set(origins)
        while frontier:
            self.fetch(frontier, direction)
            asked |= frontier
            frontier = {node for node, depth, ends in reached(self.isms, origins, direction, hops) if not ends and depth != hops} - asked

    def fetch(self, nodes: set[NamedNode], direction: str) -> None:
        """The statements around elements, and what the elements at both their ends are."""
        found = set(nodes)
        for batch in _batches(nodes):
            for quad in _statements(self.endpoint, _around(self.vocabulary, batch, direction)):
                self.statements[quad] = None
                found |= {node for node in (quad.subject, quad.object) if isinstance(node, NamedNode)}
        for batch in _batches(found - self.described):
            self.statements.update(dict.fromkeys(_statements(self.endpoint, _details(self.vocabulary, batch))))
        self.described |= found
        self.isms = _assembled(self.vocabulary, list(self.statements), self.as_of)

    def resolve(self, names: Sequence[str]) -> list[NamedNode]:
        """The elements that are meant, found with one query. Raises UnknownName or AmbiguousName."""
        if not names:
            raise UsageError("what changes? Name at least one element.")
        wanted = {name: _as_iris(name.strip()) for name in names}
        iris = _terms((iri for found in wanted.values() for iri in found), " ")
        texts = _terms(map(_literal, names), ", ")
        typed = f'?node a ?class . FILTER(STRSTARTS(STR(?class), "{ISMS}"))'
        by_iri = f"{{ VALUES ?node {{ {iris} }} {typed} }}"
        by_name = f"{{ ?node {_NAMES} ?name . FILTER(STR(?name) IN ({texts})) {typed} }}"
        found: dict[NamedNode, set[str]] = {}
        for node, name in self.endpoint.select("node name", f"{by_iri} UNION {by_name}" if iris else by_name):
            if isinstance(node, NamedNode) and not node.value.startswith(ISMS):
                found.setdefault(node, set()).update([name.value] if isinstance(name, Literal) else [])
        for term in self.vocabulary.terms:
            if term.value.startswith(ISO27001):
                found.setdefault(term, set()).add(self.vocabulary.label(term))
        return list(dict.fromkeys(_one(self.endpoint, name, iris, found) for name, iris in wanted.items()))

    def count(self) -> int:
        """How many elements the organisation has; those of the standard do not count."""
        classes = _terms((class_ for class_ in self.vocabulary.classes if self.vocabulary.is_kind_of(class_, ELEMENT)), ", ")
        own = " && ".join(f'!STRSTARTS(STR(?node), "{namespace}")' for namespace in (ISMS, ISO27001))
        where = f"?node a ?class . FILTER(?class IN ({classes}) && isIRI(?node) && {own})"
        rows = self.endpoint.select("count", f"SELECT (COUNT(DISTINCT ?node) AS ?count) WHERE {{ {where} }}")
        return next((int(count.value) for (count,) in rows if isinstance(count, Literal) and count.value.isdecimal()), 0)


def _assembled(vocabulary: Vocabulary, quads: list[Quad], as_of: date) -> Isms:
    """The ISMS that some statements make up. Nothing is checked: what is missing may only not have been fetched."""
    store = Store()
    store.extend([*vocabulary.quads, *quads])
    store.extend(entailed(by_predicate([*vocabulary.quads, *quads]), vocabulary))
    return Isms(Workspace(Path(), [], base=""), [Source(Path(), quads)], vocabulary, store, as_of, as_of_origin="given")


def _around(vocabulary: Vocabulary, nodes: str, direction: str) -> str:
    """The pattern of the statements that carry impact from the elements, or to them."""
    plain: dict[str, set[NamedNode]] = {"?s": set(), "?o": set()}
    chained: dict[tuple[str, NamedNode], list[str]] = {}
    for carrier in carriers(vocabulary):
        subject = carrier.inverted is (direction == "affected-by")
        for property_, inverted in _stated(vocabulary, carrier.property):
            plain["?s" if subject is not inverted else "?o"].add(property_)
        chains = _chains(vocabulary, carrier.property)
        if chains:
            chained["?s" if subject else "?o", carrier.property] = chains
    branches = [_branch(nodes, near, f"?s ?p ?o . FILTER(?p IN ({_terms(those, ', ')}))") for near, those in plain.items() if those]
    branches += [_branch(nodes, near, f"?s {'|'.join(paths)} ?o . BIND({one} AS ?p)") for (near, one), paths in chained.items()]
    return "\nUNION\n".join(branches)


def _branch(nodes: str, near: str, pattern: str) -> str:
    return f"{{ VALUES {near} {{ {nodes} }} {pattern} FILTER(isIRI(?s) && isIRI(?o)) }}"


def _details(vocabulary: Vocabulary, nodes: str) -> str:
    """The pattern of what is said of elements: class, name and status, owners with those who hold the role, reviews."""
    owner, held, assessed = (f"({_path(vocabulary, isms(name))})" for name in ("owner", "heldBy", "assessedIn"))

    def said(near: str, way: str, *wanted: NamedNode) -> str:
        stated = {term for property_ in wanted for term, inverted in _stated(vocabulary, property_) if not inverted}
        filters = f"?p IN ({_terms(stated, ', ')}) && isIRI(?s) && !isBlank(?o)"
        return f"{{ VALUES {near} {{ {nodes} }} {way} ?s ?p ?o . FILTER({filters}) }}"

    return "\nUNION\n".join((
        said("?s", "", RDF_TYPE, RDFS_LABEL, isms("status"), isms("owner"), isms("assessedIn"), isms("reviewedOn")),
        said("?node", f"?node {owner} ?s .", RDFS_LABEL, isms("heldBy")),
        said("?node", f"?node {owner}/{held} ?s .", RDFS_LABEL, isms("leftOn")),
        said("?node", f"?node {assessed} ?s .", isms("date")),
    ))  # fmt: skip


def _stated(vocabulary: Vocabulary, property_: NamedNode) -> list[tuple[NamedNode, bool]]:
    """The properties by which it may be stated, each with whether subject and object change places."""
    implying = ((term, one.inverted) for term, found in vocabulary.consequences.items() for one in found if one.property == property_)
    return [(property_, False), *sorted(implying, key=str)]


def _chains(vocabulary: Vocabulary, property_: NamedNode, above: tuple[NamedNode, ...] = ()) -> list[str]:
    """The property paths of two links or more by which it may be stated. A chain that leads to itself is followed once."""
    return [
        f"{'^' if inverted else ''}(({_path(vocabulary, first, (*above, result))})/({_path(vocabulary, second, (*above, result))}))"
        for term, inverted in _stated(vocabulary, property_)
        for result, first, second in vocabulary.chains
        if result == term and result not in above
    ]


def _path(vocabulary: Vocabulary, property_: NamedNode, above: tuple[NamedNode, ...] = ()) -> str:
    """The property path with every way of stating it."""
    links = [f"{'^' if inverted else ''}{term}" for term, inverted in _stated(vocabulary, property_)]
    return "|".join([*links, *_chains(vocabulary, property_, above)])


def _statements(endpoint: Endpoint, where: str) -> Iterator[Quad]:
    for subject, predicate, object_ in _rows(endpoint, where):
        if isinstance(subject, NamedNode) and isinstance(predicate, NamedNode) and isinstance(object_, (NamedNode, Literal)):
            yield Quad(subject, predicate, object_)


def _rows(endpoint: Endpoint, where: str) -> Iterator[tuple[Object | None, ...]]:
    """The rows of a pattern. Virtuoso's compiler breaks over some unions (SP031) and takes each of their parts."""
    parts = where.split("\nUNION\n")
    try:
        yield from endpoint.select("s p o", where)
    except EndpointError as error:
        if "SP031" not in str(error) or len(parts) == 1:
            raise
        for part in parts:
            yield from endpoint.select("s p o", part)


def _one(endpoint: Endpoint, name: str, iris: list[NamedNode], found: dict[NamedNode, set[str]]) -> NamedNode:
    named = [iri for iri in iris if iri in found][:1] or sorted((node for node, said in found.items() if name.strip() in said), key=str)
    if len(named) > 1:
        raise AmbiguousName(name, [(node.value, name.strip()) for node in named])
    if not named:
        hint = f"{endpoint.url} holds none by that IRI, identifier or label, letter by letter; statements in named graphs may need --graph."
        raise UnknownName("element", name, hint=hint)
    return named[0]


def _as_iris(name: str) -> list[NamedNode]:
    prefix, colon, local = name.partition(":")
    candidates = [name.removeprefix("<").removesuffix(">"), ISO27001 + name]
    candidates += [PREFIXES[prefix] + local] if colon and prefix in PREFIXES else []
    found = []
    for text in candidates:
        try:
            found.append(NamedNode(text))
        except ValueError:
            continue
    return found


def _literal(text: str) -> Literal:
    try:
        return Literal(text.strip())
    except ValueError:  # half a surrogate pair, from an argument that is not UTF-8
        raise UnknownName("element", text) from None


def _terms(terms: Iterable[NamedNode | Literal], between: str) -> str:
    return between.join(sorted({str(term) for term in terms}))


def _batches(nodes: Iterable[NamedNode]) -> Iterator[str]:
    """The elements in the form of VALUES, BATCH at a time."""
    ordered = sorted(map(str, nodes))
    for start in range(0, len(ordered), BATCH):
        yield " ".join(ordered[start : start + BATCH])
