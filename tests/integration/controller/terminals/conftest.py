"""A control plane with a pod that has terminals."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from operations.many_services import fill_controller
from operations.pod_sessions import PROJECT, Terminals
from running_services.door import Door
from running_services.running_controller import Controller, Peers
from servers.nats_process import NatsProcess


@pytest.fixture
async def controller(make_lone: Any, nats_server: NatsProcess) -> Controller:
    """The controller on SQLite and the bus, without MLflow: nothing here depends on either store or registry."""
    running: Controller = await make_lone(nats_url=nats_server.url)
    running.start()
    await asyncio.wait_for(running.app.dependencies.bus.connected(), 60)
    await running.call("POST", "/projects", 201, json={"name": PROJECT})
    async with running.app.dependencies.database.unit_of_work() as session:
        await fill_controller(session, 1)
    return running


@pytest.fixture
async def terminals(controller: Controller, peers: Peers, door: Door) -> Terminals:
    peers.pod.has_terminals = True
    # tickets are bound to an address: the client in this process has none of its own
    controller.client._transport = httpx.ASGITransport(
        controller.app.api, raise_app_exceptions=False, client=("127.0.0.1", 1)
    )
    return Terminals(controller, peers, door)
