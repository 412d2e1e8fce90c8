"""An ISMS as OSCAL documents: catalog, profile, components, system security plan, a check run and a plan of action.

What OSCAL has no place for is listed beside them, element by element.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import NamedNode

from isms_graph.exporters.folder import MANIFEST, SUMS, manifest, replaceable, sums, write_folder
from isms_graph.exporters.oscal.actions import plan_of_action
from isms_graph.exporters.oscal.assessment import assessment_plan, assessment_results
from isms_graph.exporters.oscal.build import CATALOG, COMPONENTS, PLAN, POAM, PROFILE, RESULTS, SSP, VERSION, Oscal, written
from isms_graph.exporters.oscal.standard import catalog, profile
from isms_graph.exporters.oscal.system import component_definition, system_security_plan
from isms_graph.graph import Isms

KIND = "OSCAL export"
LEFT_OUT = "NOT-IN-OSCAL.csv"
_OVER = "it is withdrawn, closed or cancelled"
_NO_PLACE = "OSCAL describes systems, controls and their assessment; it has no place for this part of a management system"
_WHY = {
    "RiskCriteria": "OSCAL has figures of risks, and no scales to read them by",
    "MatrixCell": "OSCAL has figures of risks, and no scales to read them by",
    "Threat": "named in the risks that arise from it",
    "Vulnerability": "named in the risks that arise from it",
    "InternalAudit": "OSCAL results are those of this check run; see `isms export audit-programme`",
    "Finding": "only findings that became nonconformities are in the plan of action; see `isms export audit-programme`",
    **dict.fromkeys(("ControlSet", "ControlGroup", "ReferenceControl"), "it is of another catalog, which is OSCAL already"),
    "ClassificationLevel": "named in the assets that have it",
    "LegalRequirement": "named in the lines of the Statement of Applicability and the controls that answer it",
    "ContractualRequirement": "named in the lines of the Statement of Applicability and the controls that answer it",
    "OtherRequirement": "named in the lines of the Statement of Applicability and the controls that answer it",
}


@dataclass(frozen=True)
class Export:
    """The files by name; what OSCAL has no place for by class, with numbers; what could not be written, with the reason."""

    files: dict[str, bytes]
    elements: int
    left_out: Counter[str]
    unwritten: dict[str, str]


def oscal(isms_: Isms) -> Export:
    """The ISMS in OSCAL; the same files and date give the same bytes."""
    at = Oscal(isms_)
    files = {
        CATALOG: written("catalog", catalog(at)),
        PROFILE: written("profile", profile(at)),
        COMPONENTS: written("component-definition", component_definition(at)),
    }
    files[SSP] = written("system-security-plan", system_security_plan(at))
    files[PLAN] = written("assessment-plan", assessment_plan(at))
    files[RESULTS] = written("assessment-results", assessment_results(at))
    poam, unwritten = plan_of_action(at), {}
    if poam is None:
        unwritten[POAM] = "there is neither a nonconformity nor an action against a risk, and OSCAL wants an item"
    else:
        files[POAM] = written("plan-of-action-and-milestones", poam)
    rows, counted = _left_out(at)
    files[LEFT_OUT] = rows.encode()
    said = {"organization": at.name, "as_of": isms_.as_of.isoformat(), "oscal_version": VERSION, "unwritten": unwritten}
    files[MANIFEST] = manifest(isms_, KIND, files, **said)
    files[SUMS] = sums(files)
    return Export(files, len(at.subjects()) + at.nameless, counted, unwritten)


def write_oscal(isms_: Isms, folder: Path) -> Export:
    """Write the documents into a new or empty folder, or in the place of an earlier export. Raises UsageError, InputError."""
    earlier = replaceable(isms_, folder, KIND)
    export = oscal(isms_)
    write_folder(folder, earlier, export.files)
    return export


def _left_out(at: Oscal) -> tuple[str, Counter[str]]:
    """A table of the elements without a place in OSCAL, and how many there are of each class."""
    held = io.StringIO()
    table = csv.writer(held, lineterminator="\n")
    table.writerow(("element", "class", "name", "statements", "why"))
    counted: Counter[str] = Counter()
    for node in sorted(at.subjects() - set(at.placed), key=lambda one: (_class(at, one), str(one))):
        kind = _class(at, node)
        counted[kind] += 1
        name = at.isms.label(node)
        table.writerow((node.value, kind, f"'{name}" if name[:1] in "=+-@\t\r" else name, at.statements(node), _why(at, node)))
    counted["element without an IRI"] += at.nameless
    for number in range(1, at.nameless + 1):
        table.writerow((f"without an IRI, {number}", "", "", "", "an element without an IRI cannot be referred to"))
    return held.getvalue(), +counted


def _class(at: Oscal, node: NamedNode) -> str:
    return ", ".join(at.isms.vocabulary.label(one) for one in at.isms.classes(node)) or "something else"


def _why(at: Oscal, node: NamedNode) -> str:
    if at.of.over(node):
        return _OVER
    names = [one.value.rpartition("/")[2] for one in at.isms.classes(node)]
    return next((_WHY[name] for name in names if name in _WHY), _NO_PLACE)
