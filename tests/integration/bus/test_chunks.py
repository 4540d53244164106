"""Large results in chunks: whole, with the error that ended them, and ended by whoever stops reading."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

import pytest

from running_services.bus_service import SmallService, sqlite_url
from servers.nats_process import NatsProcess
from shared.bus.chunks import ChunkStreams, hold_chunks, read_chunks
from shared.contracts.chunks import MAX_CHUNK_BYTES, ChunkRequest
from shared.errors import InvalidInput, Unavailable


class Pieces:
    """Chunks, and how far they were made."""

    def __init__(self, count: int, error: Exception | None = None, size: int = 10) -> None:
        self.made = 0
        self.closed = asyncio.Event()
        self._count, self._error, self._size = count, error, size

    async def each(self) -> AsyncGenerator[bytes, None]:
        try:
            for place in range(self._count):
                self.made += 1
                yield bytes([place % 256]) * self._size
            if self._error:
                raise self._error
        finally:
            self.closed.set()


@pytest.fixture
async def both(nats_server: NatsProcess, tmp_path: Path) -> AsyncIterator[tuple[SmallService, SmallService]]:
    owner = SmallService(nats_server.url, sqlite_url(tmp_path, "owner"), "inference-logger")
    asker = SmallService(nats_server.url, sqlite_url(tmp_path, "asker"), "controller")
    await owner.start()
    await asker.start()
    yield owner, asker
    await asker.stop()
    await owner.stop()


async def test_a_result_comes_whole_or_with_what_ended_it(both: tuple[SmallService, SmallService]) -> None:
    owner, asker = both
    large = Pieces(20, size=MAX_CHUNK_BYTES)
    stream = await owner.bus.offer_chunks(large.each())
    found = [chunk async for chunk in asker.bus.read_chunks(stream)]
    assert [(chunk[0], len(chunk)) for chunk in found] == [(place, MAX_CHUNK_BYTES) for place in range(20)]
    await asyncio.wait_for(large.closed.wait(), 10)

    for error, expected in ((InvalidInput("half-way"), InvalidInput), (ValueError("/secret"), Exception)):
        broken = Pieces(2, error)
        reader = asker.bus.read_chunks(await owner.bus.offer_chunks(broken.each()))
        assert [await anext(reader), await anext(reader)] == [b"\0" * 10, b"\1" * 10]
        with pytest.raises(expected) as raised:
            await anext(reader)
        assert "secret" not in str(raised.value)
    assert [chunk async for chunk in asker.bus.read_chunks(await owner.bus.offer_chunks(Pieces(0).each()))] == []


async def test_one_chunk_is_made_ahead_and_a_reader_that_stops_ends_it(both: tuple[SmallService, SmallService]) -> None:
    owner, asker = both
    pieces = Pieces(1000)
    stream = await owner.bus.offer_chunks(pieces.each())
    reader = asker.bus.read_chunks(stream)
    for _ in range(3):
        await anext(reader)
    again = await asker.bus.nc.request(stream.subject, ChunkRequest(number=2).model_dump_json().encode())
    assert again.data == b"\2" * 10  # a lost answer
    assert pieces.made <= 4

    await reader.aclose()
    await asyncio.wait_for(pieces.closed.wait(), 10)
    with pytest.raises(Unavailable, match="ask for it anew"):
        [chunk async for chunk in asker.bus.read_chunks(stream)]


async def test_whoever_is_silent_is_gone(both: tuple[SmallService, SmallService]) -> None:
    owner, asker = both
    pieces = Pieces(10)
    streams = ChunkStreams("inference-logger", idle_s=0.1)
    reader = read_chunks(asker.bus.nc, await streams.offer(owner.bus.nc, pieces.each()))
    await anext(reader)

    assert await asyncio.wait_for(pieces.closed.wait(), 10)
    await reader.aclose()
    await streams.close()


async def test_a_reader_that_works_on_what_it_has_read_is_there_and_a_silent_one_is_told_of(
    both: tuple[SmallService, SmallService],
) -> None:
    owner, asker = both
    streams, gone = ChunkStreams("inference-logger", idle_s=0.3), asyncio.Event()

    pieces = Pieces(2)
    async with hold_chunks(
        asker.bus.nc, await streams.offer(owner.bus.nc, pieces.each(), gone.set), every_s=0.02
    ) as held:
        assert len([chunk async for chunk in held]) == 2
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(gone.wait(), 0.6)
    assert await asyncio.wait_for(pieces.closed.wait(), 10)
    assert not gone.is_set()

    async with hold_chunks(
        asker.bus.nc, await streams.offer(owner.bus.nc, Pieces(2).each(), gone.set), every_s=60
    ) as held:
        await anext(held)
        assert await asyncio.wait_for(gone.wait(), 10)
    await streams.close()
