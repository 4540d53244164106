"""The data plane as callers meet it: a router on a real socket before a real pod with a real model."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

import pytest
import uvloop

from models.model_pod import ModelPod
from running_services.router_world import World, running_world


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def pod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelPod]:
    """A pod whose model has a column of every type, some of them optional, and answers with each row's `double`."""
    folder = tmp_path_factory.mktemp("typed")
    script = Path(__file__).with_name("save_typed_model.py")
    subprocess.run([sys.executable, str(script), str(folder / "model")], check=True, capture_output=True)
    pod = ModelPod(folder / "model", folder / "log")
    pod.wait_until_ready()
    yield pod
    pod.stop()


@pytest.fixture
async def world(pod: ModelPod) -> AsyncIterator[World]:
    async with running_world() as world:
        world.intent()
        world.key()
        world.endpoints(pod)
        yield world
