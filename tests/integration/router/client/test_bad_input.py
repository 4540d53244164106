"""What callers may not do: each gets one clear answer, and never a second one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress

import pytest

from router.dataplane import DataPlaneLimits
from running_services.router_world import KEY, Caller, PodRequest, PodServer, World, eventually, running_world

AUTH = f"Authorization: Bearer {KEY}\r\n".encode()
POST = b"POST /wine/predict HTTP/1.1\r\nHost: x\r\n" + AUTH
SMUGGLED = b"GET /wine/ping HTTP/1.1\r\nHost: x\r\n\r\n"


def status_of(raw: bytes) -> int:
    return int(raw.split(b" ", 2)[1])


def error_code(raw: bytes) -> str:
    return str(json.loads(raw.partition(b"\r\n\r\n")[2])["error_code"])


@pytest.mark.parametrize(
    "raw",
    [
        POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        POST + b"Content-Length: 3, 3\r\n\r\nabc",
        POST + b"Content-Length: +3\r\n\r\nabc",
        POST + b"Content-Length: -3\r\n\r\nabc",
        POST + b"Content-Length: 0x3\r\n\r\nabc",
        POST + b"Content-Length:\r\n\r\nabc",
        POST + b"Content-Length: 99999999999999999999999\r\n\r\n",
        POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: identity\r\n\r\n",
        POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
        POST + b"X: a\r\n folded\r\n\r\n",
        POST + b"X: a\0b\r\n\r\n",
        POST + b"X: a\nY: b\r\n\r\n",
        POST + b"X: a\rb\r\n\r\n",
        POST + b"A b: c\r\n\r\n",
        POST + AUTH + b"Content-Length: 0\r\n\r\n",
        POST + b"Content-Type: a\r\nContent-Type: b\r\nContent-Length: 0\r\n\r\n",
        POST + b"Host: y\r\nContent-Length: 0\r\n\r\n",
        b"POST /wine/predict HTTP/1.1\r\n" + AUTH + b"Content-Length: 0\r\n\r\n",
        b"POST /wine/predict HTTP/1.1\r\nHost:\r\n" + AUTH + b"Content-Length: 0\r\n\r\n",
        b"POST /wine/predict HTTP/2.0\r\nHost: x\r\n\r\n",
        b"POST /wine/predict HTTP/1.1\nHost: x\n\n",
        b"NONSENSE /wine/predict HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"POST /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
async def test_ambiguous_requests_are_400_once_and_the_connection_closes(world: World, raw: bytes) -> None:
    pod = await world.serve_wine()
    caller = await world.caller()
    caller.send(raw + SMUGGLED)
    answer = await caller.rest()
    assert status_of(answer) == 400
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"Connection: close" in answer
    assert error_code(answer) == "BAD_REQUEST"
    assert pod.requests == []


@pytest.mark.parametrize("split", range(1, 60, 7))
async def test_a_request_may_come_in_any_pieces(world: World, split: int) -> None:
    pod = await world.serve_wine()
    caller = await world.caller()
    raw = POST + b"X-Empty:\r\nX-Next: 1\r\nContent-Length: 5\r\n\r\nhello"
    for start in range(0, len(raw), split):
        caller.send(raw[start : start + split])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert (await caller.answer())[0] == 200
    assert pod.requests[0].body == b"hello"
    assert pod.requests[0].headers["x-next"] == "1"


async def test_limits_of_the_head(world: World) -> None:
    await world.serve_wine()
    for raw, status in (
        (b"POST /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"POST /" + b"a" * 9000, 414),
        (POST + b"X: " + b"a" * 17_000 + b"\r\n\r\n", 431),
        (POST + b"X: " + b"a" * 40_000, 431),
        (POST + b"".join(b"X-%d: 1\r\n" % number for number in range(101)) + b"\r\n", 431),
        (b"\r\n" * 40_000, 431),
    ):
        caller = await world.caller()
        caller.send(raw)
        assert status_of(await caller.rest()) == status, raw[:40]


async def test_bodies_over_the_limit_are_413_before_they_are_held(world: World) -> None:
    pod = await world.serve_wine(max_body_bytes=1000)
    for raw in (
        POST + b"Content-Length: 1001\r\n\r\n",
        POST + b"Content-Length: 1001\r\nExpect: 100-continue\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n3e9\r\n" + b"x" * 1001,
    ):
        caller = await world.caller()
        caller.send(raw)
        answer = await caller.rest()
        assert status_of(answer) == 413
        assert error_code(answer) == "PAYLOAD_TOO_LARGE"
        assert b"1000" in answer
    assert pod.requests == []
    assert world.plane.context.buffered == 0


async def test_the_answer_to_a_large_upload_is_not_lost_in_a_reset(world: World) -> None:
    await world.serve_wine(max_body_bytes=1000)
    caller = await world.caller()
    caller.send(POST + b"Content-Length: 4000000\r\n\r\n" + b"x" * 4_000_000)
    assert status_of(await caller.rest()) == 413


async def test_slow_heads_and_bodies_are_408(hasty_world: World) -> None:
    await hasty_world.serve_wine()
    for raw in (POST, POST + b"Content-Length: 10\r\n\r\nhalf"):
        caller = await hasty_world.caller()
        caller.send(raw)
        answer = await asyncio.wait_for(caller.rest(), 30)
        assert (status_of(answer), error_code(answer)) == (408, "REQUEST_TIMEOUT")
    silent = await hasty_world.caller()
    assert await asyncio.wait_for(silent.rest(), 30) == b""


async def test_a_slow_but_flowing_body_is_taken(hasty_world: World) -> None:
    pod = await hasty_world.serve_wine()
    caller = await hasty_world.caller()
    caller.send(POST + b"Content-Length: 8000\r\n\r\n")
    for _ in range(8):
        await asyncio.sleep(0.15)
        caller.send(b"x" * 1000)
    assert (await caller.answer())[0] == 200
    assert len(pod.requests[0].body) == 8000


async def test_expect_continue_comes_after_the_checks(world: World) -> None:
    pod = await world.serve_wine()
    caller = await world.caller()
    caller.send(POST + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    assert await asyncio.wait_for(caller.reader.readuntil(b"\r\n\r\n"), 30) == b"HTTP/1.1 100 Continue\r\n\r\n"
    caller.send(b"{}")
    assert (await caller.answer())[0] == 200
    assert "expect" not in pod.requests[0].headers
    caller.send(POST + b"Content-Length: 2\r\nExpect: miracles\r\n\r\n")
    assert status_of(await caller.rest()) == 417
    stranger = await world.caller()
    stranger.send(b"POST /wine/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    assert status_of(await stranger.rest()) == 401


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "TRACE", "PATCH", "PROPFIND"])
async def test_other_methods_are_405(world: World, method: str) -> None:
    await world.serve_wine()
    caller = await world.caller()
    caller.send(f"{method} /wine/predict HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    status, headers = await caller.head()
    assert (status, headers["allow"]) == (405, "POST, OPTIONS")


async def test_connect_is_405_and_closes(world: World) -> None:
    caller = await world.caller()
    caller.send(b"CONNECT wine:443 HTTP/1.1\r\nHost: x\r\n\r\n" + SMUGGLED)
    answer = await caller.rest()
    assert status_of(answer) == 405
    assert answer.count(b"HTTP/1.1 ") == 1


async def test_what_follows_connection_close_is_nobodys(world: World) -> None:
    pod = await world.serve_wine()
    caller = await world.caller()
    caller.send(POST + b"Connection: close\r\nContent-Length: 0\r\n\r\n" + POST + b"Content-Length: 0\r\n\r\n")
    answer = await caller.rest()
    assert (status_of(answer), answer.count(b"HTTP/1.1 ")) == (200, 1)
    assert len(pod.requests) == 1


async def test_junk_behind_a_good_request_gets_its_own_answer_after_it(world: World) -> None:
    pod = await world.serve_wine()
    caller = await world.caller()
    caller.send(POST + b"Content-Length: 0\r\n\r\n" + b"\x00\x01junk")
    answer = await caller.rest()
    first, _, second = answer.partition(b"]}")
    assert (status_of(first), status_of(second)) == (200, 400)
    assert len(pod.requests) == 1


@pytest.mark.parametrize("path", ["/../wine/predict", "/wine/%2e%2e/predict", "/wine%2fpredict", "//wine/predict", "*"])
async def test_paths_are_taken_as_they_are(world: World, path: str) -> None:
    await world.serve_wine()
    caller = await world.caller()
    caller.send(f"POST {path} HTTP/1.1\r\nHost: x\r\n".encode() + AUTH + b"Content-Length: 0\r\n\r\n")
    assert (await caller.answer())[0] == 404


async def test_an_absolute_url_means_its_path(world: World) -> None:
    pod = await world.serve_wine()
    caller = await world.caller()
    caller.send(b"POST http://host/wine/predict?a=b HTTP/1.1\r\nHost: x\r\n" + AUTH + b"Content-Length: 0\r\n\r\n")
    assert (await caller.answer())[0] == 200
    assert pod.requests[0].head.startswith(b"POST /predict?a=b HTTP/1.1")


async def test_requests_in_memory_are_bounded(world: World) -> None:
    async def never(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    await world.serve_wine(never)
    world.plane.context.buffered = world.plane.context.limits.buffered_bytes - 10
    caller = await world.caller()
    caller.post("/wine/predict", b"x" * 11)
    answer = await caller.rest()
    assert status_of(answer) == 503
    assert b"Retry-After: 1" in answer


async def test_nothing_leaks_when_callers_go(world: World) -> None:
    async def never(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    await world.serve_wine(never)
    callers = [await world.caller() for _ in range(50)]
    for number, caller in enumerate(callers):
        caller.send(POST + b"Content-Length: 10\r\n\r\n" + (b"0123456789" if number % 2 else b"half"))
    await eventually(lambda: world.plane.context.in_flight == 25)
    for caller in callers:
        caller.writer.transport.abort()
    await eventually(lambda: not world.plane.clients)
    assert world.plane.context.in_flight == world.plane.context.buffered == 0
    (pod,) = world.table.pods()
    assert (pod.outstanding, pod.tally.in_flight) == (0, 0)
    assert len(world.ledger.outcomes) == 25
    assert {outcome.status for outcome in world.ledger.outcomes} == {499}


CHUNKED = b"POST /wine/predict HTTP/1.1\r\nHost: x\r\n" + AUTH + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "flood",
    [
        lambda: [b"0\r\nX: ", *[b"a" * 65536] * 400],
        lambda: [b"0\r\n", *[b"a" * 65536] * 400],
        lambda: [b"0\r\n", *[b"X: y\r\n" * 5000] * 100],
        lambda: [b"0\r\n" + b"X: y\r\n" * 101 + b"\r\n"],
        lambda: [b"2;", *[b"a" * 65536] * 400],
        lambda: [b"2", *[b"0" * 65536] * 400],
    ],
    ids=["a value", "a name", "many", "a few too many, and whole", "an extension", "a size"],
)
async def test_trailers_and_extensions_without_end_close_the_connection(
    world: World, flood: Callable[[], list[bytes]]
) -> None:
    pod = await world.serve_wine()
    caller = await world.caller()
    with suppress(ConnectionError):
        for piece in (CHUNKED, *flood()):
            caller.send(piece)
            await caller.writer.drain()
    with suppress(ConnectionError):
        assert status_of(await caller.rest()) in (400, 431)
    assert pod.requests == []
    await eventually(lambda: world.plane.context.buffered == 0)


async def test_a_body_of_one_byte_chunks_arrives_whole(world: World) -> None:
    pod = await world.serve_wine()
    caller = await world.caller()
    caller.send(CHUNKED + b"1\r\nx\r\n" * 20_000 + b"0\r\nX: dropped\r\n\r\n")
    assert (await caller.answer())[0] == 200
    assert pod.requests[0].body == b"x" * 20_000
    assert b"dropped" not in pod.requests[0].head


async def test_whoever_does_not_read_is_answered_no_further(world: World) -> None:
    caller = await world.caller()
    count = 60_000
    refused = b"POST /nobody/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    core = world.plane.context
    sending = asyncio.create_task(_send_all(caller, refused * count))
    (connection,) = world.plane.clients
    await eventually(lambda: connection.is_write_paused)
    await eventually(lambda: connection.is_read_paused)
    assert 0 < core.buffered < 1024 * 1024
    answered = 0
    while answered < count:
        answered += (await caller.reader.readuntil(b'"details":[]}')).count(b"HTTP/1.1 404")
    await sending
    assert core.buffered == 0


async def _send_all(caller: Caller, raw: bytes) -> None:
    caller.send(raw)
    await caller.writer.drain()


@pytest.mark.parametrize(("authority", "status"), [("wine.models.example", 200), ("beer.models.example", 404)])
async def test_an_absolute_url_goes_by_its_own_authority(authority: str, status: int) -> None:
    async with running_world(DataPlaneLimits(base_domain=b"models.example")) as world:
        await world.serve_wine()
        caller = await world.caller()
        for _ in range(2):  # the second time by its known head
            caller.send(
                f"POST http://{authority}/predict HTTP/1.1\r\nHost: wine.models.example\r\n".encode()
                + AUTH + b"Content-Length: 0\r\n\r\n"
            )  # fmt: skip
            assert (await caller.answer())[0] == status
