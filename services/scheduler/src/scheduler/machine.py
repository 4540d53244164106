"""This machine: the processors and memory that it has for pods (less where a cgroup says so), and its processes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

import psutil

from scheduler.domain.placement import Capacity

GIB = 1024**3
CGROUPS = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")
_V1_UNLIMITED = 1 << 60


def machine_capacity(cgroups: Path = CGROUPS, own: Path = OWN_GROUPS) -> Capacity:
    """Cores and GiB of this machine, or what the cgroups (v2 and v1) that this process is in leave of them."""
    cores, memory = float(len(os.sched_getaffinity(0))), float(psutil.virtual_memory().total)
    paths = own_cgroup_paths(own)
    quotas = [quota for folder in _folders(cgroups, paths, "cpu") if (quota := _cpu_quota(folder))]
    limits = [limit for folder in _folders(cgroups, paths, "memory") if (limit := _memory_limit(folder))]
    return Capacity(min([cores, *quotas]), min([memory, *limits]) / GIB)


def own_cgroup_paths(file: Path) -> dict[str, PurePosixPath]:
    """Controller → path of the group; v2's one hierarchy has the empty name (cgroups(7))."""
    found: dict[str, PurePosixPath] = {"": PurePosixPath("/")}
    for line in _read(file).splitlines():
        _, controllers, path = line.split(":", 2)
        found |= dict.fromkeys(controllers.split(","), PurePosixPath(path))
    return found


def _folders(cgroups: Path, paths: dict[str, PurePosixPath], controller: str) -> Iterator[Path]:
    """The group's folder and those above it, in either version: each of them may limit."""
    for root, path in ((cgroups, paths[""]), (cgroups / controller, paths.get(controller, PurePosixPath("/")))):
        for each in (path, *path.parents):
            yield root / each.relative_to("/")


def _cpu_quota(folder: Path) -> float | None:
    with suppress(ValueError):
        quota, _, period = _read(folder / "cpu.max").partition(" ")
        if not quota:
            quota, period = _read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us")
        return int(quota) / int(period) if int(quota) > 0 else None  # v2 says `max`, which is no number
    return None


def _memory_limit(folder: Path) -> float | None:
    text = _read(folder / "memory.max") or _read(folder / "memory.limit_in_bytes")
    return float(text) if text.isdecimal() and int(text) < _V1_UNLIMITED else None


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def start_ticks(pid: int) -> int | None:
    """When a process started, in clock ticks since boot: with its pid, its identity. None: not known (no /proc).

    The shim, which imports nothing of this package, has the same function.
    """
    try:
        return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None
