"""What several inference-loggers must not do to each other, and what one of them hands to another."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import deltalake
import nats
import pytest
from nats.js import JetStreamContext

from inference_logger.domain.replicas.assignment import owner_of
from inference_logger.domain.tables import TableKey, TableShare
from inference_logger.handlers.purge import purge_once
from inference_logger.store.delta.payload import PayloadTables
from inference_logger.store.destinations.fence import OWNER
from inference_logger.store.storage import Storage
from running_services.logged_requests import counted, record, rows
from running_services.running_logger import RunningLogger
from running_services.shared_tables import SERVICES, Ledger, members, query
from servers.nats_process import NatsProcess
from shared.bus import Bus
from shared.bus.bootstrap import ensure_topology
from shared.clock import SystemClock
from shared.contracts.rpc.inference_logger.labels import RECEIVE_LABELS, LabelReceipt, LabelUpload
from shared.errors import Conflict, Unavailable
from waiting.eventually import eventually

PACE = {"commit_interval": timedelta(seconds=0.05), "derive_interval": timedelta(seconds=0.05)}
LEASE = timedelta(seconds=1.5)
Start = Callable[[str], Awaitable[RunningLogger]]


@pytest.fixture
async def start(nats_server: NatsProcess, js: JetStreamContext, home: Path, store_url: str) -> AsyncIterator[Start]:
    """Starts a replica in the test's own process."""
    running: list[RunningLogger] = []

    async def begin(name: str) -> RunningLogger:
        logger = RunningLogger(nats_server.url, home, database_url=store_url, replica=name, replica_lease=LEASE, **PACE)
        await logger.start()
        running.append(logger)
        return logger

    yield begin
    for logger in running:
        await logger.stop()


def owned_by(name: str, *all_of_them: str) -> list[str]:
    names = [f"inference-logger-{each}" for each in all_of_them]
    return [service for service in SERVICES if owner_of(service, names) == f"inference-logger-{name}"]


async def test_a_table_that_waits_changes_hands_and_nothing_is_purged_before_it_has_it(
    js: JetStreamContext, start: Start, home: Path, store_url: str, ledger: Ledger
) -> None:
    first, second = await start("1"), await start("2")
    await eventually(lambda: members(store_url) == ["1", "2"])
    service = owned_by("2", "1", "2")[0]
    place = home / "tables" / service
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("in the way")
    await ledger.log("before")
    await eventually(lambda: query(store_url, "SELECT rows FROM table_positions WHERE rows = 9"))
    await second.stop()
    await ledger.log("alone")
    last = (await js.stream_info("REQUESTS")).state.last_seq
    await eventually(lambda: query(store_url, f"SELECT 1 FROM replicas WHERE sequence = {last}"))
    # The one that is gone counts until its tables are taken over: the stream is kept from where it was.
    later = SystemClock().now() + timedelta(days=2)
    purged = await purge_once(first.app.database, js, later, timedelta(hours=1))
    assert purged <= query(store_url, "SELECT max(sequence) FROM checkpoints")[0][0]

    await eventually(lambda: members(store_url) == ["1"])
    place.unlink()

    assert await ledger.is_exact()
    assert await ledger.is_exact("inferences")
    await eventually(lambda: query(store_url, f"SELECT 1 FROM checkpoints WHERE sequence = {last}"))
    await eventually(lambda: not query(store_url, "SELECT 1 FROM table_positions"))
    await purge_once(first.app.database, js, later, timedelta(hours=1))
    assert (await js.stream_info("REQUESTS")).state.messages == 1


