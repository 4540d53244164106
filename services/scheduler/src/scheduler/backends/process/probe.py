"""Probes a pod's process: over HTTP, and through the operating system."""

from __future__ import annotations

import psutil

from scheduler.backends.pod_api.health import read_health
from scheduler.backends.process.folders.run_folder import PodProcess
from scheduler.domain.probes import ProbeResult


async def probe_pod(
    host: str, port: int, process: PodProcess, timeout_s: float, token: str | None = None
) -> ProbeResult:
    """Probe a pod once, over HTTP and through the operating system."""
    if _is_stopped(process):
        return ProbeResult("silent", is_stopped=True, cpu_s=cpu_seconds(process.pid))
    answer, revision = await read_health(host, port, timeout_s, token)
    # CPU time is looked up only where it decides something: finding a process' children reads all of /proc.
    return ProbeResult(answer, cpu_s=cpu_seconds(process.pid) if answer == "silent" else 0.0, revision=revision)


def _is_stopped(process: PodProcess) -> bool:
    try:
        return psutil.Process(process.pid).status() in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)
    except psutil.Error:
        return False


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
