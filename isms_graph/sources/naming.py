"""The second reading of the tables: what names and words for levels mean, once all files have been read."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property

from pyoxigraph import Literal, NamedNode, Quad

from isms_graph.errors import InputError
from isms_graph.index import Node
from isms_graph.namespaces import RDF_TYPE, RDFS_LABEL, isms, local_name, nearest
from isms_graph.sources.tables import Cell, Open, Read
from isms_graph.sources.values import ID, NO_CONTROL, NoScale, Unresolved, Wrong, level
from isms_graph.vocabulary import Vocabulary, name_index

_NAMES = (RDFS_LABEL, isms("identifier"))
_SCALES = {"likelihood": isms("likelihoodMaximum"), "consequence": isms("consequenceMaximum")}
_SHOWN = 4  # elements that a message names
_PART_OF = isms("partOf")
_SET, _CONTROL, _CATALOGUED = isms("ControlSet"), isms("ReferenceControl"), isms("CatalogueElement")


class Names:
    """What the elements of a workspace are called.

    Controls of a control set answer to set:id only, so that they take no name from what the organization calls its own.
    """

    def __init__(self, quads: Iterable[Quad], base: str, vocabulary: Vocabulary) -> None:
        self.base = base
        self.vocabulary = vocabulary
        self.quads = list(quads)
        self.known = {quad.subject for quad in self.quads}

    @cached_property
    def _called(self) -> dict[str, list[NamedNode]]:
        found: dict[str, list[NamedNode]] = defaultdict(list)
        for quad in self.quads:
            if quad.predicate in _NAMES and isinstance(quad.object, Literal) and isinstance(quad.subject, NamedNode):
                if quad.subject in self._catalogued:
                    continue
                same = found[comparable(quad.object.value)]
                if quad.subject not in same:
                    same.append(quad.subject)
        return found

    @cached_property
    def _types(self) -> dict[NamedNode, list[NamedNode]]:
        found: dict[NamedNode, list[NamedNode]] = defaultdict(list)
        for quad in self.quads:
            if quad.predicate == RDF_TYPE and isinstance(quad.subject, NamedNode) and isinstance(quad.object, NamedNode):
                found[quad.subject].append(quad.object)
        return found

    @cached_property
    def _catalogued(self) -> set[NamedNode]:
        """The control sets with all their parts."""
        classes = {one for one in self.vocabulary.classes if self.vocabulary.is_kind_of(one, _CATALOGUED)}
        return {node for node, types in self._types.items() if not classes.isdisjoint(types)}

    @cached_property
    def _of_sets(self) -> dict[str, list[NamedNode]]:
        """The controls of control sets, by set:id and set:identifier."""
        return of_sets(self.quads, {node for node in self._catalogued if _SET in self._types[node]})

    @cached_property
    def _sizes(self) -> dict[str, set[int]]:
        found: dict[str, set[int]] = {scale: set() for scale in _SCALES}
        for quad in self.quads:
            for scale, maximum in _SCALES.items():
                if quad.predicate == maximum and isinstance(quad.object, Literal) and quad.object.value.isdigit():
                    found[scale].add(int(quad.object.value))
        return found

    def named(self, text: str, range_: NamedNode | None) -> NamedNode | None:
        """The element that answers to an id, label or identifier. None if none does. Raises Wrong."""
        if ID.fullmatch(text) and (node := NamedNode(self.base + text)) in self.known:
            return node
        called = self._called.get(comparable(text), []) or (self._of_sets.get(comparable(text), []) if ":" in text else [])
        fitting = [node for node in called if self._fits(node, range_)]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            ids = sorted(local_name(node.value) for node in fitting)
            more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
            raise Wrong(f"is the name of {len(ids)} elements: {', '.join(ids[:_SHOWN])}{more}", "Write the id of the one that is meant.")
        if called:
            kinds = sorted({self.vocabulary.label(class_) for class_ in self._types.get(called[0], []) if self.vocabulary.label(class_)})
            wanted = self.vocabulary.label(range_) if range_ else ""
            raise Wrong(f"is {_a(kinds[0] if kinds else 'thing without a class')}, not {_a(wanted)}")
        return None

    def _fits(self, node: NamedNode, range_: NamedNode | None) -> bool:
        types = self._types.get(node, [])
        return range_ is None or not types or any(self.vocabulary.is_kind_of(class_, range_) for class_ in types)

    def near(self, text: str, range_: NamedNode | None) -> list[str]:
        """The names and ids of fitting elements that look most like a text."""
        labels = {
            quad.object.value
            for quad in self.quads
            if quad.predicate == RDFS_LABEL and isinstance(quad.object, Literal) and isinstance(quad.subject, NamedNode)
            if self._types.get(quad.subject) and self._fits(quad.subject, range_) and quad.subject not in self._catalogued
        }
        return nearest(text, labels)

    def sets(self) -> list[str]:
        """The short names of the control sets."""
        return sorted({key.partition(":")[0] for key in self._of_sets})

    def level(self, text: str, scale: str) -> int:
        """The number that a word for a level means on the scale of the risk criteria. Raises Wrong."""
        sizes = self._sizes[scale]
        if len(sizes) != 1:
            lacking = f"no risk criteria of the workspace have a {scale} maximum"
            why = f"the risk criteria have scales of {' and '.join(map(str, sorted(sizes)))}" if sizes else lacking
            advice = "Write the number, or say in 'values' of the table what the word means."
            raise NoScale(f"is not a number, and {why}", advice if sizes else f"Describe the risk criteria first. {advice}")
        return level(text, scale, next(iter(sizes)))


def comparable(text: str) -> str:
    """A name as names are compared: without regard to case, to spaces and to how accents are stored."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def of_sets(quads: Iterable[Quad], sets: set[NamedNode]) -> dict[str, list[NamedNode]]:
    """The controls and groups of control sets by the names set:id and set:identifier, as `comparable` makes them."""
    parts: dict[Node, list[Node]] = defaultdict(list)
    names: dict[Node, list[str]] = defaultdict(list)
    for quad in quads:
        if quad.predicate == _PART_OF and isinstance(quad.object, NamedNode):
            parts[quad.object].append(quad.subject)
        elif quad.predicate == _NAMES[1] and isinstance(quad.object, Literal):
            names[quad.subject].append(quad.object.value)
    found: dict[str, list[NamedNode]] = defaultdict(list)
    for set_ in sorted(sets, key=str):
        seen, queue = {set_}, list(parts[set_])
        while queue:
            node = queue.pop()
            if not isinstance(node, NamedNode) or node in seen:
                continue
            seen.add(node)
            queue.extend(parts[node])
            for short in names[set_]:
                for name in dict.fromkeys(comparable(f"{short}:{one}") for one in (local_name(node.value), *names[node])):
                    found[name].append(node)
    return found


