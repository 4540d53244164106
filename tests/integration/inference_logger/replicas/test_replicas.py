"""Several inference-loggers share the tables: exact rows, whoever comes, is killed, stands still and comes back."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from nats.js import JetStreamContext
from sqlalchemy.engine import make_url

from inference_logger.main import MIGRATIONS
from running_services.logged_requests import LoggerProcess, counted, log, record
from servers.migrated_stores import MigratedStores
from servers.nats_process import NatsProcess
from waiting.eventually import eventually

SERVICES = tuple(f"wine-{number}" for number in range(6))
LEASE_S = "2"
Start = Callable[[str], LoggerProcess]


@pytest.fixture(params=["postgresql"])
def store_url(request: pytest.FixtureRequest, home: Path, migrated_stores: MigratedStores) -> Iterator[str]:
    """One database for all of them."""
    with migrated_stores.new(MIGRATIONS, home / "unused.db", request) as url:
        yield url


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


class Ledger:
    """What was logged of each service, and what its tables have of it."""

    def __init__(self, js: JetStreamContext, home: Path) -> None:
        self.js, self.home = js, home
        self.logged: dict[str, set[str]] = {service: set() for service in SERVICES}

    async def log(self, turn: str, messages: int = 5) -> None:
        for number in range(messages):
            for service in SERVICES:
                names = [f"{turn}-{number}-{place}" for place in range(3)]
                await log(self.js, *(record(name, service) for name in names))
                self.logged[service].update(names)

    async def is_exact(self, kind: str = "payload") -> bool:
        def counts() -> dict[str, Counter[str]]:
            return {service: counted(self.home, service, kind) for service in SERVICES}

        await eventually(lambda: all(counts()[service].keys() >= self.logged[service] for service in SERVICES))
        return counts() == {service: dict.fromkeys(names, 1) for service, names in self.logged.items()}


def query(store_url: str, sql: str) -> list[tuple[Any, ...]]:
    url = make_url(store_url)
    with psycopg.connect(host=str(url.query["host"]), user=url.username, dbname=url.database) as connection:
        return connection.execute(sql).fetchall()


def members(store_url: str) -> list[str]:
    found = query(store_url, "SELECT members FROM assignments")
    return found[0][0] if found else []


def name_of(*ids: str) -> list[str]:
    return [f"inference-logger-{each}" for each in ids]


async def test_rows_are_exact_over_one_that_comes_one_that_is_killed_and_one_that_stands_still(
    js: JetStreamContext, start: Start, home: Path, store_url: str
) -> None:
    ledger = Ledger(js, home)
    first = start("1")
    await ledger.log("alone")
    assert await ledger.is_exact()

    second, third = start("2"), start("3")
    await ledger.log("joining")
    await eventually(lambda: members(store_url) == name_of("1", "2", "3"))
    await ledger.log("three")
    assert await ledger.is_exact()

    third.kill()
    await ledger.log("killed")
    await eventually(lambda: members(store_url) == name_of("1", "2"))
    assert await ledger.is_exact()

    assert second.process is not None
    second.process.send_signal(signal.SIGSTOP)
    await ledger.log("stopped")
    await eventually(lambda: members(store_url) == name_of("1"))
    assert await ledger.is_exact()
    second.process.send_signal(signal.SIGCONT)
    await eventually(lambda: members(store_url) == name_of("1", "2"))
    await ledger.log("continued")

    assert await ledger.is_exact()
    assert await ledger.is_exact("inferences")
    assert first.process is not None
    assert first.process.poll() is None
