"""A key opens what its scopes name; when it was last used reaches the bus with the traffic samples."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast
from uuid import UUID

import pytest

from router.dataplane import DataPlane
from router.domain.routes.table import RouteTable
from running_services.router_bus import NatsServer, RecordingTable, RouterProcess, Station
from running_services.router_world import KEY, Ledger, World, running_world
from shared.contracts.metrics.samples import KeyUsageSample
from shared.contracts.routes import KeyEntry, ServiceKeys


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running_world() as world:
        yield world


@pytest.mark.parametrize(
    ("scopes", "split", "version"), [(None, 200, 200), (("predict",), 200, 403), (("versions",), 403, 200)]
)
async def test_scopes_are_held_at_the_door(
    world: World, scopes: tuple[str, ...] | None, split: int, version: int
) -> None:
    await world.serve_wine()
    entry = KeyEntry(id=UUID(int=9), sha256=hashlib.sha256(KEY.encode()).hexdigest(), scopes=scopes)
    world.table.apply("keys.wine", ServiceKeys(service="wine", revision=2, keys=(entry,)).model_dump_json().encode())
    caller = await world.caller()
    paths = {
        "/wine/predict": split,
        "/wine/v2/models/wine/infer": split,
        "/wine/versions/v1/predict": version,
        "/wine/versions/v1/v2/models/wine/infer": version,
    }
    for path, wanted in paths.items():
        caller.post(path)
        status, _, body = await caller.answer()
        assert status == wanted, path
        if status == 403:
            assert b"The scopes of this API key" in body
            assert path.endswith("infer") or json.loads(body)["error_code"] == "PERMISSION_DENIED"
    assert len(world.ledger.outcomes) == list(paths.values()).count(200)


async def test_the_last_use_of_a_key_is_told_with_the_samples(tmp_path: Path) -> None:
    server = NatsServer(tmp_path / "nats")
    await server.start()
    station = await Station.connect(server.url)
    router = RouterProcess(tmp_path / "home", server.url)
    routes = RecordingTable()
    async with AsyncExitStack() as stack:
        world = World(cast(RouteTable, routes), cast(DataPlane, None), Ledger(), router.port, stack)
        try:
            await world.serve_wine()
            await station.put(routes.entries)
            await router.start()
            caller = await world.caller()
            caller.post("/wine/predict")
            assert (await caller.answer())[0] == 200
            used_at = datetime.now(UTC)
            assert abs((await told(station))[UUID(int=9)] - used_at) < timedelta(seconds=5)
        finally:
            await router.stop()
            await station.nc.close()
            await server.kill()


async def told(station: Station) -> dict[UUID, datetime]:
    """What the first sample with keys in it says."""
    js = station.nc.jetstream()
    async with asyncio.timeout(30):
        while True:
            for sequence in range(1, (await js.stream_info("METRICS")).state.last_seq + 1):
                message = await js.get_msg("METRICS", sequence)
                if keys := KeyUsageSample.model_validate_json(message.data or b"").keys:
                    return dict(keys)
            await asyncio.sleep(0.1)
