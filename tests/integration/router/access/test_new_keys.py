"""A key opens from the moment that its owner has it, though each router looks at the routes by itself."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from router.dataplane import DataPlaneLimits
from router.dataplane.exchange.context import UnknownKind
from running_services.router_world import World, running_world
from shared.contracts.routes import KeyEntry, ServiceKeys
from waiting.eventually import eventually

NEW = "psk_new.key"


@asynccontextmanager
async def waiting(seconds: float) -> AsyncIterator[World]:
    """One that lets two unknown keys wait, and must have forgotten both at the end."""
    async with running_world(
        DataPlaneLimits(unknown_s=seconds, unknown_requests=2, discarded_body_bytes=1000)
    ) as world:
        await world.serve_wine()
        yield world
        core = world.plane.context
        await eventually(lambda: (core.unknown[UnknownKind.KEY], core.buffered, bool(core.hold_queue)) == (0, 0, False))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with waiting(60) as world:
        yield world


@pytest.fixture
async def brisk() -> AsyncIterator[World]:
    async with waiting(0.2) as world:
        yield world


async def wait_for_unknown_keys(world: World, count: int) -> None:
    await eventually(lambda: world.plane.context.unknown[UnknownKind.KEY] == count)


async def test_a_request_that_is_faster_than_its_new_key_is_answered(world: World) -> None:
    one, other = await world.caller(), await world.caller()
    one.post("/wine/predict", b'{"first": 1}', key=NEW)
    other.post("/wine/predict", b'{"second": 2}', key=NEW)
    await wait_for_unknown_keys(world, 2)
    world.key(NEW)
    for caller in (one, other):
        assert (await caller.answer())[0] == 200
    assert {outcome.request for outcome in world.ledger.outcomes} == {b'{"first": 1}', b'{"second": 2}'}
    assert {outcome.api_key_id for outcome in world.ledger.outcomes} == {UUID(int=9)}


async def test_a_new_key_that_does_not_open_this_path_is_403_as_soon_as_it_is_known(world: World) -> None:
    caller = await world.caller()
    caller.post("/wine/versions/v1/predict", key=NEW)
    await wait_for_unknown_keys(world, 1)
    entry = KeyEntry(id=UUID(int=7), sha256=hashlib.sha256(NEW.encode()).hexdigest(), scopes=("predict",))
    world.table.apply("keys.wine", ServiceKeys(service="wine", revision=2, keys=(entry,)).model_dump_json().encode())
    assert (await caller.answer())[0] == 403


async def test_a_key_that_stays_unknown_is_401_and_the_connection_lives(brisk: World) -> None:
    caller = await brisk.caller()
    for _ in range(2):
        caller.post("/wine/predict", key="psk_no.no")
        assert (await caller.answer())[0] == 401
    caller.post("/wine/predict")
    assert (await caller.answer())[0] == 200
    assert len(brisk.ledger.outcomes) == 1


@pytest.mark.parametrize(
    ("body", "headers", "key"),
    [(b"x" * 1001, (), NEW), (b"{}", ("Expect: 100-continue",), NEW), (b"{}", (), None), (b"{}", (), "")],
    ids=["a large body", "a body to come", "no key", "an empty key"],
)
async def test_what_would_cost_too_much_or_has_no_key_is_refused_at_once(
    world: World, body: bytes, headers: tuple[str, ...], key: str | None
) -> None:
    caller = await world.caller()
    caller.post("/wine/predict", body, *headers, key=key)
    assert (await caller.answer())[0] == 401


async def test_more_than_a_few_unknown_keys_do_not_wait(world: World) -> None:
    callers = [await world.caller() for _ in range(2)]
    for number, caller in enumerate(callers):
        caller.post("/wine/predict", key=f"psk_guess.{number}")
    await wait_for_unknown_keys(world, 2)
    third = await world.caller()
    third.post("/wine/predict", key=NEW)
    assert (await third.answer())[0] == 401
    for caller in callers:
        await caller.close()


async def test_the_key_comes_while_the_body_does(world: World) -> None:
    caller = await world.caller()
    caller.send(
        f"POST /wine/predict HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {NEW}\r\nContent-Length: 2\r\n\r\n{{".encode()
    )
    await wait_for_unknown_keys(world, 1)
    world.key(NEW)
    caller.send(b"}")
    assert (await caller.answer())[0] == 200


async def test_an_unknown_key_whose_client_disconnects_is_forgotten(world: World) -> None:
    caller = await world.caller()
    caller.post("/wine/predict", key=NEW)
    await wait_for_unknown_keys(world, 1)
    await caller.close()
    await wait_for_unknown_keys(world, 0)
    assert world.ledger.outcomes == []


async def test_pipelined_requests_keep_their_order(world: World) -> None:
    caller = await world.caller()
    caller.post("/wine/predict", key=NEW)
    caller.post("/wine/nothing")
    await wait_for_unknown_keys(world, 1)
    world.key(NEW)
    assert [(await caller.answer())[0] for _ in range(2)] == [200, 404]
