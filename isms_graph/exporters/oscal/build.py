"""What every OSCAL document of an ISMS is made with: identities, texts as OSCAL writes them, and what keeps the rest of an element.

An element that has a place in OSCAL loses nothing there: statements that OSCAL has no field for become properties and
links in the namespace of the ontology. `Oscal.placed` tells which elements have a place.
"""

from __future__ import annotations

import json
import re
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cached_property
from typing import Any

from pyoxigraph import Literal, NamedNode, Quad

from isms_graph.elements import organization
from isms_graph.exporters.document import NOT_STATED
from isms_graph.exporters.records import Records
from isms_graph.graph import Isms
from isms_graph.index import Object
from isms_graph.namespaces import ISMS, ISO27001, RDF_TYPE, RDFS_LABEL, local_name

VERSION = "1.1.3"  # of OSCAL; nothing here is newer, and readers of 1.2 take it
CATALOG, PROFILE, COMPONENTS, SSP = "catalog.json", "profile.json", "component-definition.json", "system-security-plan.json"
PLAN, RESULTS, POAM = "assessment-plan.json", "assessment-results.json", "plan-of-action-and-milestones.json"
JSON = dict[str, Any]
OWNER, APPROVER = "owner", "approver"
_COMPONENTS = (("Control", "control"), ("Process", "process-procedure"), ("Policy", "policy"))
_GROUPS = ("Organization", "OrganizationalUnit", "Supplier")
_MARKUP = re.compile(r"([\\`*_\[\]<>{}~^&])")
_BLOCK = re.compile(r"^(\s*)([#+\-=|]|\d+(?=[.)]))", re.MULTILINE)
_NO_TOKEN = re.compile(r"[^A-Za-z0-9._-]+")
_SPACE = uuid.uuid5(uuid.NAMESPACE_URL, ISMS + "oscal")


def plain(text: str) -> str:
    """A text as an OSCAL string: one line, never empty."""
    return " ".join(text.split()) or NOT_STATED


def prose(text: str) -> str:
    """A text as OSCAL markup in which nothing is markup."""
    return _BLOCK.sub(r"\1\\\2", _MARKUP.sub(r"\\\1", text.strip())) or NOT_STATED


def line(text: str) -> str:
    """A text as one line of OSCAL markup in which nothing is markup."""
    return prose(plain(text))


def moment(day: date) -> str:
    """A date as OSCAL writes it: the beginning of the day, in UTC."""
    return f"{day.isoformat()}T00:00:00Z"


def token(text: str) -> str:
    """A text as an OSCAL token, which begins with a letter."""
    found = _NO_TOKEN.sub("-", text).strip("-.")
    return found if found and (found[0].isalpha() and found.isascii()) else f"id-{found or 'nameless'}"


def control_id(element: NamedNode) -> str:
    """The id in the catalog of a clause or a control of Annex A, such as clause-6.1.3 or a.5.1."""
    number = local_name(element.value).lower()
    return number if number[0] == "a" else f"clause-{number}"


def statement_id(number: str) -> str:
    """The id of the statement of a clause, of an item of its list or of a control of Annex A, from its number."""
    whole, _, item = number.partition("-")
    return f"{control_id(NamedNode(ISO27001 + whole))}_smt{f'.{item}' if item else ''}"


def written(root: str, content: JSON) -> bytes:
    """A document as JSON; its uuid follows from what it says, so that another content has another one, as OSCAL asks."""
    said = _pruned(content)
    whole = {"uuid": str(uuid.uuid5(_SPACE, f"{root} {json.dumps(said, sort_keys=True)}")), **said}
    return (json.dumps({root: whole}, indent=2, ensure_ascii=False) + "\n").encode()


def _pruned(content: Any) -> Any:
    """The content without None and empty lists, which OSCAL does not know."""
    if isinstance(content, dict):
        return {key: _pruned(one) for key, one in content.items() if one is not None and one != []}
    return [_pruned(one) for one in content] if isinstance(content, list) else content


