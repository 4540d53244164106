"""High-volume streams: batches acknowledged when stored, positions read without a gap."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

import pytest
from nats.aio.msg import Msg

from running_services.bus_service import SmallService, sqlite_url
from servers.nats_process import NatsProcess
from shared.bus import bulk
from shared.errors import Unavailable
from waiting.eventually import eventually

SUBJECT = "penstock.logs.v1.wine.v1.pod"


@pytest.fixture
async def monitor(nats_server: NatsProcess, tmp_path: Path) -> AsyncIterator[SmallService]:
    small = SmallService(nats_server.url, sqlite_url(tmp_path), "monitor")
    await small.start()
    yield small
    await small.stop()


async def publish(service: SmallService, numbers: range, subject: str = SUBJECT, stream: str = "LOGS") -> None:
    for number in numbers:
        await service.bus.publish_bulk(subject, str(number).encode(), msg_id=f"{stream}-{number}", stream=stream)


def pulling(service: SmallService, handler: Callable[[list[Msg]], Awaitable[None]]) -> asyncio.Task[None]:
    return asyncio.create_task(bulk.consume_batches(service.bus.js, "LOGS", "monitor-logs", 100, handler))


async def ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_batches_are_handed_over_once(monitor: SmallService) -> None:
    seen: list[bytes] = []

    async def keep(messages: list[Msg]) -> None:
        seen.extend(message.data for message in messages)

    await publish(monitor, range(250))
    task = pulling(monitor, keep)
    await eventually(lambda: len(seen) == 250)
    await ended(task)

    assert sorted(map(int, seen)) == list(range(250))
    info = await monitor.bus.js.consumer_info("LOGS", "monitor-logs")
    assert (info.num_pending, info.num_ack_pending) == (0, 0)


async def test_a_batch_that_failed_comes_again_after_a_delay(monitor: SmallService) -> None:
    tries: list[list[int]] = []

    async def fail_twice(messages: list[Msg]) -> None:
        tries.append(sorted(int(message.data) for message in messages))
        if len(tries) < 3:
            raise OSError("disk full")

    await publish(monitor, range(3))
    task = pulling(monitor, fail_twice)
    await eventually(lambda: [0, 1, 2] in tries[2:])
    await ended(task)

    assert len(tries) == 3


async def test_a_reader_outlives_server_stream_and_durable(monitor: SmallService, nats_server: NatsProcess) -> None:
    seen: set[int] = set()

    async def keep(messages: list[Msg]) -> None:
        seen.update(int(message.data) for message in messages)

    task = pulling(monitor, keep)
    await publish(monitor, range(1))
    await eventually(lambda: seen == {0})
    nats_server.kill()
    nats_server.start()
    await eventually(lambda: _published(monitor, 1))
    await eventually(lambda: 1 in seen)
    await monitor.bus.js.delete_stream("LOGS")
    await eventually(lambda: _published(monitor, 2))
    await eventually(lambda: 2 in seen)
    await ended(task)


async def _published(service: SmallService, number: int) -> bool:
    try:
        await publish(service, range(number, number + 1))
    except Unavailable:
        return False
    return True


async def test_the_same_message_id_is_stored_once(monitor: SmallService) -> None:
    first = await monitor.bus.publish_bulk(SUBJECT, b"x", msg_id="1", stream="LOGS")
    second = await monitor.bus.publish_bulk(SUBJECT, b"x", msg_id="1", stream="LOGS")

    assert (first.seq, first.duplicate, second.duplicate) == (1, None, True)


async def test_publishing_where_it_does_not_belong_is_an_error(monitor: SmallService) -> None:
    with pytest.raises(Unavailable):
        await monitor.bus.publish_bulk(SUBJECT, b"x", msg_id="1", stream="REQUESTS")


async def test_publishing_with_nats_away_says_so_at_once(monitor: SmallService, nats_server: NatsProcess) -> None:
    nats_server.kill()
    await eventually(lambda: not monitor.bus.is_connected)

    with pytest.raises(Unavailable):
        await monitor.bus.publish_bulk(SUBJECT, b"x", msg_id="1", stream="LOGS")


async def read(service: SmallService, after: int, wanted: int) -> list[int]:
    found: list[int] = []
    async with aclosing(bulk.read_stream(service.bus.js, "REQUESTS", after, batch=7)) as batches:
        async for messages in batches:
            found += [message.metadata.sequence.stream for message in messages]
            if len(found) >= wanted:
                break
    return found


async def requests(service: SmallService, numbers: range) -> None:
    await publish(service, numbers, "penstock.requests.v1.wine", "REQUESTS")


async def test_a_position_is_read_from(monitor: SmallService) -> None:
    await requests(monitor, range(30))

    assert await read(monitor, 0, 30) == list(range(1, 31))
    assert await read(monitor, 25, 5) == list(range(26, 31))
    assert (await monitor.bus.js.stream_info("REQUESTS")).state.consumer_count == 0


async def test_reading_goes_on_behind_what_was_purged(monitor: SmallService) -> None:
    await requests(monitor, range(30))
    await monitor.bus.js.purge_stream("REQUESTS", seq=21)

    assert await read(monitor, 3, 10) == list(range(21, 31))


async def test_a_reader_that_lost_its_consumer_says_so(monitor: SmallService) -> None:
    await requests(monitor, range(3))
    async with aclosing(bulk.read_stream(monitor.bus.js, "REQUESTS", 0, batch=7)) as batches:
        assert len(await anext(batches)) == 3
        [consumer] = await monitor.bus.js.consumers_info("REQUESTS")
        await monitor.bus.js.delete_consumer("REQUESTS", consumer.name)

        with pytest.raises(Unavailable):
            await anext(batches)


async def test_a_stream_made_anew_has_another_identity(monitor: SmallService) -> None:
    await requests(monitor, range(3))
    before = await bulk.stream_identity(monitor.bus.js, "REQUESTS")
    await monitor.bus.js.delete_stream("REQUESTS")

    async def again() -> bulk.StreamIdentity | None:
        try:
            return await bulk.stream_identity(monitor.bus.js, "REQUESTS")
        except Unavailable:
            return None

    after = await eventually(again)
    assert after is not None

    assert (before.first_seq, before.last_seq) == (1, 3)
    assert after.created != before.created
    assert after.last_seq == 0
