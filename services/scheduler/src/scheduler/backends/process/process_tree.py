"""A process of this machine with all its children."""

from __future__ import annotations

import psutil


def cpu_seconds(pid: int) -> float:
    """CPU seconds that a process and its children have used."""
    return sum(_cpu_s(each) for each in process_tree(pid))


def process_tree(pid: int) -> list[psutil.Process]:
    """A process and all its children; empty where it is gone."""
    try:
        main = psutil.Process(pid)
        return [main, *main.children(recursive=True)]
    except psutil.Error:
        return []


def _cpu_s(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)
