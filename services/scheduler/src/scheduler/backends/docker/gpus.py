"""Which GPUs a pod gets: whole ones, none of them twice. Pure."""

from __future__ import annotations

from collections.abc import Collection

from scheduler.backends.errors import PreparationFailed


def choose_gpus(count: int, devices: int, taken: Collection[str]) -> tuple[str, ...]:
    """The first `count` of `devices` that no other pod has. Raises `PreparationFailed` where there are too few."""
    free = [name for name in map(str, range(devices)) if name not in taken]
    if len(free) < count:
        raise PreparationFailed("NoFreeGpu", f"asks for {count} GPU, and {len(free)} of {devices} are free")
    return tuple(free[:count])
