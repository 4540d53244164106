"""Stands in for `pynvml`: answers as a driver does, with NVIDIA's own errors; no GPU is needed."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pynvml

GIB = 1 << 30


@dataclass
class FakeGpu:
    """One GPU. `slices`: its MIG devices, by place; None: it was not cut up. `running`: process → bytes or None."""

    uuid: str
    name: str = "NVIDIA H200"
    minor: int = 0
    total: int = 141 * GIB
    used: int = 0
    busy: int | None = 0
    """Percent; None: it does not say, as a slice does not."""
    running: dict[int, int | None] = field(default_factory=dict)
    samples: list[tuple[int, int, int]] | None = field(default_factory=list)
    """Process, microseconds, percent; None: it does not say."""
    slices: dict[int, FakeGpu] | None = None
    is_lost: bool = False


class FakeDriver:
    """The functions of NVML that are used; a handle is the GPU itself."""

    NVMLError, NVMLError_NotFound = pynvml.NVMLError, pynvml.NVMLError_NotFound
    NVML_DEVICE_MIG_ENABLE, nvmlMemory_v2 = pynvml.NVML_DEVICE_MIG_ENABLE, pynvml.nvmlMemory_v2

    def __init__(self, *gpus: FakeGpu, knows_reserved: bool = True) -> None:
        self.gpus = gpus
        self.knows_reserved = knows_reserved
        self.asked_since: list[tuple[str, int]] = []

    def nvmlDeviceGetCount(self) -> int:
        return len(self.gpus)

    def nvmlDeviceGetHandleByIndex(self, number: int) -> FakeGpu:
        return self._there(self.gpus[number])

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> FakeGpu:
        parts = [part for gpu in self.gpus for part in (gpu, *(gpu.slices or {}).values())]
        found = [each for each in parts if each.uuid == uuid]
        if not found:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
        return self._there(found[0])

    def nvmlDeviceGetMinorNumber(self, gpu: FakeGpu) -> int:
        return gpu.minor

    def nvmlDeviceGetUUID(self, gpu: FakeGpu) -> str:
        return gpu.uuid

    def nvmlDeviceGetName(self, gpu: FakeGpu) -> str:
        return gpu.name

    def nvmlDeviceGetMigMode(self, gpu: FakeGpu) -> list[int]:
        if "H200" not in gpu.name:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        mode = 0 if gpu.slices is None else 1
        return [mode, mode]

    def nvmlDeviceGetMaxMigDeviceCount(self, gpu: FakeGpu) -> int:
        return 7

    def nvmlDeviceGetMigDeviceHandleByIndex(self, gpu: FakeGpu, place: int) -> FakeGpu:
        if place not in (gpu.slices or {}):
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
        return (gpu.slices or {})[place]

    def nvmlDeviceGetMemoryInfo(self, gpu: FakeGpu, version: int | None = None) -> Any:
        if version is not None and not self.knows_reserved:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_FUNCTION_NOT_FOUND)
        return SimpleNamespace(total=gpu.total, used=gpu.used)

    def nvmlDeviceGetUtilizationRates(self, gpu: FakeGpu) -> Any:
        if gpu.busy is None:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return SimpleNamespace(gpu=gpu.busy, memory=0)

    def nvmlDeviceGetComputeRunningProcesses(self, gpu: FakeGpu) -> list[Any]:
        return [SimpleNamespace(pid=pid, usedGpuMemory=used) for pid, used in gpu.running.items()]

    def nvmlDeviceGetProcessUtilization(self, gpu: FakeGpu, since_us: int) -> list[Any]:
        self.asked_since.append((gpu.uuid, since_us))
        if gpu.samples is None:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        fresh = [each for each in gpu.samples if each[1] > since_us]
        if not fresh:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
        return [SimpleNamespace(pid=pid, timeStamp=at, smUtil=percent) for pid, at, percent in fresh]

    def _there(self, gpu: FakeGpu) -> FakeGpu:
        if gpu.is_lost:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)
        return gpu
