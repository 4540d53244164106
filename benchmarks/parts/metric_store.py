"""(m) The monitor's own store of metrics: what samples cost, what a pod's day takes, a week of 100 services to read.

In this process, on SQLite. Cost is CPU time, all threads together. Pods have ten requests a second each.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import insert

from benchmarks.metrics.made_up import MadeUp, rows_of_before
from benchmarks.options import Options
from benchmarks.progress import report_progress
from monitor.domain.metrics.blocks import pack
from monitor.domain.metrics.charts import CHARTS
from monitor.domain.metrics.entries import KINDS, Entries, joined, rolled
from monitor.domain.metrics.percentiles import LEVELS, percentiles_of
from monitor.domain.metrics.series import Merged, Steps
from monitor.handlers.ingest import store_samples
from monitor.loops.packing import BLOCKS_AT_ONCE, Packer
from monitor.main import MIGRATIONS
from monitor.settings import MonitorSettings
from monitor.store.metrics.blocks import FIVE_MINUTES, HOURS, MINUTES
from monitor.store.metrics.own import OwnStore
from monitor.store.metrics.percentiles import MADE_OF, fill_percentiles
from monitor.store.metrics.rolling import roll_hour
from monitor.store.tables import BlockRow, ReplicasRow, TrafficRow, UsageRow
from shared.clock import SystemClock
from shared.contracts.metrics.samples import TrafficSample, UsageSample
from shared.database import Database
from shared.migrations import open_migrated

START = datetime(2026, 3, 2, tzinfo=UTC)
REQUESTS_S = 10.0
SERVICES, PODS = 100, 10
DAYS = 7
AT_ONCE = 20
"""Services of one question: arrays of more are so large that half of the time goes into getting memory for them."""
READS = 5
QUERIED = ("requests_per_second", "latency_p50", "latency_p99", "cpu_cores")
ROUNDS, QUICK_ROUNDS = 120, 12
"""Samples of 10 s."""


def run(options: Options) -> dict[str, Any]:
    """CPU seconds of samples, bytes of a pod's day, milliseconds of a question."""
    with tempfile.TemporaryDirectory(prefix="penstock-metrics-") as folder:
        size = asyncio.run(_size(Path(folder)))
        report_progress("m: size done")
        query = asyncio.run(_query(Path(folder)))
        report_progress("m: queries done")
        rounds = QUICK_ROUNDS if options.is_quick else ROUNDS
        return {"size": size, "query": query, "ingest": asyncio.run(_ingest(Path(folder), rounds))}


async def _size(folder: Path) -> dict[str, Any]:
    made = MadeUp(1, 1, REQUESTS_S)
    day = made.minutes(START, 1440)
    start, found = int(START.timestamp()), {}
    for tier in (MINUTES, FIVE_MINUTES, HOURS):
        spans = range(start, start + 86_400, min(tier.span_s, 86_400))
        found[f"{tier.step_s}"] = sum(
            len(pack(rolled(day[kind].between(at, at + tier.span_s), tier.step_s), at, tier.step_s))
            for kind in KINDS
            for at in spans
        )
    return {
        "blocks_by_step_s": found,
        "percentiles": _size_of_percentiles(day["latency"]),
        "rows_of_before": await _size_before(folder, made),
    }


def _size_of_percentiles(sketches: Entries) -> int:
    start = int(START.timestamp())
    return sum(
        len(pack(percentiles_of(sketches, level, tier.step_s), start, tier.step_s))
        for level in LEVELS
        for tier in MADE_OF
    )


async def _size_before(folder: Path, made: MadeUp) -> int:
    """Of the same day in the tables of releases before, with their indexes."""
    database = await open_migrated(MIGRATIONS, f"sqlite+aiosqlite:///{folder}/before.db")
    empty = await database.size_bytes()
    async with database.unit_of_work() as session:
        for minute in range(1440):
            at = START + timedelta(minutes=minute)
            (pod,) = made.traffic(at, 60).pods
            key = {"minute": int(at.timestamp()), "service": pod.service, "version": pod.version}
            for table, sums in zip((TrafficRow, UsageRow, ReplicasRow), rows_of_before(pod), strict=True):
                name = "" if table is ReplicasRow else pod.pod
                await session.execute(insert(table), [key | {"pod": name, "sums": sums}])
    await database.close()
    again = Database.open(f"sqlite+aiosqlite:///{folder}/before.db")
    size = await again.size_bytes() - empty
    await again.close()
    return size


async def _query(folder: Path) -> dict[str, Any]:
    made = MadeUp(SERVICES, 1, REQUESTS_S)
    database = await open_migrated(MIGRATIONS, f"sqlite+aiosqlite:///{folder}/week.db")
    await _fill_week(database, made.names)
    await database.close()  # else all of it is read out of SQLite's log
    database = Database.open(f"sqlite+aiosqlite:///{folder}/week.db")
    store = OwnStore(database)
    found: dict[str, Any] = {
        f"{name}_{step_s}_ms": await _chart_ms(store, name, step_s, made.names)
        for step_s, name in product((3600, 300), QUERIED)
    }
    found["one"] = {
        f"{name}_{step_s}_ms": await _chart_ms(store, name, step_s, made.names[:1])
        for step_s, name in product((3600, 300), QUERIED)
    }
    found["sketches_300_ms"] = await _chart_ms(store, "latency_p99", 300, made.names, is_plain=True)
    await database.close()
    return found