async def test_labels_are_handed_to_the_owner_of_the_tables(
    nats_server: NatsProcess, start: Start, home: Path, store_url: str, ledger: Ledger
) -> None:
    loggers = [await start("1"), await start("2")]
    await eventually(lambda: members(store_url) == ["1", "2"])
    for logger in loggers:
        await logger.app.bus.connected()
    await ledger.log("asked", messages=1)
    assert await ledger.is_exact("inferences")
    bus = Bus("controller", nats_server.url, clock=SystemClock(), owns_streams=False)
    task = asyncio.create_task(bus.run())
    await bus.connected()

    for service in SERVICES:
        items = [{"request_id": f"asked-0-{place}", "label": 6.0} for place in range(3)]

        async def body(items: list[dict[str, object]] = items) -> AsyncIterator[bytes]:
            yield json.dumps({"labels": items}).encode()

        upload = LabelUpload(service=service, body=await bus.offer_chunks(body()), format="json")  # type: ignore[arg-type]
        receipt: LabelReceipt = await bus.call(RECEIVE_LABELS, upload, timeout=20)
        assert (receipt.joined, receipt.changed) == (3, 3)

    assert await ledger.is_exact("labelled")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_stream_made_anew_is_begun_once_by_all(
    nats_server: NatsProcess, start: Start, home: Path, store_url: str, ledger: Ledger
) -> None:
    await start("1")
    await start("2")
    await ledger.log("before", messages=1)
    assert await ledger.is_exact()

    nats_server.kill()
    nats_server.wipe()
    nats_server.start()
    connection = await nats.connect(nats_server.url)
    anew = Ledger(connection.jetstream(), home)
    await ensure_topology(anew.js)
    anew.logged = ledger.logged
    await anew.log("before", messages=1)  # the routers may not have heard that the old stream had stored it
    await anew.log("after", messages=1)

    assert await anew.is_exact()
    last = (await anew.js.stream_info("REQUESTS")).state.last_seq
    await eventually(lambda: query(store_url, f"SELECT 1 FROM checkpoints WHERE sequence = {last}"))
    assert query(store_url, "SELECT count(*) FROM checkpoints") == [(2,)]
    await connection.close()


async def test_one_that_cannot_share_is_refused_with_a_sentence(
    nats_server: NatsProcess, start: Start, home: Path, store_url: str, tmp_path: Path
) -> None:
    await start("1")
    with pytest.raises(Unavailable, match="several inference-loggers need PostgreSQL"):
        await RunningLogger(nats_server.url, tmp_path / "alone", replica="2").start()
    with pytest.raises(Unavailable, match="need one home folder"):
        await RunningLogger(nats_server.url, tmp_path / "other", database_url=store_url, replica="2").start()
    assert members(store_url) == ["1"]


async def test_from_the_only_one_to_several_and_back_each_goes_on_where_the_last_was(
    start: Start, store_url: str, ledger: Ledger
) -> None:
    only = await start("")
    await ledger.log("only", messages=1)
    assert await ledger.is_exact()
    assert members(store_url) == []
    first = await start("1")
    await ledger.log("both", messages=1)
    await only.stop()
    await ledger.log("several", messages=1)
    assert await ledger.is_exact()
    await first.stop()
    await ledger.log("nobody", messages=1)
    alone = await start("")

    assert await ledger.is_exact()
    await eventually(lambda: members(store_url) == ["inference-logger"])
    await eventually(lambda: "penstock_logger_replicas 1.0" in alone.metrics())


class Replaced:
    """A process that believes to own everything, in an epoch of its own."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def current_epoch(self, service: str) -> int:
        return self.epoch


def test_who_lost_a_table_cannot_commit_once_its_successor_has(home: Path) -> None:
    old, new = PayloadTables(str(home / "tables")), PayloadTables(str(home / "tables"))
    old.fence.lease, new.fence.lease = Replaced(4), Replaced(5)

    def append(tables: PayloadTables, position: int, storage: Storage) -> int:
        share = TableShare(records=[(position, record(f"r{position}"))])
        return tables.append(TableKey("wine"), share, "app", position, storage=storage).rows

    shared, alone = Storage(), Storage(is_single_writer=True)
    assert [append(old, 1, shared), append(old, 2, shared), append(new, 3, shared)] == [1] * 3
    with pytest.raises(Unavailable, match="another inference-logger owns this table"):
        append(old, 4, shared)
    with pytest.raises(Unavailable, match="another inference-logger owns this table"):
        old.compact(old.location(TableKey("wine")), timedelta(0), shared)
    with pytest.raises(Conflict, match="run one, or use a store"):
        append(new, 4, alone)
    assert counted(home) == {"r1": 1, "r2": 1, "r3": 1}
    assert deltalake.DeltaTable(old.location(TableKey("wine"))).transaction_version(OWNER) == 5
    assert len(rows(home)) == 3
