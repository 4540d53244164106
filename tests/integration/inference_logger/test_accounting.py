"""What became of every request: a router's counts against the rows, over kills of both, to the last record."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from nats.js import JetStreamContext

from router.clients import ReconnectingBus
from router.domain.outcome import RequestOutcome
from router.settings import RouterSettings
from router.shipper.counts import CountsPublisher
from router.shipper.publisher import SpoolPublisher
from router.spool import SpoolReader, SpoolWriter
from router.spool.counts import CountsWriter
from router.spool.files import READER_LOCK, SpoolFiles
from running_services.logged_requests import log, record
from running_services.running_logger import RunningLogger
from running_services.spool_world import outcome
from servers.nats_process import NatsProcess
from shared.bus import Bus
from shared.clock import SystemClock
from shared.contracts.rpc.inference_logger.tables import AccountingPage, AccountingQuery
from waiting.eventually import eventually

SEGMENT = 64 * 1024


class Router:
    """What of a router writes and ships the log; killed, it leaves what stands in its files."""

    def __init__(self, url: str, folder: Path) -> None:
        self.settings = RouterSettings(nats_url=url, home=folder)
        self.folder = folder
        self.writer = SpoolWriter(SpoolFiles(folder / "spool"), segment_bytes=SEGMENT, cap_bytes=2 * SEGMENT)
        self.counts = CountsWriter(folder / "counts")
        self.writer.open()
        self.counts.open()

    def answer(self, found: RequestOutcome, *, is_sampled: bool = True) -> str | None:
        """As the data plane records what it answered."""
        dropped = self.writer.append(found) if is_sampled else "not_sampled"
        self.counts.count(found.service, found.received_ns, dropped)
        return dropped

    def kill(self) -> None:
        """Nothing is sealed or closed."""
        self.writer._files.close()

    async def ship(self, bus: Bus, *, with_records: bool = True) -> None:
        """The shipper's turn, from nothing but the files."""
        holder = ReconnectingBus(lambda: bus)
        reader = SpoolReader(SpoolFiles(self.folder / "spool", READER_LOCK))
        reader.open()
        publisher = SpoolPublisher(self.settings, reader, holder, SystemClock())
        if with_records:
            await publisher.flush(20)
        await CountsPublisher(self.folder / "counts", holder, publisher.is_caught_up, SystemClock()).publish_once()
        reader.close()


@pytest.fixture
async def bus(nats_server: NatsProcess, js: JetStreamContext) -> AsyncIterator[Bus]:
    opened = Bus("router", nats_server.url, clock=SystemClock())
    running = asyncio.create_task(opened.run())
    await asyncio.wait_for(opened.connected(), 30)
    yield opened
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def accounted(logger: RunningLogger, service: str = "wine") -> AccountingPage:
    now = datetime.now(UTC)
    query = AccountingQuery(service=service, from_time=now - timedelta(hours=2), to_time=now + timedelta(minutes=1))
    return await logger.app.accounting.account(query)


async def test_every_request_is_accounted_for_over_kills_of_router_and_logger(
    nats_server: NatsProcess, bus: Bus, home: Path, tmp_path: Path
) -> None:
    ledger: Counter[str] = Counter()
    router = Router(nats_server.url, tmp_path / "router")
    logger = RunningLogger(nats_server.url, home)
    await logger.start()

    def answered(first: int, count: int) -> None:
        for number in range(first, first + count):
            found = outcome(number)
            found.received_ns = time.time_ns() - (number % 3) * 60_000_000_000
            ledger[router.answer(found, is_sampled=number % 4 != 0) or "stored"] += 1

    answered(1000, 100)
    await router.ship(bus, with_records=False)
    await eventually(lambda: _total(logger, accepted=ledger.total(), on_the_way=ledger["stored"]))
    answered(2000, 50)
    router.kill()
    router = Router(nats_server.url, tmp_path / "router")
    answered(3000, 400)  # more than the spool takes
    assert ledger["spool_full"] > 0
    await router.ship(bus)
    await logger.stop()
    answered(4000, 10)
    await router.ship(bus)
    await router.ship(bus)  # a shipper that was killed tells all of it again
    logger = RunningLogger(nats_server.url, home)
    await logger.start()

    await eventually(lambda: _total(logger, accepted=ledger.total(), stored=ledger["stored"], on_the_way=0, missing=0))
    page = await accounted(logger)
    assert page.total.dropped == {reason: ledger[reason] for reason in ("not_sampled", "spool_full")}
    assert sum(point.accepted for point in page.items) == page.total.accepted
    assert len(page.items) >= 3
    router.kill()
    await logger.stop()


async def _total(logger: RunningLogger, service: str = "wine", **expected: int) -> bool:
    total = (await accounted(logger, service)).total
    return {name: getattr(total, name) for name in expected} == expected


async def test_services_with_as_many_requests_in_a_minute_are_all_told_of(
    nats_server: NatsProcess, bus: Bus, home: Path, tmp_path: Path
) -> None:
    router, at = Router(nats_server.url, tmp_path / "router"), time.time_ns()
    for number, service in enumerate(("wine", "tea", "beer")):
        found = outcome(number, service)
        found.received_ns = at
        router.answer(found)
    await router.ship(bus)
    logger = RunningLogger(nats_server.url, home)
    await logger.start()
    try:
        for service in ("wine", "tea", "beer"):
            assert await eventually(lambda: _total(logger, service, accepted=1, stored=1, missing=0))  # noqa: B023
    finally:
        await logger.stop()


async def test_what_is_lost_or_gone_is_said_and_a_settled_minute_stays(
    nats_server: NatsProcess, js: JetStreamContext, home: Path
) -> None:
    logger = RunningLogger(nats_server.url, home)
    await logger.start()
    minute = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=30)

    async def say(logged: int, service: str = "wine") -> None:
        counts = {"source": str(UUID(int=1)), "minute": minute.isoformat(), "logged": logged, "is_complete": True}
        body = json.dumps({"records": [], "counts": [counts]}).encode()
        await js.publish(f"penstock.requests.v1.{service}", body, stream="REQUESTS")

    at = minute.isoformat()
    await log(js, record("a", received_at=at), record("b", received_at=at))
    unreadable = {"records": [record("c", received_at=at, status_code="200"), record("d", received_at=at)]}
    await js.publish("penstock.requests.v1.wine", json.dumps(unreadable).encode(), stream="REQUESTS")
    await say(5)
    await eventually(lambda: _total(logger, accepted=5, stored=2, missing=1))
    assert (await accounted(logger)).total.dropped == {"dead_letter": 2}

    await logger.app.accounting.settle(datetime.now(UTC))
    assert 'penstock_request_log_missing{service="wine"} 1.0' in logger.metrics()
    await log(js, record("e", received_at=at))  # it comes after all
    await eventually(lambda: _total(logger, accepted=5, stored=3, missing=0))
    await logger.app.accounting.settle(datetime.now(UTC))
    (home / "tables" / "wine").rename(home / "elsewhere")
    assert await _total(logger, accepted=5, stored=3, missing=0)
    await logger.app.accounting.settle(datetime.now(UTC) + timedelta(days=100))
    assert (await accounted(logger)).items == ()
    await logger.stop()
