"""What containers use, by recorded answers of an engine and a stand-in of NVML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest

from scheduler.backends.docker.engine.client import Engine
from scheduler.backends.docker.engine.errors import EngineRefused
from scheduler.backends.docker.runs.stats import parse_top
from scheduler.backends.docker.runs.usage import ContainerUsage, MeasuredContainer
from scheduler.domain.values import MeasuredUsage
from servers.gpu_driver import FakeDriver, FakeGpu
from shared.clock import SystemClock

TOP = {"Titles": ["UID", "PID", "PPID", "CMD"], "Processes": [["10001", "7", "1", "python"], ["10001", "8", "7", "x"]]}
DRIVER = FakeDriver(
    FakeGpu("GPU-a", running={7: 100, 8: 20, 9: 5}, samples=[(7, 1, 50)], used=999),
    FakeGpu("GPU-b", used=40, busy=10),
    FakeGpu("GPU-c", running={9: 5}, used=5),
)


class Answers:
    """`Engine.get`, and what was asked."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    async def get(self, path: str, **_: Any) -> Any:
        self.asked.append(path)
        if path not in self.answers:
            raise EngineRefused(404, "no such container")
        return self.answers[path]


STATS = {f"/containers/{name}/stats": {"memory_stats": {"usage": 10}} for name in "abcd"}
TOPS = {f"/containers/{name}/top": {**TOP, "Processes": []} for name in "bc"} | {"/containers/a/top": TOP}


def usage(engine: Answers) -> ContainerUsage:
    return ContainerUsage(cast("Engine", engine), SystemClock())


async def test_gpus_of_a_container_are_those_of_its_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduler.backends.gpus.meter.open_nvml", lambda: DRIVER)
    monkeypatch.setattr("psutil.pid_exists", lambda pid: pid < 100)
    engine = Answers(STATS | TOPS)
    found = await usage(engine).measure([
        MeasuredContainer("p", "a", ("GPU-a",)),
        MeasuredContainer("q", "b", ("GPU-b",)),
        MeasuredContainer("r", "c", ("GPU-c",)),
        MeasuredContainer("s", "d"),
        MeasuredContainer("gone", "x", ("GPU-a",)),
    ])  # fmt: skip
    assert found == [
        MeasuredUsage("p", 0.0, 10, 0.5, 120),
        MeasuredUsage("q", 0.0, 10, 0.1, 40),
        MeasuredUsage("r", 0.0, 10, 0.0, 0),
        MeasuredUsage("s", 0.0, 10),
    ]
    assert "/containers/d/top" not in engine.asked


async def test_devices_that_are_only_numbers_are_not_looked_for_on_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("scheduler.backends.gpus.meter.open_nvml", lambda: DRIVER)
    found = await usage(Answers(STATS)).measure([MeasuredContainer("p", "a", ("0",)), MeasuredContainer("q", "b")])
    assert found == [MeasuredUsage("p", 0.0, 10), MeasuredUsage("q", 0.0, 10)]


@pytest.mark.parametrize(
    ("said", "pids"),
    [(TOP, [7, 8]), ({"Titles": ["USER"], "Processes": [["root"]]}, []), ({"Titles": ["PID"]}, []), (None, [])],
)
def test_what_an_engine_says_of_processes(said: Any, pids: list[int]) -> None:
    assert parse_top(said) == pids
