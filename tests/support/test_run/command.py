"""`./penstock test`: all tests beside each other, or those that are named in one process; a summary, an exit status."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from test_run.calibration import calibrate
from test_run.guard import RUN_FOLDER, end_with_parent
from test_run.leaks import Snapshot, TemporaryFolder, new_entries
from test_run.outcome import Outcome, Part
from test_run.summary import costs, summary

ROOT = Path(__file__).parents[3]
RUN_TESTS = Path(__file__).parents[1] / "run_tests.py"
REPORT = ROOT / ".penstock-tests" / "last-run.json"

COSTS = "last-run-costs.tsv"
"""Beside the report: what each test cost, where the report has only the slowest."""

WORKERS = 3
"""Most tests wait more than they compute: three processes on two cores."""

SHARED_OPTIONS = ("--dist", "loadfile", "--no-loadscope-reorder")
"""Each file, and each group of files, in one of the workers. The many quick files come last: all end together."""

HARMLESS_OPTIONS = ("-q", "-v", "--verbose", "--quiet", "--tb", "--durations", "--color", "--no-header", "--timeout")
"""With these a run is still a whole one."""

NO_TESTS, INTERRUPTED = 5, 2


@dataclass(frozen=True)
class PartOfRun:
    """One pytest: its name and its options."""

    name: str
    options: tuple[str, ...]


def parts_of(arguments: Sequence[str]) -> tuple[list[PartOfRun], bool]:
    """What to run, and whether that is everything: a file, a `-k`, a `-m`, `--lf`, `--long` make it something else."""
    if any(not argument.startswith("-") for argument in arguments):
        return [PartOfRun("named", tuple(arguments))], False
    parts = [PartOfRun("all", (*_workers(), *SHARED_OPTIONS, *arguments))]
    return parts, all(argument.startswith(HARMLESS_OPTIONS) for argument in arguments)


def _workers() -> tuple[str, str]:
    """Each worker has a guard of its own: what it has started ends with it."""
    return "--tx", f"{WORKERS}*popen//python='{sys.executable}' '{RUN_TESTS}' guard worker '{sys.executable}'"


def run(arguments: Sequence[str], root: Path = ROOT, report: Path = REPORT) -> int:
    """Run, print the summary, leave the machine-readable one in `report`; the exit status."""
    end_with_parent(signal.SIGTERM, os.getppid())
    parts, is_whole = parts_of(arguments)
    before = calibrate()
    snapshot = Snapshot.take(root)
    temporary = TemporaryFolder()
    ended = list(_run_parts(parts, temporary, root))
    outcome = Outcome(ended, (before, calibrate()), is_whole)
    outcome.read(temporary.records)
    outcome.leaks += [str(temporary.path / name) for name in temporary.left_behind()]
    outcome.leaks += new_entries(snapshot, Snapshot.take(root), root)
    report.parent.mkdir(exist_ok=True)
    report.write_text(json.dumps(outcome.as_record(), indent=1) + "\n")
    report.with_name(COSTS).write_text("".join(f"{line}\n" for line in costs(outcome)))
    print("\n".join(summary(outcome)), flush=True)
    temporary.close(keep=outcome.code != 0)
    if outcome.code:
        print(f"folders of the tests: {temporary.path}", flush=True)
    return outcome.code


def _run_parts(parts: Sequence[PartOfRun], temporary: TemporaryFolder, root: Path) -> list[Part]:
    ended: list[Part] = []
    for part in parts:
        began = time.monotonic()
        command = [sys.executable, "-m", "pytest", f"--basetemp={temporary.base(part.name[0])}", *part.options]
        code = _guarded(part.name, command, temporary, root)
        ended.append(Part(part.name, 0 if code == NO_TESTS and len(parts) > 1 else code, time.monotonic() - began))
        if code == INTERRUPTED or code > 128:
            break
    return ended


def _guarded(name: str, command: Sequence[str], temporary: TemporaryFolder, root: Path) -> int:
    environment = {**os.environ, "TMPDIR": str(temporary.path), RUN_FOLDER: str(temporary.records)}
    # With it pytest would compile hundreds of its plugins' files in each process.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    guarded = [sys.executable, str(RUN_TESTS), "guard", name, *command]
    with subprocess.Popen(guarded, cwd=root, env=environment) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:  # for pytest, which ends by itself
                continue
