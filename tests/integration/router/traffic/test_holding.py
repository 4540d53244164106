"""Requests that are held for a pod: of a version that starts, or whose pods are at their cap."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from running_services.router_world import Answer, PodRequest, PodServer, World, answer_ok, eventually


def gated(gate: asyncio.Event) -> Answer:
    async def answer(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        await gate.wait()
        await answer_ok(pod, request, writer)

    return answer


async def statuses(world: World, count: int, path: str = "/wine/predict") -> Counter[int]:
    callers = [await world.caller() for _ in range(count)]
    for caller in callers:
        caller.post(path)
    return Counter([(await caller.answer())[0] for caller in callers])


async def test_a_request_waits_for_a_version_that_is_starting(world: World) -> None:
    pod = await world.pod()
    world.intent(version_fields={"hold_ms": 60_000})
    world.key()
    callers = [await world.caller() for _ in range(3)]
    for caller in callers:
        caller.post("/wine/predict")
    await eventually(lambda: len(world.plane.context.hold_queue) == 3)
    world.endpoints(pod)
    assert [(await caller.answer())[0] for caller in callers] == [200, 200, 200]
    assert not world.plane.context.hold_queue
    assert [outcome.reason for outcome in world.ledger.outcomes] == [b"only"] * 3


async def test_holding_ends_with_503(world: World) -> None:
    world.intent(version_fields={"hold_ms": 100})
    world.key()
    caller = await world.caller()
    caller.post("/wine/predict")
    status, headers, body = await caller.answer()
    assert (status, headers["retry-after"]) == (503, "1")
    assert b"no ready pod" in body


async def test_what_waits_for_a_version_that_is_stopped_is_told(world: World) -> None:
    world.intent(version_fields={"hold_ms": 60_000})
    world.key()
    caller = await world.caller()
    caller.post("/wine/predict")
    await eventually(lambda: world.plane.context.hold_queue)
    world.table.apply("intent.wine", None)
    assert (await caller.answer())[0] == 503


async def test_callers_that_go_while_they_are_held_are_forgotten(world: World) -> None:
    pod = await world.pod()
    world.intent(version_fields={"hold_ms": 60_000})
    world.key()
    caller = await world.caller()
    caller.post("/wine/predict")
    await eventually(lambda: world.plane.context.hold_queue)
    await caller.close()
    await eventually(lambda: not world.plane.clients)
    world.endpoints(pod)
    assert not world.plane.context.hold_queue
    assert pod.requests == []


async def test_a_pod_is_given_no_more_than_its_cap(world: World) -> None:
    gate = asyncio.Event()
    pod = await world.serve_wine(gated(gate), version_fields={"max_concurrency": 2, "hold_ms": 60_000})
    callers = [await world.caller() for _ in range(5)]
    for caller in callers:
        caller.post("/wine/predict")
    await eventually(lambda: len(pod.requests) == 2 and len(world.plane.context.hold_queue) == 3)
    gate.set()
    assert [(await caller.answer())[0] for caller in callers] == [200] * 5
    assert len(pod.requests) == 5


async def test_beyond_the_cap_without_holding_is_503(world: World) -> None:
    gate = asyncio.Event()
    pod = await world.serve_wine(gated(gate), version_fields={"max_concurrency": 1})
    first, second = await world.caller(), await world.caller()
    first.post("/wine/predict")
    await eventually(lambda: pod.requests)
    second.post("/wine/predict")
    status, headers, _ = await second.answer()
    assert (status, headers["retry-after"]) == (503, "1")
    gate.set()
    assert (await first.answer())[0] == 200


@pytest.mark.timed
async def test_the_number_of_held_requests_is_bounded(world: World) -> None:
    world.plane.context.hold_queue._limit = 3
    world.intent(version_fields={"hold_ms": 60_000})
    world.key()
    callers = [await world.caller() for _ in range(5)]
    for caller in callers:
        caller.post("/wine/predict")
        await eventually(lambda: True)
    done, waiting = await asyncio.wait([asyncio.ensure_future(c.answer()) for c in callers], timeout=0.5)
    await eventually(lambda: len(world.plane.context.hold_queue) == 3)
    assert [task.result()[0] for task in done] == [503, 503]
    for task in waiting:
        task.cancel()
