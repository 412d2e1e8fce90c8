"""What the deliverables read from the graph: elements, dates, names, approval and evidence, each in one way."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import date

from pyoxigraph import NamedNode

from isms_graph.assessment import assessed
from isms_graph.elements import organization
from isms_graph.exporters.document import NOT_STATED, Cell, Document, Section, Table, as_text
from isms_graph.graph import Isms
from isms_graph.index import Object
from isms_graph.namespaces import ISO27001, RDF_TYPE, isms, local_name
from isms_graph.queries import query
from isms_graph.results import value

Fact = tuple[str, Cell]
Columns = Mapping[str, tuple[str, int]]  # variables with the head and the width of their column
_LAST = 10**9
NOTHING = "Nothing recorded."
_OVER = (isms("Withdrawn"), isms("Closed"), isms("Cancelled"))


def in_order(text: str) -> list[tuple[int, str]]:
    """A key that sorts R-2 before R-10, and clauses before Annex A."""
    return [(int(part), "") if part[0] in "0123456789" else (_LAST, part) for part in re.findall(r"[0-9]+|[^0-9]+", text)]


def _joined(cells: list[Cell]) -> Cell:
    return cells[0] if len(cells) == 1 else "\n".join(as_text(one) for one in cells) or NOT_STATED


class Records:
    """The elements of an ISMS as a deliverable tells of them."""

    def __init__(self, isms_: Isms) -> None:
        assessed(isms_)  # tells which criteria judge which risk
        self.isms = isms_
        self.as_of = isms_.as_of
        self.label = isms_.label
        self._instances: dict[str, list[NamedNode]] = {}

    def instances(self, class_: str) -> list[NamedNode]:
        """The elements of a class, in the order of their IRIs."""
        if class_ not in self._instances:
            quads = self.isms.store.quads_for_pattern(None, RDF_TYPE, isms(class_), None)
            self._instances[class_] = sorted({quad.subject for quad in quads if isinstance(quad.subject, NamedNode)}, key=str)
        return list(self._instances[class_])

    def nodes(self, node: NamedNode, *properties: str) -> list[NamedNode]:
        """The elements that an element is related to by any of the properties."""
        return [one for name in properties for one in self.isms.values(node, isms(name)) if isinstance(one, NamedNode)]

    def related(self, property_: str, node: NamedNode) -> list[NamedNode]:
        """The elements that are related to this one by the property, in the order of their IRIs."""
        quads = self.isms.store.quads_for_pattern(None, isms(property_), node, None)
        return sorted({quad.subject for quad in quads if isinstance(quad.subject, NamedNode)}, key=str)

    def over(self, node: Object) -> bool:
        """True for what is withdrawn, closed or cancelled."""
        return isinstance(node, NamedNode) and any(status in _OVER for status in self.isms.values(node, isms("status")))

    def withdrawn(self, node: NamedNode) -> bool:
        """True for what is kept for the record only."""
        return isms("Withdrawn") in self.isms.values(node, isms("status"))

    def days(self, node: NamedNode, *properties: str) -> list[date]:
        """The dates that the properties give, in order. What is no date was reported by the checks and is passed over."""
        values = [value(one) for name in properties for one in self.isms.values(node, isms(name))]
        return sorted(one for one in values if type(one) is date)

    def past(self, node: NamedNode, *properties: str) -> date | None:
        """The latest date up to the as-of date."""
        return max((day for day in self.days(node, *properties) if day <= self.isms.as_of), default=None)

    def planned(self, node: NamedNode, *properties: str) -> date | None:
        """The latest date, also in the future."""
        return max(self.days(node, *properties), default=None)

    def names(self, values: Iterable[Object], empty: str = NOT_STATED) -> str:
        """The names of elements or the texts, one a line."""
        return "\n".join(sorted({self.isms.label(one) for one in values})) or empty

    def named(self, node: NamedNode, *properties: str, empty: str = NOT_STATED) -> str:
        """The names of what an element is related to."""
        return self.names((one for name in properties for one in self.isms.values(node, isms(name))), empty)

    def told(self, node: NamedNode) -> str:
        """The name of an element, and below it what it is in a sentence or two, if somebody says."""
        return "\n".join(filter(None, (self.isms.label(node), self.named(node, "description", empty=""))))

    def number(self, node: NamedNode, property_: str) -> Cell:
        """The value of a property: a number or date as such, several as texts."""
        return _joined([self.cell(one) for one in self.isms.values(node, isms(property_))])

    def reference(self, node: NamedNode) -> str:
        """The short name by which the register refers to an element."""
        short = local_name(node.value)
        own = {self.isms.label(one) for one in self.isms.values(node, isms("identifier"))} - {short}
        return ", ".join(sorted(own)) or short

    def annex_a(self) -> list[NamedNode]:
        """The controls of Annex A by number."""
        return sorted(self.instances("AnnexAControl"), key=lambda one: in_order(local_name(one.value)))

    def done(self, action: NamedNode) -> bool:
        """True if an action is completed as of the date."""
        return bool(self.past(action, "completedOn")) or bool({isms("Completed"), isms("Closed")} & set(self.nodes(action, "status")))

    def late(self, action: NamedNode) -> bool:
        """True if an action is neither done nor given up and was due before the as-of date."""
        due = self.planned(action, "dueOn")
        return bool(due and due < self.as_of) and not self.done(action) and not self.over(action)

    def state(self, action: NamedNode) -> str:
        """The status of an action as it is stated; one that is late says so."""
        stated = self.named(action, "status", empty="completed" if self.done(action) else NOT_STATED)
        return f"{stated}, overdue" if self.late(action) else stated

    def asked(self, question: str, columns: Columns, keys: Sequence[str], only: Container[object] | None = None) -> Table:
        """The answer to a saved question: chosen columns under heads, one row for each value of the keys, the rest joined.

        `only` are the values of the first key that are wanted, if not all.
        """
        answer = query(self.isms, question)
        found: dict[tuple[object, ...], list[dict[Cell, None]]] = {}
        for row in answer.rows:
            terms = dict(zip(answer.columns, row, strict=True))
            if only is not None and terms[keys[0]] not in only:
                continue
            cells = found.setdefault(tuple(terms[key] for key in keys), [{} for _ in columns])
            for values, column in zip(cells, columns, strict=True):
                if (term := terms[column]) is not None:
                    values[self.cell(term)] = None
        rows = tuple(tuple(_joined(list(values)) for values in cells) for cells in found.values())
        heads, widths = zip(*columns.values(), strict=True)
        return Table(heads, widths, rows)

    def outcome(self, node: NamedNode) -> str:
        """The name of what came of something, and how far it has come if that is stated."""
        state = self.state(node)
        return self.label(node) if state == NOT_STATED else f"{self.label(node)} ({state})"

    def covered(self, parts: Iterable[NamedNode]) -> str:
        """What something is about: the numbers of clauses and controls of Annex A in a line, then the names of elements."""
        listed = list(parts)
        numbers = sorted((local_name(one.value) for one in listed if one.value.startswith(ISO27001)), key=in_order)
        own = sorted(self.label(one) for one in listed if not one.value.startswith(ISO27001))
        return "\n".join([*([", ".join(numbers)] if numbers else []), *own]) or NOT_STATED

    def cell(self, term: Object | None) -> Cell:
        """A term as a cell: whole numbers and dates as such, anything else as people read it."""
        if term is None:
            return NOT_STATED
        found = value(term)
        if isinstance(found, bool):
            return "yes" if found else "no"
        return found if isinstance(found, int) or type(found) is date else self.label(term)

    def approved(self, node: NamedNode) -> bool:
        """True if somebody approved the document up to the as-of date and its status does not say otherwise."""
        status = self.isms.values(node, isms("status"))
        signed = self.isms.values(node, isms("approvedBy")) and self.past(node, "approvedOn")
        return bool(signed) and (not status or isms("Approved") in status)

    def approval(self, documents: Sequence[NamedNode]) -> list[Fact]:
        """Who approved which version when, as facts."""
        facts: list[Fact] = [] if documents else [("Document", NOT_STATED)]
        for one in documents:
            facts += [
                ("Document", self.isms.label(one)),
                ("Version", self.named(one, "version")),
                ("Approved by", self.named(one, "approvedBy")),
                ("Signed by", self.named(one, "approvalSignedBy")),
                ("Approved on", self.past(one, "approvedOn") or NOT_STATED),
            ]
        return facts

    def evidence_of(self, elements: Iterable[NamedNode]) -> list[tuple[date, NamedNode]]:
        """The dated evidence for any of the elements up to the as-of date, the oldest first."""
        found = {(made, one) for node in elements for one in self.related("evidences", node) if (made := self.past(one, "date"))}
        return sorted(found, key=lambda pair: (pair[0], self.isms.label(pair[1]), str(pair[1])))

    def latest_evidence(self, elements: Iterable[NamedNode]) -> tuple[Cell, Cell]:
        """The name of the latest evidence for any of the elements, and its date; evidence that ran out says so."""
        found = self.evidence_of(elements)
        if not found:
            return NOT_STATED, NOT_STATED
        made, evidence = found[-1]
        end = self.past(evidence, "validUntil")
        return self.isms.label(evidence) + (f" (out of date since {end})" if end and end < self.isms.as_of else ""), made

    def deliverable(
        self, title: str, facts: Iterable[Fact], sections: Iterable[Section], documents: Sequence[NamedNode] | None
    ) -> Document:
        """A document with the organization on top. `documents` are those that need approval; None for records, which need none."""
        name = organization(self.isms) or NOT_STATED
        if documents is None:
            approval_: list[Fact] = [("Kind", "Drawn from the records of the ISMS; not itself a document that is approved")]
            version = ""
        else:
            approval_ = self.approval(documents)
            version = ", ".join(sorted({self.named(one, "version", empty="") for one in documents} - {""}))
        return Document(
            title,
            (("Organization", name), *approval_, ("As of", self.isms.as_of), *facts),
            tuple(sections),
            f"{title} of {name}{f', version {version}' if version else ''}, as of {self.isms.as_of}",
            self.isms.as_of,
            documents is not None and not (documents and all(self.approved(one) for one in documents)),
        )