async def _chart_ms(
    store: OwnStore, name: str, step_s: int, services: Sequence[str], *, is_plain: bool = False
) -> float:
    """A week of a chart; `is_plain`: percentiles out of sketches, though they are known."""
    end = int(START.timestamp()) + DAYS * 86_400
    steps = Steps(end - DAYS * 86_400, step_s, DAYS * 86_400 // step_s, end + 3600)
    chart = CHARTS[name]

    async def ask() -> None:
        for first in range(0, len(services), AT_ONCE):
            some = services[first : first + AT_ONCE]
            if chart.kind == "latency" and not is_plain:
                entries = await store.read_percentiles(some, steps, "none")
            else:
                entries = await store.read(chart.kind, some, steps)
            chart.read(Merged("none", steps, entries))

    return round(1000 * median([await _cpu_s(ask) for _ in range(READS)]), 1)


async def _fill_week(database: Database, services: tuple[str, ...]) -> None:
    """The same day of a pod again and again: what a block holds, but for its place, is not in its bytes."""
    day = MadeUp(1, 1, REQUESTS_S).minutes(START, 1440)
    first = int(START.timestamp())
    week = first + DAYS * 86_400
    for tier in (MINUTES, FIVE_MINUTES, HOURS):
        for kind in KINDS:
            by_step = rolled(day[kind], tier.step_s)
            rows = []
            for start in range(first // tier.span_s * tier.span_s, week, tier.span_s):
                part = _of_span(by_step, start, tier.span_s)
                data = pack(part, start, tier.step_s)
                rows += [
                    {
                        "kind": kind,
                        "step_s": tier.step_s,
                        "service": name,
                        "start": start,
                        "is_rolled": True,
                        "data": data,
                    }
                    for name in services
                ]
            async with database.unit_of_work() as session:
                await session.execute(insert(BlockRow), rows)
    is_filled = False
    while not is_filled:
        async with database.unit_of_work() as session:
            is_filled = not await fill_percentiles(session, BLOCKS_AT_ONCE)


def _of_span(day: Entries, start: int, span_s: int) -> Entries:
    days = [replace(day, at=day.at + number * 86_400) for number in range(DAYS)]
    return rolled(joined([one.between(start, start + span_s) for one in days]), 1)


async def _ingest(folder: Path, rounds: int) -> dict[str, float]:
    made = MadeUp(SERVICES, PODS, REQUESTS_S)
    database = await open_migrated(MIGRATIONS, f"sqlite+aiosqlite:///{folder}/ingest.db")
    packer = Packer(database, SystemClock(), MonitorSettings())
    stored, packed = 0.0, 0.0
    for number in range(rounds):
        at = START + timedelta(seconds=10 * number)
        traffic, usage = made.traffic(at).model_dump_json(), made.usage(at).model_dump_json()

        async def store(traffic: str = traffic, usage: str = usage) -> None:
            async with database.unit_of_work() as session:
                await store_samples(
                    session, (TrafficSample.model_validate_json(traffic),), (UsageSample.model_validate_json(usage),)
                )

        stored += await _cpu_s(store)
        if number % 6 == 5:
            packed += await _cpu_s(packer.pack_samples)
    await database.close()
    return {
        "pods": SERVICES * PODS,
        "stored_cpu_share": round(stored / (10 * rounds), 4),
        "packed_cpu_share": round(packed / (10 * rounds), 4),
        "rolled_cpu_share": round(await _rolled_cpu_s(folder) / 3600, 4),
    }


async def _rolled_cpu_s(folder: Path) -> float:
    """Rolling up one more hour of all pods: measured with some services."""
    names = MadeUp(AT_ONCE, 1, REQUESTS_S).names
    minutes = MadeUp(1, PODS, REQUESTS_S).minutes(START, 120)
    first = int(START.timestamp())
    database = await open_migrated(MIGRATIONS, f"sqlite+aiosqlite:///{folder}/rolled.db")
    rows = [
        {"kind": kind, "step_s": 60, "service": name, "start": start, "is_rolled": False, "data": data}
        for kind in KINDS
        for start in (first, first + 3600)
        for data in (pack(minutes[kind].between(start, start + 3600), start, 60),)
        for name in names
    ]
    async with database.unit_of_work() as session:
        await session.execute(insert(BlockRow), rows)

    async def roll(hour: int) -> None:
        for kind, name in product(KINDS, names):
            async with database.unit_of_work() as session:
                await roll_hour(session, kind, name, hour)

    await roll(first)
    spent = await _cpu_s(lambda: roll(first + 3600))
    await database.close()
    return spent * SERVICES / AT_ONCE


async def _cpu_s(work: Callable[[], Awaitable[None]]) -> float:
    started = time.process_time()
    await work()
    return time.process_time() - started
