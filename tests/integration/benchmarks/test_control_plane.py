"""What the benchmark of a full control plane calls is there: its passes are the services' own, called by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_it_measures_every_list_and_every_pass() -> None:
    command = [sys.executable, "benchmarks/control_plane/measure.py", "sqlite", "20", "1"]
    environment = {"PYTHONPATH": "tests/support"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert len(found["lists"]) == 10
    assert len(found["passes"]) == 5
    assert all(milliseconds > 0 for figures in found.values() for milliseconds in figures.values())
