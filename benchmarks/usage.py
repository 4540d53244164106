"""CPU seconds and memory of process trees; medians."""

from __future__ import annotations

import contextlib
import statistics
from collections.abc import Iterable

import psutil


def tree(pid: int, apart: Iterable[int] = ()) -> list[psutil.Process]:
    """A process and its descendants, without the trees of the pids in `apart`."""
    apart = set(apart) - {pid}
    found: list[psutil.Process] = []
    with contextlib.suppress(psutil.Error):
        waiting = [psutil.Process(pid)]
        while waiting:
            process = waiting.pop()
            found.append(process)
            with contextlib.suppress(psutil.Error):
                waiting += [child for child in process.children() if child.pid not in apart]
    return found


def cpu_s(pid: int, apart: Iterable[int] = ()) -> float:
    """User and system seconds of a tree so far."""
    total = 0.0
    for process in tree(pid, apart):
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def own_cpu_s(pid: int) -> float:
    """The same of one process, without those that it has started."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def pss_mb(pid: int, apart: Iterable[int] = ()) -> float:
    """Proportional set size of a tree, MiB; a page shared by n processes counts 1/n."""
    total = 0
    for process in tree(pid, apart):
        with contextlib.suppress(psutil.Error):
            total += process.memory_full_info().pss
    return total / 2**20


def median(values: Iterable[float]) -> float:
    """Of at least one value."""
    return float(statistics.median(values))
