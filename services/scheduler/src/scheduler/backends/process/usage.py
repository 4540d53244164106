"""What pods use now: cores, memory, GPUs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

import psutil

from scheduler.backends.gpus.meter import GpuMeter, GpuReading, use_of
from scheduler.backends.process.process_tree import process_tree
from scheduler.domain.values import MeasuredUsage
from shared.clock import Clock


@dataclass(frozen=True)
class MeasuredPod:
    """A running pod: its name, its process, the GPUs that it was given."""

    name: str
    pid: int
    gpus: tuple[str, ...] = ()


class UsageMeter:
    """Measures pods; figures are of the time since the last call."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: dict[str, tuple[int, float, float]] = {}
        """By pod: process, CPU seconds, when."""
        self._gpus: GpuMeter | None = None
        self._is_open = False

    def forget(self, pod: str) -> None:
        """It is gone."""
        self._last.pop(pod, None)

    async def measure(self, pods: Iterable[MeasuredPod]) -> list[MeasuredUsage]:
        """Cores, memory (proportional set) and GPUs of each."""
        return await asyncio.to_thread(self._measure_all, list(pods), self._clock.monotonic())

    def _measure_all(self, pods: list[MeasuredPod], now: float) -> list[MeasuredUsage]:
        if not self._is_open:
            self._gpus, self._is_open = GpuMeter.open(), True
        own = [each for pod in pods for each in pod.gpus]
        reading = GpuReading() if self._gpus is None else self._gpus.read(own)
        found = []
        for pod in pods:
            processes = process_tree(pod.pid)
            cpu_s, memory = _sums(processes)
            last_pid, last_cpu, last_at = self._last.get(pod.name, (pod.pid, cpu_s, now))
            elapsed = now - last_at
            cores = max(0.0, cpu_s - last_cpu) / elapsed if elapsed > 0 and last_pid == pod.pid else 0.0
            self._last[pod.name] = (pod.pid, cpu_s, now)
            gpu = None
            if self._gpus is not None:
                gpu = use_of((process.pid for process in processes), reading, pod.gpus, psutil.pid_exists)
            utilisation, held = (None, None) if gpu is None else (gpu.utilisation, gpu.memory_bytes)
            found.append(MeasuredUsage(pod.name, cores, memory, utilisation, held))
        return found


def _sums(processes: Iterable[psutil.Process]) -> tuple[float, int]:
    """CPU seconds and bytes of all of them."""
    cpu_s, memory = 0.0, 0
    for process in processes:
        try:
            times = process.cpu_times()
            full = process.memory_full_info()
        except psutil.Error:
            continue
        cpu_s += times.user + times.system
        memory += getattr(full, "pss", full.rss)
    return cpu_s, memory
