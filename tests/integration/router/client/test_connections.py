"""Connections of clients: pipelined requests, offers to upgrade, clients that go away, draining."""

from __future__ import annotations

import asyncio
import json

import pytest

from running_services.router_world import PodRequest, PodServer, World, eventually


async def test_a_caller_that_goes_away_cancels_and_is_recorded_as_499(world: World) -> None:
    async def sleep(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(3)

    pod = await world.serve_wine(sleep)
    caller = await world.caller()
    caller.post("/wine/predict")
    await eventually(lambda: pod.requests)
    await caller.close()
    await eventually(lambda: world.ledger.outcomes)
    assert world.ledger.outcomes[0].status == 499
    await eventually(pod.connections[0].transport.is_closing)
    assert world.plane.context.in_flight == world.plane.context.buffered == 0


async def test_pipelined_requests_are_answered_in_order(world: World) -> None:
    pod = await world.serve_wine()
    caller = await world.caller()
    for number in range(30):
        caller.post("/wine/predict" if number % 3 else "/none/predict", b'{"inputs": [%d]}' % number)
    statuses = [(await caller.answer())[0] for _ in range(30)]
    assert statuses == [200 if number % 3 else 404 for number in range(30)]
    assert [json.loads(request.body)["inputs"][0] for request in pod.requests] == [n for n in range(30) if n % 3]
    caller.post("/wine/predict")
    assert (await caller.answer())[0] == 200


async def test_thousands_of_pipelined_refusals_do_not_exhaust_the_stack(world: World) -> None:
    pod = await world.serve_wine()
    caller = await world.caller()
    caller.post("/wine/predict")
    caller.send(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n" * 3000)
    statuses = [(await caller.answer())[0] for _ in range(3001)]
    assert statuses == [200] + [404] * 3000
    assert len(pod.requests) == 1


async def test_a_pod_that_left_is_drained_not_cut(world: World) -> None:
    async def slow(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    release = asyncio.Event()
    pod = await world.serve_wine(slow)
    caller = await world.caller()
    caller.post("/wine/predict")
    await eventually(lambda: pod.requests)
    other = await world.pod("wine-v1-1")
    world.endpoints(other)
    release.set()
    assert (await caller.answer())[2] == b"ok"
    await eventually(pod.connections[0].transport.is_closing)
    caller.post("/wine/predict")
    assert (await caller.answer())[1]["x-penstock-pod"] == "wine-v1-1"


async def test_an_offer_to_upgrade_is_ignored(world: World) -> None:
    pod = await world.serve_wine()
    caller = await world.caller()
    for _ in range(2):
        caller.post("/wine/predict", b'{"inputs": [1]}', "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c")
        assert (await caller.answer())[0] == 200
    assert [request.body for request in pod.requests] == [b'{"inputs": [1]}'] * 2
    assert "upgrade" not in pod.requests[0].headers


@pytest.mark.timed
async def test_draining_finishes_what_was_asked_and_exits(world: World) -> None:
    async def slow(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    release = asyncio.Event()
    pod = await world.serve_wine(slow)
    busy, idle = await world.caller(), await world.caller()
    busy.post("/wine/predict")
    await eventually(lambda: pod.requests and len(world.plane.clients) == 2)
    draining = asyncio.create_task(world.plane.drain(5))
    await eventually(lambda: world.plane.context.is_draining)
    idle.send(b"GET /wine/ping HTTP/1.1\r\nHost: x\r\n\r\n")
    status, headers, _ = await idle.answer()
    assert (status, headers["connection"]) == (200, "close")
    release.set()
    status, headers, body = await busy.answer()
    assert (status, headers["connection"], body) == (200, "close", b"ok")
    await idle.close()
    await busy.close()
    await asyncio.wait_for(draining, 3)
