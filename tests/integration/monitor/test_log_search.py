"""Stored lines by level, by expression and around one; those of a release that kept no levels are found as well."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

from monitor.handlers import logs
from monitor.handlers.ingest import store_output
from monitor.loops.retention import shrink_logs
from monitor.main import MIGRATIONS
from monitor.store import log_lines
from monitor.store.tables import LogSizeRow
from shared.contracts.metrics.samples import LogLine, PodOutput
from shared.contracts.rpc.monitor import LogContextQuery, LogPage, LogsQuery
from shared.database import Database
from shared.errors import InvalidInput, NotFound
from shared.migrations import sync_url

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
OLD = """insert into log_lines (at, service, version, pod, run, "offset", text)
values ('2026-05-01 11:00:00+00:00', 'wine', 'v1', 'p0', 0, 0, 'ERROR:root:of an older release')"""
LEVELS = ("ERROR", "WARNING", "INFO", "print")


def migrated(url: str, step: Any, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = url
    step(config, revision)


def upgraded(url: str) -> None:
    """A database of before levels, with one line, as this release finds it."""
    migrated(url, command.upgrade, "0003")
    engine = create_engine(sync_url(url))
    with engine.begin() as connection:
        connection.execute(text(OLD))
    engine.dispose()
    migrated(url, command.upgrade, "head")


def printed(pod: str, run: int, numbers: range) -> PodOutput:
    lines = tuple(
        LogLine(at=NOON + timedelta(seconds=n), offset=n * 10, text=f"{LEVELS[n % 4]}:root:line {n}") for n in numbers
    )
    return PodOutput(service="wine", version="v1", version_id=UUID(int=1), pod=pod, run=run, lines=lines)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    await asyncio.to_thread(upgraded, database_url)
    opened = Database.open(database_url)
    async with opened.unit_of_work() as session:
        await store_output(session, [printed("p1", 0, range(20)), printed("p2", 0, range(20))])
        await store_output(session, [printed("p1", 1, range(20))])
    yield opened
    await opened.close()
    await asyncio.to_thread(migrated, database_url, command.downgrade, "0002")


async def test_lines_by_level_by_expression_and_around_one(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async def found(**query: Any) -> LogPage:
        async with database.read() as session:
            return await logs.search_logs(session, LogsQuery(service="wine", limit=query.pop("limit", 1000), **query))

    errors = await found(levels=("error",))
    assert (len(errors.items), errors.next_cursor) == (16, None)
    assert (errors.items[-1].text, errors.items[-1].level) == ("ERROR:root:of an older release", "error")
    assert len((await found(levels=("error", "warning"), pod="p2")).items) == 10
    assert {entry.level for entry in (await found()).items} == {"error", "warning", "info", None}
    assert len((await found(regex="line 1[0-3]$", levels=("info",))).items) == 3
    assert [entry.text for entry in (await found(regex="(?i)LINE 1[0-3]$", pod="p2")).items][::3] == [
        "WARNING:root:line 13",
        "INFO:root:line 10",
    ]
    with pytest.raises(InvalidInput, match="regex"):
        await found(regex="(")

    monkeypatch.setattr(logs, "CHUNK", 10)
    monkeypatch.setattr(logs, "MOST_EXAMINED", 20)
    cursor: str | None = None
    pages: list[LogPage] = []
    while cursor is not None or not pages:
        pages.append(await found(regex="older", cursor=cursor))
        cursor = pages[-1].next_cursor
    assert [len(page.items) for page in pages] == [0, 0, 0, 1]

    async def around(line: str, lines: int, **query: Any) -> list[str | None]:
        async with database.read() as session:
            page = await logs.lines_around(session, LogContextQuery(service="wine", id=line, lines=lines, **query))
            return [entry.id for entry in page.items]

    assert await around("p1:0:190", 2) == ["p1:1:10", "p1:1:0", "p1:0:190", "p1:0:180", "p1:0:170"]
    assert await around("p1:1:190", 0) == ["p1:1:190"]
    for gone, query in (("p1:0:191", {}), ("p9:0:0", {}), ("p1:0:0", {"version": "v2"})):
        with pytest.raises(NotFound, match="not kept any more"):
            await around(gone, 1, **query)
    for wrong in ("", "p1", "p1:0", "p1:-1:0", "P:0:0", "p1:0:" + "9" * 19):
        with pytest.raises(InvalidInput, match="not the id of a line"):
            await around(wrong, 1)


async def test_who_prints_most_loses_the_oldest_lines_where_all_take_too_much(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_lines, "MOST_DELETED", 64)

    async def taken() -> dict[str, int]:
        async with database.read() as session:
            return await log_lines.sizes_of_services(session)

    async def texts(service: str) -> list[str]:
        async with database.read() as session:
            found = await logs.search_logs(session, LogsQuery(service=service, limit=1000, is_oldest_first=True))
        return [line.text for line in found.items]

    before = await texts("wine")
    sizes = await taken()
    assert sizes["wine"] == sum(len(line) + log_lines.LINE_OVERHEAD for line in before)  # one is of an older release
    flood = printed("p9", 0, range(600)).model_copy(update={"service": "flood"})
    async with database.unit_of_work() as session:
        await store_output(session, [flood])
    limit = sizes["wine"] + 300 * (log_lines.LINE_OVERHEAD + 15)

    await shrink_logs(database, limit)

    assert await texts("wine") == before
    left = await texts("flood")
    assert left == [line.text for line in flood.lines][-len(left) :]
    assert 290 < len(left) < 310
    assert sum((await taken()).values()) <= limit
    await shrink_logs(database, limit)
    assert await texts("flood") == left


async def test_repeats_that_were_counted_make_no_endless_deletion(database: Database) -> None:
    async with database.unit_of_work() as session:
        session.add(LogSizeRow(service="gone", size=10**12))
    await shrink_logs(database, 10**6)
    async with database.read() as session:
        assert set(await log_lines.sizes_of_services(session)) == {"wine"}
