"""What a check run gives: findings and the report that holds them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date

from isms_graph.catalogue import SEVERITY_ORDER, Check
from isms_graph.shacl.engine import Row


@dataclass(frozen=True)
class Finding:
    """One thing that an auditor would raise.

    `focus` is the IRI of the element, `path` the property at fault as a short name or empty, `value` the value at
    fault or None. `line` counts from 1; `column` is a number, or the header of a table's column; `sheet` and `cell`
    are those of a workbook. `fingerprint` stays the same when lines move. `waiver` is the IRI of the waiver that covers
    the finding, with its reason; `known` is true if a baseline lists it; `row` is the validation result behind it.
    """

    check: str
    clause: str
    severity: str
    focus: str
    label: str
    path: str
    value: str | None
    message: str
    advice: str
    file: str | None
    line: int | None
    column: int | str | None
    fingerprint: str
    waiver: str | None = None
    waiver_reason: str = ""
    known: bool = False
    sheet: str = ""
    cell: str = ""
    row: Row | None = field(default=None, repr=False, compare=False)

    @property
    def place(self) -> str:
        """Where it stands, for people: file:line, file:line (column of a table) or file Sheet!D5; empty if nowhere."""
        if self.cell:
            return f"{self.file} {self.sheet}{'!' if self.sheet else ''}{self.cell}"
        where = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        return f"{where} ({self.column})" if isinstance(self.column, str) else where

    @property
    def open(self) -> bool:
        """True if the finding counts: no waiver covers it and no baseline lists it."""
        return self.waiver is None and not self.known


@dataclass(frozen=True)
class CheckRun:
    """A check that ran: how many focus nodes it met and how long it took, in seconds."""

    check: Check
    focus_nodes: int
    seconds: float
    referred: str = ""


@dataclass(frozen=True)
class Known:
    """A finding as a baseline lists it."""

    fingerprint: str
    check: str
    focus: str
    message: str


@dataclass(frozen=True)
class Comparison:
    """How a report differs from that of a git revision: findings gained are those of the report itself."""

    revision: str
    lost: tuple[Finding, ...]
    unchanged: int


@dataclass(frozen=True)
class Report:
    """The outcome of a check run. `stage_reason` says where the stage comes from.

    `stale` are the entries of the baseline that were not found any more. With a `comparison` the findings are those
    gained since the revision.
    """

    workspace: str
    name: str
    as_of: date
    as_of_origin: str
    stage: str
    stage_reason: str
    statements: int
    files: int
    engine: str
    checks: tuple[CheckRun, ...]
    findings: tuple[Finding, ...]
    stale: tuple[Known, ...] = ()
    comparison: Comparison | None = None

    @property
    def open(self) -> tuple[Finding, ...]:
        """The findings that count, those that are waived or known left out."""
        return tuple(finding for finding in self.findings if finding.open)

    @property
    def waived(self) -> tuple[Finding, ...]:
        """The findings that a waiver covers."""
        return tuple(finding for finding in self.findings if finding.waiver is not None)

    @property
    def known(self) -> tuple[Finding, ...]:
        """The findings that the baseline lists and no waiver covers."""
        return tuple(finding for finding in self.findings if finding.known and finding.waiver is None)

    def counts(self) -> dict[str, int]:
        """How many open findings of each severity there are, majors first."""
        return {severity: sum(f.severity == severity for f in self.open) for severity in SEVERITY_ORDER}

    @property
    def conforms(self) -> bool:
        """True if there is no open nonconformity, major or minor. Opportunities for improvement are none."""
        return not any(finding.severity in ("major", "minor") for finding in self.open)

    def fails_on(self, threshold: str) -> bool:
        """True if there is an open finding at or above `threshold` (major, minor, ofi), or a stale entry in the baseline.

        Never for `never`.
        """
        if threshold == "never":
            return False
        failing = SEVERITY_ORDER[: SEVERITY_ORDER.index(threshold) + 1]
        return bool(self.stale) or any(finding.severity in failing for finding in self.open)

    def with_findings(self, findings: list[Finding]) -> Report:
        """The same report with other findings, in order."""
        return replace(self, findings=tuple(sorted(findings, key=order)))


def clause_key(clause: str) -> tuple[int, ...]:
    """Sorts clause numbers as numbers, and Annex A behind the clauses."""
    return tuple(int(part) if part.isdigit() else 100 for part in clause.split("."))


def order(finding: Finding) -> tuple[object, ...]:
    """The order of findings in a report: clause, severity, check, then the name of the element."""
    severity = SEVERITY_ORDER.index(finding.severity)
    return clause_key(finding.clause), severity, finding.check, finding.label, finding.focus, finding.message
