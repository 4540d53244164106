"""What containers use now: cores since the last call, bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from scheduler.backends.docker.engine.client import Engine
from scheduler.backends.docker.engine.errors import EngineError
from scheduler.backends.docker.runs.stats import ContainerStats, stats_of
from scheduler.domain.values import MeasuredUsage
from shared.clock import Clock

AT_ONCE = 16
"""Calls to the engine at the same time."""


class ContainerUsage:
    """Measures containers; figures are of the time since the last call."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._last: dict[str, tuple[str, float, float]] = {}
        """By pod: container, CPU seconds, when."""
        self._turn = asyncio.Semaphore(AT_ONCE)

    def forget(self, pod: str) -> None:
        """It is gone."""
        self._last.pop(pod, None)

    async def measure(self, containers: Mapping[str, str]) -> list[MeasuredUsage]:
        """Of each pod's container; one that the engine does not speak of is left out."""
        found = await asyncio.gather(*(self._measure(pod, identity) for pod, identity in containers.items()))
        return [each for each in found if each is not None]

    async def _measure(self, pod: str, identity: str) -> MeasuredUsage | None:
        try:
            async with self._turn:
                stats = await stats_of(self._engine, identity)
        except EngineError:
            return None
        return MeasuredUsage(pod, self._cores(pod, identity, stats), stats.memory_bytes)

    def _cores(self, pod: str, identity: str, stats: ContainerStats) -> float:
        now = self._clock.monotonic()
        last_id, last_cpu, last_at = self._last.get(pod, (identity, stats.cpu_s, now))
        self._last[pod] = (identity, stats.cpu_s, now)
        elapsed = now - last_at
        return max(0.0, stats.cpu_s - last_cpu) / elapsed if elapsed > 0 and last_id == identity else 0.0
