"""A real server with the real topology, a JetStream client on it, a home folder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import nats
import pytest
from nats.js import JetStreamContext

from inference_logger.main import MIGRATIONS
from running_services.logged_requests import LoggerProcess
from running_services.running_logger import RunningLogger
from servers.migrated_stores import MigratedStores
from servers.nats_process import NatsProcess
from shared.bus.bootstrap import ensure_topology


@pytest.fixture
async def js(nats_server: NatsProcess) -> AsyncIterator[JetStreamContext]:
    connection = await nats.connect(nats_server.url, max_reconnect_attempts=-1, reconnect_time_wait=0.1)
    stream = connection.jetstream()
    await ensure_topology(stream)
    yield stream
    await connection.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, home: Path, migrated_stores: MigratedStores) -> Iterator[str]:
    """The logger's empty store, of each kind."""
    with migrated_stores.new(MIGRATIONS, home / "inference-logger" / "inference-logger.db", request) as url:
        yield url


@pytest.fixture
async def running(nats_server: NatsProcess, home: Path, store_url: str) -> AsyncIterator[RunningLogger]:
    """The logger in the test's own process."""
    logger = RunningLogger(nats_server.url, home, database_url=store_url)
    await logger.start()
    yield logger
    await logger.stop()


@pytest.fixture
def logger(nats_server: NatsProcess, home: Path, store_url: str) -> Iterator[LoggerProcess]:
    """The logger as a process, which a test may kill."""
    process = LoggerProcess(nats_server, home, {"INFERENCE_LOGGER_DATABASE_URL": store_url})
    process.start()
    yield process
    if process.process is not None:
        process.kill()
