"""Whether a process serves, asked as its users would ask: over its port."""

from __future__ import annotations

import asyncio
import contextlib

from penstock.launcher.home import HOST
from penstock.launcher.process import Probe

TIMEOUT_S = 2.0


async def is_serving(probe: Probe) -> bool:
    """One question; False on any failure."""
    with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
        async with asyncio.timeout(TIMEOUT_S):
            return await (_greets(probe) if probe.kind == "nats" else _answers(probe))
    return False


async def _greets(probe: Probe) -> bool:
    """nats-server opens its port once JetStream has recovered its streams."""
    reader, writer = await asyncio.open_connection(HOST, probe.port)
    try:
        return (await reader.readline()).startswith(b"INFO ")
    finally:
        writer.close()


async def _answers(probe: Probe) -> bool:
    reader, writer = await asyncio.open_connection(HOST, probe.port)
    try:
        writer.write(f"GET {probe.path} HTTP/1.1\r\nHost: {HOST}:{probe.port}\r\nConnection: close\r\n\r\n".encode())
        return (await reader.readline()).split(b" ")[1:2] == [b"200"]
    finally:
        writer.close()
