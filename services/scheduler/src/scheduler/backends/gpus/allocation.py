"""What of the devices that it was given a pod sees. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from scheduler.domain.gpus import Gpu

VISIBLE = "CUDA_VISIBLE_DEVICES"
ORDER = "CUDA_DEVICE_ORDER"


def gpus_of(there: Sequence[Gpu], given: Sequence[str]) -> tuple[Gpu, ...]:
    """The devices of these ids that are there."""
    return tuple(gpu for gpu in there if gpu.id in given)


def gpu_variables(given: Sequence[str], *, has_gpus: bool) -> dict[str, str]:
    """What makes CUDA see the devices that a process was given, and no others; nothing on a machine without any."""
    if not has_gpus and not given:
        return {}
    # By number only in the order that the numbers are of: CUDA's own puts the fastest first.
    return {VISIBLE: ",".join(given), ORDER: "PCI_BUS_ID"}
