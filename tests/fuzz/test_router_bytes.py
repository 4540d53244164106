"""Bytes from strangers against the router's parser, on a real socket.

Whatever comes: never more answers than requests, no request reaches the pod that a strict reader would not have seen,
every answer is HTTP, nothing is left behind. `FUZZ=long` for many more examples.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

import h11
import uvloop
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from router.dataplane import DataPlaneLimits
from running_services.router_world import KEY, World, eventually, running_world

LINES = [
    b"POST /wine/predict HTTP/1.1",
    b"POST /wine/versions/v1/predict HTTP/1.1",
    b"GET /wine/ping HTTP/1.1",
    b"POST /wine/v2/models/m/infer HTTP/1.1",
    b"POST  /wine/predict  HTTP/1.1",
    b"POST /wine/predict HTTP/1.0",
    b"POST /wine/predict",
    b"PRI * HTTP/2.0",
]
HEADERS = [
    b"Host: x",
    b"Host: y",
    b"Authorization: Bearer " + KEY.encode(),
    b"Content-Length: 2",
    b"Content-Length: 7",
    b"Content-Length: 0",
    b"Content-Length: -1",
    b"Content-Length: 2, 2",
    b"content-length:2",
    b"Content-Length : 2",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: Chunked",
    b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding:\x0bchunked",
    b"Connection: close",
    b"Connection: keep-alive, Content-Length",
    b"Expect: 100-continue",
    b"Upgrade: h2c",
    b"X-A: b\x00c",
    b"X-A: b\r\n c",
    b"X-Request-Id: own",
    b"\xff\xfe: x",
    b": empty",
    b"NoColon",
]
BODIES = [
    b"",
    b"{}",
    b"2\r\n{}\r\n0\r\n\r\n",
    b"0\r\n\r\n",
    b"0\r\nX: y\r\n\r\n",
    b"5\r\nhello",
    b"2;ext=1\r\n{}\r\n0\r\n\r\n",
]
NORMAL = (
    b"POST /wine/predict HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %b\r\nContent-Length: 2\r\n\r\n{}" % KEY.encode()
)


@dataclass
class Sent:
    """What goes over one connection, and in which pieces."""

    raw: bytes
    cuts: list[int]

    def pieces(self) -> list[bytes]:
        places = sorted({cut % (len(self.raw) + 1) for cut in self.cuts})
        return [self.raw[a:b] for a, b in zip([0, *places], [*places, len(self.raw)], strict=True) if a < b]


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    if draw(st.integers(0, 3)) == 0:
        return NORMAL
    head = [draw(st.sampled_from(LINES)), *draw(st.lists(st.sampled_from(HEADERS), max_size=6))]
    end = draw(st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n"]))
    return end.join(head) + end + end + draw(st.sampled_from(BODIES))


@st.composite
def streams(draw: st.DrawFn) -> Sent:
    raw = b"".join(draw(st.lists(requests(), min_size=1, max_size=4)))
    for _ in range(draw(st.integers(0, 2))):  # a byte changed, a piece dropped
        at = draw(st.integers(0, len(raw)))
        raw = raw[:at] + draw(st.binary(max_size=2)) + raw[at + draw(st.integers(0, 3)) :]
    return Sent(raw, draw(st.lists(st.integers(0, 10_000), max_size=4)))


def as_a_strict_reader_sees_it(raw: bytes) -> list[bytes]:
    """Bodies of the POSTs that h11 finds before the first thing that it refuses."""
    reader = h11.Connection(h11.SERVER, max_incomplete_event_size=100_000)
    reader.receive_data(raw)
    found: list[bytes] = []
    method, body = b"", b""
    with suppress(h11.RemoteProtocolError):
        while isinstance(event := reader.next_event(), (h11.Request, h11.Data, h11.EndOfMessage)):
            if isinstance(event, h11.Request):
                method, body = event.method, b""
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            else:
                found += [body] if method == b"POST" else []
                if reader.their_state is not h11.DONE:
                    break
                reader.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
                reader.send(h11.EndOfMessage())
                if h11.DONE not in (reader.our_state, reader.their_state):
                    break
                reader.start_next_cycle()
    return found


def answers_in(raw: bytes) -> int:
    """How many final answers the bytes hold; fails where they are not HTTP, or the last one is cut short."""
    count = 0
    while raw:
        reader = h11.Connection(h11.CLIENT)
        reader.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
        reader.send(h11.EndOfMessage())
        reader.receive_data(raw)
        while not isinstance(event := reader.next_event(), h11.EndOfMessage):
            assert event is not h11.NEED_DATA, raw
        count += 1
        raw, _ = reader.trailing_data
    return count


HURRIED = DataPlaneLimits(
    header_timeout_s=0.2, body_timeout_s=0.2, idle_timeout_s=0.2, linger_s=0.05, connect_timeout_s=10.0
)
"""Every connection is soon closed by the router, whatever was left unfinished on it."""


async def _send(world: World, sent: Sent) -> bytes:
    caller = await world.caller()
    with suppress(ConnectionError):
        for piece in sent.pieces():
            caller.send(piece)
            await asyncio.sleep(0)
        return await caller.rest()
    return b""


async def _check(batch: list[Sent]) -> None:
    async with running_world(HURRIED) as world:
        pod = await world.serve_wine()
        answers = await asyncio.gather(*(_send(world, sent) for sent in batch))
        for sent, answer in zip(batch, answers, strict=True):
            assert answers_in(answer) <= sent.raw.count(b"\n") + 1, sent.raw
        allowed = Counter(body for sent in batch for body in as_a_strict_reader_sees_it(sent.raw))
        assert Counter(request.body for request in pod.requests) <= allowed, (batch, pod.requests)
        await eventually(lambda: not world.plane.clients and not world.plane.context.in_flight, 60)
        assert world.plane.context.buffered == 0
        caller = await world.caller()
        caller.send(NORMAL)
        assert (await caller.answer())[0] == 200


# Without shrinking: each example takes as long as its connections.
@settings(max_examples=settings().max_examples // 4, phases=[Phase.generate])
@given(st.lists(streams(), min_size=4, max_size=10))
def test_streams_of_bytes(batch: list[Sent]) -> None:
    uvloop.run(_check(batch))
