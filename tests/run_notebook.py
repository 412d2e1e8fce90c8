"""Runs a notebook: python tests/run_notebook.py NOTEBOOK RESULT SECONDS, where SECONDS is how long a cell may take.

The kernel is of this interpreter, listens on sockets in a folder of its own and ends with the run. RESULT is as clean as
the notebooks in examples/ are kept: no counts, no times. It is a process of its own because the libraries leave sockets
unclosed, which pytest would report long after the test.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent


def manager_in(place: Path) -> AsyncKernelManager:
    """What starts kernels of this interpreter; kernels that are installed for the user are not looked at."""
    spec = place / "kernels" / "this" / "kernel.json"
    spec.parent.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": command, "display_name": "this", "language": "python"}), encoding="utf-8")
    specs = KernelSpecManager(kernel_dirs=[str(place / "kernels")], ensure_native_kernel=False)
    return AsyncKernelManager(kernel_name="this", kernel_spec_manager=specs, transport="ipc", connection_file=str(place / "kernel.json"))


async def run(source: Path, result: Path, place: Path, timeout: float) -> None:
    """Writes the notebook with the outputs that it has now. Raises CellExecutionError or CellTimeoutError."""
    notebook = nbformat.read(source, as_version=4)
    metadata = json.loads(json.dumps(notebook.metadata))
    manager = manager_in(place)
    client = NotebookClient(notebook, km=manager, timeout=timeout, coalesce_streams=True, record_timing=False)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "IPYTHONDIR": str(place)}
    try:
        await client.async_execute(cwd=str(source.parent), env=environment)
    finally:
        await manager.shutdown_kernel(now=True)
    notebook.metadata = nbformat.from_dict(metadata)
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({})
        if cell.cell_type == "code":
            cell.execution_count = None
    nbformat.write(notebook, result)


if __name__ == "__main__":
    with TemporaryDirectory(prefix="nb") as folder:  # short, as the path of a socket has to be
        asyncio.run(run(Path(sys.argv[1]).resolve(), Path(sys.argv[2]), Path(folder), float(sys.argv[3])))
