"""Which GPUs there are: whole ones, slices where there are some; and what pods were given, in their records."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from running_services.scheduler_world import wanted
from scheduler.backends.gpus.allocation import gpu_variables
from scheduler.backends.gpus.devices import find_gpus, numbered_gpus, selected_gpus
from scheduler.backends.lifecycle.folders.pod_folder import PodFolder, PodRecord
from scheduler.backends.lifecycle.given_gpus import has_lost_gpus, lacks_gpus, store_gpus
from scheduler.domain.gpus import Gpu
from servers.gpu_driver import GIB, FakeDriver, FakeGpu

SLICE = "NVIDIA H200 MIG 1g.18gb"
DRIVER = FakeDriver(
    FakeGpu("GPU-a", "Tesla T4", minor=3, total=16 * GIB),
    FakeGpu("GPU-b", is_lost=True),
    FakeGpu("GPU-c", minor=1, slices={0: FakeGpu("MIG-c0", SLICE, total=18 * GIB), 4: FakeGpu("MIG-c4", SLICE)}),
    FakeGpu("GPU-d", minor=0, slices={}),
    FakeGpu("GPU-e", minor=2),
)
T4, ONE, OTHER, H200 = THERE = find_gpus(DRIVER)


def test_whole_gpus_and_slices_are_found_and_what_is_lost_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert find_gpus(DRIVER) == THERE
    assert "GPU 1 is not used: GPU is lost" in caplog.text
    assert Gpu("GPU-a", "0", "Tesla T4", 16 * GIB, 3) == T4
    assert Gpu("MIG-c0", "2:0", SLICE, 18 * GIB, 1) == ONE
    assert [gpu.number for gpu in THERE] == ["0", "2:0", "2:4", "4"]
    assert (str(T4), str(numbered_gpus(1)[0])) == ("Tesla T4 (GPU-a)", "GPU 0")
    assert find_gpus(None) == ()


@pytest.mark.parametrize(
    ("names", "count", "found"),
    [
        ([], None, THERE),
        ([], 2, (T4, ONE)),
        ([], 0, ()),
        (["h200"], None, (ONE, OTHER, H200)),
        (["MIG 1g.18gb"], None, (ONE, OTHER)),
        (["GPU-A", "2:4"], None, (T4, OTHER)),
        (["4"], None, (H200,)),
    ],
)
def test_an_operator_says_which_are_for_pods(names: list[str], count: int | None, found: tuple[Gpu, ...]) -> None:
    assert selected_gpus(THERE, names, count) == found


def test_what_is_not_there_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert selected_gpus((T4,), ["A100", "T4"], 3) == (T4,)
    assert "there is no GPU A100 here; there are Tesla T4 (GPU-a)" in caplog.text
    assert "pods are to have 3 GPUs, and there are 1" in caplog.text


def test_where_nothing_is_known_numbers_are_vouched_for() -> None:
    assert [gpu.id for gpu in selected_gpus((), [], 2)] == ["0", "1"]
    assert selected_gpus((), [], None) == ()


def test_a_process_sees_its_own_devices_alone() -> None:
    assert gpu_variables(("GPU-a", "GPU-e"), has_gpus=True)["CUDA_VISIBLE_DEVICES"] == "GPU-a,GPU-e"
    assert gpu_variables((), has_gpus=True)["CUDA_VISIBLE_DEVICES"] == ""
    assert gpu_variables((), has_gpus=False) == {}


def folder(root: Path, name: str, gpu: int, *, given_gpus: tuple[str, ...] = (), **record: bool) -> PodFolder:
    resources = wanted().resources.model_copy(update={"gpu": gpu})
    deployment = wanted().model_copy(update={"resources": resources})
    age = float(len(list(root.iterdir())))
    return PodFolder.create(
        root, PodRecord(name=name, deployment=deployment, template="t", created_at=age, gpus=given_gpus, **record)
    )


def test_devices_are_kept_in_the_record(tmp_path: Path) -> None:
    first, other = folder(tmp_path, "first", 1), folder(tmp_path, "other", 1)
    assert lacks_gpus(first.record)
    store_gpus([first, other], {"first": ("GPU-a",), "gone": ("GPU-e",)})
    read = PodFolder.open(tmp_path / "first")
    assert read is not None
    assert (read.record.gpus, lacks_gpus(read.record), other.record.gpus) == (("GPU-a",), False, ())


def test_a_device_that_is_gone_is_lost(tmp_path: Path) -> None:
    record = folder(tmp_path, "a", 1, given_gpus=("GPU-a",)).record
    assert not has_lost_gpus(record, THERE)
    assert not has_lost_gpus(record.model_copy(update={"gpus": ("0",)}), THERE)
    assert has_lost_gpus(record, (H200,))
    assert not has_lost_gpus(folder(tmp_path, "b", 0).record, ())
