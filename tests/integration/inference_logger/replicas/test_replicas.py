"""Several inference-loggers share the tables: exact rows, whoever comes, is killed, stands still and comes back."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from nats.js import JetStreamContext

from running_services.logged_requests import LoggerProcess
from running_services.shared_tables import Ledger, members
from servers.nats_process import NatsProcess
from waiting.eventually import eventually

LEASE_S = "2"
Start = Callable[[str], LoggerProcess]


@pytest.fixture
def start(nats_server: NatsProcess, js: JetStreamContext, home: Path, store_url: str) -> Iterator[Start]:
    """Starts a replica of that name."""
    running: list[LoggerProcess] = []

    def begin(name: str) -> LoggerProcess:
        settings = {
            "INFERENCE_LOGGER_DATABASE_URL": store_url,
            "INFERENCE_LOGGER_REPLICA": name,
            "INFERENCE_LOGGER_REPLICA_LEASE": LEASE_S,
        }
        process = LoggerProcess(nats_server, home, settings)
        running.append(process)
        process.start()
        return process

    yield begin
    for process in running:
        process.end()


async def test_rows_are_exact_over_one_that_comes_one_that_is_killed_and_one_that_stands_still(
    start: Start, store_url: str, ledger: Ledger
) -> None:
    first = start("1")
    await ledger.log("alone")
    assert await ledger.is_exact()

    second, third = start("2"), start("3")
    await ledger.log("joining")
    await eventually(lambda: members(store_url) == ["1", "2", "3"])
    await ledger.log("three")
    third.kill()
    await ledger.log("killed")
    await eventually(lambda: members(store_url) == ["1", "2"])

    assert second.process is not None
    second.process.send_signal(signal.SIGSTOP)
    await ledger.log("stopped")
    await eventually(lambda: members(store_url) == ["1"])
    assert await ledger.is_exact()
    second.process.send_signal(signal.SIGCONT)
    await eventually(lambda: members(store_url) == ["1", "2"])
    await ledger.log("continued")

    assert await ledger.is_exact()
    assert await ledger.is_exact("inferences")
    assert first.process is not None
    assert first.process.poll() is None
