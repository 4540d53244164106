"""A loop that is cancelled while it talks to the bus or a database ends, whatever it was waiting for."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, update

from running_services.bus_service import SmallService, deleted, sqlite_url
from shared.bus import bulk
from shared.bus.connection.client import GuardedClient
from shared.bus.kv import Bucket
from shared.bus.metrics import BusMetrics
from shared.bus.outbox import OutboxRelay, outbox
from shared.clock import SystemClock
from shared.contracts.routes import ROUTES_BUCKET
from shared.database import Database
from shared.errors import Unavailable

TICKS = range(0, 600, 3)
"""How often the event loop turns before the cancellation comes: through every place where something is awaited."""


@pytest.fixture(autouse=True)
def connections_of_sqlite(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each is closed in the end, those too that were still being opened for a caller that was cancelled."""
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def note(*args: Any, **options: Any) -> sqlite3.Connection:
        opened.append(connect(*args, **options))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", note)
    yield
    for thread in threading.enumerate():
        if "_connection_worker_thread" in thread.name:
            thread.join(10)
    assert [each for each in opened if is_open(each)] == []


def is_open(connection: sqlite3.Connection) -> bool:
    """Whether it was not closed."""
    try:
        return connection.total_changes >= 0
    except sqlite3.ProgrammingError:
        return False


async def _put(service: SmallService, bucket: Bucket) -> None:
    await bucket.put("intent.wine", b"x")


async def _list(service: SmallService, bucket: Bucket) -> None:
    await bucket.list_all()


async def _publish(service: SmallService, bucket: Bucket) -> None:
    await service.bus.publish_bulk("penstock.logs.v1.wine.v1.pod", b"x", msg_id="one", stream="LOGS")


async def _identify(service: SmallService, bucket: Bucket) -> None:
    await bulk.stream_identity(service.bus.js, "LOGS")


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

    assert [ticks for ticks in TICKS if not await ends(loop(), ticks)] == []
    assert (await service.bus.kv(ROUTES_BUCKET).get("intent.wine")) == b"x"
    assert isinstance(service.bus.nc, GuardedClient)
    assert service.bus.nc.is_reading


async def test_a_consumer_ends(service: SmallService) -> None:
    async def stored(messages: object) -> None:
        await asyncio.sleep(0)

    for ticks in TICKS:
        await _publish(service, service.bus.kv(ROUTES_BUCKET))
        assert await ends(bulk.consume_batches(service.bus.js, "LOGS", "monitor-logs", 100, stored), ticks)


@pytest.fixture
async def busy(tmp_path: Path) -> AsyncIterator[Database]:
    """A database with three events in its outbox, which somebody else is writing to, for ever."""
    url = sqlite_url(tmp_path, "busy")
    service = SmallService("nats://127.0.0.1:1", url)
    await service.create_tables()
    await service.say(*(deleted(f"v{number}") for number in range(3)))
    await service.database.close()
    database = Database.open(url)
    event.listen(database.engine.sync_engine, "connect", lambda each, _: each.execute("PRAGMA busy_timeout=1").close())
    other = sqlite3.connect(tmp_path / "busy.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield database
    other.close()
    await database.close()


async def test_a_relay_ends_though_it_cannot_note_what_it_has_sent(service: SmallService, busy: Database) -> None:
    relay = OutboxRelay("scheduler", busy, service.bus.nc, clock=SystemClock(), metrics=BusMetrics(None))
    assert [ticks for ticks in TICKS if not await ends(relay.run(), ticks)] == []


async def test_whoever_cannot_put_things_in_order_on_the_way_out_ends(busy: Database) -> None:
    async def put_in_order() -> None:
        async with busy.unit_of_work() as session:
            await session.execute(update(outbox).values(sent=True))

    async def loop() -> None:
        while True:
            try:
                async with busy.read() as session:
                    try:
                        await session.execute(select(outbox.c.seq))
                    finally:
                        await put_in_order()
            except Unavailable:
                await asyncio.sleep(0)

    assert [ticks for ticks in TICKS if not await ends(loop(), ticks)] == []


async def ends(work: Coroutine[Any, Any, None], ticks: int) -> bool:
    """Whether it is over when it is cancelled after so many turns of the event loop."""
    task = asyncio.create_task(work)
    for _ in range(ticks):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task], timeout=5)
    return task.cancelled()
