"""A router as a process, with a bus of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import cast

import pytest

from router.dataplane import DataPlane
from router.domain.routes.table import RouteTable
from running_services.router_bus import NatsServer, RecordingTable, RouterProcess, Station
from running_services.router_setting import Setting
from running_services.router_world import Ledger, World


@pytest.fixture
async def setting(tmp_path: Path) -> AsyncIterator[Setting]:
    server = NatsServer(tmp_path / "nats")
    await server.start()
    station = await Station.connect(server.url)
    router = RouterProcess(tmp_path / "home", server.url)
    routes = RecordingTable()
    async with AsyncExitStack() as stack:
        world = World(cast(RouteTable, routes), cast(DataPlane, None), Ledger(), router.port, stack)
        try:
            yield Setting(server, station, router, world, routes)
        finally:
            await router.stop()
            await station.nc.close()
            await server.kill()
