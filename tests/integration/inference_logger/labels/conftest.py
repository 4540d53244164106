"""A logger that commits and derives at once, and label sources that a test defines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from nats.js import JetStreamContext

from running_services.label_sources import DefinedSources
from running_services.running_logger import RunningLogger
from servers.nats_process import NatsProcess


@pytest.fixture
async def running(nats_server: NatsProcess, js: JetStreamContext, home: Path) -> AsyncIterator[RunningLogger]:
    at_once = timedelta(seconds=0.05)
    logger = RunningLogger(nats_server.url, home, commit_interval=at_once, derive_interval=at_once)
    await logger.start()
    await logger.app.bus.connected()
    yield logger
    await logger.stop()


@pytest.fixture
def sources(running: RunningLogger) -> DefinedSources:
    return DefinedSources(running)
