"""NVIDIA's management library (NVML), where this machine has a driver that it can speak to."""

from __future__ import annotations

import logging
from typing import Any

from scheduler.backends.confinement.paths import gpu_devices

log = logging.getLogger("penstock.scheduler")


def open_nvml() -> Any | None:
    """The module `pynvml`, initialised; None where there is no GPU, or none that NVML can speak of."""
    if not gpu_devices():
        return None
    import pynvml  # noqa: PLC0415 - most machines have no use for it

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        log.info("GPUs are not known by NVML: %s", error)
        return None
    return pynvml
