"""Files of a table are merged in steps, and rewritten no more than that needs; no row is lost or doubled by it."""

from __future__ import annotations

import random
from base64 import b85encode
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from nats.js import JetStreamContext

from inference_logger.domain.records import RawRecord
from inference_logger.domain.tables import TableKey, TableShare, running_day
from inference_logger.handlers import maintenance
from inference_logger.handlers.maintenance import Keeping, SmallFiles, compact_tables
from inference_logger.store import catalogue
from inference_logger.store.delta import compaction
from inference_logger.store.delta.commits import CommitResult
from inference_logger.store.delta.payload import PayloadTables
from inference_logger.store.storage import Storage
from running_services.logged_requests import START, counted, log, record
from running_services.running_logger import RunningLogger
from servers.nats_process import NatsProcess
from waiting.eventually import eventually

KEY = TableKey("wine")
DAY = START.date()
NEXT = DAY + timedelta(days=1)
KEPT = timedelta(days=2)
ROWS = 20


class Table:
    """A payload table of commits of some rows each, which cannot be compressed: a file is as large as its rows."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.tables = PayloadTables(str(home / "tables"))
        self.location = self.tables.location(KEY)
        self.position = 0

    def grow(self, commits: int, day: date = DAY) -> None:
        at = datetime.combine(day, datetime.min.time(), UTC).isoformat()
        for _ in range(commits):
            first, self.position = self.position + 1, self.position + ROWS
            bodies = {number: b85encode(random.randbytes(2_000)).decode() for number in range(first, first + ROWS)}
            records: list[tuple[int, RawRecord]] = [
                (n, record(f"r{n}", received_at=at, request=body)) for n, body in bodies.items()
            ]
            self.tables.append(KEY, TableShare(records=records), "app", self.position)

    def opened(self) -> DeltaTable:
        return DeltaTable(self.location)

    def files(self) -> Counter[date]:
        """Day → how many files its rows are in."""
        added = pa.table(self.opened().get_add_actions(flatten=True))
        return Counter(added.column("partition.request_date").to_pylist())

    def bytes(self) -> int:
        """Of its files."""
        return int(sum(pa.table(self.opened().get_add_actions(flatten=True)).column("size_bytes").to_pylist()))

    def tidy(self, today: date = DAY) -> None:
        self.tables.compact(self.location, KEPT, today=today)
        assert counted(self.home) == {f"r{number}": 1 for number in range(1, self.position + 1)}


@pytest.fixture
def table(home: Path) -> Table:
    made = Table(home)
    made.grow(3)
    return made


def test_a_file_that_is_large_enough_is_not_written_again_until_its_day_is_over(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "FILES_OF_A_DAY", table.bytes() + 2_000)  # of three commits, not of four
    table.tidy()
    monkeypatch.setattr(compaction, "SPREAD", 2)
    (kept,) = table.opened().file_uris()
    for passes in range(1, 4):
        table.grow(3)
        table.tidy()
        assert kept in table.opened().file_uris()
        assert table.files() == {DAY: passes + 1}
    table.grow(2, NEXT)
    table.tidy(NEXT)
    assert table.files() == {DAY: 1, NEXT: 1}


def test_rows_that_come_late_do_not_rewrite_their_day_each_time(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "FILES_OF_A_DAY", table.bytes() + 2_000)  # of three commits, not of four
    table.tidy(NEXT)
    (whole,) = table.opened().file_uris()
    for late in range(2, compaction.SPREAD + 1):
        table.grow(3)
        table.tidy(NEXT)
        assert whole in table.opened().file_uris()
        assert table.files() == {DAY: late}
    table.grow(3)
    table.tidy(NEXT)
    assert table.files() == {DAY: 1}


def test_the_table_says_how_long_files_are_kept(table: Table) -> None:
    table.tidy()
    assert table.opened().metadata().configuration[compaction.RETENTION] == "interval 172800 seconds"
    version = table.opened().version()
    table.tidy()
    assert table.opened().version() == version  # said once, and nothing to merge


def test_a_table_that_is_not_kept_by_days_is_merged_too(tmp_path: Path) -> None:
    schema = pa.schema([pa.field("a", pa.int64())])
    DeltaTable.create(str(tmp_path), schema)
    for number in range(3):
        pa_table = pa.table({"a": [number]}, schema)
        DeltaTable(str(tmp_path)).merge(
            pa_table, "false", source_alias="s", target_alias="t"
        ).when_not_matched_insert_all().execute()
    PayloadTables(str(tmp_path)).compact(str(tmp_path), KEPT, today=DAY)
    assert len(DeltaTable(str(tmp_path)).file_uris()) == 1
    assert sorted(DeltaTable(str(tmp_path)).to_pyarrow_table().column("a").to_pylist()) == [0, 1, 2]


@pytest.mark.parametrize(("hour", "expected"), [(0, DAY), (1, NEXT), (23, NEXT)])
def test_a_day_is_over_an_hour_after_its_midnight(hour: int, expected: date) -> None:
    assert running_day(datetime(NEXT.year, NEXT.month, NEXT.day, hour, 30, tzinfo=UTC)) == expected


async def test_tables_with_many_commits_are_merged(
    nats_server: NatsProcess, js: JetStreamContext, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "MANY", 3)
    logger = RunningLogger(nats_server.url, home)
    await logger.start()
    try:

        async def logged(name: str, service: str = "wine") -> None:
            await log(js, record(name, service=service))
            await eventually(lambda: counted(home, service).get(name) == 1)

        async def versions() -> dict[str, int]:
            return {name: table.version for name, table in (await logger.tables()).items()}

        files = SmallFiles(logger.app.sink.stores)
        for service in ("wine", "quiet"):
            await logged("first", service)
        before = await versions()
        await files.merge_once()
        for number in range(4):
            await logged(f"w{number}")
        await logged("second", "quiet")
        every = {"first": 1} | {f"w{number}": 1 for number in range(4)}

        async def has_grown() -> bool:
            return (await versions())["wine.payload"] >= before["wine.payload"] + 4

        await eventually(has_grown)
        await files.merge_once()
        payload = {service: DeltaTable(home / "tables" / service / "payload") for service in ("wine", "quiet")}
        assert len(payload["wine"].file_uris()) == 1
        assert len(payload["quiet"].file_uris()) == 2
        assert counted(home) == every
        version = payload["wine"].version()
        await files.merge_once()
        assert DeltaTable(home / "tables/wine/payload").version() == version
        await logged("after")
        await eventually(lambda: counted(home, kind="inferences") == every | {"after": 1})
    finally:
        await logger.stop()


@pytest.mark.parametrize("is_single_writer", [False, True])
async def test_tables_of_the_monitor_are_kept_tidy_too_and_lose_no_row(
    nats_server: NatsProcess, home: Path, monkeypatch: pytest.MonkeyPatch, *, is_single_writer: bool
) -> None:
    """But where the store does not keep two writers apart."""
    logger = RunningLogger(nats_server.url, home)
    await logger.start()
    try:
        stores = logger.app.sink.stores
        key = TableKey("wine", kind="profile_metrics")
        location = stores.tables.location(key)
        long_ago = datetime.now(UTC) - timedelta(days=90)
        window = pa.struct([pa.field("start", pa.timestamp("us", "UTC")), pa.field("end", pa.timestamp("us", "UTC"))])
        schema = pa.schema([("window", window), ("count", pa.int64())])
        for number in range(4):
            row = {"window": {"start": long_ago, "end": long_ago}, "count": number}
            write_deltalake(location, pa.Table.from_pylist([row], schema), mode="append")
        async with stores.database.unit_of_work() as session:
            await catalogue.note_commit(session, key, CommitResult(location, 3, 4), datetime.now(UTC))
        kept = Keeping(timedelta(0), timedelta(days=30), local_commits=0)

        async def storage_of(location: str) -> Storage:
            return Storage(is_single_writer=is_single_writer)

        monkeypatch.setattr(stores.storages, "of", storage_of)
        await compact_tables(stores, kept)
        table = DeltaTable(location)
        if is_single_writer:
            assert (table.version(), len(table.file_uris())) == (3, 4)
            return
        assert sorted(table.to_pyarrow_table().column("count").to_pylist()) == [0, 1, 2, 3]
        assert len(table.file_uris()) == len([*Path(location).glob("*.parquet")]) == 1
        assert len(table.history()) == 1
        assert (await logger.tables())["wine.profile_metrics"].rows == 4
    finally:
        await logger.stop()
