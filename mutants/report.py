"""The outcomes as Markdown."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from mutants.declared import Declarations
from mutants.faults import Fault
from mutants.rechecks import REFUSED, Outcome
from mutants.trials import NOT_COMPILED, Trial
from mutants.trials import REFUSED as LINTED


def fault_tables(outcomes: list[Outcome], declared: Declarations, possible: list[Fault]) -> Iterator[str]:
    """What became of the faults: numbers, what was missed by class and property, and what the tables say too much."""
    neutral = [one for one in outcomes if declared.neutral_number(one.fault) is not None]
    asked = [one for one in outcomes if declared.neutral_number(one.fault) is None]
    noticed = [one for one in asked if one.noticed]
    known = [one for one in asked if not one.noticed and declared.missed_number(one.fault) is not None]
    new = [one for one in asked if not one.noticed and declared.missed_number(one.fault) is None]
    refused = sum(one.noticed == REFUSED for one in noticed)
    share = sum(declared.neutral_number(fault) is not None for fault in possible) / max(len(possible), 1)
    yield "| single faults | |\n|---|---:|"
    yield f"| tried | {len(outcomes)} |"
    yield f"| neutral | {len(neutral)} ({_percent(len(neutral), len(outcomes))}; of all {len(possible):,} possible faults {share:.0%}) |"
    yield f"| neutral, and yet noticed | {sum(bool(one.noticed) for one in neutral)} |"
    yield f"| to be noticed | {len(asked)} |"
    yield f"| noticed | {len(noticed)} ({_percent(len(noticed), len(asked))}), {refused} of them on loading |"
    yield f"| missed, and the table says why | {len(known)} |"
    yield f"| missed, and no table says so | {len(new)} |"
    by_kind = Counter(one.fault.kind for one in asked)
    seen = Counter(one.fault.kind for one in noticed)
    yield "\n| fault | to be noticed | noticed | |\n|---|---:|---:|---:|"
    for kind, count in by_kind.most_common():
        yield f"| {kind} | {count} | {seen[kind]} | {_percent(seen[kind], count)} |"
    yield "\nMissed, by class and property:\n"
    yield "| class | property | fault | place | missed | of | declared |\n|---|---|---|---|---:|---:|---|"
    tried = Counter(one.fault.key for one in asked)
    for key, count in sorted(Counter(one.fault.key for one in [*known, *new]).items()):
        yield f"| {' | '.join(key)} | {count} | {tried[key]} | {'' if any(one.fault.key == key for one in new) else 'yes'} |"
    yield from stale(outcomes, declared)


def stale(outcomes: list[Outcome], declared: Declarations) -> Iterator[str]:
    """Declarations that nothing in the run is about, and faults declared missed that are noticed every time."""
    met = {declared.neutral_number(one.fault) for one in outcomes}
    for number, row in enumerate(declared.neutral):
        if number not in met:
            yield f"\nDeclared neutral, and never met: {row.reason}"
    by_row: dict[int, list[bool]] = defaultdict(list)
    for one in outcomes:
        if (found := declared.missed_number(one.fault)) is not None:
            by_row[found].append(bool(one.noticed))
    for number, row in enumerate(declared.missed):
        if all(by_row[number]):
            yield f"\nDeclared missed, and noticed each of {len(by_row[number])} times: {row.reason}"


def trial_tables(trials: list[Trial], same: dict[tuple[str, str, str], str]) -> Iterator[str]:
    """What became of the broken checks: numbers by kind, and the survivors by check."""
    asked = [one for one in trials if (one.check, one.kind, one.what) not in same]
    left = [one for one in asked if not one.noticed]
    yield "| broken checks | tried | by the lint | by the examples | not noticed | |\n|---|---:|---:|---:|---:|---:|"
    kinds = [*(kind for kind, _ in Counter(one.kind for one in asked).most_common()), "all"]
    for kind in kinds:
        of = [one for one in asked if kind in (one.kind, "all")]
        lint = sum(one.noticed in (LINTED, NOT_COMPILED) for one in of)
        gone = sum(not one.noticed for one in of)
        yield f"| {kind} | {len(of)} | {lint} | {len(of) - lint - gone} | {gone} | {_percent(len(of) - gone, len(of))} |"
    yield f"\nDeclared to mean the same: {len(trials) - len(asked)}."
    for key in sorted(set(same) - {(one.check, one.kind, one.what) for one in trials if not one.noticed}):
        yield f"\nDeclared to mean the same, and noticed or not there any more: {' / '.join(key)}"
    if left:
        yield "\nNot noticed:\n"
    for one in sorted(left, key=lambda one: (one.check, one.kind, one.what)):
        yield f"- {one.check}: {one.kind}: `{one.what}`"


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"
