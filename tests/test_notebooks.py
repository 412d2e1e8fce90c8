"""The notebooks in examples/ run, print what they were saved with, are kept clean, and use the public functions only."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import isms_graph

HERE = Path(__file__).resolve().parent
NOTEBOOKS = sorted((HERE.parent / "examples").glob("*.ipynb"))
each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells(path: Path, kind: str = "code") -> list[dict[str, Any]]:
    return [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == kind]


def printed(path: Path) -> dict[str, str]:
    """What each cell printed, by its id."""
    return {cell["id"]: "".join("".join(output["text"]) for output in cell["outputs"]) for cell in cells(path)}


def run(source: Path, result: Path, cell_timeout: int = 120) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(HERE / "run_notebook.py"), str(source), str(result), str(cell_timeout)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def notebook(path: Path, *code: str) -> Path:
    """A notebook of some cells."""
    texts: list[dict[str, Any]] = [
        {"cell_type": "code", "execution_count": None, "id": f"cell-{number}", "metadata": {}, "outputs": [], "source": text}
        for number, text in enumerate(code)
    ]
    path.write_text(json.dumps({"cells": texts, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")
    return path


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_there_are_notebooks() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["audit-preparation", "first-look"]


@each
def test_notebook_prints_what_it_was_saved_with(path: Path, tmp_path: Path) -> None:
    result = tmp_path / path.name
    done = run(path, result)
    assert done.returncode == 0, done.stderr
    assert printed(result) == printed(path), f"if this is wanted: cp {result} {path}, and see whether the text between still holds"


@each
def test_notebook_is_saved_as_the_run_writes_it(path: Path) -> None:
    saved = json.loads(path.read_text(encoding="utf-8"))
    assert set(saved["metadata"]) == {"kernelspec", "language_info"}
    assert saved["metadata"]["language_info"] == {"name": "python"}
    assert len({cell["id"] for cell in saved["cells"]}) == len(saved["cells"])
    assert all(cell["metadata"] == {} for cell in saved["cells"])
    for cell in cells(path):
        assert cell["execution_count"] is None
        assert [(output["output_type"], output["name"]) for output in cell["outputs"]] in ([], [("stream", "stdout")]), cell["id"]
    assert any(printed(path).values())


@each
def test_notebook_imports_the_public_functions_only(path: Path) -> None:
    for cell in cells(path):
        for node in ast.walk(ast.parse("".join(cell["source"]))):
            if isinstance(node, ast.Import):
                assert {alias.name.partition(".")[0] for alias in node.names} <= sys.stdlib_module_names
            elif isinstance(node, ast.ImportFrom) and node.module == "isms_graph":
                assert {alias.name for alias in node.names} <= set(isms_graph.__all__)
            elif isinstance(node, ast.ImportFrom):
                assert (node.module or "").partition(".")[0] in sys.stdlib_module_names, node.module
            elif isinstance(node, ast.Attribute):
                assert not node.attr.startswith("_"), node.attr


@each
def test_notebook_looks_at_fixed_dates(path: Path) -> None:
    calls = [node for cell in cells(path) for node in ast.walk(ast.parse("".join(cell["source"]))) if isinstance(node, ast.Call)]
    loads = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "load"]
    assert loads
    assert all("as_of" in {keyword.arg for keyword in call.keywords} for call in loads)


@each
def test_notebook_explains_itself(path: Path) -> None:
    texts = ["".join(cell["source"]) for cell in cells(path, "markdown")]
    assert texts[0].startswith("# ")
    assert not [cell["id"] for cell in cells(path) if len(cell["source"]) > 40]


@pytest.mark.parametrize("trouble", ["raise LookupError('no such thing')", "import time; time.sleep(60)", "import os; os._exit(3)"])
def test_notebook_in_trouble_fails_and_its_kernel_ends(trouble: str, tmp_path: Path) -> None:
    note = tmp_path / "kernel"
    first = f"import os, pathlib; pathlib.Path({str(note)!r}).write_text(str(os.getpid()))"
    done = run(notebook(tmp_path / "in.ipynb", first, trouble), tmp_path / "out.ipynb", cell_timeout=5)
    assert done.returncode == 1
    assert any(word in done.stderr for word in ("no such thing", "CellTimeoutError", "DeadKernelError"))
    assert not (tmp_path / "out.ipynb").exists()
    assert not alive(int(note.read_text()))


def test_kernel_is_this_python_and_listens_on_no_network(tmp_path: Path) -> None:
    source = notebook(
        tmp_path / "in.ipynb",
        "import os, sys; print(sys.executable)",
        "import isms_graph; print(isms_graph.__file__)",
        "from ipykernel.connect import get_connection_info; import json; print(json.loads(get_connection_info())['transport'])",
        "print(os.getpid())",
    )
    done = run(source, tmp_path / "out.ipynb")
    assert done.returncode == 0, done.stderr
    python, package, transport, process = (text.strip() for text in printed(tmp_path / "out.ipynb").values())
    assert (python, transport) == (sys.executable, "ipc")
    assert Path(package) == HERE.parent / "isms_graph" / "__init__.py"
    assert not alive(int(process))
