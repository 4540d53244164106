"""The scheduler's rows of runs: each start and end is said once, in the transaction that stores it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from running_services.scheduler_world import wanted
from scheduler.domain.values import RunObservation
from scheduler.handlers.metering import RETENTION, close_lost_runs, list_runs, store_runs
from scheduler.main import MIGRATIONS
from shared.bus.outbox import outbox
from shared.contracts.rpc.scheduler import RunsQuery
from shared.contracts.runs import PodRun
from shared.database import Database
from shared.migrations import migrate

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
EVER = datetime(2000, 1, 1, tzinfo=UTC)
DEPLOYMENT = wanted()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    await asyncio.to_thread(migrate, MIGRATIONS, database_url)
    opened = Database.open(database_url)
    yield opened
    await opened.close()


def seen(run: int = 0, ended: datetime | None = None, **fields: Any) -> RunObservation:
    return RunObservation(fields.pop("pod", "wine-v1-abcde"), run, DEPLOYMENT, NOW, ended, **fields)


async def note(database: Database, *runs: RunObservation, now: datetime = NOW) -> None:
    async with database.unit_of_work() as session:
        await store_runs(session, runs, "here", now)


async def look(database: Database, *runs: RunObservation, now: datetime) -> None:
    async with database.unit_of_work() as session:
        await close_lost_runs(session, runs, now)


async def said(database: Database) -> list[tuple[str, int]]:
    """Fact and number of the run, in order."""
    async with database.read() as session:
        rows = (await session.execute(select(outbox).order_by(outbox.c.seq))).mappings().all()
    return [(row["subject"].split(".")[3], PodRun.model_validate_json(row["body"]).run) for row in rows]


async def listed(database: Database, ended_after: datetime = EVER) -> list[PodRun]:
    found: list[PodRun] = []
    query = RunsQuery(ended_after=ended_after, limit=2)
    async with database.read() as session:
        while True:
            got = await list_runs(session, query)
            found += got.items
            if got.next_cursor is None:
                return found
            query = query.model_copy(update={"cursor": got.next_cursor})


async def test_each_is_said_once_however_often_it_is_seen(database: Database) -> None:
    over = NOW + timedelta(seconds=5)
    for _ in range(3):
        await note(database, seen(0), seen(1))
    for _ in range(3):
        await note(database, seen(0, over), seen(1), seen(2, over))

    assert await said(database) == [("started", 0), ("started", 1), ("ended", 0), ("started", 2), ("ended", 2)]


async def test_what_is_rolled_back_was_not_said(database: Database) -> None:
    async def fail_half_way() -> None:
        async with database.unit_of_work() as session:
            await store_runs(session, [seen(0)], "here", NOW)
            raise KeyError("half way")

    with pytest.raises(KeyError):
        await fail_half_way()
    assert (await said(database), await listed(database)) == ([], [])


async def test_a_run_that_is_gone_ended_when_it_was_last_seen(database: Database) -> None:
    alive_at = NOW + timedelta(seconds=30)
    await note(database, seen(0), seen(1))
    await look(database, seen(0), seen(1), now=alive_at)
    await look(database, seen(1), now=alive_at + timedelta(seconds=30))

    first, second = await listed(database)
    assert (first.ended_at, first.is_exact) == (alive_at, False)
    assert second.ended_at is None
    assert (await said(database))[-1] == ("ended", 0)


async def test_a_clock_that_was_ahead_lengthens_no_lost_run(database: Database) -> None:
    await note(database, seen(0), RunObservation("late", 0, DEPLOYMENT, NOW + timedelta(hours=2), None))
    await look(database, seen(0), seen(pod="late"), now=NOW + timedelta(days=1))
    alive_at = NOW + timedelta(minutes=1)  # it was set right
    await look(database, seen(0), seen(pod="late"), now=alive_at)
    await look(database, now=alive_at + timedelta(seconds=10))

    ended = {run.pod: run.ended_at for run in await listed(database)}
    assert ended == {"wine-v1-abcde": alive_at, "late": NOW + timedelta(hours=2)}  # none before it began


async def test_a_guessed_end_is_no_earlier_than_the_run_was_seen(database: Database) -> None:
    alive_at = NOW + timedelta(seconds=30)
    await note(database, seen(0))
    await look(database, seen(0), now=alive_at)
    await note(database, seen(0, NOW + timedelta(seconds=10), is_exact=False))

    (run,) = await listed(database)
    assert (run.ended_at, run.is_exact) == (alive_at, False)


async def test_pages_hold_open_runs_and_those_that_ended_lately(database: Database) -> None:
    ends = {number: NOW + timedelta(minutes=number) for number in range(7)}
    for number, ended in ends.items():
        await note(database, seen(number, ended, pod=f"wine-v1-{number}"))
    await note(database, seen(7, pod="wine-v1-7"))

    assert [run.run for run in await listed(database)] == [*ends, 7]
    assert [run.run for run in await listed(database, ends[5])] == [5, 6, 7]
    assert {run.version_id for run in await listed(database)} == {UUID(str(DEPLOYMENT.version_id))}


async def test_ended_runs_are_kept_for_a_month(database: Database) -> None:
    await note(database, seen(0, NOW), seen(1, NOW + timedelta(days=1)), seen(2))
    await look(database, seen(2), now=NOW + RETENTION + timedelta(hours=1))

    assert [run.run for run in await listed(database)] == [1, 2]
