"""Observation: everything that the backend reports of its pods becomes rows and events."""

from __future__ import annotations

from scheduler.domain.values import Observation
from scheduler.handlers import observations
from scheduler.loops.dependencies import LoopDependencies
from scheduler.loops.retry import retry_while_unavailable


async def run_observation(dependencies: LoopDependencies) -> None:
    """Store what the backend observes, in order, each observation in a transaction of its own; until cancelled."""
    async for observation in dependencies.backend.watch():

        async def record(seen: Observation = observation) -> None:
            async with dependencies.lease.unit_of_work() as session:
                await observations.store_observation(
                    session, seen, dependencies.observer, dependencies.steady_clock.now()
                )

        await retry_while_unavailable(record, "recording pods", dependencies.clock)
        dependencies.routes_wakeup.notify()
        dependencies.reconcile_wakeup.notify()
