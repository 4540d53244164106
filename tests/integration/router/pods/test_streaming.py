"""Answers that come in pieces: passed on as they come, recorded before their last byte."""

from __future__ import annotations

import asyncio

from router.domain.outcome import RequestOutcome
from running_services.router_world import PodRequest, PodServer, World, eventually


async def test_the_record_is_there_before_the_last_byte(world: World) -> None:
    async def in_two(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nfour")
        await eventually(arrived.is_set)
        writer.write(b"more")

    arrived = asyncio.Event()
    await world.serve_wine(in_two)
    caller = await world.caller()
    received = bytearray()

    def check(_: RequestOutcome) -> None:
        received.extend(b"|recorded|")

    world.ledger.on_append = check
    caller.post("/wine/predict")
    await caller.head()
    received += await caller.reader.readexactly(4)
    assert not world.ledger.outcomes
    arrived.set()
    received += await caller.reader.readexactly(4)
    assert bytes(received) == b"four|recorded|more"


async def test_streams_pass_chunk_by_chunk_and_end_after_the_record(world: World) -> None:
    async def stream(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in range(3):
            writer.write(b"7\r\ndata: %d\r\n" % number)
            await steps.get()
        writer.write(b"0\r\n\r\n")

    steps: asyncio.Queue[None] = asyncio.Queue()
    await world.serve_wine(stream)
    caller = await world.caller()
    caller.post("/wine/predict")
    status, headers = await caller.head()
    assert (status, headers["transfer-encoding"]) == (200, "chunked")
    seen = []
    async for chunk in caller.chunks():
        seen.append(chunk)
        assert not world.ledger.outcomes
        steps.put_nowait(None)
    assert seen == [b"data: 0", b"data: 1", b"data: 2"]
    assert world.ledger.outcomes[0].response == b"data: 0data: 1data: 2"


async def test_an_answer_that_ends_with_the_connection_is_complete(world: World) -> None:
    async def until_close(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nall of it")
        writer.close()

    await world.serve_wine(until_close)
    caller = await world.caller()
    caller.post("/wine/predict")
    assert (await caller.answer())[2] == b"all of it"
    assert world.ledger.outcomes[0].response == b"all of it"
    old = await world.caller()
    old.send(
        b"POST /wine/predict HTTP/1.0\r\nAuthorization: psk_abcd1234.secret-secret-secret\r\nContent-Length: 0\r\n\r\n"
    )
    assert (await old.rest()).endswith(b"\r\n\r\nall of it")


async def test_back_pressure_reaches_the_pod(world: World) -> None:
    sent = 0

    async def flood(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (64 * 1024 * 1024))
        for _ in range(64):
            writer.write(b"x" * 1024 * 1024)
            await writer.drain()
            sent += 1

    await world.serve_wine(flood)
    caller = await world.caller()
    caller.post("/wine/predict")
    await caller.head()
    await asyncio.sleep(0.5)
    assert sent < 40
    total = 0
    while total < 64 * 1024 * 1024:
        total += len(await caller.reader.read(1024 * 1024))
    await eventually(lambda: world.ledger.outcomes)
    assert world.ledger.outcomes[0].response is None
