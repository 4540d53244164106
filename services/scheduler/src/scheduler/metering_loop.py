"""The scheduler's door in time for metering: which runs of pods began and ended, read from the backend every second."""

from __future__ import annotations

from functools import partial

from scheduler.handlers import metering
from scheduler.loops import Parts, until_done


async def meter(parts: Parts, every_s: float) -> None:
    """Store and say when runs of pods begin and end; until cancelled."""
    full_at = parts.clock.monotonic()
    while True:
        is_full = parts.clock.monotonic() >= full_at
        await until_done(partial(meter_once, parts, is_full=is_full), "metering", parts.clock)
        full_at += metering.FULL_EVERY_S if is_full else 0.0
        await parts.clock.sleep(every_s)


async def meter_once(parts: Parts, *, is_full: bool) -> None:
    """Store what is new of runs; a full look also ends those that are gone without a trace."""
    seen = await parts.backend.runs()
    known = parts.open_runs or frozenset()
    news = [run for run in seen if run.ended_at is not None or metering.key_of(run) not in known]
    if news or is_full:
        async with parts.lease.unit_of_work() as session:
            await metering.note_runs(session, news, parts.place.node, parts.clock.now())
            if is_full:
                await metering.note_open(session, seen, parts.clock.now())
        await parts.backend.settle([run for run in seen if run.ended_at is not None])
    parts.open_runs = frozenset(metering.key_of(run) for run in seen if run.ended_at is None)
