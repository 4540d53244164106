"""Whether a process serves, asked as its users would ask: over its port. One that hangs does not answer at all."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Literal

from penstock.launcher.home import HOST
from penstock.launcher.process import Probe

TIMEOUT_S = 2.0


Reply = Literal["serving", "answering", "silent"]
"""200; another answer, by a process that lives; none in time."""


async def is_serving(probe: Probe) -> bool:
    """One question; False on any failure."""
    return await send_probe(probe) == "serving"


async def send_probe(probe: Probe) -> Reply:
    """One question."""
    with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
        async with asyncio.timeout(TIMEOUT_S):
            return await (_probe_nats(probe) if probe.kind == "nats" else _probe_http(probe))
    return "silent"


async def _probe_nats(probe: Probe) -> Reply:
    """nats-server opens its port once JetStream has recovered its streams."""
    reader, writer = await asyncio.open_connection(HOST, probe.port)
    try:
        return "serving" if (await reader.readline()).startswith(b"INFO ") else "silent"
    finally:
        writer.close()


async def _probe_http(probe: Probe) -> Reply:
    reader, writer = await asyncio.open_connection(HOST, probe.port)
    try:
        writer.write(f"GET {probe.path} HTTP/1.1\r\nHost: {HOST}:{probe.port}\r\nConnection: close\r\n\r\n".encode())
        status = (await reader.readline()).split(b" ")[1:2]
        return "serving" if status == [b"200"] else "answering" if status else "silent"
    finally:
        writer.close()
