"""What makes a statement untrustworthy before any check runs: unknown terms, values of the wrong kind, ill-formed literals,
elements of which nothing says what they are.

Checks would pass such statements over in silence, so they stop the run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path

from pyoxigraph import Literal, NamedNode, Quad

from isms_graph.errors import InputError
from isms_graph.index import Node, Object
from isms_graph.namespaces import ISMS, ISO27001, PREFIXES, RDF_TYPE, XSD, nearest, shorten
from isms_graph.vocabulary import Vocabulary

_INTEGER = re.compile(r"[+-]?\d+")
_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")


def _is_date(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text)) and len(text) == 10
    except ValueError:
        return False


_WELL_FORMED: dict[str, tuple[Callable[[str], object], str]] = {
    XSD + "date": (_is_date, '"2026-03-31"^^xsd:date'),
    XSD + "integer": (_INTEGER.fullmatch, "12"),
    XSD + "decimal": (_DECIMAL.fullmatch, "99.5"),
    XSD + "boolean": ({"true", "false", "1", "0"}.__contains__, "true"),
}
_ALSO_FITS = {(XSD + "decimal", XSD + "integer"), (XSD + "string", PREFIXES["rdf"] + "langString")}

Pairs = dict[NamedNode, list[tuple[Node, Object]]]
Wrong = tuple[Node, Object, tuple[str, str]]
Locate = Callable[[Path, Quad], tuple[int | None, int | None]]


def problems(path: Path, pairs: Pairs, vocabulary: Vocabulary, locate: Locate) -> Iterator[InputError]:
    """The untrustworthy statements of one file, given by predicate; `locate` is asked for the line and column of each."""
    for predicate, members in pairs.items():
        for subject, object_, (message, advice) in _wrong(predicate, members, vocabulary):
            line, column = locate(path, Quad(subject, predicate, object_))
            yield InputError(message, path, line, column, advice=advice)


def without_class(files: Iterable[tuple[Path, Pairs]], vocabulary: Vocabulary) -> Iterator[tuple[Path, Node, list[Quad]]]:
    """The elements that have statements in some file and a class in none, each once, with their statements in its first file.

    A class that does not exist counts: `problems` reports it. What is said of terms of the ontology needs no class.
    """
    files = list(files)
    known = vocabulary.object_properties | vocabulary.datatype_properties
    seen = {
        subject
        for _, pairs in files
        for subject, object_ in pairs.get(RDF_TYPE, ())
        if isinstance(object_, NamedNode) and object_.value.startswith(ISMS)
    }
    for path, pairs in files:
        found: dict[Node, list[Quad]] = {}
        for predicate, members in pairs.items():
            if predicate in known and predicate.value.startswith(ISMS):
                for subject, object_ in members:
                    if subject not in seen and subject not in vocabulary.terms:
                        found.setdefault(subject, []).append(Quad(subject, predicate, object_))
        seen.update(found)
        for subject, quads in found.items():
            yield path, subject, quads


def _wrong(predicate: NamedNode, members: list[tuple[Node, Object]], vocabulary: Vocabulary) -> Iterator[Wrong]:
    if predicate == RDF_TYPE:
        classes = frozenset(vocabulary.classes)
        for subject, object_ in members:
            if isinstance(object_, NamedNode) and object_ not in classes and object_.value.startswith(ISMS):
                yield subject, object_, _unknown("class", object_, classes)
    elif predicate in vocabulary.datatype_properties:
        range_ = vocabulary.range(predicate)
        seen: dict[Object, tuple[str, str] | None] = {}
        for subject, object_ in members:
            if object_ not in seen:
                seen[object_] = _literal(predicate, object_, range_.value if range_ else None, vocabulary)
            if found := seen[object_]:
                yield subject, object_, found
    elif predicate in vocabulary.object_properties:
        for subject, object_ in members:
            if isinstance(object_, Literal):
                message = f"{_short(predicate)} needs an element, not the text {object_.value!r}."
                yield subject, object_, (message, "Write the IRI of the element, such as :R-07.")
            elif isinstance(object_, NamedNode) and object_ not in vocabulary.terms and object_.value.startswith((ISMS, ISO27001)):
                yield subject, object_, _unknown("term", object_, vocabulary.terms)
    elif predicate.value.startswith(ISMS):
        known = vocabulary.object_properties | vocabulary.datatype_properties
        for subject, object_ in members:
            yield subject, object_, _unknown("property", predicate, known)


def _unknown(kind: str, term: NamedNode, known: frozenset[NamedNode]) -> tuple[str, str]:
    near = nearest(_short(term), (_short(other) for other in known), 2)
    advice = f"Did you mean {' or '.join(near)}?" if near else f"`isms explain {_short(term)}` knows nothing of it either."
    return f"the ontology has no {kind} {_short(term)}.", advice


def _literal(predicate: NamedNode, object_: Object, datatype: str | None, vocabulary: Vocabulary) -> tuple[str, str] | None:
    if not isinstance(object_, Literal):
        return (
            f"{_short(predicate)} needs a value, not an element.",
            f"It is {vocabulary.definition(predicate)[:1].lower()}{vocabulary.definition(predicate)[1:]}",
        )
    if datatype is None:
        return None
    check, example = _WELL_FORMED.get(datatype, (None, ""))
    given = object_.datatype.value
    if given != datatype and (datatype, given) not in _ALSO_FITS:
        return (
            f"{_short(predicate)} needs an {_short(NamedNode(datatype))}, and {object_.value!r} is an {_short(object_.datatype)}.",
            f"Write it like {example}." if example else "",
        )
    if check and not check(object_.value):
        return f"{object_.value!r} is not a valid {_short(NamedNode(datatype))}.", f"Write it like {example}."
    return None


def _short(term: NamedNode) -> str:
    return shorten(term.value, PREFIXES)
