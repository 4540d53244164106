"""Percentiles that are kept beside blocks: each answer is the one that sketches alone give, whatever came when."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, func, insert, select

from monitor.domain.metrics.entries import Entries
from monitor.domain.metrics.fields import BIN
from monitor.domain.metrics.series import By, Steps
from monitor.handlers.ingest import store_samples
from monitor.handlers.metrics.charts import read_chart
from monitor.handlers.metrics.dense_charts import read_charts
from monitor.loops.packing import Packer
from monitor.settings import MonitorSettings
from monitor.store.metrics.own import OwnStore
from monitor.store.tables import BlockRow, PercentilesRow, TrafficRow
from shared.clock import SystemClock
from shared.contracts.metrics.latency_bins import bin_of
from shared.contracts.metrics.samples import PodTraffic, TrafficSample
from shared.contracts.rpc.monitor import ChartsQuery, MetricsQuery
from shared.database import Database

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
AT = int(NOON.timestamp())
METRICS = ("latency_p50", "latency_p90", "latency_p99")
PODS = (("v1", "p1"), ("v1", "p2"), ("v2", "q1"), (None, None))


class SketchStore(OwnStore):
    """The plain way: sketches alone."""

    async def read_percentiles(self, services: Collection[str], steps: Steps, by: By) -> Entries:
        return await self.read("latency", services, steps)


class Then(SystemClock):
    """A clock that stands."""

    def __init__(self, then: datetime) -> None:
        self._then = then

    def now(self) -> datetime:
        return self._then


@pytest.fixture
async def database(store_url: str) -> AsyncIterator[Database]:
    found = Database.open(store_url)
    yield found
    await found.close()


def sample(number: int, at: datetime) -> TrafficSample:
    """Of each pod, but that some got nothing, with latencies that are its own."""
    chance = random.Random(number)
    pods = tuple(
        PodTraffic(
            service=service,
            version=version,
            pod=pod,
            requests=1,
            latency_bins=Counter(bin_of(chance.lognormvariate(-4 + place, 1)) for _ in range(chance.randrange(1, 40))),
        )
        for service in ("wine", "beer")
        for place, (version, pod) in enumerate(PODS)
        if chance.random() < 0.7
    )
    until = at + timedelta(seconds=10)
    return TrafficSample(source="r", sequence=number, run_id=UUID(int=1), from_time=at, to_time=until, pods=pods)


async def send(database: Database, numbers: range, after: timedelta = timedelta()) -> None:
    """A sample each two minutes from noon on."""
    async with database.unit_of_work() as session:
        for number in numbers:
            one = sample(number, NOON + after + timedelta(minutes=2 * (number % 1000)))
            await store_samples(session, (one,), ())


async def pack(database: Database, minutes: int) -> Packer:
    """One that was started anew packs, so many minutes after noon."""
    found = Packer(database, Then(NOON + timedelta(minutes=minutes)), MonitorSettings())
    await found.pack_once()
    return found


ASKED: tuple[tuple[By, str | None, str | None], ...] = (
    ("none", None, None), ("version", None, None), ("pod", None, None),
    ("none", "v1", None), ("none", None, "p1"), ("version", None, "p1"), ("pod", "v1", None),
)  # fmt: skip


async def answers(store: OwnStore, steps_s: Collection[int]) -> dict[Any, Any]:
    """Charts of every kind over five hours, told apart and filtered in every way."""
    found: dict[Any, Any] = {}
    for step_s, (by, version, pod) in product(steps_s, ASKED):
        charts = ChartsQuery(
            service="wine", version=version, pod=pod, metrics=METRICS, by=by, step_s=step_s,
            from_time=NOON - timedelta(hours=1), count=5 * 3600 // step_s,
        )  # fmt: skip
        found[step_s, by, version, pod] = await read_charts(store, charts, NOON + timedelta(hours=5))
    for step_s, pod in product(steps_s, (None, "p1")):
        query = MetricsQuery(
            service="wine", pod=pod, metric="latency_p90", step_s=step_s,
            from_time=NOON + timedelta(minutes=7), to_time=NOON + timedelta(hours=3),
        )  # fmt: skip
        found[step_s, pod] = await read_chart(store, query, AT + 5 * 3600)
    return found


async def assert_same(database: Database, steps_s: Sequence[int] = (300, 3600)) -> None:
    plain, fast = await answers(SketchStore(database), steps_s), await answers(OwnStore(database), steps_s)
    assert fast == plain
    assert any(one.values.count(None) < len(one.values) for one in plain[steps_s[0], "none", None, None].series)


async def fields(database: Database, start: int, count: int, step_s: int = 300) -> set[str]:
    """Fields that are read for steps of the service."""
    found = await OwnStore(database).read_percentiles(("wine",), Steps(start, step_s, count, AT + 90_000), "version")
    return {found.fields[place] for place in set(found.field.tolist())}


async def known(database: Database) -> int:
    async with database.read() as session:
        return (await session.execute(select(func.count()).select_from(PercentilesRow))).scalar() or 0


async def test_answers_are_those_of_sketches_whatever_is_rolled_up_packed_or_late(database: Database) -> None:
    await send(database, range(80))
    await assert_same(database)
    await pack(database, 140)  # two hours are rolled up, the third is not
    assert await fields(database, AT, 24) == {"p50", "p90", "p99"}
    for step_s in (900, 1800, 3600):
        assert await fields(database, AT, 3600 // step_s, step_s) == {"p50", "p90", "p99"}
    assert all(name.startswith(BIN) for name in await fields(database, AT + 7200, 8))
    assert all(name.startswith(BIN) for name in await fields(database, AT, 12, 600))  # made of five minutes
    await assert_same(database, (300, 600, 1800, 3600))

    await send(database, range(1000, 1040))  # of another router, late, into hours that are known
    assert any(name.startswith(BIN) for name in await fields(database, AT, 24))
    await assert_same(database)
    late = Packer(database, Then(NOON + timedelta(minutes=141)), MonitorSettings())
    await late.pack_samples()  # in minutes, not rolled up again yet
    await assert_same(database)
    await late.pack_once()
    assert await fields(database, AT, 24) == {"p50", "p90", "p99"}
    await assert_same(database)


async def test_blocks_of_a_release_before_are_read_by_their_sketches_until_they_have_percentiles(
    database: Database,
) -> None:
    await send(database, range(40))
    await send(database, range(2000, 2040), timedelta(days=1))
    await pack(database, 1440 + 140)
    assert await known(database) == 2 * 3 * (
        2 * 3 + 1
    )  # services, levels; three steps of each of two days, one of a week
    async with database.unit_of_work() as session:
        await session.execute(delete(PercentilesRow))
        minute = {"service": "wine", "version": "v1", "pod": "p1", "sums": {"requests": 3, "latency_counts": [0, 3]}}
        await session.execute(insert(TrafficRow), [minute | {"minute": AT + 600}])
    assert all(name.startswith(BIN) for name in await fields(database, AT, 24))
    await assert_same(database)
    packer = await pack(database, 1440 + 141)
    assert (packer.is_filled, await known(database)) == (True, 42)
    assert await fields(database, AT, 24) == {"p50", "p90", "p99"}
    await assert_same(database)


async def test_percentiles_go_with_their_blocks(database: Database) -> None:
    await send(database, range(40))
    await pack(database, 140)
    assert await known(database) == 2 * 3 * (3 + 1)
    await pack(database, 40 * 1440)
    async with database.read() as session:
        assert (await session.execute(select(func.count()).select_from(BlockRow))).scalar() == 0
    assert await known(database) == 0
