"""Baselines: findings that are known and do not fail a run, in a JSON file beside the ISMS.

An entry whose finding is gone is stale and fails the run until the file is written anew, so that the list only shrinks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path

from isms_graph.errors import InputError
from isms_graph.findings import Finding, Known, Report

VERSION = 1
_KEYS = ("fingerprint", "check", "focus", "message")


def read_baseline(path: Path) -> list[Known]:
    """The entries of a baseline. Raises InputError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("there is no such baseline.", path, advice="Write one with --update-baseline.") from None
    except OSError as error:
        raise InputError(f"the baseline cannot be read: {error.strerror}.", path) from None
    except UnicodeDecodeError:
        raise InputError("the baseline is not UTF-8.", path) from None
    except json.JSONDecodeError as error:
        raise InputError(f"the baseline is not valid JSON: {error.msg}.", path, error.lineno, error.colno) from None
    entries = content.get("findings") if isinstance(content, dict) and content.get("version") == VERSION else None
    if not isinstance(entries, list) or not all(
        isinstance(one, dict) and all(isinstance(one.get(k), str) for k in _KEYS) for one in entries
    ):
        raise InputError("this is not a baseline of isms-graph.", path, advice="Write it anew with --update-baseline.")
    return [Known(*(entry[key] for key in _KEYS)) for entry in entries]


def _is_entry(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(key), str) for key in _KEYS)


def write_baseline(path: Path, findings: Iterable[Finding]) -> int:
    """Write the findings that no waiver covers as a baseline; return how many there are. Raises InputError."""
    known = [Known(one.fingerprint, one.check, one.focus, one.message) for one in findings if one.waiver is None]
    entries = [asdict(one) for one in sorted(known, key=lambda one: (one.check, one.focus, one.fingerprint))]
    try:
        path.write_text(json.dumps({"version": VERSION, "findings": entries}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"the baseline cannot be written: {error.strerror}.", path) from None
    return len(entries)


def with_baseline(report: Report, known: Iterable[Known]) -> Report:
    """The report with known findings marked, and the entries that were not found as stale.

    An entry for a check that did not run is left alone: nobody can say whether its finding is gone.
    """
    entries = {one.fingerprint: one for one in known}
    findings = [replace(finding, known=finding.fingerprint in entries) for finding in report.findings]
    found, ran = {finding.fingerprint for finding in findings if finding.waiver is None}, {run.check.id for run in report.checks}
    stale = tuple(one for one in entries.values() if one.fingerprint not in found and one.check in ran)
    return replace(report.with_findings(findings), stale=stale)
