"""(g) The control plane with a full store: lists over HTTP and passes over everything, on each kind of database."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks import control_plane
from benchmarks.children import BenchmarkFailed, ChildProcess, last_log_line
from benchmarks.options import Options
from benchmarks.progress import report_progress

KINDS = ("sqlite", "postgresql")
MEASURE = Path(control_plane.__path__[0]) / "measure.py"
SUPPORT = Path(__file__).parents[2] / "tests" / "support"
PER_ROUND = 7
LIMIT_S = 300


def run(options: Options) -> dict[str, Any]:
    """`kinds` → database → `lists`, `passes` → what → median milliseconds; `services`: how many there are."""
    services = max(options.services)
    found = {kind: _measured(kind, services, options) for kind in KINDS}
    return {"services": services, "kinds": found}


def _measured(kind: str, services: int, options: Options) -> Any:
    log = options.cache / "logs" / f"control-plane-{kind}.log"
    log.unlink(missing_ok=True)
    command = [sys.executable, str(MEASURE), kind, str(services), str(options.rounds * PER_ROUND)]
    with ChildProcess(f"control plane on {kind}", command, log, env={"PYTHONPATH": str(SUPPORT)}) as child:
        if child.process.wait(LIMIT_S) != 0:
            raise BenchmarkFailed(last_log_line(log))
    report_progress(f"g: {kind} done")
    return json.loads(log.read_text().splitlines()[-1])
