"""(k) The web console in Chromium, on a platform of its own: what a person waits for, and what the page computes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks import console
from benchmarks.children import BenchmarkFailed, ChildProcess, last_log_line
from benchmarks.options import Options
from benchmarks.progress import report_progress

MEASURE = Path(console.__path__[0]) / "measure.py"
ROOT = Path(__file__).parents[2]
PYTHONPATH = f"{ROOT}:{ROOT / 'tests' / 'support'}"
LINES = 100_000
LIMIT_S = 1_800


def run(options: Options) -> dict[str, Any]:
    """`first_load`, `lists`, `log_lines`, `charts`; times in milliseconds."""
    services, lines = max(options.services), 5_000 if options.is_quick else LINES
    log = options.cache / "logs" / "console.log"
    log.unlink(missing_ok=True)
    command = [sys.executable, str(MEASURE), str(services), str(lines), str(options.rounds)]
    with ChildProcess("the console in Chromium", command, log, env={"PYTHONPATH": PYTHONPATH}) as child:
        if child.process.wait(LIMIT_S) != 0:
            raise BenchmarkFailed(last_log_line(log))
    report_progress("k: done")
    found: dict[str, Any] = json.loads(log.read_text().splitlines()[-1])
    return found
