"""What is said of an element to somebody who has to act on it: its kind, owner, last review, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode

from isms_graph.graph import Isms
from isms_graph.namespaces import RDF_TYPE, isms


@dataclass(frozen=True)
class Element:
    """An element, described. `class_` is a short name; `reviewed` a date such as 2026-11-23, or empty."""

    node: str
    label: str
    class_: str
    class_label: str
    clause: str
    action: str
    owner: str
    reviewed: str
    guidance_order: int


def describe(isms_: Isms, node: NamedNode) -> Element:
    """The description of an element; `action` is what its owner does when a change reaches it."""
    classes = isms_.classes(node)
    return Element(
        node=node.value,
        label=isms_.label(node),
        class_=isms_.short(classes[0]) if classes else "",
        class_label=class_label(isms_, node),
        clause=isms_.clause(node),
        action=isms_.advice(node),
        owner=owner_of(isms_, node),
        reviewed=last_review(isms_, node),
        guidance_order=isms_.guidance_order(node),
    )


def organization(isms_: Isms) -> str:
    """The name of the organization, or of each of them if there are several; empty if nobody says."""
    quads = isms_.store.quads_for_pattern(None, RDF_TYPE, isms("Organization"), None)
    return ", ".join(sorted({isms_.label(quad.subject) for quad in quads}))


def class_label(isms_: Isms, node: NamedNode) -> str:
    """What kind of element it is, in words; empty if nobody says."""
    return next((isms_.vocabulary.label(class_) for class_ in isms_.classes(node)), "")


def owner_of(isms_: Isms, node: NamedNode) -> str:
    """Who owns the element: roles with those who hold them today, or persons; an empty text if nobody does."""
    owners = holders_of(isms_, node)
    return "; ".join(f"{owner} ({', '.join(holders)})" if holders else owner for owner, holders in owners)


def holders_of(isms_: Isms, node: NamedNode) -> list[tuple[str, tuple[str, ...]]]:
    """The owners of an element, each with those who hold it today where it is a role."""
    found = []
    for owner in isms_.values(node, isms("owner")):
        if isinstance(owner, NamedNode):
            persons = (one for one in isms_.values(owner, isms("heldBy")) if isinstance(one, NamedNode))
            found.append((isms_.label(owner), tuple(isms_.label(one) for one in persons if not _has_left(isms_, one))))
    return found


def last_review(isms_: Isms, node: NamedNode) -> str:
    """The last date up to the as-of date on which the element was reviewed or assessed, or an empty text."""
    days = [*_dates(isms_, node, "reviewedOn")]
    for assessment in isms_.values(node, isms("assessedIn")):
        if isinstance(assessment, NamedNode):
            days.extend(_dates(isms_, assessment, "date"))
    return max((day for day in days if day <= isms_.as_of.isoformat()), default="")


def _dates(isms_: Isms, node: NamedNode, property_: str) -> Iterable[str]:
    return (value.value for value in isms_.values(node, isms(property_)) if isinstance(value, Literal))


def _has_left(isms_: Isms, person: NamedNode) -> bool:
    return any(getattr(day, "value", "9999") <= isms_.as_of.isoformat() for day in isms_.values(person, isms("leftOn")))
