"""Rate limits: 429, and the queue of those that wait for their turn."""

from __future__ import annotations

import asyncio
from collections import Counter

import orjson
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


async def test_over_the_limit_is_429_with_a_time_to_come_back(world: World) -> None:
    pod = await world.serve_wine(version_fields={"rate_limit": {"qps": 0.5, "burst": 2}})
    caller = await world.caller()
    answers = []
    for _ in range(4):
        caller.post("/wine/predict")
        answers.append(await caller.answer())
    assert [status for status, _, _ in answers] == [200, 200, 429, 429]
    _, headers, body = answers[2]
    assert int(headers["retry-after"]) >= 1
    assert orjson.loads(body)["error_code"] == "REQUEST_LIMIT_EXCEEDED"
    assert len(pod.requests) == 2
    tally = world.table.traffic.of_version("wine", "v1", world.version_ids[("wine", "v1")])
    assert tally.throttled == 2
    assert [outcome.status for outcome in world.ledger.outcomes] == [200, 200]


async def test_a_change_of_routes_gives_no_new_tokens(world: World) -> None:
    pod = await world.serve_wine(version_fields={"rate_limit": {"qps": 0.01, "burst": 1}})
    assert await statuses(world, 1) == {200: 1}
    world.intent(version_fields={"rate_limit": {"qps": 0.01, "burst": 1}}, weights={"v1": 50})
    world.endpoints(pod)
    assert await statuses(world, 1) == {429: 1}


@pytest.mark.timed
async def test_a_queue_lets_them_through_in_time_and_turns_the_rest_away(world: World) -> None:
    limit = {"qps": 20, "burst": 1, "on_limit": "queue", "queue_timeout_ms": 420}
    await world.serve_wine(version_fields={"rate_limit": limit})
    found = await statuses(world, 30)
    assert found[200] + found[429] == 30
    assert found[200] >= 8
    assert found[429] >= 1
    assert world.plane.context.queued == 0


async def test_whoever_leaves_the_queue_reaches_no_pod(world: World) -> None:
    limit = {"qps": 5, "burst": 1, "on_limit": "queue", "queue_timeout_ms": 60_000}
    pod = await world.serve_wine(version_fields={"rate_limit": limit})
    assert await statuses(world, 1) == {200: 1}
    caller = await world.caller()
    caller.post("/wine/predict")
    await eventually(lambda: world.plane.context.queued == 1)
    await caller.close()
    await eventually(lambda: world.plane.context.queued == 0)
    assert len(pod.requests) == 1
    assert [outcome.status for outcome in world.ledger.outcomes] == [200, 499]
