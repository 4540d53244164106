"""Which GPUs a machine has: whole ones, and where its owner has cut one up (MIG) the slices, which are given instead.

A device goes by its UUID, which stays when others are added or taken out; a number does not. Where NVML does not
answer (the engine is on another machine, the GPUs are another maker's) there are the numbers that an operator vouches
for.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any

from scheduler.domain.gpus import Gpu

log = logging.getLogger("penstock.scheduler")


def find_gpus(nvml: Any | None) -> tuple[Gpu, ...]:
    """Every device, by number; one that NVML cannot describe (it has fallen off the bus) is left out, and logged."""
    if nvml is None:
        return ()
    found: list[Gpu] = []
    try:
        count = int(nvml.nvmlDeviceGetCount())
    except nvml.NVMLError as error:
        log.warning("GPUs cannot be counted: %s", error)
        return ()
    for number in range(count):
        try:
            found += _devices_of(nvml, number)
        except nvml.NVMLError as error:
            log.warning("GPU %s is not used: %s", number, error)
    return tuple(found)


def _devices_of(nvml: Any, number: int) -> list[Gpu]:
    """The GPU of this number, or its slices."""
    handle = nvml.nvmlDeviceGetHandleByIndex(number)
    minor = int(nvml.nvmlDeviceGetMinorNumber(handle))
    if not _is_cut(nvml, handle):
        return [_described(nvml, handle, str(number), minor)]
    return [_described(nvml, part, f"{number}:{place}", minor) for place, part in _slices(nvml, handle)]


def _is_cut(nvml: Any, handle: Any) -> bool:
    """Whether its owner has switched slices on; then CUDA runs on those alone."""
    try:
        current, _ = nvml.nvmlDeviceGetMigMode(handle)
    except nvml.NVMLError:
        return False
    return bool(current == nvml.NVML_DEVICE_MIG_ENABLE)


def _slices(nvml: Any, handle: Any) -> Iterator[tuple[int, Any]]:
    for place in range(nvml.nvmlDeviceGetMaxMigDeviceCount(handle)):
        try:
            yield place, nvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, place)
        except nvml.NVMLError_NotFound:
            continue


def _described(nvml: Any, handle: Any, number: str, minor: int) -> Gpu:
    return Gpu(
        id=str(nvml.nvmlDeviceGetUUID(handle)),
        number=number,
        kind=str(nvml.nvmlDeviceGetName(handle)),
        memory_bytes=int(nvml.nvmlDeviceGetMemoryInfo(handle).total),
        minor=minor,
    )


def numbered_gpus(count: int) -> tuple[Gpu, ...]:
    """So many that nothing is known of."""
    return tuple(Gpu(str(number), str(number)) for number in range(count))


def selected_gpus(there: Sequence[Gpu], wanted: Sequence[str], count: int | None) -> tuple[Gpu, ...]:
    """Those that pods may be given.

    Args:
        wanted: UUIDs, numbers, or texts that a kind holds (`H200`, `MIG 1g.18gb`); none: every one.
        count: at most so many of them; None: all. Where no device is known, so many are vouched for.
    """
    if not there:
        return numbered_gpus(count or 0)
    for each in wanted:
        if not any(_is_named(gpu, each) for gpu in there):
            log.warning("there is no GPU %s here; there are %s", each, ", ".join(map(str, there)))
    chosen = [gpu for gpu in there if not wanted or any(_is_named(gpu, each) for each in wanted)]
    if count is not None and count > len(chosen):
        log.warning("pods are to have %s GPUs, and there are %s", count, len(chosen))
    return tuple(chosen[:count])


def _is_named(gpu: Gpu, name: str) -> bool:
    is_one = name.lower() == gpu.id.lower() or name == gpu.number
    return is_one or (not name.replace(":", "").isdecimal() and name.lower() in gpu.kind.lower())
