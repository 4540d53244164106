"""GPUs of pods from what NVML says of processes and devices; its errors are NVIDIA's own."""

from __future__ import annotations

import pynvml
import pytest

from scheduler.backends.gpus.meter import DeviceUse, GpuMeter, GpuReading, GpuUse, use_of
from servers.gpu_driver import FakeDriver, FakeGpu


def two_gpus(*, is_sliced: bool = False) -> FakeDriver:
    """The second may be a slice, of which processes are not counted."""
    first = FakeGpu("GPU-a", running={7: 1000, 8: None}, samples=[(7, 100, 40), (7, 200, 60), (8, 200, 10)])
    second = FakeGpu("GPU-b", running={7: 500}, samples=None if is_sliced else [(7, 300, 100)])
    return FakeDriver(first, second)


def test_a_process_is_measured_on_every_gpu_since_the_last_time() -> None:
    driver = two_gpus()
    meter = GpuMeter(driver)

    assert meter.read().processes == {7: GpuUse(1.5, 1500), 8: GpuUse(0.1, 0)}
    assert meter.read().processes == {7: GpuUse(0.0, 1500), 8: GpuUse(0.0, 0)}
    assert driver.asked_since == [("GPU-a", 0), ("GPU-b", 0), ("GPU-a", 200), ("GPU-b", 300)]


def test_what_a_slice_does_not_say_is_absent() -> None:
    assert GpuMeter(two_gpus(is_sliced=True)).read().processes == {7: GpuUse(None, 1500), 8: GpuUse(None, 0)}


@pytest.mark.parametrize("knows_reserved", [True, False])
def test_a_device_is_measured_as_a_whole(knows_reserved: bool) -> None:
    gpu = FakeGpu("GPU-a", used=300, busy=40, running={7: 200})
    piece = FakeGpu("MIG-b", used=50, busy=None)
    driver = FakeDriver(gpu, FakeGpu("GPU-b", slices={2: piece}), knows_reserved=knows_reserved)
    found = GpuMeter(driver).read(["GPU-a", "MIG-b", "GPU-gone", "GPU-a"]).devices
    assert found == {
        "GPU-a": DeviceUse(GpuUse(0.4, 300), frozenset({7})),
        "MIG-b": DeviceUse(GpuUse(None, 50), frozenset()),
    }


@pytest.mark.parametrize(
    ("pids", "gpus", "use"),
    [
        ([1, 7], (), GpuUse(0.5, 10)),
        ([7, 8], ("GPU-a",), GpuUse(0.75, 30)),
        ([7, 9], ("GPU-a",), GpuUse(None, 11)),
        ([1], (), None),
        ([1], ("GPU-of-others",), GpuUse(0.0, 0)),
        ([1], ("GPU-not-said",), GpuUse(0.0, 0)),
        ([1], ("GPU-unnamed",), GpuUse(0.2, 99)),
        ([1], ("GPU-unnamed", "GPU-outside"), GpuUse(0.3, 100)),
    ],
)
def test_a_pod_is_its_processes_or_where_they_have_no_names_its_devices(
    pids: list[int], gpus: tuple[str, ...], use: GpuUse | None
) -> None:
    reading = GpuReading(
        {7: GpuUse(0.5, 10), 8: GpuUse(0.25, 20), 9: GpuUse(None, 1)},
        {
            "GPU-of-others": DeviceUse(GpuUse(0.9, 77), frozenset({7})),
            "GPU-unnamed": DeviceUse(GpuUse(0.2, 99), frozenset()),
            "GPU-outside": DeviceUse(GpuUse(0.1, 1), frozenset({4_000_000})),
        },
    )
    found = use_of(pids, reading, gpus, lambda pid: pid < 1000)
    assert (found and (found.utilisation, found.memory_bytes)) == (
        use and (use.utilisation and pytest.approx(use.utilisation), use.memory_bytes)
    )


def test_a_machine_without_a_driver_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses() -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    monkeypatch.setattr(pynvml, "nvmlInit", refuses)
    for devices in ([], ["/dev/nvidia0"]):
        monkeypatch.setattr("scheduler.backends.gpus.nvml.gpu_devices", lambda found=devices: found)
        assert GpuMeter.open() is None


def test_a_driver_whose_gpu_is_lost_measures_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scheduler.backends.gpus.meter.open_nvml", lambda: FakeDriver(FakeGpu("GPU-a", is_lost=True)))
    assert GpuMeter.open() is None
