"""Metering: which runs of pods began and ended, read from the backend every second."""

from __future__ import annotations

from functools import partial

from scheduler.handlers import metering
from scheduler.loops.dependencies import LoopDependencies
from scheduler.loops.retry import retry_while_unavailable

AT_ONCE = 20
"""Runs of one transaction: of a thousand that begin at once the others' writes come in between."""


async def run_metering(dependencies: LoopDependencies, every_s: float) -> None:
    """Store and publish when runs of pods begin and end; until cancelled."""
    full_at = dependencies.clock.monotonic()
    while True:
        is_full = dependencies.clock.monotonic() >= full_at
        await retry_while_unavailable(
            partial(meter_once, dependencies, is_full=is_full), "metering", dependencies.clock
        )
        full_at += metering.FULL_PASS_EVERY_S if is_full else 0.0
        await dependencies.clock.sleep(every_s)


async def meter_once(dependencies: LoopDependencies, *, is_full: bool) -> None:
    """Store what is new of runs; a full pass also ends those that the backend does not know any more."""
    seen = await dependencies.backend.runs()
    known = dependencies.open_runs or frozenset()
    news = [run for run in seen if run.ended_at is not None or metering.key_of(run) not in known]
    for first in range(0, len(news), AT_ONCE):
        portion = news[first : first + AT_ONCE]
        async with dependencies.lease.unit_of_work() as session:
            await metering.store_runs(session, portion, dependencies.observer.node, dependencies.clock.now())
    if is_full:
        async with dependencies.lease.unit_of_work() as session:
            await metering.close_lost_runs(session, seen, dependencies.clock.now())
    if news or is_full:
        await dependencies.backend.acknowledge_runs([run for run in seen if run.ended_at is not None])
    dependencies.open_runs = frozenset(metering.key_of(run) for run in seen if run.ended_at is None)
