"""A service is found as soon as its creator was told of it, though each router looks at the routes by itself."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from router.dataplane import DataPlaneLimits
from router.dataplane.exchange.context import UnknownKind
from running_services.router_world import KEY, World, running_world
from waiting.eventually import eventually


@asynccontextmanager
async def waiting(seconds: float) -> AsyncIterator[World]:
    """One that lets two requests for unknown services wait, and must have forgotten both at the end."""
    async with running_world(
        DataPlaneLimits(unknown_s=seconds, unknown_requests=2, discarded_body_bytes=1000)
    ) as world:
        yield world
        core = world.plane.context
        await eventually(lambda: (core.unknown[UnknownKind.SERVICE], core.unknown[UnknownKind.KEY]) == (0, 0))
        await eventually(lambda: (core.buffered, bool(core.hold_queue)) == (0, False))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with waiting(60) as world:
        yield world


@pytest.fixture
async def brisk() -> AsyncIterator[World]:
    async with waiting(0.2) as world:
        yield world


async def unknown(world: World, count: int) -> None:
    await eventually(lambda: world.plane.context.unknown[UnknownKind.SERVICE] == count)


async def create(world: World, **more: Any) -> None:
    """As the controller and the scheduler write it: keys, intent, endpoints."""
    pod = await world.pod()
    world.key()
    world.intent(**more)
    world.endpoints(pod)


async def test_a_request_that_is_faster_than_its_new_service_is_answered(world: World) -> None:
    one, other = await world.caller(), await world.caller()
    one.post("/wine/predict", b'{"first": 1}')
    other.send(b"GET /wine/ping HTTP/1.1\r\nHost: x\r\n\r\n")
    await unknown(world, 2)
    await create(world, version_fields={"hold_ms": 60_000})
    assert (await one.answer())[0] == 200
    assert (await other.answer())[0] in (200, 503)  # asked before the pod was there
    assert [outcome.request for outcome in world.ledger.outcomes] == [b'{"first": 1}']


async def test_one_whose_pod_still_starts_is_503_with_a_time_to_come_back(world: World) -> None:
    caller = await world.caller()
    caller.post("/wine/predict")
    await unknown(world, 1)
    world.key()
    world.intent(version_fields={"phase": "starting"})
    status, headers, body = await caller.answer()
    assert (status, headers["retry-after"]) == (503, "1")
    assert "version v1 is starting" in json.loads(body)["message"]


async def test_a_service_and_then_its_key(world: World) -> None:
    caller = await world.caller()
    caller.post("/wine/predict")
    await unknown(world, 1)
    pod = await world.pod()
    world.intent(version_fields={"hold_ms": 60_000})
    world.endpoints(pod)
    await eventually(lambda: world.plane.context.unknown[UnknownKind.KEY] == 1)
    world.key()
    assert (await caller.answer())[0] == 200


async def test_a_new_version_is_found_by_its_path(world: World) -> None:
    await create(world)
    caller = await world.caller()
    caller.post("/wine/versions/v2/predict")
    await unknown(world, 1)
    world.intent(weights={"v1": 100, "v2": 0}, version_fields={"hold_ms": 60_000})
    world.endpoints(await world.pod("wine-v2-0"), version="v2")
    assert (await caller.answer())[1]["x-penstock-version"] == "v2"


async def test_a_service_that_stays_unknown_is_404_and_the_connection_lives(brisk: World) -> None:
    await create(brisk)
    caller = await brisk.caller()
    caller.post("/nobody/predict")
    status, _, body = await caller.answer()
    assert (status, json.loads(body)["message"]) == (404, "There is no service 'nobody' here.")
    caller.post("/wine/predict")
    assert (await caller.answer())[0] == 200
    assert len(brisk.ledger.outcomes) == 1


@pytest.mark.parametrize(
    ("path", "body", "headers"),
    [
        ("/nobody/predict", b"x" * 1001, ()),
        ("/nobody/predict", b"{}", ("Expect: 100-continue",)),
        ("/", b"{}", ()),
        ("/favicon.ico", b"{}", ()),
        ("/wine/nothing", b"{}", ()),
        ("/NOT_A_NAME/predict", b"{}", ()),
    ],
    ids=["a large body", "a body to come", "no name", "one segment", "a path", "no name of a service"],
)
async def test_what_costs_too_much_or_can_name_nothing_new_is_404_at_once(
    world: World, path: str, body: bytes, headers: tuple[str, ...]
) -> None:
    await create(world)
    caller = await world.caller()
    caller.post(path, body, *headers)
    assert (await caller.answer())[0] == 404


async def test_guessers_of_names_slow_nobody_and_keep_no_new_key_waiting(world: World) -> None:
    await create(world)
    guessers = [await world.caller() for _ in range(5)]
    for number, caller in enumerate(guessers):
        caller.post(f"/guess-{number}/predict")
    await unknown(world, 2)
    refused = [caller for caller in guessers[2:]]
    for caller in refused:
        assert (await caller.answer())[0] == 404
    new = await world.caller()
    new.post("/wine/predict", key="psk_new.key")
    await eventually(lambda: world.plane.context.unknown[UnknownKind.KEY] == 1)
    valid = await world.caller()
    valid.post("/wine/predict", key=KEY)
    assert (await valid.answer())[0] == 200
    world.key("psk_new.key")
    assert (await new.answer())[0] == 200
    for caller in guessers:
        await caller.close()
