"""Pods that refuse, vanish, break off, answer nonsense or are slow."""

from __future__ import annotations

import asyncio
import json

import pytest

from running_services.router_world import PodRequest, PodServer, World, eventually


async def test_a_refusing_pod_is_avoided_and_another_asked(world: World) -> None:
    pod = await world.serve_wine()
    gone = await world.pod("wine-v1-1")
    await gone.stop()
    world.endpoints(gone, pod)
    caller = await world.caller()
    for _ in range(20):
        caller.post("/wine/predict")
        status, headers, _ = await caller.answer()
        assert (status, headers["x-penstock-pod"]) == (200, "wine-v1-0")
    assert len(world.ledger.outcomes) == 20


@pytest.mark.timed
async def test_only_refusing_pods_is_503_at_once(world: World) -> None:
    pod = await world.serve_wine()
    await pod.stop()
    caller = await world.caller()
    caller.post("/wine/predict")
    status, headers, _ = await asyncio.wait_for(caller.answer(), 1)
    assert (status, headers["retry-after"]) == (503, "1")
    assert world.ledger.outcomes[0].status == 503
    assert b"TEMPORARILY_UNAVAILABLE" in (world.ledger.outcomes[0].response or b"")
    await pod.start()
    caller.post("/wine/predict")
    assert (await caller.answer())[0] == 200


async def test_a_pod_that_goes_before_its_first_byte_is_replaced_once(world: World) -> None:
    async def vanish(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    pod = await world.serve_wine()
    vanishing = await world.pod("wine-v1-1", vanish)
    world.endpoints(vanishing, pod)
    caller = await world.caller()
    for _ in range(10):
        caller.post("/wine/predict")
        assert (await caller.answer())[0] == 200
    world.endpoints(vanishing)
    caller.post("/wine/predict")
    status, _, body = await caller.answer()
    assert (status, json.loads(body)["error_code"]) == (502, "UPSTREAM_FAILED")
    assert world.ledger.outcomes[-1].status == 502


async def test_a_restarted_pod_costs_no_request(world: World) -> None:
    pod = await world.serve_wine()
    caller = await world.caller()
    for _ in range(3):
        caller.post("/wine/predict")
        assert (await caller.answer())[0] == 200
        await pod.stop()
        await pod.start()


async def test_an_answer_that_breaks_off_is_not_passed_off_as_whole(world: World) -> None:
    async def break_off(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.close()

    await world.serve_wine(break_off)
    caller = await world.caller()
    caller.post("/wine/predict")
    assert (await caller.head())[0] == 200
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await caller.reader.readexactly(100)
    (outcome,) = world.ledger.outcomes
    assert (outcome.status, outcome.aborted, outcome.response) == (502, True, b"half")


@pytest.mark.parametrize("junk", [b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"])
async def test_a_pod_that_speaks_no_http_is_502(world: World, junk: bytes) -> None:
    async def answer(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(junk)

    await world.serve_wine(answer)
    caller = await world.caller()
    caller.post("/wine/predict")
    status, _, body = await caller.answer()
    assert (status, json.loads(body)["error_code"]) == (502, "UPSTREAM_FAILED")


async def test_a_second_answer_of_a_pod_is_nobodys(world: World) -> None:
    async def twice(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nanother"
        )

    pod = await world.serve_wine(twice)
    caller = await world.caller()
    for _ in range(3):
        caller.post("/wine/predict")
        assert (await caller.answer())[2] == b"ok"
    assert len(pod.connections) == 3


async def test_informational_answers_are_skipped(world: World) -> None:
    async def early(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    await world.serve_wine(early)
    caller = await world.caller()
    for _ in range(2):
        caller.post("/wine/predict")
        status, headers, body = await caller.answer()
        assert (status, body, "link" in headers) == (200, b"ok", False)


@pytest.mark.timed
async def test_a_slow_model_is_504_and_its_pod_is_told(world: World) -> None:
    async def sleep(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(3)

    pod = await world.serve_wine(sleep, version_fields={"request_timeout_ms": 200})
    caller = await world.caller()
    caller.post("/wine/predict")
    status, _, body = await asyncio.wait_for(caller.answer(), 1)
    assert (status, json.loads(body)["error_code"]) == (504, "DEADLINE_EXCEEDED")
    await eventually(pod.connections[0].transport.is_closing)
    assert world.ledger.outcomes[0].status == 504
    (live,) = world.table.pods()
    assert (live.outstanding, live.idle) == (0, [])


async def test_a_pod_that_keeps_breaking_off_is_left_alone(world: World) -> None:
    async def hang_up(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        writer.close()

    bad, good = await world.pod("bad", hang_up), await world.pod("good")
    world.intent()
    world.key()
    world.endpoints(bad, good)
    caller = await world.caller()
    for _ in range(60):
        caller.post("/wine/predict")
        assert (await caller.answer())[0] == 200
    assert len(bad.requests) <= 10
