"""Heads that were seen before, and requests after the last one of a connection."""

from __future__ import annotations

import asyncio

from running_services.router_world import KEY, World


async def test_the_same_head_again_is_the_same_request_but_for_what_changed_meanwhile(world: World) -> None:
    pod = await world.serve_wine()
    caller, other = await world.caller(), await world.caller()
    for each in (caller, caller, other, other):
        each.post("/wine/predict", b'{"a": 1}')
        assert (await each.answer())[0] == 200
    assert [request.body for request in pod.requests] == [b'{"a": 1}'] * 4
    assert len({request.headers["x-request-id"] for request in pod.requests}) == 4
    world.key("psk_other.key")
    caller.post("/wine/predict", b'{"a": 1}')
    assert (await caller.answer())[0] == 401
    world.key()
    world.table.apply("intent.wine", None)
    other.post("/wine/predict", b'{"a": 1}')
    assert (await other.answer())[0] == 404


async def test_a_head_seen_before_in_pieces_or_with_more_behind_it_is_read_as_ever(world: World) -> None:
    pod = await world.serve_wine()
    caller = await world.caller()
    raw = f"POST /wine/predict HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nContent-Length: 3\r\n\r\n".encode()
    for _ in range(2):
        caller.send(raw + b"one")
        assert (await caller.answer())[0] == 200
    caller.send(raw + b"two" + raw + b"six")
    assert [(await caller.answer())[0] for _ in range(2)] == [200, 200]
    caller.send(raw)
    await asyncio.sleep(0)
    caller.send(b"ten")
    assert (await caller.answer())[0] == 200
    caller.send(raw[:40])
    caller.send(raw[40:] + b"end")
    assert (await caller.answer())[0] == 200
    assert [request.body for request in pod.requests] == [b"one", b"one", b"two", b"six", b"ten", b"end"]
    caller.send(raw + b"oneX")
    assert (await caller.answer())[0] == 200
    caller.send(b"\r\n\r\n")
    assert b"HTTP/1.1 400" in await caller.rest()


async def test_after_connection_close_nothing_more_is_answered(world: World) -> None:
    pod = await world.serve_wine()
    caller = await world.caller()
    raw = f"POST /wine/predict HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nContent-Length: 2\r\n".encode()
    for _ in range(2):
        caller.send(raw + b"\r\n{}")
        assert (await caller.answer())[0] == 200
    caller.send(raw + b"Connection: close\r\n\r\n{}" + raw + b"\r\n{}")
    assert (await caller.rest()).count(b"HTTP/1.1 ") == 1
    assert len(pod.requests) == 3
