"""The machine's clock jumps by an hour while limits, holds, deadlines and ejections run: none of them notices."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import pytest

from router.dataplane import DataPlaneLimits
from running_services.router_world import PodRequest, PodServer, World, answer_ok, eventually, running_world

HOUR_S = 3600

Jump = Callable[[], None]


@pytest.fixture(params=[HOUR_S, -HOUR_S], ids=["forward", "back"])
def jump(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Jump:
    """Sets the clock that says what time it is; the one that says how much has passed goes on."""
    seconds, real_ns = request.param, time.time_ns

    def jump() -> None:
        monkeypatch.setattr(time, "time_ns", lambda: real_ns() + seconds * 1_000_000_000)
        monkeypatch.setattr(time, "time", lambda: time.time_ns() / 1e9)

    return jump


@pytest.fixture(params=[60.0, 0.3], ids=["long", "short"])
async def ejecting(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async with running_world(DataPlaneLimits(ejection_s=request.param, connect_timeout_s=10)) as world:
        yield world


async def test_a_limit_neither_gives_nor_takes_tokens(world: World, jump: Jump) -> None:
    await world.serve_wine(version_fields={"rate_limit": {"qps": 0.001, "burst": 2}})
    caller = await world.caller()
    statuses = []
    for _ in range(3):
        caller.post("/wine/predict")
        statuses.append((await caller.answer())[0])
        jump()
    assert statuses == [200, 200, 429]


async def test_what_is_held_is_held_on(world: World, jump: Jump) -> None:
    pod = await world.pod()
    world.intent(version_fields={"hold_ms": 60_000})
    world.key()
    caller = await world.caller()
    caller.post("/wine/predict")
    await eventually(lambda: len(world.plane.context.hold_queue) == 1)
    jump()
    await asyncio.sleep(0.3)  # deadlines are looked at every 0.1 s
    assert len(world.plane.context.hold_queue) == 1
    world.endpoints(pod)
    assert (await caller.answer())[0] == 200


async def test_holding_ends_when_it_would_have(world: World, jump: Jump) -> None:
    world.intent(version_fields={"hold_ms": 1500})
    world.key()
    caller = await world.caller()
    caller.post("/wine/predict")
    await eventually(lambda: len(world.plane.context.hold_queue) == 1)
    jump()
    assert (await caller.answer())[0] == 503


@pytest.mark.parametrize(("timeout_ms", "status"), [(60_000, 200), (300, 504)])
async def test_a_request_has_the_time_that_it_had(world: World, jump: Jump, timeout_ms: int, status: int) -> None:
    async def slow(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        jump()
        await asyncio.sleep(1)
        await answer_ok(pod, request, writer)

    await world.serve_wine(slow, version_fields={"request_timeout_ms": timeout_ms})
    caller = await world.caller()
    caller.post("/wine/predict")
    assert (await caller.answer())[0] == status


async def test_an_ejected_pod_stays_away_as_long_as_it_would_have(ejecting: World, jump: Jump) -> None:
    world = ejecting

    async def hang_up(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
        writer.close()

    bad, good = await world.pod("bad", hang_up), await world.pod("good")
    world.intent()
    world.key()
    world.endpoints(bad, good)
    caller = await world.caller()

    async def ask() -> None:
        caller.post("/wine/predict")
        assert (await caller.answer())[0] == 200

    def is_ejected() -> bool:
        return any(pod.name == "bad" and pod.ejected_until > time.monotonic() for pod in world.table.pods())

    async with asyncio.timeout(30):
        while not is_ejected():
            await ask()
    jump()
    if world.plane.context.limits.ejection_s > 1:
        before = len(bad.requests)
        for _ in range(50):
            await ask()
        assert len(bad.requests) == before
    else:
        bad.answer = answer_ok
        before = len(bad.requests)
        async with asyncio.timeout(30):
            while len(bad.requests) == before:
                await ask()
