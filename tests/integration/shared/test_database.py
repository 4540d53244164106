"""One transaction a unit of work; a locked database is `Unavailable`; a corrupt one is named and left alone."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table, insert, select, text
from sqlalchemy.exc import IntegrityError

from shared import sqlite
from shared.bus.outbox import add_tables, add_to_inbox
from shared.database import Database, UtcDateTime
from shared.errors import Unavailable
from waiting.eventually import eventually

metadata = MetaData()
add_tables(metadata)
things = Table(
    "things", metadata, Column("id", Integer, primary_key=True), Column("name", String(20)), Column("at", UtcDateTime)
)
parts = Table("parts", metadata, Column("id", Integer, primary_key=True), Column("thing", ForeignKey("things.id")))
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database.open(database_url)
    async with opened.engine.begin() as connection:
        await connection.run_sync(metadata.drop_all)
        await connection.run_sync(metadata.create_all)
    yield opened
    await opened.close()


async def names(database: Database) -> list[str]:
    async with database.read() as session:
        return [name for (name,) in (await session.execute(select(things.c.name).order_by(things.c.id)))]


async def test_a_unit_of_work_commits_at_its_end(database: Database) -> None:
    async with database.unit_of_work() as session:
        await session.execute(insert(things).values(name="a"))
        await session.execute(insert(things).values(name="b"))

    assert await names(database) == ["a", "b"]


async def test_an_error_rolls_all_of_it_back(database: Database) -> None:
    async def fail_half_way() -> None:
        async with database.unit_of_work() as session:
            await session.execute(insert(things).values(name="a"))
            raise KeyError("half way")

    with pytest.raises(KeyError):
        await fail_half_way()

    assert await names(database) == []


async def test_a_cancelled_unit_of_work_leaves_nothing_and_the_next_can_write(database: Database) -> None:
    began = asyncio.Event()

    async def hang() -> None:
        async with database.unit_of_work() as session:
            await session.execute(insert(things).values(name="a"))
            began.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(hang())
    await began.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    async with database.unit_of_work() as session:
        await session.execute(insert(things).values(name="b"))

    assert await names(database) == ["b"]


async def test_writers_wait_for_each_other(database: Database) -> None:
    async def count_up() -> None:
        async with database.unit_of_work() as session:
            lock = "" if database.path else " FOR UPDATE"
            (value,) = (await session.execute(text(f"SELECT name FROM things WHERE id = 1{lock}"))).one()
            await asyncio.sleep(0.001)
            await session.execute(things.update().where(things.c.id == 1).values(name=str(int(value) + 1)))

    async with database.unit_of_work() as session:
        await session.execute(insert(things).values(id=1, name="0"))
    await asyncio.gather(*(count_up() for _ in range(20)))

    assert await names(database) == ["20"]


async def test_writers_take_turns_in_the_order_they_asked(tmp_path: Path) -> None:
    database = Database.open(f"sqlite+aiosqlite:///{tmp_path}/a.db")
    order: list[int] = []

    async def write(number: int) -> None:
        async with database.unit_of_work() as session:
            await session.execute(text("SELECT 1"))
            order.append(number)

    await asyncio.gather(*(write(number) for number in range(40)))
    assert order == list(range(40))
    await database.close()


async def test_many_writers_all_have_their_turn_though_the_last_waits_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_S", 0.2)  # of SQLite's own: they wait longer than that for their turn
    database = Database.open(f"sqlite+aiosqlite:///{tmp_path}/a.db")

    async def write() -> None:
        async with database.unit_of_work() as session:
            await session.execute(text("SELECT 1"))
            await asyncio.sleep(0.02)

    ended = await asyncio.gather(*(write() for _ in range(50)), return_exceptions=True)
    assert ended == [None] * 50
    await database.close()


async def test_one_that_hangs_does_not_hold_up_the_others_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "TURN_TIMEOUT_S", 0.1)
    database = Database.open(f"sqlite+aiosqlite:///{tmp_path}/a.db")
    async with database.unit_of_work():
        with pytest.raises(Unavailable, match="busy"):
            async with database.unit_of_work():
                pass
    async with database.unit_of_work() as session:  # who gave up left the line
        await session.execute(text("SELECT 1"))
    await database.close()


async def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    async with database.unit_of_work() as session:
        await session.execute(insert(things).values(name="a"))
        assert await asyncio.wait_for(names(database), 30) == []


async def test_foreign_keys_hold(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.unit_of_work() as session:
            await session.execute(insert(parts).values(thing=99))


async def test_times_come_back_aware_and_utc(database: Database) -> None:
    async with database.unit_of_work() as session:
        await session.execute(insert(things).values(name="a", at=AT.astimezone(timezone(timedelta(hours=8)))))
    async with database.read() as session:
        (found,) = (await session.execute(select(things.c.at))).one()

    assert found == AT
    assert found.utcoffset() == timedelta(0)


async def test_an_event_is_new_once(database: Database) -> None:
    async with database.unit_of_work() as session:
        assert await add_to_inbox(session, "c", "1", AT)
        await session.execute(insert(things).values(name="a"))
    async with database.unit_of_work() as session:
        assert not await add_to_inbox(session, "c", "1", AT)
        assert await add_to_inbox(session, "other", "1", AT)
        await session.execute(insert(things).values(name="b"))

    assert await names(database) == ["a", "b"]


async def test_a_locked_database_is_unavailable_and_recovers(tmp_path: Path) -> None:
    database = Database.open(f"sqlite+aiosqlite:///{tmp_path}/a.db")
    async with database.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="busy") as raised:
        async with database.unit_of_work() as session:
            await session.execute(insert(things).values(name="a"))
    assert raised.value.retry_after_s == 1
    assert await names(database) == []  # reading goes on

    other.execute("ROLLBACK")
    other.close()
    async with database.unit_of_work() as session:
        await session.execute(insert(things).values(name="b"))

    assert await eventually(lambda: names(database)) == ["b"]
    await database.close()


async def test_a_closed_connection_leaves_no_lock_though_its_cursor_is_kept(tmp_path: Path) -> None:
    database = Database.open(f"sqlite+aiosqlite:///{tmp_path}/a.db")
    async with database.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    async with database.engine.connect() as connection:
        await connection.execute(insert(things), [{"name": "a"}, {"name": "b"}])
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None
        kept = await raw.execute("SELECT * FROM things")  # as the traceback of one who was cancelled keeps it
        await kept.fetchone()
        await connection.invalidate()

    async with database.unit_of_work() as session:
        await session.execute(insert(things).values(name="c"))
    assert await names(database) == ["c"]
    await database.close()


async def test_one_who_is_cancelled_twice_leaves_no_lock_and_no_task(tmp_path: Path) -> None:
    database = Database.open(f"sqlite+aiosqlite:///{tmp_path}/a.db")
    async with database.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)

    async def write() -> None:
        while True:
            async with database.unit_of_work() as session:
                await session.execute(insert(things).values(name="a"))

    for turns in range(60):
        writer = asyncio.create_task(write())
        for _ in range(2):
            for _ in range(turns):
                await asyncio.sleep(0)
            writer.cancel()
        await asyncio.gather(writer, return_exceptions=True)
    async with database.unit_of_work() as session:
        await session.execute(insert(things).values(name="b"))

    assert (await names(database))[-1] == "b"
    await eventually(lambda: asyncio.all_tasks() == {asyncio.current_task()})
    await database.close()


async def test_a_file_that_became_corrupt_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"this is no database, whatever its name says" * 100)
    database = Database.open(f"sqlite+aiosqlite:///{path}")

    with pytest.raises(Unavailable, match=f"{path} is corrupt"):
        await database.check()
    await database.close()


async def test_a_database_that_is_not_there_is_unavailable() -> None:
    database = Database.open("postgresql+psycopg://u:p@127.0.0.1:1/none")

    with pytest.raises(Unavailable):
        await database.check()
    await database.close()
