"""Asks a pod how it is: `GET /ping` (does it answer callers?), `GET /health/live` (does it live?), and `GET /check`
(what did it find out about its model?).

Bare asyncio streams, one short connection each: what is wanted is the status line, within a limit, from a peer that
may be frozen.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import psutil

from scheduler.backends.pod_api.tokens import TOKEN_HEADER
from scheduler.backends.process.folders.pod_folder import PodProcess
from scheduler.domain.probes import Answer, ProbeResult
from shared.contracts.deployment import PodReport

MAX_CHECK_BYTES = 65_536
MAX_REVISION = 2**31 - 1
REVISION = b"x-penstock-revision:"
"""Header of a health answer: the number of the last change in the pod's report."""


async def probe(host: str, port: int, process: PodProcess, timeout_s: float, token: str | None = None) -> ProbeResult:
    """One look at a pod, through its door and through the operating system."""
    if _is_stopped(process):
        return ProbeResult("silent", is_stopped=True, cpu_s=cpu_seconds(process.pid))
    answer, revision = await _answer(host, port, timeout_s, token)
    # CPU time is looked up only where it decides something: finding a process' children reads all of /proc.
    return ProbeResult(answer, cpu_s=cpu_seconds(process.pid) if answer == "silent" else 0.0, revision=revision)


async def _answer(host: str, port: int, timeout_s: float, token: str | None) -> tuple[Answer, int]:
    try:
        async with asyncio.timeout(timeout_s):
            status, revision = await _status(host, port, "/ping", token)
            if status == 200:
                return "ready", revision
            return "alive" if (await _status(host, port, "/health/live", token))[0] == 200 else "silent", 0
    except ConnectionRefusedError:
        return "refused", 0
    except (OSError, TimeoutError, ValueError, IndexError):
        return "silent", 0


async def _status(host: str, port: int, path: str, token: str | None) -> tuple[int, int]:
    """The status, and the revision of the pod's report (0: it says none)."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(_request(host, port, path, token))
        await writer.drain()
        status = int((await reader.readline()).split()[1])
        return status, await _revision(reader)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _revision(reader: asyncio.StreamReader) -> int:
    while (line := await reader.readline()).strip():
        if line.lower().startswith(REVISION):
            return min(int(line[len(REVISION) :]), MAX_REVISION)
    return 0


def _request(host: str, port: int, path: str, token: str | None) -> bytes:
    known = f"{TOKEN_HEADER}: {token}\r\n" if token else ""
    return f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n{known}Connection: close\r\n\r\n".encode()


async def ask_report(host: str, port: int, timeout_s: float, token: str | None = None) -> PodReport | None:
    """What the pod tells of itself (`GET /check`); None where it does not say, or not in time."""
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(_request(host, port, "/check", token))
                await writer.drain()
                head, _, body = (await _all_of(reader, MAX_CHECK_BYTES)).partition(b"\r\n\r\n")
            finally:
                writer.close()
        return PodReport.model_validate_json(body) if head.split()[1] == b"200" else None
    except (OSError, TimeoutError, ValueError, IndexError):
        return None


async def _all_of(reader: asyncio.StreamReader, limit: int) -> bytes:
    """What comes until the other side has ended. Raises ValueError where it is more than `limit` bytes."""
    found = b""
    while piece := await reader.read(limit):
        found += piece
        if len(found) > limit:
            raise ValueError(f"more than {limit} bytes")
    return found


def _is_stopped(process: PodProcess) -> bool:
    try:
        return psutil.Process(process.pid).status() in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)
    except psutil.Error:
        return False


def cpu_seconds(pid: int) -> float:
    """CPU seconds that a process and its children have used."""
    return sum(_cpu_s(each) for each in family(pid))


def family(pid: int) -> list[psutil.Process]:
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
