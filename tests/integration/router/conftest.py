"""The router's tests run on the event loop that the router runs on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import pytest
import uvloop

from running_services.router_world import HASTY, World, running_world


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running_world() as world:
        yield world


@pytest.fixture
async def hasty_world() -> AsyncIterator[World]:
    """A data plane that gives callers half a second."""
    async with running_world(HASTY) as world:
        yield world
