"""The columns of the register of a class, derived from the ontology and from what the checks ask of the class."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from pyoxigraph import BlankNode, NamedNode

from isms_graph.catalogue import load_catalogue
from isms_graph.errors import UnknownName
from isms_graph.namespaces import ISMS, RDFS, RDFS_LABEL, isms, nearest, sh
from isms_graph.shacl.model import PATH, PROPERTY, ShapesGraph
from isms_graph.vocabulary import ELEMENT, Vocabulary, name_index

_DOMAIN, _TARGET, _COMPUTED = NamedNode(RDFS + "domain"), sh("targetClass"), "computed, never written by hand"
_OF_THIS = re.compile(r"\$this\s+isms:(\w+)")
_FIRST = (isms("description"), isms("owner"))  # that every register has
_OFTEN = 3  # checks on elements of any kind that ask for a property, before every register has a column for it


@dataclass(frozen=True)
class Column:
    """A column: its head, what it means, the labels of the values it may have, and the label of the class it names."""

    head: str
    definition: str
    property: NamedNode | None = None
    choices: tuple[str, ...] = ()
    names: str = ""
    datatype: str = ""


def class_named(name: str, vocabulary: Vocabulary) -> NamedNode:
    """The class with a label or a short name, `soa` included. Raises UnknownName."""
    classes = name_index(vocabulary, vocabulary.classes)
    found = classes.get({"soa": "soaentry"}.get(name.lower(), name.replace("-", " ").lower())) or classes.get(name.replace("-", "").lower())
    if found is None:
        raise UnknownName("class", name, nearest(name, {vocabulary.label(one) for one in vocabulary.classes}))
    return found


def columns(class_: NamedNode, vocabulary: Vocabulary) -> list[Column]:
    """The columns of a register: id and name, what the checks ask most often, the rest of the class's own properties.

    Inverses of properties that stand elsewhere and values that the program computes are left out.
    """
    found = [
        Column("id", f"A short id of the {vocabulary.label(class_)}, such as R-07: letters, digits, '.', '-' and '_'."),
        Column("name", f"What the {vocabulary.label(class_)} is called.", RDFS_LABEL),
    ]
    below = [vocabulary.label(one) for one in vocabulary.classes if class_ in vocabulary.superclasses.get(one, ())]
    if below:
        found.append(Column("class", "A narrower kind, if the row is one.", choices=(vocabulary.label(class_), *sorted(below))))
    asked = _asked(class_, vocabulary)
    above = vocabulary.superclasses.get(class_, frozenset())
    own: list[NamedNode] = []
    for property_ in vocabulary.object_properties | vocabulary.datatype_properties:
        domains = vocabulary.named(property_, _DOMAIN)
        specific = any(domain == class_ or (domain in above and domain != ELEMENT) for domain in domains)
        if (specific or (ELEMENT in domains and (property_ in asked or property_ in _FIRST))) and _written(property_, vocabulary):
            own.append(property_)
    ordered = sorted(own, key=lambda one: (one not in _FIRST, -asked[one], vocabulary.label(one)))
    return found + [column(one, vocabulary) for one in ordered]


def column(property_: NamedNode, vocabulary: Vocabulary) -> Column:
    """The column of a property."""
    range_ = vocabulary.range(property_)
    label, definition = vocabulary.label(property_), vocabulary.definition(property_)
    if property_ in vocabulary.datatype_properties:
        datatype = range_.value.rsplit("#", 1)[-1] if range_ else "string"
        return Column(label, definition, property_, ("yes", "no") if datatype == "boolean" else (), datatype=datatype)
    if range_ is None:
        return Column(label, definition, property_)
    values = () if vocabulary.is_kind_of(range_, ELEMENT) else tuple(vocabulary.label(one) for one in vocabulary.instances(range_))
    return Column(label, definition, property_, values, vocabulary.label(range_))


def _written(property_: NamedNode, vocabulary: Vocabulary) -> bool:
    """True for properties that people fill in."""
    return property_.value.startswith(ISMS) and _COMPUTED not in vocabulary.definition(property_)


def _asked(class_: NamedNode, vocabulary: Vocabulary) -> Counter[NamedNode]:
    """How many checks on the class speak of each property; on elements of any kind only what many checks speak of."""
    shapes = load_catalogue().shapes
    own: Counter[NamedNode] = Counter()
    general: Counter[NamedNode] = Counter()
    for shape in shapes.instances(isms("Check")):
        targets = shapes.named(shape, _TARGET)
        if any(target == class_ for target in targets) or any(
            target != ELEMENT and vocabulary.is_kind_of(class_, target) for target in targets
        ):
            own.update(_properties(shape, shapes))
        elif ELEMENT in targets:
            general.update(_properties(shape, shapes))
    return own + Counter({one: count for one, count in general.items() if count >= _OFTEN})


def _properties(shape: NamedNode, shapes: ShapesGraph) -> set[NamedNode]:
    found: set[NamedNode] = set()
    for nested in [shape, *shapes.objects(shape, PROPERTY)]:
        if not isinstance(nested, (NamedNode, BlankNode)):
            continue
        found.update(shapes.named(nested, PATH))
        for constraint in shapes.objects(nested, sh("sparql")):
            if isinstance(constraint, (NamedNode, BlankNode)):
                found.update(isms(name) for name in _OF_THIS.findall(shapes.text(constraint, sh("select"))))
    return found
