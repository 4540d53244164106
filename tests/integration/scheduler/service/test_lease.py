"""One leader at a time, and no write by one that led once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from scheduler.main import MIGRATIONS
from scheduler.store.lease import Lease, LeaseLost, has_holder_ended, process_identity
from scheduler.store.tables import LogPositionRow
from shared.clock import SystemClock
from shared.database import Database
from shared.ids import new_id
from shared.migrations import migrate
from waiting.eventually import eventually
from waiting.set_clock import SetClock

ELSEWHERE = "another-machine/1/1"


@pytest.fixture
async def database(database_url: str) -> Database:
    await asyncio.to_thread(migrate, MIGRATIONS, database_url)
    return Database.open(database_url)


def lease_of(database: Database, holder: str, ttl_s: float = 0.5) -> Lease:
    return Lease(database, SystemClock(), ttl_s=ttl_s, holder=holder)


@pytest.mark.timed
async def test_the_first_leads_at_once_the_second_waits_while_it_beats(database: Database) -> None:
    first, second = lease_of(database, ELSEWHERE), lease_of(database, "a-third/1/1")
    await asyncio.wait_for(first.acquire(), 1)
    keeping = asyncio.create_task(first.run_renewal())
    waiting = asyncio.create_task(second.acquire())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(waiting), 1.5)
    keeping.cancel()
    await asyncio.wait_for(waiting, 2)
    assert (first.epoch, second.epoch) == (1, 2)
    await database.close()


@pytest.mark.timed
@pytest.mark.parametrize("hours", [1, -1])
async def test_no_clock_that_is_set_moves_the_lease(database: Database, hours: int) -> None:
    clocks = SetClock(), SetClock()
    first, second = (
        Lease(database, clock, ttl_s=2, holder=f"machine-{number}/1/1") for number, clock in enumerate(clocks)
    )
    await first.acquire()
    keeping, waiting = asyncio.create_task(first.run_renewal()), asyncio.create_task(second.acquire())
    for clock in clocks:
        clock.off_by = timedelta(hours=hours)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(waiting), 1)
        await first.check()

    keeping.cancel()

    await asyncio.wait_for(waiting, 30)
    with pytest.raises(LeaseLost):
        await first.check()
    await database.close()


async def test_a_frozen_leader_writes_nothing_after_it_thaws(database: Database) -> None:
    frozen, heir = lease_of(database, ELSEWHERE), lease_of(database, "heir/1/1")
    await frozen.acquire()
    await heir.acquire()

    with pytest.raises(LeaseLost):
        async with frozen.unit_of_work() as session:
            session.add(LogPositionRow(pod="p", version_id=new_id(), service="s", version="v"))
    with pytest.raises(LeaseLost):
        await frozen.check()
    with pytest.raises(LeaseLost):
        await frozen.run_renewal()
    async with heir.unit_of_work() as session:
        assert await session.get(LogPositionRow, "p") is None
    await database.close()


@pytest.mark.timed
async def test_a_leader_of_this_machine_that_is_gone_is_not_waited_for(database: Database) -> None:
    machine, _, _ = process_identity().rsplit("/", 2)
    await lease_of(database, f"{machine}/999999/1", ttl_s=30).acquire()
    heir = lease_of(database, process_identity(), ttl_s=30)
    await asyncio.wait_for(heir.acquire(), 1)
    assert heir.epoch == 2
    await database.close()


async def test_of_many_candidates_one_leads(database: Database) -> None:
    candidates = [lease_of(database, f"m{n}/1/1", ttl_s=10) for n in range(5)]
    tasks = [asyncio.create_task(candidate.acquire()) for candidate in candidates]
    await eventually(lambda: any(candidate.is_held for candidate in candidates))
    await asyncio.sleep(0.2)
    assert sum(candidate.is_held for candidate in candidates) == 1
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await database.close()


def test_who_is_gone() -> None:
    assert not has_holder_ended(process_identity())
    assert not has_holder_ended(ELSEWHERE)
    machine, pid, _ = process_identity().rsplit("/", 2)
    assert has_holder_ended(f"{machine}/{pid}/1")
