# make demo    set everything up and show what isms-graph does
# make test    set everything up and run all tests, those against the reference engine on a share of the checks (CI=1: on all examples)
# make lint    ruff and mypy
# make bench   measure; results are printed as a table
# make mutants faults put into clean data, and checks broken on purpose (FAULTS=2400 SEED=1 WORKERS=2)
# make differential  all checks on all examples and generated ISMS with both engines (about an hour)
# make docs    write docs/coverage.md from the checks and docs/coverage.csv
# make fuzz    the generated tests for longer (FUZZ=20000 cases each)
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
FUZZ ?= 20000
FAULTS ?= 2400
SEED ?= 1
WORKERS ?= 2
DEMO = data/harbour-saas

.PHONY: demo test lint bench mutants differential fuzz docs clean
.DEFAULT_GOAL := demo

# The virtual environment, with the package in it as it stands here. Made again when pyproject.toml changes.
$(VENV)/ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "isms-graph needs Python 3.11 or newer; $(PYTHON) is older. Set PYTHON=..."; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || $(MAKE) --no-print-directory debian-python3-venv
	@echo "Setting up $(VENV) (once) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

# Debian packages: the module venv is in one of its own; the tests run the README's curl commands and start Virtuoso.
DEBIAN = debian-python3-venv debian-curl debian-virtuoso-opensource-7-bin debian-virtuoso-opensource-7-common
.PHONY: $(DEBIAN)
$(DEBIAN): debian-%:
	@if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	    echo "Installing $* ..."; apt-get update -qq && apt-get install -y -qq $* >/dev/null; \
	else \
	    echo "$* is missing. Install it first: sudo apt-get install $*"; exit 2; \
	fi

demo: $(VENV)/ready
	@PATH="$(abspath $(BIN)):$$PATH" sh scripts/demo.sh

# Hundreds of processes start in the tests; without compiled modules and checks on disk each would compile them all again.
test: $(VENV)/ready
	@command -v curl >/dev/null || $(MAKE) --no-print-directory debian-curl
	@command -v virtuoso-t >/dev/null || $(MAKE) --no-print-directory debian-virtuoso-opensource-7-bin debian-virtuoso-opensource-7-common
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n auto --dist worksteal $(PYTEST)

lint: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/ready
	$(BIN)/python -m bench $(BENCH)

mutants: $(VENV)/ready
	$(BIN)/python -m mutants --size $(FAULTS) --seed $(SEED) --workers $(WORKERS) $(MUTANTS)

differential: $(VENV)/ready
	DIFFERENTIAL=1 $(BIN)/python -m pytest -n auto tests/test_engines.py

fuzz: $(VENV)/ready
	FUZZ=$(FUZZ) $(BIN)/python -m pytest -n auto tests/test_compiler.py tests/test_turtle.py -k generated

docs: $(VENV)/ready
	$(BIN)/python scripts/coverage.py

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
