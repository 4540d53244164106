"""The monitor's own store of metrics: packing changes no answer and loses nothing, whatever happens on the way."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select

from monitor.domain.metrics.charts import CHARTS
from monitor.domain.metrics.entries import Entries, Kind
from monitor.domain.metrics.fields import BIN
from monitor.domain.metrics.series import By, Merged, Steps, by_series, dense
from monitor.handlers.ingest import store_samples
from monitor.packing import Packer
from monitor.settings import MonitorSettings
from monitor.store.metrics.minutes import read_span
from monitor.store.metrics.own import OwnStore
from monitor.store.metrics.recent import read_recent
from monitor.store.tables import BlockRow, MeasuredRow, ReplicasRow, TrafficRow, UsageRow
from shared.clock import SystemClock
from shared.contracts.metrics.latency_bins import bin_of
from shared.contracts.metrics.samples import PodTraffic, PodUsage, TrafficSample, UsageSample, VersionReplicas
from shared.database import Database

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
AT = int(NOON.timestamp())
RUN, VERSION = UUID(int=1), UUID(int=2)


@pytest.fixture
async def database(store_url: str) -> AsyncIterator[Database]:
    found = Database.open(store_url)
    yield found
    await found.close()


class Then(SystemClock):
    """A clock that stands."""

    def __init__(self, then: datetime) -> None:
        self._then = then

    def now(self) -> datetime:
        return self._then


def packer(database: Database, now: datetime) -> Packer:
    return Packer(database, Then(now), MonitorSettings())


def traffic(sequence: int, at: datetime, router: int = 1) -> TrafficSample:
    pods = tuple(
        PodTraffic(
            service="wine",
            version="v1",
            pod=name,
            requests=10 + sequence % 7,
            status={"200": 9 + sequence % 7, "500": 1},
            bytes_in=1000 * sequence,
            in_flight=sequence % 3,
            latency_bins={bin_of(0.01 * (1 + sequence % 5)): 9 + sequence % 7, bin_of(0.5): 1},
            latency_sum_s=0.7,
        )
        for name in ("p1", "p2")
    )
    source = UUID(int=router)
    until = at + timedelta(seconds=10)
    return TrafficSample(source=f"r{router}", sequence=sequence, run_id=source, from_time=at, to_time=until, pods=pods)


def usage(at: datetime) -> UsageSample:
    pods = tuple(
        PodUsage(service="wine", version="v1", version_id=VERSION, pod=pod, cpu_cores=0.5, memory_bytes=100, ready=True)
        for pod in ("p1", "p2")
    )
    replicas = VersionReplicas(service="wine", version="v1", version_id=VERSION, wanted=2, running=2, ready=2)
    return UsageSample(source="n", at=at, pods=pods, versions=(replicas,))


async def sample(database: Database, first: int, count: int, router: int = 1) -> list[TrafficSample]:
    """Store `count` samples of a router and of the scheduler, the first `first` × 10 s after noon."""
    found = []
    for number in range(first, first + count):
        at = NOON + timedelta(seconds=10 * number)
        found.append(traffic(number, at, router))
        async with database.unit_of_work() as session:
            await store_samples(session, (found[-1],), (usage(at),))
    return found


async def entries(database: Database, kind: Kind, steps: Steps) -> Entries:
    return await OwnStore(database).read(kind, ("wine",), steps)


async def answers(database: Database, step_s: int, now: int = AT + 7200, by: By = "pod") -> dict[str, Any]:
    """Every chart, over three hours from eleven o'clock on."""
    steps = Steps(AT - 3600, step_s, 10_800 // step_s, now)
    found = {}
    for name, chart in CHARTS.items():
        merged = Merged(by, steps, await entries(database, chart.kind, steps))
        found[name] = {group: dense(values) for group, values in by_series(chart.read(merged), merged, None)}
    return found


async def totals(database: Database, kind: Kind, start: int = AT) -> Counter[str]:
    found = await entries(database, kind, Steps(start, 60, 180, start + 7200))
    sums: Counter[str] = Counter()
    for field, value in zip(found.field.tolist(), found.values.tolist(), strict=True):
        sums[found.fields[field]] += value
    return sums


async def test_packing_changes_no_answer_and_totals_are_the_routers_own(database: Database) -> None:
    told = await sample(database, 0, 40) + await sample(database, 345, 30, router=2)
    before = {step_s: await answers(database, step_s) for step_s in (60, 300, 3600)}
    async with database.read() as session:
        assert len(await read_recent(session, "traffic", ("wine",), AT, AT + 60)) == 12

    await packer(database, NOON + timedelta(minutes=90)).pack_once()  # the first hour is rolled up, the second is not
    late = await sample(database, 40, 5)
    after_late = {step_s: await answers(database, step_s) for step_s in (60, 300, 3600)}
    await packer(database, NOON + timedelta(minutes=91)).pack_once()  # one that was started anew

    for step_s in (60, 300, 3600):
        assert await answers(database, step_s) == after_late[step_s]
        assert before[step_s]["requests"] != after_late[step_s]["requests"]
    pods = [pod for one in told + late for pod in one.pods]
    found = await totals(database, "traffic")
    assert found["requests"] == sum(pod.requests for pod in pods)
    assert found["bytes_in"] == sum(pod.bytes_in for pod in pods)
    assert (found["status:500"], found["samples"]) == (len(pods), len(pods))
    bins = sum((Counter(pod.latency_bins) for pod in pods), Counter[int]())
    latency = await totals(database, "latency")
    assert {int(name.removeprefix(BIN)): count for name, count in latency.items()} == bins
    assert (await totals(database, "usage"))["cpu"] == 75 * 2 * 500_000
    async with database.read() as session:
        rows = await read_span(session, "traffic", ("wine",), AT, AT + 60)
        assert [(key.pod, sums.requests) for key, sums in rows] == [
            ("p1", sum(one.pods[0].requests for one in told[:6])), ("p2", sum(one.pods[1].requests for one in told[:6]))
        ]  # fmt: skip
        assert await read_recent(session, "traffic", ("wine",), AT, AT + 60) == []  # older than 65 minutes


async def test_a_packing_that_ends_half_way_changes_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sample(database, 0, 12)
    before = await answers(database, 60)

    async def fails(*_: object) -> None:
        raise RuntimeError("killed")

    half = packer(database, NOON + timedelta(minutes=5))
    with monkeypatch.context() as patched:
        patched.setattr("monitor.packing.merge_into_minutes", fails)
        with pytest.raises(RuntimeError):
            await half.pack_once()
    assert await answers(database, 60) == before
    again = packer(database, NOON + timedelta(minutes=5))
    await again.pack_once()
    await again.pack_once()
    assert await answers(database, 60) == before


async def test_samples_that_are_packed_and_old_go_and_steps_of_before_get_longer(database: Database) -> None:
    await sample(database, 0, 60)
    week_after = packer(database, NOON + timedelta(days=7, hours=2))
    await week_after.pack_once()
    async with database.read() as session:
        assert (await session.execute(select(func.count()).select_from(MeasuredRow))).scalar() == 0
        block: Any = BlockRow
        kept = set((await session.execute(select(block.step_s).distinct())).scalars())
    assert kept == {300, 3600}
    found = await answers(database, 60, now=AT + 8 * 86_400, by="none")
    (values,) = found["requests"].values()
    assert len([value for value in values if value]) == 10
    assert sum(value for value in values if value) == 2 * sum(10 + n % 7 for n in range(60))
    (cores,) = found["cpu_cores"].values()
    assert {value for value in cores if value is not None} == {1.0}
    async with database.read() as session:
        rows = await read_span(session, "traffic", ("wine",), AT, AT + 600)
    assert sum(sums.requests for _, sums in rows) == 2 * sum(10 + n % 7 for n in range(60))
    await sample(database, 7 * 8640, 1)  # numbers of samples go on though there are none
    await packer(database, NOON + timedelta(days=7, hours=2)).pack_once()
    assert (await totals(database, "traffic", AT + 7 * 86_400))["requests"] == 2 * (10 + 60_480 % 7)


async def test_minutes_of_a_release_before_stay_readable_and_move_into_blocks(database: Database) -> None:
    histogram = [0] * 16
    histogram[4] = 120
    sums = {"requests": 120, "status": {"200": 120}, "latency_counts": histogram, "in_flight": 3, "latency_sum_s": 1.8}
    used = {"samples": 6, "cpu_sum": 3.0, "cpu_max": 1.0, "memory_sum": 600.0, "memory_max": 100.0}
    counts = {"wanted": 1, "running": 1, "ready": 1}
    key = {"service": "wine", "version": "v1"}
    async with database.unit_of_work() as session:
        for minute in range(AT, AT + 600, 60):
            for table, pod, what in ((TrafficRow, "p1", sums), (UsageRow, "p1", used), (ReplicasRow, "", counts)):
                row = key | {"minute": minute, "pod": pod, "sums": json.loads(json.dumps(what))}
                await session.execute(insert(table), [row])
    before = {step_s: await answers(database, step_s) for step_s in (60, 300, 3600)}
    (latency,) = before[60]["latency_p50"].values()
    assert [value for value in latency if value is not None] == [pytest.approx(0.0175, rel=0.03)] * 10
    (requests,) = before[3600]["requests"].values()
    assert requests == (None, 1200.0, None)

    await packer(database, NOON + timedelta(minutes=30)).pack_once()

    async with database.read() as session:
        assert (await session.execute(select(func.count()).select_from(TrafficRow))).scalar() == 0
    assert {step_s: await answers(database, step_s) for step_s in (60, 300, 3600)} == before
