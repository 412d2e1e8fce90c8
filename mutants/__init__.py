"""Proof that the checks are not vacuous: faults put into clean data, and checks broken on purpose; see docs/mutants.md."""
