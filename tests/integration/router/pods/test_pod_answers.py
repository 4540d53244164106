"""A pod runs a model's code: nothing that it sends is believed beyond what one bounded answer may say."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from router.dataplane import DataPlaneLimits
from router.dataplane.pods.response_parser import MAX_HEAD_BYTES, MAX_HEAD_LINES, MAX_INTERIM_RESPONSES
from running_services.router_world import KEY, Answer, PodRequest, PodServer, World, eventually, running_world

FORGED = b'HTTP/1.1 200 OK\r\nContent-Length: 23\r\n\r\n{"predictions":["PWN"]}'
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def sends(*raw: bytes) -> Answer:
    async def answer(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        for piece in raw:
            writer.write(piece)
            await writer.drain()

    return answer


async def serve(world: World, answer: Answer, **more: Any) -> PodServer:
    """The service `wine`, whose pod sends `answer`, and an honest one, `beer`."""
    pod = await world.serve_wine(answer, **more)
    world.intent("beer", auth_enabled=False)
    world.endpoints(await world.pod("beer-v1-0"), service="beer")
    return pod


def asked(method: str = "POST", path: str = "/wine/predict") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nContent-Length: 0\r\n\r\n".encode()


def split(raw: bytes, count: int) -> tuple[bytes, ...]:
    size = len(raw) // count + 1
    return tuple(raw[at : at + size] for at in range(0, len(raw), size))


@pytest.mark.parametrize("is_split", [False, True], ids=["in one segment", "in pieces"])
@pytest.mark.parametrize(
    ("method", "first", "body"),
    [
        ("POST", OK, b"ok"),
        ("POST", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
        ("POST", b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        ("POST", b"HTTP/1.1 204 No Content\r\nContent-Length: 90\r\n\r\n", b""),
        ("POST", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 90\r\n\r\n", b""),
        ("POST", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", b"2\r\nok\r\n0\r\n\r\n"),
        ("POST", b"HTTP/1.1 100 Continue\r\n\r\n" + OK, b"ok"),
        ("POST", b"HTTP/1.1 150 Odd\r\nContent-Length: 3\r\n\r\nPWN" + OK, b"ok"),
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n", b""),
        ("HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b""),
    ],
    ids=["a length", "length 0", "204", "204 with a length", "304", "chunks", "after 100", "a body of a 1xx", "HEAD",
         "HEAD of chunks"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/wine/predict", "/wine/v2/models/wine/infer", "/wine/anything"])
async def test_nothing_beyond_the_answer_reaches_a_caller(
    world: World, method: str, first: bytes, body: bytes, path: str, is_split: bool
) -> None:
    raw = first + FORGED
    await serve(world, sends(*split(raw, 3)) if is_split else sends(raw), version_fields={"pass_through": True})
    caller = await world.caller()
    for _ in range(2):
        caller.send(asked(method, path))
        _, headers = await caller.head()
        assert await caller.reader.readexactly(len(body)) == body
        assert int(headers.get("content-length", len(body))) == len(body) or method == "HEAD"
        caller.post("/beer/predict")  # on the same connection: the next answer is the other service's own
        assert json.loads((await caller.answer())[2]) == {"predictions": ["beer-v1-0"]}


async def test_a_forged_answer_that_comes_late_is_nobodys(world: World) -> None:
    sent = asyncio.Event()

    async def late(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        await sent.wait()
        writer.write(FORGED)

    pod = await serve(world, late)
    caller = await world.caller()
    caller.send(asked())
    assert (await caller.answer())[2] == b"ok"
    sent.set()
    await eventually(lambda: not any(each.idle for each in world.table.services["wine"].versions["v1"].pods))
    caller.send(asked())
    assert (await caller.answer())[2] == b"ok"
    assert len(pod.connections) == 2


FLOODS: dict[str, Callable[[], tuple[bytes, ...]]] = {
    "many headers": lambda: (b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n" * 1000] * 1000),
    "large headers": lambda: (b"HTTP/1.1 200 OK\r\n", *[b"X: " + b"y" * 65000 + b"\r\n"] * 100),
    "one endless header": lambda: (b"HTTP/1.1 200 OK\r\nX: ", *[b"y" * 65536] * 200),
    "an endless header's name": lambda: (b"HTTP/1.1 200 OK\r\n", *[b"y" * 65536] * 200),
    "an endless reason": lambda: (b"HTTP/1.1 200 ", *[b"y" * 65536] * 200),
    "interim answers": lambda: tuple([b"HTTP/1.1 100 Continue\r\n\r\n" * 1000] * 100),
    "interim answers with headers": lambda: tuple([b"HTTP/1.1 103 Early\r\nLink: " + b"y" * 9000 + b"\r\n\r\n"] * 1000),
    "an absurd length": lambda: (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000000000\r\n\r\nok",),
    "a negative length": lambda: (b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok",),
    "two lengths": lambda: (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk",),
    "a length and chunks": lambda: (
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ),
    "a length of letters": lambda: (b"HTTP/1.1 200 OK\r\nContent-Length: 1_0\r\n\r\nokokokokok",),
    "an upgrade": lambda: (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",),
}


@pytest.mark.parametrize("flood", FLOODS)
async def test_an_answer_beyond_its_bounds_is_502_and_its_connection_is_closed(world: World, flood: str) -> None:
    pod = await serve(world, sends(*FLOODS[flood]()))
    caller = await world.caller()
    caller.send(asked())
    status, _, body = await caller.answer()
    assert (status, json.loads(body)["error_code"]) == (502, "UPSTREAM_FAILED")
    await eventually(lambda: pod.connections[0].transport.is_closing() or pod.connections[0].is_closing())
    caller.post("/beer/predict")
    assert (await caller.answer())[0] == 200
    assert world.plane.context.buffered == 0


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"


@pytest.mark.parametrize(
    "flood",
    [
        lambda: (b"0\r\n", *[b"X: y\r\n" * 1000] * 1000),
        lambda: (b"0\r\nX: ", *[b"y" * 65536] * 200),
        lambda: (b"2;", *[b"y" * 65536] * 200),
    ],
    ids=["many trailers", "an endless trailer", "an endless extension"],
)
async def test_what_is_no_body_is_bounded_behind_the_head_too(
    world: World, flood: Callable[[], tuple[bytes, ...]]
) -> None:
    has_head = asyncio.Event()

    async def answer(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(CHUNKED)
        await has_head.wait()
        await sends(*flood())(pod, request, writer)

    await serve(world, answer)
    caller = await world.caller()
    caller.send(asked())
    await caller.head()
    has_head.set()
    assert await caller.rest() == b"2\r\nok\r\n"  # broken off: no end marker
    assert world.ledger.outcomes[0].aborted


async def test_a_few_trailers_and_interim_answers_are_dropped(world: World) -> None:
    few = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * (MAX_INTERIM_RESPONSES - 1)
    await serve(world, sends(few, CHUNKED, b"0\r\n" + b"X-T: y\r\n" * (MAX_HEAD_LINES // 2) + b"\r\n"))
    caller = await world.caller()
    caller.send(asked())
    _, headers, body = await caller.answer()
    assert (body, "link" in headers, "x-t" in headers) == (b"ok", False, False)


async def test_a_large_head_within_the_bounds_is_passed_on(world: World) -> None:
    lines = b"".join(b"X-%d: %b\r\n" % (number, b"y" * 400) for number in range(100))
    assert len(lines) < MAX_HEAD_BYTES
    await serve(world, sends(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + lines + b"\r\nok"))
    caller = await world.caller()
    caller.send(asked())
    assert (await caller.answer())[1]["x-99"] == "y" * 400


async def test_answers_that_are_kept_for_the_record_count_among_what_is_in_memory() -> None:
    async with running_world(DataPlaneLimits(linger_s=0.5, buffered_bytes=100_000)) as world:
        core = world.plane.context
        peak = 0
        more = asyncio.Event()

        async def stream(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"x" * 50_000)
            await more.wait()
            writer.write(b"x" * 250_000)

        await serve(world, stream)
        caller = await world.caller()
        caller.send(asked())
        await caller.head()
        await eventually(lambda: core.buffered == 50_000)
        more.set()
        rest = 300_000
        while rest:
            rest -= len(await caller.reader.read(rest))
            peak = max(peak, core.buffered)
        await eventually(lambda: world.ledger.outcomes)
        assert peak <= 100_000 + 2**19
        assert world.ledger.outcomes[0].response is None
        await eventually(lambda: core.buffered == 0)


async def test_an_answer_of_one_byte_chunks_costs_about_its_size(world: World) -> None:
    await serve(world, sends(CHUNKED, b"1\r\nx\r\n" * 20_000, b"0\r\n\r\n"))
    caller = await world.caller()
    caller.send(asked())
    _, _, body = await caller.answer()
    assert body == b"ok" + b"x" * 20_000
    assert world.ledger.outcomes[0].response == body
