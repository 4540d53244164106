"""What the console's pages show much of: services, a pod's lines, a week of charts; put into a platform's stores."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from controller.store.tables import ObservationRow, VersionRow
from monitor.domain.metrics.entries import KINDS, Kind, Series, entries_of
from monitor.domain.metrics.fields import Fields, fields_of_sums
from monitor.domain.metrics.rollup import MINUTE_S, ReplicaCounts, TrafficSums, UsageSums
from monitor.store.log_lines import add_lines
from monitor.store.metrics.blocks import merge_into_minutes
from operations.many_services import fill_controller
from shared.contracts.metrics.latency_bins import bin_of
from shared.contracts.metrics.samples import LogLine, PodOutput
from shared.ids import new_id

SHOWN = "service-0000"
"""The service whose lines and charts are looked at."""
VERSIONS = ("v1", "v2")
LINES_AT_ONCE = 5_000
WEEK_MINUTES = 7 * 24 * 60


async def fill(home: Path, services: int, lines: int) -> None:
    """Everything. No version is wanted to run: what is measured is the console, not a thousand pods."""
    async with _session(home / "controller" / "controller.db") as session:
        await fill_controller(session, services)
        await session.execute(update(VersionRow).values(wanted="stopped"))
        await session.execute(update(ObservationRow).values(phase="stopped", ready_replicas=0))
    async with _session(home / "monitor" / "monitor.db") as session:
        await _print_lines(session, lines)
        await _serve_for_a_week(session)


@asynccontextmanager
async def _session(file: Path) -> AsyncIterator[AsyncSession]:
    """A transaction on one of SQLite's files, beside the service that has it open."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{file}", connect_args={"timeout": 60})
    try:
        async with AsyncSession(engine) as session, session.begin():
            yield session
    finally:
        await engine.dispose()


async def _print_lines(session: AsyncSession, lines: int) -> None:
    """In the last half hour, of one pod, every tenth a warning."""
    first = datetime.now(UTC) - timedelta(minutes=30)
    for start in range(0, lines, LINES_AT_ONCE):
        numbers = range(start, min(lines, start + LINES_AT_ONCE))
        printed = tuple(
            LogLine(
                at=first + timedelta(milliseconds=15 * number),
                offset=120 * number,
                text=f"{'WARNING' if number % 10 == 0 else 'INFO'} model.predict: batch {number} of 32 rows took "
                f"{number % 97} ms, {number % 13} from the cache",
            )
            for number in numbers
        )
        output = PodOutput(
            service=SHOWN, version="v1", version_id=new_id(), pod=f"{SHOWN}-v1-1-0", run=0, lines=printed
        )
        await add_lines(session, (output,))


async def _serve_for_a_week(session: AsyncSession) -> None:
    now = int(time.time()) // MINUTE_S * MINUTE_S
    rows: dict[Kind, list[tuple[int, Series, Fields]]] = {kind: [] for kind in KINDS}
    for minute in range(now - WEEK_MINUTES * MINUTE_S, now, MINUTE_S):
        traffic, usage, replicas = _minute(minute)
        for version in VERSIONS:
            pod = Series(SHOWN, version, f"{SHOWN}-{version}-1-0")
            for kind, sums in (("traffic", traffic), ("latency", traffic), ("usage", usage)):
                rows[kind].append((minute, pod, fields_of_sums(kind, sums)))  # type: ignore[index, arg-type]
            rows["replicas"].append((minute, pod._replace(pod=""), fields_of_sums("replicas", replicas)))
    await merge_into_minutes(session, {(kind, SHOWN): entries_of(found) for kind, found in rows.items()})


def _minute(minute: int) -> tuple[TrafficSums, UsageSums, ReplicaCounts]:
    """More by day than by night."""
    requests = int(3_000 * (1.2 + math.sin(minute / 86_400 * math.tau))) + minute // 60 % 97
    traffic = TrafficSums(
        requests=requests,
        throttled=requests // 500,
        bytes_in=requests * 900,
        bytes_out=requests * 300,
        in_flight=requests // 400,
        latency_sum_s=requests * 0.008,
        status={"200": requests - requests // 300, "500": requests // 300},
        latency_bins={bin_of(0.0075): requests - requests // 50, bin_of(0.04): requests // 50},
    )
    cpu, memory = requests / 9_000, 400e6 + requests * 1e4
    usage = UsageSums(samples=6, cpu_sum=6 * cpu, cpu_max=cpu * 1.3, memory_sum=6 * memory, memory_max=memory)
    return traffic, usage, ReplicaCounts(1, 1, 1)
