"""What GPUs are used for, as NVIDIA's management library (NVML) counts it: by process, and device by device.

Where there is no driver there is nothing to measure: the figures are absent then, never zero.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scheduler.backends.gpus.nvml import open_nvml


@dataclass(frozen=True)
class GpuUse:
    """Of one process or of several: GPUs kept busy (1.0 is a whole one; None: this GPU does not say), bytes held."""

    utilisation: float | None
    memory_bytes: int


@dataclass(frozen=True)
class DeviceUse:
    """Of one device, whoever it is that uses it; `pids` are those that NVML names."""

    use: GpuUse
    pids: frozenset[int]


@dataclass(frozen=True)
class GpuReading:
    """One measurement of everything; processes that use no GPU are not in it."""

    processes: Mapping[int, GpuUse] = field(default_factory=dict)
    devices: Mapping[str, DeviceUse] = field(default_factory=dict)
    """Those that were asked for, by id."""


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
        """None where NVML has nothing to say."""
        nvml: Any = open_nvml()
        try:
            return None if nvml is None else cls(nvml)
        except nvml.NVMLError:  # one of them has fallen off the bus
            return None

    def read(self, devices: Iterable[str] = ()) -> GpuReading:
        """By process, since the last call; and of these devices, as they are now."""
        return GpuReading(self._by_process(), self._by_device(devices))

    def _by_process(self) -> dict[int, GpuUse]:
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

    def _by_device(self, devices: Iterable[str]) -> dict[str, DeviceUse]:
        handles = {each: self._asked(self._nvml.nvmlDeviceGetHandleByUUID, each) for each in set(devices)}
        found = {each: self._use_of(handle) for each, handle in handles.items() if handle not in (None, ())}
        return {each: use for each, use in found.items() if use is not None}

    def _use_of(self, device: Any) -> DeviceUse | None:
        memory = self._memory(device)
        if memory is None:
            return None
        rates = self._asked(self._nvml.nvmlDeviceGetUtilizationRates, device)
        running = self._asked(self._nvml.nvmlDeviceGetComputeRunningProcesses, device) or ()
        busy = rates.gpu / 100 if rates else None
        return DeviceUse(GpuUse(busy, memory), frozenset(process.pid for process in running))

    def _memory(self, device: Any) -> int | None:
        """Bytes in use; what the driver keeps for itself is not in it where it tells them apart."""
        for version in (self._nvml.nvmlMemory_v2, None):
            if answer := self._asked(self._nvml.nvmlDeviceGetMemoryInfo, device, version):
                return int(answer.used)
        return None

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


def use_of(
    pids: Iterable[int], reading: GpuReading, gpus: Sequence[str], is_here: Callable[[int], bool]
) -> GpuUse | None:
    """Of the processes of one pod, which has these devices to itself; None where it has none and uses none.

    Where NVML names no process of this machine (in a container it names none, or by the numbers outside) what its own
    devices are used for is the pod's: nobody else was given them.

    Args:
        is_here: whether a process of this number is on this machine, as far as can be seen from here.
    """
    found = [reading.processes[pid] for pid in pids if pid in reading.processes]
    if found:
        return _sum(found)
    own = [reading.devices[each] for each in gpus if each in reading.devices]
    if not own or any(is_here(pid) for each in own for pid in each.pids):
        return GpuUse(0.0, 0) if gpus else None
    return _sum([each.use for each in own])


def _sum(found: Sequence[GpuUse]) -> GpuUse:
    shares = [each.utilisation for each in found if each.utilisation is not None]
    return GpuUse(sum(shares) if len(shares) == len(found) else None, sum(each.memory_bytes for each in found))