def _a(noun: str) -> str:
    return f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}" if noun else "something else"


def resolve(reads: list[Read], names: Names) -> list[InputError]:
    """Complete the cells of the tables by what names mean. Returns what could not be made out.

    A text in the form of an id that nothing answers to becomes the IRI of that id: a check reports references that lead nowhere.
    """
    problems: list[InputError] = []
    no_scale: dict[tuple[int, str], list[InputError]] = defaultdict(list)
    created: dict[tuple[str, NamedNode], NamedNode] = {}
    for read in reads:
        for open_ in read.open:
            try:
                object_ = _object(open_, names)
            except NoScale as wrong:
                found = no_scale[id(read), open_.value.scale]
                found.append(read.problem(open_.line, open_.at, f"{open_.column} {open_.value.text!r} {wrong}.", wrong.advice))
                continue
            except Wrong as wrong:
                problems.append(read.problem(open_.line, open_.at, f"{open_.column} {open_.value.text!r} {wrong}.", wrong.advice))
                continue
            if object_ is None:
                object_, new = _created(open_, read, names, created)
                read.cells.extend(new)
            read.cells.append(read.cell(Quad(open_.subject, open_.property, object_), open_.line, open_.at, open_.column))
    for of_scale in no_scale.values():
        more = f" {len(of_scale) - 1} more cells are like it." if len(of_scale) > 1 else ""
        of_scale[0].message += more
        problems.append(of_scale[0])
    return problems


def _object(open_: Open, names: Names) -> NamedNode | Literal | None:
    """What the cell names. None if it names something that is to be created. Raises Wrong."""
    value: Unresolved = open_.value
    if value.scale:
        return Literal(names.level(value.text, value.scale))
    node = names.named(value.text, value.range)
    if node is not None or open_.create:
        return node
    if value.range == _CONTROL:
        sets = names.sets()
        more = f", nor one of the set{'s' if len(sets) > 1 else ''} {', '.join(sets)}" if sets else ""
        raise Wrong(NO_CONTROL + more, f"Controls of a set are written like {sets[0]}:id." if sets else "")
    if ID.fullmatch(value.text):
        return NamedNode(names.base + value.text)
    near = names.near(value.text, value.range)
    label = names.vocabulary.label(value.range) if value.range else ""
    advice = f"Did you mean {' or '.join(map(repr, near))}?" if near else "Write an id or a label, and ';' between several."
    raise Wrong(f"is the name of no {label if label not in ('', 'element') else 'element of the workspace'}", advice)


def _created(open_: Open, read: Read, names: Names, created: dict[tuple[str, NamedNode], NamedNode]) -> tuple[NamedNode, list[Cell]]:
    """The new element that a name stands for, with its statements where it is met for the first time."""
    class_ = name_index(names.vocabulary, names.vocabulary.classes)[open_.create.lower()]
    key = (comparable(open_.value.text), class_)
    if key in created:
        return created[key], []
    start = slug(f"{names.vocabulary.label(class_)}-{open_.value.text}")
    identifier, count = start, 2
    while NamedNode(names.base + identifier) in names.known:
        identifier, count = f"{start}-{count}", count + 1
    node = created[key] = NamedNode(names.base + identifier)
    names.known.add(node)
    quads = (Quad(node, RDF_TYPE, class_), Quad(node, RDFS_LABEL, Literal(open_.value.text)))
    return node, [read.cell(quad, open_.line, open_.at, open_.column) for quad in quads]


def slug(text: str) -> str:
    """A text as an id: lower case letters, digits and '-'; other letters by their nearest, or their number."""
    plain = unicodedata.normalize("NFKD", text.lower().replace("ß", "ss"))
    letters = (
        letter if letter.isascii() and letter.isalnum() else f"u{ord(letter):x}" if letter.isalnum() else "-"
        for letter in plain
        if not unicodedata.combining(letter)
    )
    return "-".join("".join(letters).replace("-", " ").split())
