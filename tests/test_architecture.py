"""Imports point one way, heavy packages are imported late, and no module grows without bound."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import isms_graph

ROOT = Path(isms_graph.__file__).parent
REPOSITORY = ROOT.parent
# Each line may import from the lines above it and from its own; see CONTRIBUTING.md.
LAYERS = [
    {"errors", "namespaces", "resources", "sparql_lexer"},
    {"index", "sparql_patterns"},
    {"logins"},
    {"endpoint"},
    {"vocabulary"},
    {"shacl"},
    {"reasoning"},
    {"sources"},
    {"graph"},
    {"names", "assessment", "catalogue", "edges", "elements", "exchange"},
    {"findings", "scaffold"},
    {"waivers", "phases"},
    {"query_errors", "results", "query_terms"},
    {"examples", "checks", "queries", "impacts", "plans", "baselines", "revisions", "watching", "proposals"},
    {"owl", "statuses", "explain", "diffs", "remote", "portfolios", "asking", "stores"},
    {"clusters", "pushes", "pulls"},
    {"render", "exporters", "importers"},
    {"api", "cli"},
]
MODULES = sorted(path for path in [*ROOT.rglob("*.py"), *(REPOSITORY / "api").glob("*.py")] if path != ROOT / "__init__.py")
MAX_LINES = 400
OUTPUT_ONLY = {"polars", "pandas", "prompt_toolkit", "openpyxl", "docx", "reportlab"}  # imported by what needs them only


def layer(name: str) -> int:
    return next(number for number, names in enumerate(LAYERS) if name in names)


def own_part(path: Path) -> str:
    if not path.is_relative_to(ROOT):
        return "api"
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """The parts of the package that a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("isms_graph."):
            found.add(node.module.split(".")[1])
        elif isinstance(node, ast.ImportFrom) and node.module == "isms_graph":
            found.update(alias.name for alias in node.names)
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_imports_point_upwards(path: Path) -> None:
    own = own_part(path)
    for other in imported(path):
        assert layer(other) <= layer(own), f"{own} must not import {other}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_module_is_too_long(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES


@pytest.mark.parametrize("path", sorted((REPOSITORY / "shapes").glob("*/*.ttl")), ids=lambda path: path.name)
def test_no_shape_file_is_too_long(path: Path) -> None:
    assert path.parent.name == "examples" or len(path.read_text(encoding="utf-8").splitlines()) <= 100


HEAVY = {"rdflib", "pyshacl", "owlready2", "fastapi", "polars", "pandas", "prompt_toolkit", "openpyxl", "docx", "reportlab"}


def loaded_by(code: str) -> set[str]:
    """The top-level packages in memory after running some code in a fresh interpreter."""
    script = f"{code}\nimport sys; print(' '.join(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_help_imports_nothing_heavy() -> None:
    loaded = loaded_by("from isms_graph.cli import cli\ntry: cli.main(['--help'])\nexcept SystemExit: pass")
    assert not loaded & (HEAVY | {"rich"})


def test_a_check_imports_neither_rdflib_nor_a_server() -> None:
    code = "from isms_graph import load, check\nfrom isms_graph.resources import folder\ncheck(load(folder('data') / 'harbour-saas'))"
    assert not loaded_by(code) & HEAVY


def test_a_query_imports_what_writes_its_answer_only() -> None:
    arguments = ["query", "top-risks", str(REPOSITORY / "data" / "harbour-saas")]
    code = f"from isms_graph.cli import cli\ncli.main({arguments}, standalone_mode=False)"
    assert not loaded_by(code) & {"rdflib", "fastapi", *OUTPUT_ONLY}


def test_the_package_alone_imports_nothing() -> None:
    assert not loaded_by("import isms_graph") & {"pyoxigraph", "rdflib", "click", "rich"}


def test_no_module_takes_the_place_of_a_public_function() -> None:
    assert not {path.stem for path in ROOT.iterdir()} & set(isms_graph.__all__)
