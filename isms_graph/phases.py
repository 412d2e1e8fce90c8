"""The six phases of clauses 4 to 10, in which a management system is established, and the findings of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pyoxigraph import NamedNode

from isms_graph.findings import Finding, clause_key
from isms_graph.namespaces import ISO27001, isms
from isms_graph.vocabulary import Vocabulary


@dataclass(frozen=True)
class PhaseFindings:
    """A phase, the numbers of its main clauses, and its findings in the order of the report."""

    phase: NamedNode
    clauses: tuple[str, ...]
    findings: tuple[Finding, ...]


def by_phase(vocabulary: Vocabulary, findings: Iterable[Finding]) -> list[PhaseFindings]:
    """The phases in their order; findings against controls of Annex A belong to the phase of clause 8.1, operation."""
    numbers: dict[str, NamedNode] = {
        clause.value.removeprefix(ISO27001): phase
        for clause in vocabulary.instances(isms("Clause"))
        for phase in vocabulary.named(clause, isms("phase"))
    }
    groups: dict[NamedNode, list[Finding]] = {
        phase: [] for phase in sorted(vocabulary.instances(isms("Phase")), key=lambda one: int(vocabulary.text(one, isms("order"))))
    }
    for finding in findings:
        groups[numbers["8.1" if finding.clause.startswith("A.") else finding.clause]].append(finding)
    return [
        PhaseFindings(
            phase, tuple(sorted({number.split(".")[0] for number in numbers if numbers[number] == phase}, key=clause_key)), tuple(found)
        )
        for phase, found in groups.items()
    ]
