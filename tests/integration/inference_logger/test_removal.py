"""Tables of a service that was deleted with them: they go, and come back by nothing that the service had logged."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from nats.js import JetStreamContext

from inference_logger.domain.tables import TableKey, TableShare
from inference_logger.handlers.maintenance import Keeping, compact_tables
from inference_logger.store.delta.payload import PayloadTables
from inference_logger.store.removal import remove_table
from running_services.logged_requests import START, LoggerProcess, counted, log, record
from running_services.running_logger import RunningLogger
from shared.bus import Bus
from shared.bus.envelope import headers_of, subject_of
from shared.clock import SystemClock
from shared.contracts.rpc.inference_logger.tables import TABLES, TableList, TablesQuery
from shared.contracts.rpc.quality import NOTE_METRIC_TABLE, MetricTable
from shared.events import ServiceDeleted
from shared.ids import new_id
from waiting.eventually import eventually

LATER = START + timedelta(days=1)


async def delete(js: JetStreamContext, service: str, at: datetime = LATER, *, purge_tables: bool = True) -> None:
    event = ServiceDeleted(service_id=UUID(int=1), service=service, purge_tables=purge_tables, deleted_at=at)
    headers = headers_of(event, event_id=new_id(), source="controller", at=at)
    await js.publish(subject_of(event), event.model_dump_json().encode(), stream="EVENTS", headers=headers)


def new(name: str, service: str = "wine") -> dict[str, object]:
    """A record of a service that was created after the other of its name was deleted."""
    return record(name, service, received_at=(LATER + timedelta(minutes=1)).isoformat())


async def test_tables_go_with_their_service_and_no_others(
    js: JetStreamContext, running: RunningLogger, home: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    await log(js, record("a"))
    await log(js, record("b", destination=f"file://{elsewhere}"))
    await log(js, record("c", "beer"))
    await log(js, record("d", "kept"))
    table, other = home / "tables" / "wine", elsewhere / "wine"
    await eventually(lambda: table.exists() and other.exists() and counted(home, "kept"))
    (elsewhere / "mine.txt").write_text("not a table")

    await delete(js, "kept", purge_tables=False)
    await delete(js, "wine")

    await eventually(lambda: not table.exists() and not other.exists())
    assert (elsewhere / "mine.txt").exists()
    assert counted(home, "beer") == {"c": 1}
    assert counted(home, "kept") == {"d": 1}


async def test_what_arrives_late_is_of_the_dead_and_what_is_newer_is_not(
    js: JetStreamContext, running: RunningLogger, home: Path
) -> None:
    await log(js, record("old"))
    await eventually(lambda: counted(home))
    await delete(js, "wine")
    await eventually(lambda: not (home / "tables" / "wine").exists())

    await log(js, record("late"), new("young"))
    await eventually(lambda: counted(home))
    assert counted(home) == {"young": 1}


async def test_a_killed_one_finishes_later(js: JetStreamContext, logger: LoggerProcess, home: Path) -> None:
    services = [f"wine-{number}" for number in range(4)]
    for service in services:
        await log(js, record("a", service))
    tables = home / "tables"
    await eventually(lambda: len(list(tables.glob("*/payload"))) == len(services))
    for service in services:
        await delete(js, service)
    await eventually(lambda: len(list(tables.glob("*"))) <= 2, every=0.005)
    logger.kill()
    logger.start()
    assert await eventually(lambda: not list(tables.glob("*")))


async def test_what_an_intruder_left_in_another_s_table_goes_with_it(
    js: JetStreamContext, running: RunningLogger, home: Path
) -> None:
    await log(js, record("v", "victim"))
    await eventually(lambda: counted(home, "victim"))
    inside = home / "tables" / "victim" / "payload" / "_delta_log"
    left = inside / "wine" / "payload"  # as a release made it that did not look
    left.mkdir(parents=True)
    await log(js, record("a", destination=f"file://{inside}"))
    await log(js, record("v2", "victim"))
    await eventually(lambda: len(counted(home, "victim")) == 2)

    await delete(js, "wine")

    await eventually(lambda: not left.parent.exists())
    await log(js, record("v3", "victim"))
    assert await eventually(lambda: counted(home, "victim") == {"v": 1, "v2": 1, "v3": 1})


def tables_of(root: Path, *names: str) -> PayloadTables:
    tables = PayloadTables(str(root))
    tables.append(
        TableKey("wine"), TableShare(records=[(n, record(name)) for n, name in enumerate(names, 1)]), "app", 9
    )
    return tables


def test_rows_of_the_next_service_of_that_name_stay(tmp_path: Path) -> None:
    tables = PayloadTables(str(tmp_path / "tables"))
    share = TableShare(records=[(1, record("old")), (2, new("young"))])
    committed = tables.append(TableKey("wine"), share, "app", 2)
    for _ in range(2):
        assert not remove_table(committed.location, "wine", LATER)
        assert counted(tmp_path) == {"young": 1}
    files = b"".join(file.read_bytes() for file in (tmp_path / "tables").rglob("*.parquet"))
    assert b"client-old" not in files
    assert tables.append(TableKey("wine"), TableShare(records=[(3, new("more"))]), "app", 3).rows == 1


def test_it_may_be_repeated_and_goes_on_where_it_was_killed(tmp_path: Path) -> None:
    location = tables_of(tmp_path, "a").location(TableKey("wine"))
    folder = Path(location)
    folder.rename(folder.with_name(".payload.removed"))
    assert remove_table(location, "wine", LATER)
    assert remove_table(location, "wine", LATER)
    assert not folder.parent.exists()


@pytest.mark.parametrize("place", ["beer/payload", "wine/../beer/payload", "link/wine/payload", "wine/payload"])
async def test_nothing_outside_is_touched(tmp_path: Path, place: str) -> None:
    outside = tmp_path / "outside"
    location = Path(tables_of(outside, "a").location(TableKey("wine")))
    root = tmp_path / "root"
    (root / "beer" / "payload").mkdir(parents=True)
    (root / "beer" / "payload" / "file").write_text("x")
    (root / "link").mkdir()
    (root / "link" / "wine").symlink_to(outside / "wine")
    (root / "wine").mkdir()
    (root / "wine" / "payload").symlink_to(location)
    assert not await asyncio.to_thread(remove_table, str(root / place), "wine", LATER)
    assert (root / "beer" / "payload" / "file").exists()
    assert list(location.glob("request_date=*"))


def metric_table(folder: Path, *ends: datetime) -> None:
    """A table of profiles as the monitor writes it, one row for each window."""
    window = pa.struct([("start", pa.timestamp("us", "UTC")), ("end", pa.timestamp("us", "UTC"))])
    schema = pa.schema([("window", window), ("column_name", pa.string())])
    rows = [{"window": {"start": end - timedelta(hours=1), "end": end}, "column_name": "a"} for end in ends]
    write_deltalake(folder, pa.Table.from_pylist(rows, schema=schema))


def test_profiles_of_a_deleted_service_go_and_those_of_its_successor_stay(tmp_path: Path) -> None:
    old, both = tmp_path / "a" / "wine" / "profile_metrics", tmp_path / "b" / "wine" / "profile_metrics"
    metric_table(old, START)
    metric_table(both, START, LATER + timedelta(hours=2))
    assert remove_table(str(old), "wine", LATER)
    assert not old.exists()
    assert not remove_table(str(both), "wine", LATER)
    assert DeltaTable(both).to_pyarrow_table().num_rows == 1


async def test_what_the_monitor_writes_is_listed_and_keeps_its_rows(
    js: JetStreamContext, running: RunningLogger, home: Path
) -> None:
    folder = home / "tables" / "wine" / "profile_metrics"
    metric_table(folder, START)
    asking = Bus("monitor", running.settings.nats_url.get_secret_value(), clock=SystemClock())
    task = asyncio.create_task(asking.run())
    await asyncio.wait_for(asking.connected(), 10)
    written = MetricTable(service="wine", kind="profile_metrics", location=str(folder), version=0, rows=1)
    for _ in range(2):
        await asking.call(NOTE_METRIC_TABLE, written, timeout=5)
    found = await asking.call(TABLES, TablesQuery(service="wine"), timeout=5)
    assert isinstance(found, TableList)
    (listed,) = found.items
    assert (listed.name, listed.rows, listed.status) == ("wine.profile_metrics", 1, "ok")
    assert listed.location == folder.as_uri()
    await compact_tables(running.app.sink.stores, Keeping(timedelta(0), timedelta(0)))
    assert DeltaTable(folder).to_pyarrow_table().num_rows == 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
