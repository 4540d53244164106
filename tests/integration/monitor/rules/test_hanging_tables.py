"""A table that hangs holds up the rules of its own project, and no other's."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.handlers.rules.rules import AT_ONCE
from quality_tables import HOUR, NOON, Lake, wine_rows
from running_services.running_rules import Rules
from shared.contracts.quality.monitors import Monitor, MonitorWindow
from shared.contracts.rpc.inference_logger.tables import TableView
from waiting.eventually import eventually

NULLS: dict[str, Any] = {"kind": "data_quality", "metric": "null_rate", "columns": ("alcohol",), "critical": 0.5}


class HangingTables:
    """Tables of services `stuck-0`, `stuck-1` …: reading their logs does not end until they are let go."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._pipes: list[Path] = []

    def add(self, lake: Lake) -> Monitor:
        """One more, and a rule on it."""
        service = f"stuck-{len(self._pipes)}"
        pipe = self.folder / service / "_delta_log" / "_last_checkpoint"
        pipe.parent.mkdir(parents=True)
        os.mkfifo(pipe)
        self._pipes.append(pipe)
        lake.others[service] = TableView(
            name=f"{service}.inferences", service=service, kind="inferences", rows=0, version=0, updated_at=NOON,
            location=f"file://{self.folder / service}",
        )  # fmt: skip
        return lake.rule(service, service=service, project=service, **NULLS)

    def let_go(self) -> None:
        """Who reads finds an empty file, and goes on."""
        for pipe in self._pipes:
            written = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
            pipe.unlink()
            os.close(written)
        self._pipes.clear()


@pytest.fixture
def hanging(tmp_path: Path) -> Iterator[HangingTables]:
    found = HangingTables(tmp_path / "hanging")
    yield found
    found.let_go()


@asynccontextmanager
async def followed(quality: Rules) -> AsyncIterator[None]:
    """Rules are evaluated as they become due."""
    running = asyncio.create_task(quality.rules.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait((running,))


async def judged(quality: Rules, rule: Monitor, count: int = 1) -> list[MonitorWindow]:
    """The verdicts of a rule, once there are so many."""

    async def found() -> list[MonitorWindow]:
        windows = await quality.windows(rule)
        return windows if len(windows) == count else []

    return await eventually(found, within=20)


async def test_a_table_that_hangs_holds_up_the_rules_of_its_own_project_alone(
    quality: Rules, hanging: HangingTables
) -> None:
    lake = quality.lake
    stuck = hanging.add(lake)
    waits = lake.rule("waits", project=stuck.project, **NULLS)
    other = lake.rule("other", project="cellar", **NULLS)
    lake.write(wine_rows(NOON, 50, seed=1))
    async with followed(quality):
        assert [each.state for each in await judged(quality, other)] == ["ok"]
        lake.write(wine_rows(NOON + HOUR, 50, seed=2))
        quality.clock.at += HOUR
        assert [each.state for each in await judged(quality, other, 2)] == ["ok", "ok"]
        assert [each.is_running for each in quality.rules.states(stuck.service)] == [True]
        assert await quality.windows(waits) == await quality.windows(stuck) == []

        hanging.let_go()
        assert [each.state for each in await judged(quality, waits)] == ["ok"]
        assert (await judged(quality, stuck, 2))[0].state == "error"  # there is no table behind it


async def test_windows_that_take_too_long_are_given_up_and_leave_room_for_others(
    quality: Rules, hanging: HangingTables
) -> None:
    lake = quality.lake
    lake.write(wine_rows(NOON, 50, seed=1))
    other = lake.rule("other", project="cellar", **NULLS)
    await quality.evaluate()  # loads Arrow, without a limit
    quality.rules.evaluator.longest_s = 2.0
    stuck = [hanging.add(lake) for _ in range(AT_ONCE + 1)]
    lake.write(wine_rows(NOON + HOUR, 50, seed=2))
    quality.clock.at += HOUR
    quality.rules.changed()
    async with followed(quality):
        assert [each.state for each in await judged(quality, other, 2)] == ["ok", "ok"]
        for rule in stuck:
            (window,) = await judged(quality, rule)
            assert (window.state, window.reason) == ("error", "the window was given up after 2 s")
        quality.clock.at += timedelta(minutes=30)  # they would be tried again, but their tables hang still
        quality.rules._retries_at.clear()
        reading = [thread for thread in threading.enumerate() if thread.name == "rule"]
        await quality.evaluate()
        assert len(reading) == len(stuck)
        assert {thread for thread in threading.enumerate() if thread.name == "rule"} == set(reading)

        hanging.let_go()
        quality.rules._retries_at.clear()
        await eventually(lambda: all(not thread.is_alive() for thread in reading))
        await quality.evaluate()
        for rule in stuck:
            (window,) = await quality.windows(rule)
            assert "there is no table" in (window.reason or ""), window
