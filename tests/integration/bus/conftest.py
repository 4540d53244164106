"""A small service on a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from running_services.bus_service import SmallService, sqlite_url
from servers.nats_process import NatsProcess


@pytest.fixture
async def service(nats_server: NatsProcess, tmp_path: Path) -> AsyncIterator[SmallService]:
    """The scheduler's durable on a SQLite database, running."""
    small = SmallService(nats_server.url, sqlite_url(tmp_path))
    await small.start()
    yield small
    await small.stop()
