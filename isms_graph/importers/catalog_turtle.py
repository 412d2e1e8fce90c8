"""A control set as Turtle: the same text for the same catalogue, crosswalk and name, in the order of the catalogue."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from pyoxigraph import Literal

from isms_graph.importers.catalog import Catalogue, Entry
from isms_graph.importers.crosswalk import Mapped
from isms_graph.namespaces import ISMS, ISO27001, RDFS

MARK = "# Made by `isms oscal import`; import again rather than change it.\n"
_LOCAL = re.compile(r"[A-Za-z_](?:[\w-]*\w)?", re.ASCII)  # what `isms fmt` writes with a prefix


def as_turtle(catalogue: Catalogue, short: str, mappings: Iterable[Mapped] = (), mappings_from: str = "") -> str:
    """The control set under its short name, with how its controls relate to those of Annex A and whose word that is."""
    prefixes = {"isms": ISMS, "iso27001": ISO27001, "rdfs": RDFS, short: f"{catalogue.iri}#"}
    relations: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for one in mappings:
        relations[one.control][one.relation].append(f"<{ISO27001}{one.annex_a}>")
    facts = [
        ("isms:identifier", [_text(short)]),
        ("rdfs:label", [_text(catalogue.title)]),
        *((f"isms:{name}", [_text(value)]) for name, value in (
            ("edition", catalogue.edition), ("publisher", catalogue.publisher), ("licence", catalogue.licence),
            ("takenFrom", catalogue.source), ("mappingsFrom", mappings_from),
        ) if value),
    ]  # fmt: skip
    parts = [
        MARK,
        *(f"@prefix {name}: <{iri}> .\n" for name, iri in prefixes.items()),
        "\n",
        _block(f"<{catalogue.iri}>", "ControlSet", facts),
    ]
    for entry in catalogue.entries.values():
        parts.append(_block(_name(catalogue, short, entry.id), *_described(catalogue, short, entry, relations.get(entry.id, {}))))
    return "".join(parts)


def _described(catalogue: Catalogue, short: str, entry: Entry, relations: dict[str, list[str]]) -> tuple[str, list[tuple[str, list[str]]]]:
    """The class of a group or control, and its properties with their values."""
    whole = _name(catalogue, short, entry.parent) if entry.parent else f"<{catalogue.iri}>"
    facts = [("isms:identifier", [_text(entry.label or entry.id)])] if entry.control else []
    facts += [("rdfs:label", [_text(entry.name)]), ("isms:partOf", [whole])]
    facts += [("isms:status", ["isms:Withdrawn"])] if entry.withdrawn else []
    facts += [(f"isms:{name}", [_text(value)]) for name, value in (("description", entry.statement), ("note", entry.guidance)) if value]
    facts += [(f"isms:{relation}", numbers) for relation, numbers in relations.items()]
    return "ReferenceControl" if entry.control else "ControlGroup", facts


def _block(subject: str, class_: str, facts: Iterable[tuple[str, list[str]]]) -> str:
    lines = [f"{subject} a isms:{class_}", *(f"    {name} {' , '.join(values)}" for name, values in facts)]
    return " ;\n".join(lines) + " .\n"


def _name(catalogue: Catalogue, short: str, id_: str) -> str:
    return f"{short}:{id_}" if _LOCAL.fullmatch(id_) else f"<{catalogue.iri_of(id_)}>"


def _text(value: str) -> str:
    return str(Literal(value))