class Oscal:
    """An ISMS on its way into OSCAL."""

    def __init__(self, isms_: Isms) -> None:
        self.of = Records(isms_)
        self.isms = isms_
        self.as_of = moment(isms_.as_of)
        self.name = organization(isms_) or f"organization {NOT_STATED}"
        self.placed: dict[NamedNode, None] = {}
        self._said: dict[NamedNode, set[Quad]] = defaultdict(set)
        for source in isms_.sources:
            for quad in source.quads:
                if isinstance(quad.subject, NamedNode):
                    self._said[quad.subject].add(Quad(quad.subject, quad.predicate, quad.object))
        self._tokens: dict[NamedNode, str] = {}
        self.nameless = len({quad.subject for source in isms_.sources for quad in source.quads if not isinstance(quad.subject, NamedNode)})

    @cached_property
    def components(self) -> dict[NamedNode, str]:
        """What works in the ISMS and is not withdrawn, with its type: controls, processes and policies."""
        return {one: type_ for class_, type_ in _COMPONENTS for one in self.of.instances(class_) if not self.of.over(one)}

    @cached_property
    def assets(self) -> dict[NamedNode, None]:
        """The assets in use, in the order of their IRIs."""
        return {one: None for one in self.of.instances("Asset") if not self.of.over(one)}

    def subjects(self) -> set[NamedNode]:
        """Everything that the files say something of."""
        return set(self._said)

    def uuid(self, kind: str, *parts: str) -> str:
        """The identity of a part of a document: the same for the same kind and IRIs, whatever else changes."""
        return str(uuid.uuid5(_SPACE, " ".join((kind, *parts))))

    def statements(self, node: NamedNode) -> int:
        """How many statements the files make about an element."""
        return len(self._said[node])

    def extension(self, node: NamedNode, native: Sequence[str] = (), titled: bool = True) -> JSON:
        """The IRI and class of an element, and what is said of it by other properties than the `native` ones.

        The element counts as placed. `titled` is false where its place has no title for its name. A text in a language stays, since
        what stands natively says no language.
        """
        self.placed[node] = None
        props = [self.prop("iri", node.value), *(self.prop("class", local_name(one.value)) for one in self.isms.classes(node))]
        links: list[JSON] = []
        ours = {RDF_TYPE, *(NamedNode(ISMS + name) for name in native)}
        for quad in sorted(self._said[node], key=str):
            if quad.predicate in ours and getattr(quad.object, "language", None) is None:
                continue
            if titled and quad.predicate == RDFS_LABEL and quad.object == Literal(self.of.label(node)):
                continue
            if isinstance(quad.object, NamedNode):
                name = token(local_name(quad.predicate.value))
                links.append({"href": quad.object.value, "rel": name, "text": line(self.of.label(quad.object))})
            else:
                props.append(self._literal(quad.predicate, quad.object))
        return {"props": props, "links": links}

    def _literal(self, predicate: NamedNode, value: Object) -> JSON:
        """A text or number as a property; a text that is more than a line, or in a language, stands whole in the remarks."""
        text = value.value if isinstance(value, Literal) else str(value)
        language = getattr(value, "language", None)
        namespace = predicate.value[: -len(local_name(predicate.value))] or ISMS
        whole = prose(text) if plain(text) != text else None
        return {
            "name": token(local_name(predicate.value)),
            "ns": namespace,
            "value": plain(text),
            "class": f"lang-{token(language)}" if language else None,
            "remarks": whole,
        }

    @staticmethod
    def prop(name: str, value: str, remarks: str | None = None) -> JSON:
        """A property in the namespace of the ontology."""
        return {"name": name, "ns": ISMS, "value": plain(value), "remarks": remarks}

    def head(self, title: str) -> JSON:
        """The head of a document that points to nobody but the organization."""
        return {
            "title": line(f"{title} of {self.name}"), "last-modified": self.as_of, "version": f"as of {self.isms.as_of}",
            "oscal-version": VERSION, "parties": [{"uuid": self.organization(), "type": "organization", "name": plain(self.name)}],
        }  # fmt: skip

    def metadata(self, title: str, version: str = "", documents: Iterable[NamedNode] = (), **more: Any) -> JSON:
        """The head of a document, with all people, organizations, places and roles that it may point to.

        `documents` are those whose approvers are responsible for it.
        """
        people = [self._party("person", one) for one in self.of.instances("Person")]
        groups = [self._party("organization", one) for one in dict.fromkeys(one for kind in _GROUPS for one in self.of.instances(kind))]
        head = self.head(title)
        general = [{"id": OWNER, "title": "Owner"}, {"id": APPROVER, "title": "Approver"}]
        approvers = {party for one in documents for party in self.parties(self.of.nodes(one, "approvedBy", "approvalSignedBy"))}
        return {
            **head,
            "version": plain(version) if version else head["version"],
            **more,
            "roles": [*general, *(self._role(one) for one in self.of.instances("Role"))],
            "locations": [self._location(one) for one in self.of.instances("Site")],
            "parties": [*([] if self.of.instances("Organization") else head["parties"]), *groups, *people],
            "responsible-parties": [{"role-id": APPROVER, "party-uuids": sorted(approvers)}] if approvers else [],
        }

    def organization(self) -> str:
        """The uuid of the party that stands for the organization."""
        return self.uuid("party", *[one.value for one in self.of.instances("Organization")[:1]])

    def _party(self, kind: str, node: NamedNode) -> JSON:
        return {"uuid": self.uuid("party", node.value), "type": kind, "name": plain(self.of.label(node)), **self.extension(node)}

    def _location(self, node: NamedNode) -> JSON:
        said, told = self.extension(node, ("description",)), self.prose_of(node, "description")
        return {"uuid": self.uuid("location", node.value), "title": line(self.of.label(node)), **said, "remarks": told}

    def _role(self, node: NamedNode) -> JSON:
        said, told = self.extension(node, ("responsibility",)), self.prose_of(node, "responsibility")
        return {"id": self.role_id(node), "title": line(self.of.label(node)), "description": told, **said}

    def role_id(self, node: NamedNode) -> str:
        """The id of a role: the end of its IRI, with a number behind it where two roles would have the same."""
        if not self._tokens:
            taken = {OWNER, APPROVER}
            for one in self.of.instances("Role"):
                wanted = name = token(local_name(one.value))
                at = 1
                while name in taken:
                    at += 1
                    name = f"{wanted}-{at}"
                taken.add(name)
                self._tokens[one] = name
        return self._tokens[node]

    def parties(self, agents: Iterable[NamedNode]) -> list[str]:
        """The uuids of people and organizations, for roles of those who hold them."""
        found: dict[str, None] = {}
        for agent in agents:
            for one in (agent, *self.of.nodes(agent, "heldBy")):
                if one in self._agents:
                    found[self.uuid("party", one.value)] = None
        return list(found)

    @cached_property
    def _agents(self) -> set[NamedNode]:
        return {one for kind in ("Person", *_GROUPS) for one in self.of.instances(kind)}

    def responsible(self, node: NamedNode) -> list[JSON]:
        """The owners of an element as OSCAL's responsible roles; a person who owns it holds the general role of an owner."""
        found: list[JSON] = []
        roles = set(self.of.instances("Role"))
        for owner in self.of.nodes(node, "owner"):
            parties = self.parties([owner])
            if owner in roles or parties:
                found.append({"role-id": self.role_id(owner) if owner in roles else OWNER, "party-uuids": parties})
        persons = [party for one in found if one["role-id"] == OWNER for party in one["party-uuids"]]
        merged = [{"role-id": OWNER, "party-uuids": persons}] if persons else []
        return [one for one in found if one["role-id"] != OWNER] + merged

    def prose_of(self, node: NamedNode, property_: str) -> str | None:
        """The texts of a property as markup, None if there is none."""
        text = self.of.named(node, property_, empty="")
        return prose(text) if text else None

    def told(self, node: NamedNode) -> str:
        """The description of an element, else its name."""
        return prose(self.of.named(node, "description", empty="") or self.of.label(node))
