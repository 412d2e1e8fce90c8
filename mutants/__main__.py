"""Try faults and broken checks, and print what nobody noticed, as Markdown; see docs/mutants.md.

python -m mutants [--size 2400] [--seed 1] [--workers 2] [--only faults|checks] [--check ID ...]
"""

from __future__ import annotations

import argparse
import os
import platform
from time import perf_counter

from mutants import rechecks, trials
from mutants.declared import read_declarations, same_meaning
from mutants.faults import Faults
from mutants.report import fault_tables, trial_tables


def main() -> None:
    """Run what the arguments ask for."""
    arguments = argparse.ArgumentParser(prog="python -m mutants", description="Do the checks notice anything?")
    arguments.add_argument("--size", type=int, default=2400, help="how many single faults to try")
    arguments.add_argument("--seed", type=int, default=1, help="what the sample is drawn by")
    arguments.add_argument("--workers", type=int, default=2, help="how many processes work at the same time")
    arguments.add_argument("--only", choices=("faults", "checks"), help="one of the two parts")
    arguments.add_argument("--check", action="append", help="a check to break, instead of all; may be given several times")
    given = arguments.parse_args()
    print(f"Machine: {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}; seed {given.seed}.")
    if given.only != "checks":
        names = rechecks.organisations()
        print(f"\n## Single faults in {', '.join(names)}\n", flush=True)
        begin = perf_counter()
        outcomes = list(rechecks.run(given.size, given.seed, given.workers))
        possible = [fault for name in names for fault in Faults(rechecks.Recheck(name).isms, given.seed).all()]
        print("\n".join(fault_tables(outcomes, read_declarations(), possible)))
        print(f"\n{perf_counter() - begin:.0f} seconds.", flush=True)
    if given.only != "faults":
        print("\n## Broken checks\n", flush=True)
        begin = perf_counter()
        print("\n".join(trial_tables(list(trials.run(given.check, given.workers)), same_meaning())))
        print(f"\n{perf_counter() - begin:.0f} seconds.")


if __name__ == "__main__":
    main()
