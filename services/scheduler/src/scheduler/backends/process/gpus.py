"""GPUs: what processes keep busy and hold, as NVIDIA's management library (NVML) counts it.

Where there is no driver there is nothing to measure: the figures are absent then, never zero.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from scheduler.backends.confinement.paths import gpu_devices

log = logging.getLogger("penstock.scheduler")


@dataclass(frozen=True)
class GpuUse:
    """Of one process or of several: GPUs kept busy (1.0 is a whole one; None: this GPU does not say), bytes held."""

    utilisation: float | None
    memory_bytes: int


class GpuMeter:
    """All GPUs of this machine; `nvml` is the module `pynvml`."""

    def __init__(self, nvml: Any) -> None:
        self._nvml = nvml
        count = nvml.nvmlDeviceGetCount()
        self._devices = [nvml.nvmlDeviceGetHandleByIndex(number) for number in range(count)]
        self._seen_us = [0] * count
        """Of each: the newest sample that was read."""

    @classmethod
    def open(cls) -> GpuMeter | None:
        """None where there is no GPU, or none that NVML can speak of."""
        if not gpu_devices():
            return None
        import pynvml  # noqa: PLC0415 - most machines have no use for it

        try:
            pynvml.nvmlInit()
            return cls(pynvml)
        except pynvml.NVMLError as error:
            log.info("GPUs are not measured: %s", error)
            return None

    def measure(self) -> dict[int, GpuUse]:
        """By process, since the last call; those that use no GPU are not in it."""
        busy: dict[int, float] = defaultdict(float)
        held: dict[int, int] = defaultdict(int)
        is_told = True
        for number, device in enumerate(self._devices):
            for process in self._asked(self._nvml.nvmlDeviceGetComputeRunningProcesses, device) or ():
                held[process.pid] += process.usedGpuMemory or 0
            samples = self._asked(self._nvml.nvmlDeviceGetProcessUtilization, device, self._seen_us[number])
            is_told = is_told and samples is not None
            for pid, share in self._shares(number, samples or ()).items():
                busy[pid] += share
        return {pid: GpuUse(busy[pid] if is_told else None, held[pid]) for pid in {*busy, *held}}

    def _shares(self, number: int, samples: Iterable[Any]) -> dict[int, float]:
        """Of one GPU, 0 to 1: the mean of each process's samples."""
        percents: dict[int, list[int]] = defaultdict(list)
        for sample in samples:
            percents[sample.pid].append(sample.smUtil)
            self._seen_us[number] = max(self._seen_us[number], sample.timeStamp)
        return {pid: sum(found) / len(found) / 100 for pid, found in percents.items()}

    def _asked(self, function: Any, *arguments: Any) -> Any:
        """What NVML says; nothing where it has seen nothing, None where this GPU cannot say (a slice of one)."""
        try:
            return function(*arguments)
        except self._nvml.NVMLError_NotFound:
            return ()
        except self._nvml.NVMLError:
            return None


def use_of(pids: Iterable[int], measured: dict[int, GpuUse], *, has_gpu: bool) -> GpuUse | None:
    """Of the processes of one pod; None where it has no GPU and uses none."""
    found = [measured[pid] for pid in pids if pid in measured]
    if not found:
        return GpuUse(0.0, 0) if has_gpu else None
    shares = [each.utilisation for each in found if each.utilisation is not None]
    return GpuUse(sum(shares) if len(shares) == len(found) else None, sum(each.memory_bytes for each in found))
