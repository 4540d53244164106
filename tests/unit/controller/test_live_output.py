"""What is kept of a pod's output for a reader that is slow."""

from __future__ import annotations

from unittest.mock import Mock

from nats.aio.client import Client
from nats.aio.msg import Msg

from controller.api.observability.live_logs import MAX_QUEUED, MAX_QUEUED_BYTES, LiveOutput


def message(size: int) -> Msg:
    return Msg(Mock(spec=Client), subject="penstock.logs.v1.wine.v1.a", data=b"x" * size)


async def test_a_slow_reader_keeps_the_newest_bytes_and_hears_what_it_lost() -> None:
    live, part = LiveOutput(), MAX_QUEUED_BYTES // 4
    for size in (part, part, part, part, 10, 10):
        await live.enqueue(message(size))
    assert (live.dropped, live.waiting.qsize(), live.waiting.size) == (1, 5, 3 * part + 20)

    assert [len((await live.waiting.get()).data) for _ in range(5)] == [part, part, part, 10, 10]
    assert live.waiting.size == 0


async def test_one_message_is_kept_however_large_it_is() -> None:
    live = LiveOutput()
    for size in (MAX_QUEUED_BYTES * 2, MAX_QUEUED_BYTES + 1):
        await live.enqueue(message(size))
    assert (live.dropped, live.waiting.qsize()) == (1, 1)


async def test_small_messages_are_bounded_by_their_number() -> None:
    live = LiveOutput()
    for _ in range(MAX_QUEUED + 5):
        await live.enqueue(message(1))
    assert (live.dropped, live.waiting.qsize()) == (5, MAX_QUEUED)
