"""A real server with the real topology, a JetStream client on it, a home folder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import nats
import pytest
from nats.js import JetStreamContext

from running_services.logged_requests import LoggerProcess
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


@pytest.fixture
def logger(nats_server: NatsProcess, home: Path, each_store: None) -> Iterator[LoggerProcess]:
    process = LoggerProcess(nats_server, home)
    process.start()
    yield process
    if process.process is not None:
        process.kill()
