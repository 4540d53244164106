"""Probes a pod: over HTTP, and through what runs it."""

from __future__ import annotations

from scheduler.backends.lifecycle.runner import RunProcess
from scheduler.backends.pod_api.health import read_health, read_image_health
from scheduler.domain.probes import PING, ProbeAnswer, ProbeResult


async def probe_pod(process: RunProcess, timeout_s: float, token: str | None = None) -> ProbeResult:
    """Probe a pod once."""
    if process.is_stopped():
        return ProbeResult("silent", is_stopped=True, cpu_s=await process.cpu_s())
    at = process.probed_at
    answer: ProbeAnswer
    path, revision, status = process.health_path, 0, 0
    if path is not None:
        answer, status = await read_image_health(at.host, at.port, path, timeout_s)
    else:
        answer, revision = await read_health(at.host, at.port, timeout_s, token)
    # CPU time is looked up only where it decides something: finding a process' children reads all of /proc.
    cpu_s = await process.cpu_s() if answer == "silent" else 0.0
    return ProbeResult(answer, cpu_s=cpu_s, revision=revision, path=path or PING, status=status)
