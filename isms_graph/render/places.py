"""Where findings stand, as tools outside the workspace name it."""

from __future__ import annotations

import re
from pathlib import Path

from isms_graph.findings import Finding, Report


def path_of(report: Report, finding: Finding) -> str:
    """The path of the finding's file as seen from the current folder, with `/`; for a finding without one, the workspace's.

    In a store that is the IRI of the graph, or the address of the store.
    """
    if at_a_store(report):
        return finding.file or report.workspace
    whole = Path(report.workspace) / (finding.file or "")
    resolved, here = whole.resolve(), Path.cwd().resolve()
    return resolved.relative_to(here).as_posix() if resolved.is_relative_to(here) else whole.as_posix()


def anchor_of(report: Report, finding: Finding) -> str:
    """The same, but a file in any case: tools that annotate files want one, and a whole missing register stands in none."""
    if finding.file or at_a_store(report):
        return path_of(report, finding)
    root = Path(report.workspace)
    files = sorted(path for path in root.iterdir() if path.is_file() and not path.name.startswith(".")) if root.is_dir() else []
    first = next((path for path in files if path.name == "isms.toml"), files[0] if files else root)
    return path_of(report, finding).rstrip("/") + "/" + first.name if first != root else path_of(report, finding)


def at_a_store(report: Report) -> bool:
    """True if the ISMS was fetched from a store; places are IRIs then."""
    return re.match(r"https?://", report.workspace) is not None


def column_of(finding: Finding) -> int | None:
    """The column as a number; None for a table's column, which has a name."""
    return finding.column if isinstance(finding.column, int) else None
