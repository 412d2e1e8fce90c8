"""The benchmark of sizes measures what it says, and an engine that is not ready in time has no figures."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import isms_graph


def test_a_line_for_each_engine_and_an_end_for_the_slow() -> None:
    command = [sys.executable, "-m", "bench.sizes", "--organisations", "1", "--engines", "ours", "pySHACL", "--seconds", "0.3"]
    done = subprocess.run(command, cwd=Path(isms_graph.__file__).parent.parent, capture_output=True, text=True, check=True)
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in done.stdout.splitlines() if re.match(r"\| \d", line)]
    assert [line[:3] for line in lines] == [["1", "10,102", "ours"], ["1", "10,102", "pySHACL"]]
    assert all(float(cell.replace(",", "")) > 0 for cell in lines[0][3:])
    assert lines[1][3:] == ["", "not in time", "", "", "0.0", "0"]
