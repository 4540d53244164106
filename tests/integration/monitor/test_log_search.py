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
from monitor.main import MIGRATIONS
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
