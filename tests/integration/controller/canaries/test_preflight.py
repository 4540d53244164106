"""The replay through a real data plane to small real pods; recorded requests come from the logger over the bus."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from controller.handlers.canaries.preflight import PreflightReplay
from controller.handlers.services.observations import VersionReport, record_report
from controller.handlers.services.routes import service_intent
from controller.store.services.services import load_service
from controller.store.tables import CanaryRow
from running_services.router_world import PodRequest, PodServer, World, running_world
from running_services.running_controller import Controller, Peers, wine
from servers.nats_process import NatsProcess

pytestmark = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
"""What is asked and compared has nothing to do with the store."""


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running_world() as world:
        yield world


@pytest.fixture
async def controller(make_controller: Any, nats_server: NatsProcess, mlflow_url: str, world: World) -> Controller:
    router_url = f"http://127.0.0.1:{world.port}"
    running: Controller = await make_controller(nats_server.url, mlflow_url, router_url=router_url)
    running.start()
    await asyncio.wait_for(running.app.dependencies.bus.connected(), 30)
    return running


async def answer_strictly(pod: PodServer, request: PodRequest, writer: asyncio.StreamWriter) -> None:
    """Twice the input; a negative one is refused, one without a number too."""
    value = json.loads(request.body)["instances"][0]["a"]
    is_fit = isinstance(value, int) and value >= 0
    reply: dict[str, Any] = {"predictions": [2 * value]} if is_fit else {"message": "a is not fit"}
    body = json.dumps(reply).encode()
    status = b"200 OK" if is_fit else b"400 Bad Request"
    writer.write(
        b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)
    )


async def two_versions(controller: Controller, world: World, **first: Any) -> tuple[PodServer, PodServer]:
    body = {"name": "wine", "start": True, "version": wine(**first)}
    await controller.call("POST", "/services", 201, json=body)
    await controller.call("POST", "/services/wine/versions", 201, json=wine("2", start=True))
    deps = controller.app.dependencies
    for version in (await controller.call("GET", "/services/wine/versions"))["items"]:
        report = VersionReport(UUID(version["id"]), version["generation"], "running", 1, is_whole=True)
        async with deps.database.unit_of_work() as session:
            await record_report(session, report, deps.clock.now(), lambda _: None)
    async with deps.database.read() as session:
        intent = service_intent(await load_service(session, "wine"), deps.signer.public_key)
    world.version_ids |= {("wine", route.version): route.version_id for route in intent.versions}
    world.table.apply("intent.wine", intent.model_dump_json().encode())
    pods = await world.pod("wine-v1-0", answer_strictly), await world.pod("wine-v2-0", answer_strictly)
    for pod, version in zip(pods, ("v1", "v2"), strict=True):
        world.endpoints(pod, version=version)
    return pods


def recorded(*pairs: tuple[Any, Any]) -> list[bytes]:
    """A page of the payload table."""
    items = [
        {
            "request": json.dumps({"instances": [{"a": value}]}),
            "response": json.dumps({"predictions": [answer]}),
            "execution_duration_ms": 5,
        }
        for value, answer in pairs
    ]
    return [json.dumps({"columns": [], "items": items, "next_cursor": None}).encode()]


def canary(controller: Controller, **rule: Any) -> CanaryRow:
    now = controller.clock.now()
    return CanaryRow(
        service_id=UUID(int=1),
        version="v2",
        stable="v1",
        plan={"preflight": rule},
        phase="preflight",
        creator="admin",
        created_at=now,
        updated_at=now,
    )


def replay_of(controller: Controller) -> PreflightReplay:
    deps = controller.app.dependencies
    return PreflightReplay(deps.database, deps.bus, deps.clock, deps.data_plane, deps.signer)


async def test_recorded_requests_are_asked_of_the_candidate_and_not_recorded(
    controller: Controller, peers: Peers, world: World
) -> None:
    stable, candidate = await two_versions(controller, world)
    peers.read_pieces = recorded((1, 2), (2, 5), (-1, 7), (3, 6))
    found = await replay_of(controller).run("wine", canary(controller, slice="a", max_errors=0.5))
    assert (found.state, found.requests, found.errors, found.rows, found.changed) == ("passed", 4, 1, 3, 1)
    assert [(each.status, each.count, each.message) for each in found.failures] == [(400, 1, "a is not fit")]
    assert {each.value: each.changed for each in found.slices} == {"1": 0, "2": 1, "3": 0}
    assert found.latency is not None
    assert found.latency.stable_p50_ms == 5
    assert (len(candidate.requests), len(stable.requests)) == (4, 0)
    (query,) = peers.asked_reads
    assert (query.table, query.where) == ("wine.payload", "version = 'v1' and status_code = 200")
    assert world.ledger.outcomes == []


async def test_no_more_is_read_than_there_is_room_for(controller: Controller, peers: Peers, world: World) -> None:
    await two_versions(controller, world)
    peers.read_pieces = recorded((1, 2), (2, 5), (3, 6))
    of_one = len('{"instances": [{"a": 1}]}') + len('{"predictions": [2]}')
    found = await replace(replay_of(controller), most_bytes=2 * of_one).run("wine", canary(controller))
    assert (found.state, found.requests) == ("passed", 2)


async def test_with_masked_columns_both_are_asked_anew(controller: Controller, peers: Peers, world: World) -> None:
    masking = {"log_delivery": {"masking": [{"column": "a", "action": "mask"}]}}
    stable, candidate = await two_versions(controller, world, **masking)
    peers.read_pieces = recorded((None, 2), (4, 9))
    found = await replay_of(controller).run("wine", canary(controller, max_changed=0))
    assert (found.state, found.compared_with, found.masked_columns) == ("passed", "stable", ("a",))
    assert (found.requests, found.left_out, found.changed) == (1, 1, 0)
    assert (len(stable.requests), len(candidate.requests)) == (2, 1)
