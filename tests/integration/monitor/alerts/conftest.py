"""A monitor's process, the controller's answers about alerts, a receiver of webhooks."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from running_services.peers.alerting_answers import AlertingAnswers, Receiver
from running_services.peers.monitor_process import MonitorProcess
from servers.nats_process import NatsProcess


@pytest.fixture
def monitor(nats_server: NatsProcess, tmp_path: Path, store_url: str) -> Iterator[MonitorProcess]:
    environment = os.environ | {
        "PENSTOCK_HOME": str(tmp_path / "home"),
        "MONITOR_NATS_URL": nats_server.url,
        "MONITOR_ADMIN_PORT": "0",
        "MONITOR_DATABASE_URL": store_url,
        "MONITOR_ALLOWED_CHANNELS": "127.0.0.1",
    }
    process = MonitorProcess(environment)
    yield process
    process.kill()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
async def controller(nats_server: NatsProcess) -> AsyncIterator[AlertingAnswers]:
    answers = AlertingAnswers(nats_server.url)
    running = asyncio.create_task(answers.bus.run())
    await asyncio.wait_for(answers.bus.connected(), 30)
    yield answers
    running.cancel()
    await asyncio.wait({running}, timeout=10)
