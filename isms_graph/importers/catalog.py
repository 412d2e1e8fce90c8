"""A catalogue of controls in OSCAL's JSON form (1.0 to 1.2), read without trust: numbers and titles, and the prose if asked for.

A control or group is known by its id in the catalogue, and the catalogue by its UUID: together they make an IRI.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from isms_graph.errors import InputError, Problems
from isms_graph.importers.catalog_text import told
from isms_graph.sources.workspace import text_of

MAX_BYTES = 40_000_000  # NIST SP 800-53 has 11 million
MAX_VALUES = 2_000_000  # lists, objects and their members
MAX_CONTROLS = 20_000
MAX_DEPTH = 12  # groups in groups, controls in controls
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_VERSION = re.compile(r"1\.[0-2]\.\d+\b.*")
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # control characters and halves of characters
_OSCAL = (None, "http://csrc.nist.gov/ns/oscal")
_MODELS = ("profile", "component-definition", "system-security-plan", "assessment-plan", "assessment-results",
           "plan-of-action-and-milestones", "mapping-collection")  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """A group or a control. `parent` is the id of what it is a part of, empty for the catalogue itself."""

    id: str
    title: str
    parent: str
    control: bool
    label: str = ""  # as printed, such as AC-2
    withdrawn: bool = False
    statement: str = ""
    guidance: str = ""

    @property
    def name(self) -> str:
        """What it is called: the label, or the id of a control without one, and the title."""
        number = self.label or (self.id if self.control else "")
        return self.title if self.title.startswith(number) else f"{number} {self.title}"


@dataclass
class Catalogue:
    """What was read of a catalogue, in the order in which it stands there."""

    uuid: str
    title: str
    edition: str
    publisher: str
    licence: str
    source: str
    entries: dict[str, Entry] = field(default_factory=dict)

    @property
    def iri(self) -> str:
        """The IRI of the control set."""
        return f"urn:uuid:{self.uuid}"

    def iri_of(self, id_: str) -> str:
        """The IRI of a group or control."""
        return f"{self.iri}#{quote(id_, safe='')}"

    @property
    def controls(self) -> list[Entry]:
        """The controls, withdrawn ones too."""
        return [one for one in self.entries.values() if one.control]


def read_catalogue(path: Path, with_text: bool = False) -> Catalogue:
    """The catalogue in a file. Raises InputError, or Problems with all that is wrong in it, each with its place in the JSON."""
    content = _json(path)
    if not isinstance(content, dict) or not isinstance(content.get("catalog"), dict):
        model = next((one for one in _MODELS if isinstance(content, dict) and one in content), "")
        advice = "A profile has to be resolved into a catalogue first, which OSCAL tools do." if model == "profile" else ""
        what = f"an OSCAL {model}" if model else "no OSCAL document"
        raise InputError(f"this is {what}, and a catalogue is expected: an object with the key 'catalog'.", path, advice=advice)
    reader = _Reader(path, with_text)
    found = reader.catalogue(content["catalog"])
    if reader.problems:
        raise Problems(reader.problems)
    return found


def _json(path: Path) -> object:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise InputError(f"the file cannot be read: {error.strerror}.", path) from None
    if size > MAX_BYTES:
        raise InputError(f"the file has {size // 1_000_000} MB, and no catalogue needs more than {MAX_BYTES // 1_000_000}.", path)
    text = text_of(path)
    if sum(map(text.count, "[{,")) > MAX_VALUES:
        raise InputError(f"the file holds more than {MAX_VALUES:,} values, and no catalogue needs so many.", path)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        advice = "The XML and YAML forms of OSCAL are not read; take the JSON form." if text.lstrip()[:1] not in ("{", "[") else ""
        raise InputError(f"this is not JSON: {error.msg}.", path, error.lineno, error.colno, advice=advice) from None
    except RecursionError:
        raise InputError("the JSON is nested too deeply to be a catalogue.", path) from None
    except ValueError:
        raise InputError("the JSON holds a number that is too long.", path) from None


@dataclass
class _Reader:
    """Reads a catalogue and notes each fault with its place, such as catalog/groups/0/controls/3."""

    path: Path
    with_text: bool
    problems: list[InputError] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)  # of ids
    nameless: int = 0

    def problem(self, place: str, message: str, advice: str = "") -> None:
        self.problems.append(InputError(f"{place}: {message}", self.path, advice=advice))

    def text(self, of: Mapping[str, Any], key: str, place: str, needed: bool = True) -> str:
        """A text on one line. Notes what is missing, no text, or not valid."""
        value = of.get(key)
        if value is None and not needed:
            return ""
        if not isinstance(value, str) or not value.strip():
            self.problem(place, f"'{key}' is missing." if value is None else f"'{key}' has to be a text.")
            return ""
        value = " ".join(value.split())
        if wrong := _UNFIT.search(value):
            self.problem(place, f"'{key}' holds the sign U+{ord(wrong[0]):04X}, which no text has.", "Take it out.")
            return ""
        return value

    def items(self, of: Mapping[str, Any], key: str, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The objects of a list, each with its place; what is none is noted."""
        found = of.get(key, [])
        if not isinstance(found, list):
            self.problem(f"{place}/{key}", "a list is expected.")
            return
        for number, one in enumerate(found):
            if isinstance(one, dict):
                yield f"{place}/{key}/{number}", one
            else:
                self.problem(f"{place}/{key}/{number}", "an object is expected.")

    def catalogue(self, catalog: dict[str, Any]) -> Catalogue:
        metadata = catalog.get("metadata")
        if not isinstance(metadata, dict):
            self.problem("catalog", "'metadata' is missing, or no object.")
            metadata = {"title": "-", "version": "-", "oscal-version": "1.0.0"}
        uuid = self.text(catalog, "uuid", "catalog")
        if uuid and not _UUID.fullmatch(uuid):
            self.problem("catalog", f"'uuid' is no UUID: {uuid[:60]!r}.")
        version = self.text(metadata, "oscal-version", "catalog/metadata")
        if version and not _VERSION.fullmatch(version):
            self.problem("catalog/metadata", f"the form is OSCAL {version[:20]}, and 1.0 to 1.2 are read.", "Convert the catalogue.")
        found = Catalogue(
            uuid.lower(),
            self.text(metadata, "title", "catalog/metadata"),
            self.text(metadata, "version", "catalog/metadata"),
            self.publisher(metadata),
            self.link(metadata, catalog, "license"),
            self.link(metadata, catalog, "canonical"),
        )
        self.parts(catalog, "catalog", "", found, 0)
        if not self.problems and not found.controls:
            self.problem("catalog", "there is no control in it.")
        return found

    def publisher(self, metadata: dict[str, Any]) -> str:
        """The parties that publish the catalogue, or made it, by name."""
        place = "catalog/metadata"
        names = {one.get("uuid"): self.text(one, "name", at, needed=False) for at, one in self.items(metadata, "parties", place)
                 if isinstance(one.get("uuid"), str)}  # fmt: skip
        roles: dict[object, list[str]] = {}
        for _, one in self.items(metadata, "responsible-parties", place):
            ids, role = one.get("party-uuids"), one.get("role-id")
            if isinstance(ids, list) and isinstance(role, str):
                roles.setdefault(role, []).extend(names.get(id_, "") for id_ in ids if isinstance(id_, str))
        named = next((roles[role] for role in ("publisher", "creator", "author") if any(roles.get(role, ()))), [])
        return ", ".join(dict.fromkeys(filter(None, named)))

    def link(self, metadata: dict[str, Any], catalog: dict[str, Any], rel: str) -> str:
        """The address that a link of the metadata leads to, by way of the back matter if it points there."""
        for at, one in self.items(metadata, "links", "catalog/metadata"):
            href = self.text(one, "href", at) if one.get("rel") == rel else ""
            if href.startswith("#"):
                href = self.resource(catalog, href[1:])
            if href:
                return href
        return ""

    def resource(self, catalog: dict[str, Any], uuid: str) -> str:
        """The first address of a resource of the back matter, or an empty text."""
        back = catalog.get("back-matter")
        for place, one in self.items(back, "resources", "catalog/back-matter") if isinstance(back, dict) else ():
            if one.get("uuid") == uuid:
                for at, link in self.items(one, "rlinks", place):
                    return self.text(link, "href", at)
        return ""

    def parts(self, of: dict[str, Any], place: str, parent: str, found: Catalogue, depth: int) -> None:
        """Take in the groups and controls of a catalogue, a group or a control."""
        if depth > MAX_DEPTH:
            self.problem(place, f"groups and controls are nested more than {MAX_DEPTH} deep.")
            return
        for key in ("groups", "controls"):
            for at, one in self.items(of, key, place):
                if len(found.entries) >= MAX_CONTROLS:
                    if not self.problems or "too many" not in self.problems[-1].message:
                        self.problem(at, f"there are too many groups and controls: more than {MAX_CONTROLS:,}.")
                    return
                entry = self.entry(one, at, parent, key == "controls")
                if entry:
                    found.entries[entry.id] = entry
                self.parts(one, at, entry.id if entry else parent, found, depth + 1)

    def entry(self, one: dict[str, Any], at: str, parent: str, control: bool) -> Entry | None:
        """A group or a control; None if it has no id that can be used."""
        title = self.text(one, "title", at)
        if not control and one.get("id") is None:
            self.nameless += 1
            id_ = f"_group-{self.nameless}"  # OSCAL lets groups go without an id
        else:
            id_ = self.text(one, "id", at)
        if not id_:
            return None
        if len(id_) > 100 or not id_.isprintable() or " " in id_:
            self.problem(at, f"the id {id_[:60]!r} has spaces or signs that do not print, or more than 100 characters.")
            return None
        if id_ in self.places:
            self.problem(at, f"the id {id_!r} stands at {self.places[id_]} already.", "Ids are unique in a catalogue; correct one of them.")
            return None
        self.places[id_] = at
        props = [(one, where) for where, one in self.items(one, "props", at) if one.get("ns") in _OSCAL]
        labels = sorted((("class" in prop, self.text(prop, "value", where)) for prop, where in props if prop.get("name") == "label"),
                        key=lambda pair: pair[0])  # fmt: skip
        withdrawn = any(self.text(prop, "value", where).lower() == "withdrawn" for prop, where in props if prop.get("name") == "status")
        statement, guidance = told(one) if control and self.with_text else ("", "")
        return Entry(id_, title, parent, control, labels[0][1] if labels else "", withdrawn, statement, guidance)
