"""The real app on a real database of each kind and a real nats-server, and one real MLflow server for all tests."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.main import MIGRATIONS
from running_services.door import Door
from running_services.running_controller import Controller, Peers, controller_for, settings_for
from servers.migrated_stores import MigratedStores
from servers.mlflow.mlflow_server import shared_mlflow
from servers.nats_process import NatsProcess


@pytest.fixture
def nats_server() -> Iterator[NatsProcess]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        server = NatsProcess(Path(folder))
        server.start()
        yield server
        server.kill()


@pytest.fixture(scope="session")
def mlflow_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real MLflow server with the models `wine` (versions 1 and 2, alias `champion` → 2), `bare` and `xeres`.

    One for all processes of the run: what a test registers has a name of its own, after `xeres`.
    """
    script = Path(__file__).with_name("register_models.py")

    def register(url: str) -> None:
        subprocess.run([sys.executable, str(script), url], check=True, capture_output=True, timeout=300)

    with shared_mlflow(tmp_path_factory, register) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path, migrated_stores: MigratedStores) -> Iterator[str]:
    """The controller's empty store, in an SQLite file where it looks for it, and once more in PostgreSQL."""
    with migrated_stores.new(MIGRATIONS, tmp_path / "controller" / "controller.db", request) as url:
        yield url


@pytest.fixture
def each_store(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The controller keeps its state there."""
    monkeypatch.setenv("CONTROLLER_DATABASE_URL", store_url)


Make = Callable[..., Awaitable[Controller]]
NO_BUS = "nats://127.0.0.1:1"


@pytest.fixture
async def make_controller(tmp_path: Path, each_store: None) -> AsyncIterator[Make]:
    made: list[Controller] = []

    async def make(nats_url: str = "nats://127.0.0.1:1", mlflow: str = "http://127.0.0.1:1", **more: Any) -> Controller:
        made.append(await controller_for(settings_for(tmp_path, nats_url, mlflow, **more)))
        return made[-1]

    yield make
    for controller in made:
        await controller.close()


@pytest.fixture
async def make_lone(tmp_path: Path, migrated_stores: MigratedStores) -> AsyncIterator[Make]:
    """As `make_controller`, on SQLite alone: for what no database and no other system has a part in."""
    (tmp_path / "controller").mkdir()
    shutil.copy(migrated_stores.file(MIGRATIONS), tmp_path / "controller" / "controller.db")
    made: list[Controller] = []

    async def make(mlflow: str = "http://127.0.0.1:1", nats_url: str = NO_BUS, **more: Any) -> Controller:
        made.append(await controller_for(settings_for(tmp_path, nats_url, mlflow, **more)))
        return made[-1]

    yield make
    for controller in made:
        await controller.close()


@pytest.fixture
def without_a_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the console has not been built."""
    monkeypatch.setattr("controller.configuration.installed_bundle", lambda: None)


@pytest.fixture
async def lone(make_lone: Make) -> Controller:
    """The controller on SQLite alone, with no bus and no MLflow."""
    return await make_lone()


@pytest.fixture
async def on_sqlite(make_lone: Make, mlflow_url: str) -> Controller:
    """As `offline`, on SQLite alone: for what is decided before anything is stored."""
    return await make_lone(mlflow=mlflow_url)


@pytest.fixture
async def controller(make_controller: Make, nats_server: NatsProcess, mlflow_url: str) -> Controller:
    """The controller, on the bus."""
    running = await make_controller(nats_server.url, mlflow_url)
    running.start()
    await asyncio.wait_for(running.app.dependencies.bus.connected(), 30)
    return running


@pytest.fixture
async def peers(controller: Controller, nats_server: NatsProcess) -> AsyncIterator[Peers]:
    """The other services, on the same bus."""
    others = Peers(nats_server.url)
    await others.start()
    yield others
    await others.close()


@pytest.fixture
async def offline(make_controller: Make, mlflow_url: str) -> Controller:
    """The controller with no bus at all: the control plane answers from its own store."""
    return await make_controller(mlflow=mlflow_url)


@pytest.fixture
async def door(controller: Controller) -> AsyncIterator[Door]:
    """The control plane on a port, where its answers are streams."""
    opened = Door(controller)
    await opened.open()
    yield opened
    await opened.close()
