"""What containers use now: cores since the last call, bytes, GPUs where NVML answers on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

import psutil

from scheduler.backends.docker.engine.client import Engine
from scheduler.backends.docker.engine.errors import EngineError
from scheduler.backends.docker.runs.stats import ContainerStats, process_ids, stats_of
from scheduler.backends.gpus.meter import GpuMeter, GpuReading, GpuUse, use_of
from scheduler.domain.values import MeasuredUsage
from shared.clock import Clock

AT_ONCE = 16
"""Calls to the engine at the same time."""


@dataclass(frozen=True)
class MeasuredContainer:
    """The container of a running pod, and the GPUs that it was given."""

    pod: str
    id: str
    gpus: tuple[str, ...] = ()


class ContainerUsage:
    """Measures containers; figures are of the time since the last call."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._last: dict[str, tuple[str, float, float]] = {}
        """By pod: container, CPU seconds, when."""
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._gpus: GpuMeter | None = None
        self._is_open = False

    def forget(self, pod: str) -> None:
        """It is gone."""
        self._last.pop(pod, None)

    async def measure(self, containers: Iterable[MeasuredContainer]) -> list[MeasuredUsage]:
        """Of each pod's container; one that the engine does not speak of is left out."""
        there = list(containers)
        gpus = await asyncio.to_thread(self._read_gpus, [gpu for each in there for gpu in each.gpus])
        found = await asyncio.gather(*(self._measure(each, gpus) for each in there))
        return [each for each in found if each is not None]

    def _read_gpus(self, given: list[str]) -> GpuReading | None:
        """None where nothing is known of devices that pods have: theirs are the engine's machine's, known by number."""
        if all(gpu.isdecimal() for gpu in given):
            return None
        if not self._is_open:
            self._gpus, self._is_open = GpuMeter.open(), True
        return None if self._gpus is None else self._gpus.read(given)

    async def _measure(self, container: MeasuredContainer, reading: GpuReading | None) -> MeasuredUsage | None:
        try:
            async with self._turn:
                stats = await stats_of(self._engine, container.id)
                gpu = await self._gpu_use(container, reading)
        except EngineError:
            return None
        cores = self._cores(container.pod, container.id, stats)
        utilisation, held = (None, None) if gpu is None else (gpu.utilisation, gpu.memory_bytes)
        return MeasuredUsage(container.pod, cores, stats.memory_bytes, utilisation, held)

    async def _gpu_use(self, container: MeasuredContainer, reading: GpuReading | None) -> GpuUse | None:
        if reading is None or not container.gpus:
            return None
        pids = await process_ids(self._engine, container.id)
        return use_of(pids, reading, container.gpus, psutil.pid_exists)

    def _cores(self, pod: str, identity: str, stats: ContainerStats) -> float:
        now = self._clock.monotonic()
        last_id, last_cpu, last_at = self._last.get(pod, (identity, stats.cpu_s, now))
        self._last[pod] = (identity, stats.cpu_s, now)
        elapsed = now - last_at
        return max(0.0, stats.cpu_s - last_cpu) / elapsed if elapsed > 0 and last_id == identity else 0.0
