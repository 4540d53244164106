"""`REQUESTS` → payload table: every record once, whatever is killed, repeated, broken or made anew."""

from __future__ import annotations

import asyncio
import random
import signal
from datetime import timedelta
from pathlib import Path

import duckdb
import nats
import pytest
from nats.js import JetStreamContext

from inference_logger.domain.tables import TableKey, TableShare
from inference_logger.store.delta.payload import PayloadTables
from inference_logger.store.storage import Storage
from running_services.logged_requests import LoggerProcess, counted, log, record, rows
from running_services.running_logger import RunningLogger
from servers.nats_process import NatsProcess
from shared.bus.bootstrap import ensure_topology
from shared.bus.consumers.dead_letters import list_letters
from shared.errors import Conflict
from waiting.eventually import eventually


async def rows_each_once(home: Path, names: set[str]) -> bool:
    """Whether the table comes to have all of these rows, and has each of them, and no other, once."""
    await eventually(lambda: counted(home).keys() >= names, every=0.1)
    return counted(home) == dict.fromkeys(names, 1)


@pytest.mark.timed
async def test_a_record_is_readable_within_five_seconds(
    js: JetStreamContext, running: RunningLogger, home: Path
) -> None:
    await log(js, record("warm"))
    await eventually(lambda: rows(home))

    await log(js, record("timed", trace_id="t"))

    await eventually(lambda: "timed" in counted(home), within=5)
    files = f"{home}/tables/wine/payload/request_date=*/*.parquet"
    query = f"select client_request_id, status_code, trace_id from read_parquet('{files}') where request_id = 'timed'"
    found = duckdb.sql(query)
    assert found is not None
    assert found.fetchall() == [("client-timed", 200, "t")]


async def test_killed_again_and_again_it_loses_and_doubles_nothing(
    js: JetStreamContext, logger: LoggerProcess, home: Path, store_url: str
) -> None:
    is_sqlite = store_url.startswith("sqlite")
    chance, names = random.Random(7 if is_sqlite else 8), set[str]()  # two series, five kills each
    for turn in range(5):
        for number in range(40):
            batch = [f"{turn}-{number}-{place}" for place in range(5)]
            await log(js, *map(record, batch))
            names.update(batch)
        await asyncio.sleep(chance.uniform(0.0, 1.6))  # anywhere in its start, its reading, its commits
        logger.kill()
        logger.start()

    assert await rows_each_once(home, names)
    assert await eventually(lambda: counted(home, kind="inferences") == dict.fromkeys(names, 1), every=0.1)


async def test_two_at_once_write_every_record_once(
    nats_server: NatsProcess, js: JetStreamContext, logger: LoggerProcess, home: Path, tmp_path: Path
) -> None:
    second = RunningLogger(nats_server.url, home, database_url=f"sqlite+aiosqlite:///{tmp_path}/second.db")
    await second.start()
    try:
        names = {f"r{number}" for number in range(300)}
        for name in sorted(names):
            await log(js, record(name))
        assert await rows_each_once(home, names)
        assert logger.process is not None
        assert logger.process.poll() is None
    finally:
        await second.stop()


async def test_poison_goes_to_the_dead_letters_and_holds_nobody_up(
    js: JetStreamContext, running: RunningLogger, home: Path
) -> None:
    await js.publish("penstock.requests.v1.wine", b"{not json", stream="REQUESTS")
    await log(js, record("bad", request=5))
    await log(js, record("good"))

    assert await rows_each_once(home, {"good"})
    letters = await list_letters(js)
    assert [letter.consumer for letter in letters] == ["inference-logger"] * 2
    assert "not JSON" in letters[0].reason
    assert "records.0.request" in letters[1].reason


async def test_a_marked_retry_is_looked_up_before_it_is_appended(
    js: JetStreamContext, running: RunningLogger, home: Path
) -> None:
    await log(js, record("first"), record("second"))
    assert await rows_each_once(home, {"first", "second"})

    await log(js, record("second"), record("third"), retry=True)

    assert await rows_each_once(home, {"first", "second", "third"})


async def test_a_stream_made_anew_is_read_from_its_beginning(
    nats_server: NatsProcess, js: JetStreamContext, running: RunningLogger, home: Path
) -> None:
    for name in ("a", "b", "c"):
        await log(js, record(name))
    assert await rows_each_once(home, {"a", "b", "c"})

    nats_server.kill()
    nats_server.wipe()
    nats_server.start()
    connection = await nats.connect(nats_server.url)
    await ensure_topology(connection.jetstream())
    # "c" again, unmarked: the router may not have heard that the old stream had stored it
    assert await log(connection.jetstream(), record("c"), record("d")) == 1
    await connection.close()

    assert await rows_each_once(home, {"a", "b", "c", "d"})


async def test_it_ends_with_the_server_away(
    nats_server: NatsProcess, js: JetStreamContext, logger: LoggerProcess, home: Path
) -> None:
    await log(js, record("x"))
    assert await rows_each_once(home, {"x"})
    nats_server.kill()

    assert await asyncio.to_thread(logger.kill, signal.SIGTERM) == 0


@pytest.mark.parametrize("repeats", [1, 3])
def test_the_same_batch_again_appends_nothing(home: Path, repeats: int) -> None:
    tables = PayloadTables(str(home / "tables"))
    share = TableShare(records=[(1, record("a")), (2, record("b"))])

    first = tables.append(TableKey("wine"), share, "app", 2)
    again = [tables.append(TableKey("wine"), share, "app", 2) for _ in range(repeats)]

    assert first.rows == 2
    assert [commit.rows for commit in again] == [0] * repeats
    assert sum(counted(home).values()) == 2


def test_another_record_at_a_position_that_the_table_has_is_new(home: Path) -> None:
    """The stream was set back before the logger had noted what it committed."""
    tables = PayloadTables(str(home / "tables"))
    tables.append(TableKey("wine"), TableShare(records=[(1, record("a")), (2, record("b"))]), "app", 2)

    again = TableShare(records=[(1, record("a")), (2, record("new"))])
    assert [tables.append(TableKey("wine"), again, "app", 2).rows for _ in range(2)] == [1, 0]

    assert counted(home) == {"a": 1, "b": 1, "new": 1}


def test_where_a_store_cannot_keep_writers_apart_the_last_one_writes(home: Path) -> None:
    alone = Storage(is_single_writer=True)
    old, new = PayloadTables(str(home / "tables")), PayloadTables(str(home / "tables"))

    def append(tables: PayloadTables, position: int) -> int:
        share = TableShare(records=[(position, record(f"r{position}"))])
        return tables.append(TableKey("wine"), share, "app", position, storage=alone).rows

    assert [append(old, 1), append(old, 2), append(new, 3), append(new, 4)] == [1] * 4
    for attempt in (lambda: append(old, 5), lambda: old.compact(old.location(TableKey("wine")), timedelta(0), alone)):
        with pytest.raises(Conflict, match="another inference-logger writes this table"):
            attempt()
    assert counted(home) == {f"r{number}": 1 for number in range(1, 5)}


def test_compaction_keeps_every_row_and_the_position(home: Path) -> None:
    tables = PayloadTables(str(home / "tables"))
    for number in range(5):
        tables.append(TableKey("wine"), TableShare(records=[(number + 1, record(f"r{number}"))]), "app", number + 1)

    tables.compact(tables.location(TableKey("wine")), timedelta(days=7))

    assert counted(home) == {f"r{number}": 1 for number in range(5)}
    assert tables.append(TableKey("wine"), TableShare(records=[(5, record("r4"))]), "app", 5).rows == 0
