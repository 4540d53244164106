"""What this machine has for pods: its processors and memory, or less where a cgroup says so."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

from scheduler.domain.placement import Room

GIB = 1024**3
CGROUP = Path("/sys/fs/cgroup")
_V1_UNLIMITED = 1 << 60


def machine_room(cgroup: Path = CGROUP) -> Room:
    """Cores and GiB of this machine (cgroup v2 and v1 limits of this process' own group are heeded)."""
    cores, memory = float(len(os.sched_getaffinity(0))), float(psutil.virtual_memory().total)
    quota, limit = _cpu_quota(cgroup), _memory_limit(cgroup)
    return Room(min(cores, quota or cores), min(memory, limit or memory) / GIB)


def _cpu_quota(cgroup: Path) -> float | None:
    words = _read(cgroup / "cpu.max").split()
    if len(words) == 2:
        return None if words[0] == "max" else int(words[0]) / int(words[1])
    quota, period = _read(cgroup / "cpu/cpu.cfs_quota_us"), _read(cgroup / "cpu/cpu.cfs_period_us")
    return int(quota) / int(period) if quota and period and int(quota) > 0 else None


def _memory_limit(cgroup: Path) -> float | None:
    text = _read(cgroup / "memory.max") or _read(cgroup / "memory/memory.limit_in_bytes")
    return float(text) if text.isdecimal() and int(text) < _V1_UNLIMITED else None


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
