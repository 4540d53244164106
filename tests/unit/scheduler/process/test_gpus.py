"""GPUs of pods from what NVML says of processes; its errors and samples are NVIDIA's own types."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pynvml
import pytest

from scheduler.backends.process.gpus import GpuMeter, GpuUse, use_of


class Driver:
    """Answers as a driver with two GPUs does; the second may be a slice, of which processes are not counted."""

    NVMLError, NVMLError_NotFound = pynvml.NVMLError, pynvml.NVMLError_NotFound

    def __init__(self, *, is_sliced: bool = False) -> None:
        self.is_sliced = is_sliced
        self.asked_since: list[tuple[int, int]] = []
        self.samples = {0: [(7, 100, 40), (7, 200, 60), (8, 200, 10)], 1: [(7, 300, 100)]}

    def nvmlDeviceGetCount(self) -> int:
        return 2

    def nvmlDeviceGetHandleByIndex(self, number: int) -> int:
        return number

    def nvmlDeviceGetComputeRunningProcesses(self, device: int) -> list[Any]:
        held: dict[int, list[tuple[int, int | None]]] = {0: [(7, 1000), (8, None)], 1: [(7, 500)]}
        return [SimpleNamespace(pid=pid, usedGpuMemory=used) for pid, used in held[device]]

    def nvmlDeviceGetProcessUtilization(self, device: int, since_us: int) -> list[Any]:
        self.asked_since.append((device, since_us))
        if device == 1 and self.is_sliced:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        fresh = [each for each in self.samples[device] if each[1] > since_us]
        if not fresh:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
        return [SimpleNamespace(pid=pid, timeStamp=at, smUtil=percent) for pid, at, percent in fresh]


def test_a_process_is_measured_on_every_gpu_since_the_last_time() -> None:
    driver = Driver()
    meter = GpuMeter(driver)

    assert meter.measure() == {7: GpuUse(1.5, 1500), 8: GpuUse(0.1, 0)}
    assert meter.measure() == {7: GpuUse(0.0, 1500), 8: GpuUse(0.0, 0)}
    assert driver.asked_since == [(0, 0), (1, 0), (0, 200), (1, 300)]


def test_what_a_slice_does_not_say_is_absent() -> None:
    assert GpuMeter(Driver(is_sliced=True)).measure() == {7: GpuUse(None, 1500), 8: GpuUse(None, 0)}


@pytest.mark.parametrize(
    ("pids", "has_gpu", "use"),
    [
        ([1, 7], False, GpuUse(0.5, 10)),
        ([7, 8], True, GpuUse(0.75, 30)),
        ([7, 9], True, GpuUse(None, 11)),
        ([1], True, GpuUse(0.0, 0)),
        ([1], False, None),
    ],
)
def test_a_pod_is_the_sum_of_its_processes(pids: list[int], has_gpu: bool, use: GpuUse | None) -> None:
    measured = {7: GpuUse(0.5, 10), 8: GpuUse(0.25, 20), 9: GpuUse(None, 1)}
    assert use_of(pids, measured, has_gpu=has_gpu) == use


def test_a_machine_without_a_driver_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses() -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    monkeypatch.setattr(pynvml, "nvmlInit", refuses)
    for devices in ([], ["/dev/nvidia0"]):
        monkeypatch.setattr("scheduler.backends.process.gpus.gpu_devices", lambda found=devices: found)
        assert GpuMeter.open() is None
