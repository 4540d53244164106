"""The monitor in the test's own process, on a real server and a store of each kind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry

from monitor.main import MIGRATIONS, build_app
from monitor.settings import MonitorSettings
from servers.migrated_stores import MigratedStores
from servers.nats_process import NatsProcess
from shared.clock import SystemClock
from shared.telemetry import Telemetry


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path, migrated_stores: MigratedStores) -> Iterator[str]:
    """The monitor's empty store, of each kind."""
    with migrated_stores.new(MIGRATIONS, tmp_path / "monitor.db", request) as url:
        yield url


@pytest.fixture
async def monitor(nats_server: NatsProcess, tmp_path: Path, store_url: str) -> AsyncIterator[None]:
    """All of the monitor but its admin port."""
    settings = MonitorSettings(home=tmp_path / "home", nats_url=nats_server.url, database_url=store_url)
    app = await build_app(settings, Telemetry("monitor", CollectorRegistry(), TracerProvider()), clock=SystemClock())
    tasks = [asyncio.create_task(work, name=name) for name, work in app.background().items()]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    await app.close()
