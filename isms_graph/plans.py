"""A plan of work: the answer to "what does this change affect" as a planned change with its follow-ups, in Turtle."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pyoxigraph import DefaultGraph, Literal, NamedNode

from isms_graph.errors import UsageError
from isms_graph.graph import Isms
from isms_graph.impacts import Affected, Impact
from isms_graph.namespaces import ISMS, ISO27001, PREFIXES, RDF_TYPE, XSD, isms

USUAL_DAYS = 90  # a change that reaches the Statement of Applicability is seldom through in less than a quarter
_WHAT = {"change": "Change", "removal": "Removal", "addition": "Addition"}
_DATE = NamedNode(XSD + "date")


@dataclass(frozen=True)
class Plan:
    """The change in Turtle; how many follow-ups it has, and the labels of elements whose follow-up has no owner."""

    turtle: str
    iri: str
    follow_ups: int
    without_owner: tuple[str, ...]


def plan(isms_: Isms, answer: Impact, due: date | None = None) -> Plan:
    """The planned change that works an answer off, with a follow-up for each affected element and each step (R14, R15).

    A follow-up belongs to the owner of the element, or else of what changes. The steps are due one after the other
    between the as-of date and `due`. Raises UsageError.
    """
    if answer.direction != "affects":
        raise UsageError("a plan is made of what a change affects; leave --direction out.")
    try:
        end = due or isms_.as_of + timedelta(days=USUAL_DAYS)
    except OverflowError:
        raise UsageError(f"there is no day {USUAL_DAYS} days after {isms_.as_of}; take an earlier --as-of.") from None
    if end <= isms_.as_of:
        raise UsageError(f"the plan has to be due after {isms_.as_of}, the as-of date, not on {end}.")
    steps = sorted(isms_.vocabulary.instances(isms("FollowThroughStep")), key=lambda step: _number(isms_, step))
    dates = {step: isms_.as_of + (end - isms_.as_of) * place / len(steps) for place, step in enumerate(steps, 1)}
    names = " and ".join(one.label for one in answer.origins)
    iri = _free(isms_, f"{isms_.workspace.base}{answer.change}-{isms_.as_of}-{_slug(names)}")
    gone = _gone(isms_, answer)
    top = [node for node in _instances(isms_, "TopManagement") if node not in gone]
    owners = _owners(isms_, [NamedNode(one.node) for one in answer.origins], gone) or top[:1]
    changed = [NamedNode(one.node) for one in answer.origins]
    blocks = [
        _block(
            isms_, NamedNode(iri), isms("Change"), f"{_WHAT[answer.change]} of {names}",
            {"status": [isms("Planned")], "owner": owners, "changes": changed, "dueOn": [_day(end)]},
        )
    ]  # fmt: skip
    without, count = [], 0
    for step in steps:
        members = sorted(
            (one for one in answer.affected if _step(isms_, one) == step), key=lambda one: (one.guidance_order, one.hops, one.node)
        )
        for label, what, description, its_owners in _work(isms_, step, members, owners, gone):
            count += 1
            if not its_owners:
                without.append(label)
            follow_up = NamedNode(f"{iri}-{count:03d}")
            said: dict[str, Sequence[NamedNode | Literal]] = {
                "followUpOf": [NamedNode(iri)], "step": [step], "followsUpOn": what, "status": [isms("Planned")],
                "owner": its_owners, "dueOn": [_day(dates[step])], "description": [Literal(description)],
            }  # fmt: skip
            blocks.append(_block(isms_, follow_up, isms("FollowUp"), label, said))
    used = {prefix: iri for prefix, iri in PREFIXES.items() if prefix in ("isms", "iso27001", "rdfs", "xsd")}
    header = [f"@prefix {prefix}: <{namespace}> ." for prefix, namespace in {"": isms_.workspace.base, **used}.items()]
    return Plan("\n".join([*header, "", *blocks]) + "\n", iri, count, tuple(without))


def _work(
    isms_: Isms, step: NamedNode, members: list[Affected], fallback: list[NamedNode], gone: set[NamedNode]
) -> Iterator[tuple[str, list[NamedNode], str, list[NamedNode]]]:
    """What there is to do in a step: (label, elements, description, owners)."""
    if not members:
        said = f"Nothing that the registers name is affected in this step. {isms_.vocabulary.definition(step)}"
        label = isms_.vocabulary.label(step)
        yield f"{label[:1].upper()}{label[1:]}", [], said, fallback
    for one in members:
        node = NamedNode(one.node)
        kind = f"{one.class_label[:1].upper()}{one.class_label[1:]}"
        label = f"{kind}: {one.label}" if kind and kind.lower() != one.label.lower() else one.label
        yield label, [node], one.action, _owners(isms_, [node], gone) or fallback


def _gone(isms_: Isms, answer: Impact) -> set[NamedNode]:
    """Who goes in a removal: persons and roles among the origins, and roles that nobody else holds."""
    if answer.change != "removal":
        return set()
    gone = {NamedNode(one.node) for one in answer.origins}
    roles = {NamedNode(one.node) for one in answer.affected if isms_.values(NamedNode(one.node), isms("heldBy"))}
    return gone | {role for role in roles if set(isms_.values(role, isms("heldBy"))) <= gone}


def _owners(isms_: Isms, nodes: Sequence[NamedNode], gone: set[NamedNode]) -> list[NamedNode]:
    """The roles and persons who own elements, or assigned roles, and are there; for a role that is vacated, who assigned it."""
    found: dict[NamedNode, None] = {}
    stack = [owner for node in reversed(nodes) for owner in _answering(isms_, node)]
    seen: set[NamedNode] = set()
    while stack:
        owner = stack.pop()
        if owner in seen:
            continue
        seen.add(owner)
        if owner in gone:
            stack.extend(_answering(isms_, owner))
        elif not any(getattr(day, "value", "9") <= isms_.as_of.isoformat() for day in isms_.values(owner, isms("leftOn"))):
            found[owner] = None
    return list(found)


def _instances(isms_: Isms, class_: str) -> list[NamedNode]:
    quads = isms_.store.quads_for_pattern(None, RDF_TYPE, isms(class_), DefaultGraph())
    return sorted((quad.subject for quad in quads if isinstance(quad.subject, NamedNode)), key=str)


def _answering(isms_: Isms, node: NamedNode) -> list[NamedNode]:
    answering = isms_.values(node, isms("owner")) or isms_.values(node, isms("assignedBy"))
    return [one for one in answering if isinstance(one, NamedNode)]


def _step(isms_: Isms, one: Affected) -> NamedNode:
    for class_ in isms_.classes(NamedNode(one.node)):
        step = isms_.vocabulary.inherited(class_, isms("followedUpIn"))
        if isinstance(step, NamedNode):
            return step
    return isms("ControlAdjustment")


def _number(isms_: Isms, step: NamedNode) -> int:
    return int(isms_.vocabulary.text(step, isms("stepNumber")))


def _day(day: date) -> Literal:
    return Literal(day.isoformat(), datatype=_DATE)


def _slug(text: str) -> str:
    """The text as a part of an IRI: letters of ASCII, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower())[:40].strip("-") or "element"


def _free(isms_: Isms, iri: str) -> str:
    """The IRI, with a number behind it if the workspace has it already."""
    taken = [node.value for node in isms_.elements() if node.value.startswith(iri)]
    number, free = 1, iri
    while any(one == free or one.startswith(f"{free}-") for one in taken):
        number += 1
        free = f"{iri}-v{number}"
    return free


def _block(isms_: Isms, node: NamedNode, class_: NamedNode, label: str, said: Mapping[str, Sequence[NamedNode | Literal]]) -> str:
    def term(one: NamedNode | Literal) -> str:
        if isinstance(one, Literal):
            return str(one).replace(f"<{XSD}date>", "xsd:date")
        for prefix, namespace in (("", isms_.workspace.base), ("isms", ISMS), ("iso27001", ISO27001)):
            if re.fullmatch(r"[A-Za-z](?:[\w.-]*\w)?", local := one.value.removeprefix(namespace), re.ASCII):
                return f"{prefix}:{local}"
        return str(one)

    lines = [f"{term(node)} a {term(class_)} ; rdfs:label {Literal(label)}"]
    lines += [f"    isms:{property_} {' , '.join(term(value) for value in values)}" for property_, values in said.items() if values]
    return " ;\n".join(lines) + " .\n"
