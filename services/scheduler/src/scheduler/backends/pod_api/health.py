"""Health and report of a pod over HTTP.

`GET /ping`: does it answer callers? `GET /health/live`: does it live? `GET /check`: what it found out about its model.

Bare asyncio streams, one short connection each: what is wanted is the status line, within a limit, from a peer that
may be frozen.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from scheduler.backends.pod_api.tokens import TOKEN_HEADER
from scheduler.domain.probes import ProbeAnswer
from shared.contracts.deployment import PodReport

MAX_REPORT_BYTES = 524_288
"""A signature alone may take 128 KiB, and JSON in JSON up to twice as much."""
MAX_REVISION = 2**31 - 1
REVISION = b"x-penstock-revision:"
"""Header of a health answer: the number of the last change in the pod's report."""


async def read_health(host: str, port: int, timeout_s: float, token: str | None) -> tuple[ProbeAnswer, int]:
    """What the pod answers within `timeout_s`, and the revision of its report (0: it says none)."""
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


async def read_image_health(host: str, port: int, path: str, timeout_s: float) -> tuple[ProbeAnswer, int]:
    """What somebody's own server answers at the path that its owner named, and the status (0: none).

    Below 400 it is ready, as a probe of Kubernetes has it; else alive.
    """
    try:
        async with asyncio.timeout(timeout_s):
            status, _ = await _status(host, port, path, None)
            return ("ready" if status < 400 else "alive"), status
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


async def read_report(host: str, port: int, timeout_s: float, token: str | None = None) -> PodReport | None:
    """The pod's report (`GET /check`); None where there is none within `timeout_s`."""
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(_request(host, port, "/check", token))
                await writer.drain()
                head, _, body = (await _all_of(reader, MAX_REPORT_BYTES)).partition(b"\r\n\r\n")
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
