"""How often a pod is looked at."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scheduler.backends.lifecycle.folders.run_folder import PodProcess, RunFolder
from scheduler.backends.lifecycle.run_watch import NEVER_LOADS, RunWatch
from scheduler.backends.process.options import PodOptions
from scheduler.backends.process.process_run import ProcessRun


class SetClock:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.at = 100.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds


def watch_of(run: RunFolder, clock: SetClock, *, was_ready: bool) -> RunWatch:
    process = ProcessRun(run, PodProcess(1, 1, 1), PodOptions())
    return RunWatch(run, process, PodOptions(), clock, was_ready=was_ready)


def watch(clock: SetClock, *, was_ready: bool) -> RunWatch:
    return watch_of(RunFolder(Path("run-0"), 0), clock, was_ready=was_ready)


def test_a_pod_that_loads_is_looked_at_more_often_the_shorter_it_has_loaded() -> None:
    clock = SetClock()
    loading = watch(clock, was_ready=False)
    pauses = []
    for seconds in (0.0, 1.0, 1.0, 60.0):
        clock.at += seconds
        pauses.append(round(loading.pause_s, 3))
    assert pauses == [0.05, 0.1, 0.2, 0.25]


def test_a_pod_that_was_ready_is_looked_at_at_the_usual_pace() -> None:
    clock = SetClock()
    assert watch(clock, was_ready=True).pause_s == PodOptions().probe_every_s


@pytest.mark.parametrize(
    ("code", "was_ready", "is_final"), [(NEVER_LOADS, False, True), (NEVER_LOADS, True, False), (3, False, False)]
)
def test_a_load_that_would_fail_again_is_not_tried_again(
    tmp_path: Path, code: int, was_ready: bool, is_final: bool
) -> None:
    run = RunFolder(tmp_path, 0)
    (tmp_path / "exit.json").write_text(json.dumps({"code": code, "signal": None, "at": 1.0}))
    seen = watch_of(run, SetClock(), was_ready=was_ready)
    end = seen.run_end(is_intended=False)
    assert end is not None
    assert end.is_permanent == is_final
