"""A loop that is cancelled while it talks to the bus ends, whatever it was waiting for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bus_service import SmallService
from shared.bus import bulk
from shared.bus.connection import GuardedClient
from shared.bus.kv import Bucket
from shared.contracts.routes import ROUTES_BUCKET
from shared.errors import Unavailable

TICKS = range(0, 600, 3)
"""How often the event loop turns before the cancellation comes: through every place where something is awaited."""


async def _put(service: SmallService, bucket: Bucket) -> None:
    await bucket.put("intent.wine", b"x")


async def _list(service: SmallService, bucket: Bucket) -> None:
    await bucket.list_all()


async def _publish(service: SmallService, bucket: Bucket) -> None:
    await service.bus.publish_bulk("penstock.logs.v1.wine.v1.pod", b"x", msg_id="one", stream="LOGS")


async def _identify(service: SmallService, bucket: Bucket) -> None:
    await bulk.identity(service.bus.js, "LOGS")


async def _flush(service: SmallService, bucket: Bucket) -> None:
    await service.bus.nc.flush()


@pytest.mark.parametrize("work", [_put, _list, _publish, _identify, _flush])
async def test_it_ends(service: SmallService, work: Callable[[SmallService, Bucket], Awaitable[None]]) -> None:
    bucket = service.bus.kv(ROUTES_BUCKET)
    await bucket.put("intent.wine", b"x")

    async def loop() -> None:
        while True:
            try:
                await work(service, bucket)
            except Unavailable:
                await asyncio.sleep(0)

    for ticks in TICKS:
        task = asyncio.create_task(loop())
        for _ in range(ticks):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task], timeout=5)
        assert task.cancelled(), f"cancelled after {ticks} turns, it went on"
    assert (await service.bus.kv(ROUTES_BUCKET).get("intent.wine")) == b"x"
    assert isinstance(service.bus.nc, GuardedClient)
    assert service.bus.nc.is_reading


async def test_a_consumer_ends(service: SmallService) -> None:
    async def stored(messages: object) -> None:
        await asyncio.sleep(0)

    for ticks in TICKS:
        await _publish(service, service.bus.kv(ROUTES_BUCKET))
        task = asyncio.create_task(bulk.bulk_pull(service.bus.js, "LOGS", "monitor-logs", 100, stored))
        for _ in range(ticks):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task], timeout=5)
        assert task.cancelled(), f"cancelled after {ticks} turns, it went on"
