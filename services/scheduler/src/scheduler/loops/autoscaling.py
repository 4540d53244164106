"""Autoscaling: the load that routers report decides how many pods a version has."""

from __future__ import annotations

import asyncio

from scheduler.clients import RouterLoadReader
from scheduler.handlers.scaling import Autoscalers
from scheduler.loops.dependencies import LoopDependencies
from scheduler.loops.retry import retry_while_unavailable


async def run_autoscaling(dependencies: LoopDependencies, every_s: float) -> None:
    """Have the load decide on the pods of versions that ask for it; until cancelled."""
    autoscalers = Autoscalers(dependencies.autoscaler_timing)
    load = RouterLoadReader(dependencies.bus, dependencies.clock)
    async with asyncio.TaskGroup() as group:
        group.create_task(
            load.listen(autoscalers.is_scaled_to_zero, dependencies.autoscale_wakeup.notify), name="demand"
        )
        while True:
            await retry_while_unavailable(
                lambda: autoscale_once(dependencies, autoscalers, load), "autoscaling", dependencies.clock
            )
            await dependencies.autoscale_wakeup.wait(every_s)


async def autoscale_once(dependencies: LoopDependencies, autoscalers: Autoscalers, load: RouterLoadReader) -> None:
    """One decision on every version. Without a router that lives, nothing is known of it and nothing is changed."""
    async with dependencies.lease.database.read() as session:
        if not await autoscalers.has_versions(session):
            return
    in_flight = await load.in_flight()
    if in_flight is None:
        return
    async with dependencies.lease.unit_of_work() as session:
        changed = await autoscalers.decide(session, in_flight, dependencies.clock.monotonic())
    if changed:
        dependencies.reconcile_wakeup.notify()
