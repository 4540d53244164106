"""Rows of runs come out the same whatever order and however often they are told of; sums are the pure function's."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from controller.domain.resources.usage import Grain, milliseconds, overlap_ms, windows
from controller.handlers.resources.metering import record_run, resync_runs, run_key
from controller.handlers.resources.usage import UsageQuery, continued, usage_page
from controller.store.access.keys import record_key_use
from controller.store.resources.runs import RunFilter, usage_sums
from controller.store.tables import ApiKeyRow, PodRunRow, ServiceRow, SpecRow
from shared.contracts.deployment import Resources
from shared.contracts.runs import PodRun
from shared.database import Database
from shared.ids import new_id

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SERVICES = {name: new_id() for name in ("wine", "beer", "tea")}
SPECS = {"1C2G": 0.046, "4C8G": 0.184}


@pytest.fixture
async def database(store_url: str) -> AsyncIterator[Database]:
    opened = Database.open(store_url)
    yield opened
    await opened.close()


def run(number: int = 0, started: datetime = NOW, ended: datetime | None = None, **fields: Any) -> PodRun:
    service = fields.pop("service", "wine")
    spec = fields.pop("spec", "1C2G")
    return PodRun(
        service_id=SERVICES[service],
        service=service,
        version_id=fields.pop("version_id", UUID(int=1)),
        version="v1",
        pod=fields.pop("pod", f"{service}-v1-abcde"),
        run=number,
        node="here",
        project=fields.pop("project", "default"),
        resources=Resources(spec=spec, cpu=float(spec[0]), memory_gb=float(spec[2]), gpu=0),
        started_at=started,
        ended_at=ended,
        **fields,
    )


async def tell(database: Database, told: Sequence[PodRun], now: datetime = NOW) -> None:
    for each in told:
        async with database.unit_of_work() as session:
            await record_run(session, each, now)


async def ends(database: Database) -> dict[int, tuple[int | None, bool]]:
    async with database.read() as session:
        return {row.run: (row.ended_ms, row.is_exact) for row in (await session.scalars(select(PodRunRow))).all()}


async def list_again(
    database: Database, listed: Sequence[PodRun], asked_at: datetime, missing: frozenset[Any] = frozenset()
) -> frozenset[Any]:
    async with database.unit_of_work() as session:
        return await resync_runs(session, listed, asked_at - timedelta(hours=1), asked_at, missing)


async def test_events_tripled_and_shuffled_come_to_the_same_rows(database: Database) -> None:
    true_ends: dict[int, tuple[int | None, bool]] = {}
    for seed in range(20):
        draw = random.Random(seed)
        told: list[PodRun] = []
        for number in range(seed * 4, seed * 4 + 4):
            begun = NOW + timedelta(seconds=draw.randrange(1000))
            over = begun + timedelta(seconds=draw.randrange(1, 1000))
            guess = run(number, begun, begun + timedelta(seconds=draw.randrange(2000)), is_exact=False)
            told += [run(number, begun), guess, run(number, begun, over)]
        true_ends |= {each.run: (milliseconds(each.ended_at), True) for each in told if each.ended_at and each.is_exact}
        shuffled = told * 3
        draw.shuffle(shuffled)

        await tell(database, shuffled)

        assert await ends(database) == true_ends, seed


async def test_two_writers_at_once_make_one_row(database: Database) -> None:
    over = NOW + timedelta(seconds=5)
    await asyncio.gather(*(tell(database, [run(0), run(0, NOW, over)]) for _ in range(4)))

    assert await ends(database) == {0: (milliseconds(over), True)}


async def test_the_price_and_project_are_those_of_the_first_telling(database: Database) -> None:
    await tell(database, [run(0, project="cellar"), run(0, NOW, NOW + timedelta(hours=1), project="elsewhere")])

    async with database.read() as session:
        (row,) = (await session.scalars(select(PodRunRow))).all()
    assert (row.project, row.price, row.cpu) == ("cellar", SPECS["1C2G"], 1.0)


async def test_a_new_price_is_for_the_runs_that_begin_after_it(database: Database) -> None:
    await tell(database, [run(0)])
    async with database.unit_of_work() as session:
        (await session.get_one(SpecRow, "1C2G")).price_per_hour = 9.0
    await tell(database, [run(0, NOW, NOW + timedelta(hours=1)), run(1), run(2, spec="3C5G")])

    async with database.read() as session:
        rows = (await session.scalars(select(PodRunRow))).all()
    assert {row.run: row.price for row in rows} == {0: SPECS["1C2G"], 1: 9.0, 2: 0.0}


async def test_a_pod_made_before_projects_were_told_is_its_services(database: Database) -> None:
    made: dict[str, Any] = {"created_at": NOW, "updated_at": NOW, "creator": "me"}
    async with database.unit_of_work() as session:
        session.add(ServiceRow(id=SERVICES["beer"], name="beer", type="ml", project="cellar", **made))
    await tell(database, [run(0, service="beer", project=None), run(1, service="tea", project=None)])

    async with database.read() as session:
        rows = (await session.scalars(select(PodRunRow))).all()
    assert {row.service: row.project for row in rows} == {"beer": "cellar", "tea": "default"}


async def test_a_list_brings_what_events_have_lost(database: Database) -> None:
    over = NOW + timedelta(seconds=30)
    await tell(database, [run(0), run(1)])

    lacking = await list_again(database, [run(0, NOW, over), run(1), run(2)], NOW + timedelta(minutes=1))

    assert lacking == frozenset()
    assert await ends(database) == {0: (milliseconds(over), True), 1: (None, True), 2: (None, True)}


async def test_a_run_that_two_lists_lack_ended_when_it_was_last_known_alive(database: Database) -> None:
    await tell(database, [run(0), run(1)])
    alive_at = NOW + timedelta(minutes=1)
    await list_again(database, [run(0), run(1)], alive_at)

    once = await list_again(database, [run(1)], NOW + timedelta(minutes=2))
    assert await ends(database) == {0: (None, True), 1: (None, True)}
    await list_again(database, [run(1)], NOW + timedelta(minutes=3), once)

    assert once == {run_key(run(0))}
    assert await ends(database) == {0: (milliseconds(alive_at), False), 1: (None, True)}
    await tell(database, [run(0)])  # a late repeat of its start does not bring it back
    assert (await ends(database))[0] == (milliseconds(alive_at), False)
    await list_again(database, [run(0), run(1)], NOW + timedelta(minutes=4))  # a scheduler that has it does
    assert (await ends(database))[0] == (None, True)


async def test_a_run_that_began_after_the_question_is_not_missing(database: Database) -> None:
    asked_at = NOW + timedelta(minutes=1)
    await tell(database, [run(0, asked_at)], asked_at + timedelta(seconds=1))

    assert await list_again(database, [], asked_at) == frozenset()


@pytest.mark.parametrize("seed", range(5))
async def test_sums_are_what_the_runs_add_up_to(database: Database, seed: int) -> None:
    draw = random.Random(seed)
    told = []
    for number in range(60):
        begun = NOW - timedelta(seconds=draw.randrange(100 * 86_400), milliseconds=draw.randrange(1000))
        lasted = timedelta(milliseconds=draw.randrange(40 * 86_400_000))
        service = draw.choice(list(SERVICES))
        ended = None if draw.random() < 0.2 else min(begun + lasted, NOW)
        told.append(run(number, begun, ended, service=service, spec=draw.choice(list(SPECS))))
    async with database.unit_of_work() as session:
        for each in told:
            await record_run(session, each, NOW)
    now_ms = milliseconds(NOW)

    async with database.read() as session:
        for window in windows(milliseconds(NOW - timedelta(days=80)), now_ms, Grain.MONTH):
            found = await usage_sums(session, window, now_ms, "service", RunFilter())
            assert {each.names["service"]: each.pod_ms for each in found} == _used(told, window, now_ms, None)
            cost = {each.names["service"]: each.price_ms for each in found}
            assert cost == pytest.approx(_used(told, window, now_ms, SPECS))


def _used(told: Sequence[PodRun], window: Any, now_ms: int, prices: Any) -> dict[str, float]:
    used: dict[str, float] = {}
    for each in told:
        ended = milliseconds(each.ended_at) if each.ended_at else now_ms
        weight = prices[each.resources.spec] if prices else 1
        if share := overlap_ms(milliseconds(each.started_at), ended, window):
            used[each.service] = used.get(each.service, 0) + share * weight
    return used


async def test_pages_together_are_the_whole_list(database: Database) -> None:
    told = [
        run(number, NOW - timedelta(days=70), NOW - timedelta(days=draw), service=service, pod=f"{service}-{draw}")
        for number, (service, draw) in enumerate((s, d) for s in SERVICES for d in (1, 20, 45))
    ]
    await tell(database, told)
    query = UsageQuery(milliseconds(NOW - timedelta(days=90)), milliseconds(NOW), "run", Grain.MONTH, RunFilter())
    async with database.read() as session:
        whole, token = await usage_page(session, query, 1000)
        assert token is None
        paged, rest = [], query
        while True:
            found, token = await usage_page(session, rest, 4)
            paged += found
            if token is None:
                break
            rest = continued(query, token)
    assert len(whole) > 20
    assert paged == whole
    assert sum(line.pod_ms for line in whole) == sum(
        milliseconds(each.ended_at) - milliseconds(each.started_at) for each in told if each.ended_at
    )


async def test_the_last_use_of_a_key_only_goes_forward(database: Database) -> None:
    made: dict[str, Any] = {"created_at": NOW, "creator": "me"}
    key = ApiKeyRow(service_id=SERVICES["wine"], name="ci", prefix="p", sha256="0" * 64, **made)
    async with database.unit_of_work() as session:
        session.add(ServiceRow(id=SERVICES["wine"], name="wine", type="ml", updated_at=NOW, **made))
        await session.flush()
        session.add(key)
    for minutes in (5, 1, 7, 2):
        async with database.unit_of_work() as session:
            await record_key_use(session, {key.id: NOW + timedelta(minutes=minutes), new_id(): NOW})

    async with database.read() as session:
        stored = await session.get_one(ApiKeyRow, key.id)
        assert stored.last_used_at == NOW + timedelta(minutes=7)
