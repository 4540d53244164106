"""Observation: everything that the backend reports of its pods becomes rows and events."""

from __future__ import annotations

import asyncio
from functools import partial

from scheduler.domain.values import Observation
from scheduler.handlers import observations
from scheduler.loops.dependencies import LoopDependencies
from scheduler.loops.retry import retry_while_unavailable

AT_ONCE = 50
"""Observations of one transaction, where so many wait: a cluster tells of thousands of pods at once, and a transaction
for each was slower than the pods came."""
LONGEST_S = 0.25
"""A transaction takes no further observation after it: whoever else writes waits for it, 5 s at most on SQLite."""


async def run_observation(dependencies: LoopDependencies) -> None:
    """Store what the backend observes, in order, what has come meanwhile in one transaction; until cancelled."""
    waiting: asyncio.Queue[Observation] = asyncio.Queue()
    async with asyncio.TaskGroup() as group:
        group.create_task(_collect(dependencies, waiting), name="observing")
        seen: list[Observation] = []
        while True:
            seen = seen or [await waiting.get()]
            while len(seen) < AT_ONCE and not waiting.empty():
                seen.append(waiting.get_nowait())
            store = partial(store_once, dependencies, seen)
            await retry_while_unavailable(store, "recording pods", dependencies.clock)
            dependencies.routes_wakeup.notify()
            dependencies.reconcile_wakeup.notify()


async def store_once(dependencies: LoopDependencies, seen: list[Observation]) -> None:
    """Store the first of these, as many as there is time for; they are taken off once they are stored."""
    stored = 0
    async with dependencies.lease.unit_of_work() as session:
        begun = dependencies.clock.monotonic()
        for observation in seen:
            now = dependencies.steady_clock.now()
            await observations.store_observation(session, observation, dependencies.observer, now)
            stored += 1
            if dependencies.clock.monotonic() - begun > LONGEST_S:
                break
    del seen[:stored]


async def _collect(dependencies: LoopDependencies, waiting: asyncio.Queue[Observation]) -> None:
    async for observation in dependencies.backend.watch():
        waiting.put_nowait(observation)
