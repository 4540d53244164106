"""Which GPUs a pod gets: whole ones, none of them twice. Pure; what was given stands in the record of each pod."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from scheduler.backends.gpus.devices import Gpu

VISIBLE = "CUDA_VISIBLE_DEVICES"
ORDER = "CUDA_DEVICE_ORDER"


def choose_gpus(count: int, there: Sequence[Gpu], taken: Collection[str]) -> tuple[str, ...] | None:
    """The first `count` devices, by id, that no other pod has; None where there are too few.

    `taken`: by id, or by number where they were given before their ids were known.
    """
    free = [gpu.id for gpu in there if gpu.id not in taken and gpu.number not in taken]
    return tuple(free[:count]) if count <= len(free) else None


def gpus_of(there: Sequence[Gpu], given: Sequence[str]) -> tuple[Gpu, ...]:
    """The devices of these ids that are there."""
    return tuple(gpu for gpu in there if gpu.id in given)


def gpu_variables(given: Sequence[str], *, has_gpus: bool) -> dict[str, str]:
    """What makes CUDA see the devices that a process was given, and no others; nothing on a machine without any."""
    if not has_gpus and not given:
        return {}
    # By number only in the order that the numbers are of: CUDA's own puts the fastest first.
    return {VISIBLE: ",".join(given), ORDER: "PCI_BUS_ID"}
