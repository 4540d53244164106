"""Routes: the endpoints of every version are kept in the routes bucket as they should be."""

from __future__ import annotations

from scheduler.handlers import views
from scheduler.loops.dependencies import LoopDependencies
from scheduler.loops.retry import retry_while_unavailable
from scheduler.store.tables import DeploymentRow

ROUTES_EVERY_S = 2.0
LONGEST_REST_S = 0.25
LONGEST_WAIT_S = 15.0
REST = 20
"""Times as long as a pass took until the next, where nothing has changed: it finds what was lost, such as a purge."""


async def run_routes(dependencies: LoopDependencies) -> None:
    """Keep `endpoints.*` in the routes bucket as it should be; until cancelled."""
    while True:
        begun = dependencies.clock.monotonic()
        await retry_while_unavailable(lambda: publish_routes_once(dependencies), "telling routers", dependencies.clock)
        took_s = dependencies.clock.monotonic() - begun
        # Half of the time is left for what else there is to do, however often something is new.
        await dependencies.clock.sleep(min(took_s, LONGEST_REST_S))
        await dependencies.routes_wakeup.wait(max(ROUTES_EVERY_S, min(REST * took_s, LONGEST_WAIT_S)))


async def publish_routes_once(dependencies: LoopDependencies) -> None:
    """Write what differs; a revision that the bucket is ahead of is raised first."""
    async with dependencies.lease.database.read() as session:
        wanted = await views.endpoints(session, dependencies.token_of)
    behind = await dependencies.routes.sync(wanted)
    if not behind:
        return
    async with dependencies.lease.unit_of_work() as session:
        for version_id, revision in behind.items():
            row = await session.get(DeploymentRow, version_id)
            if row is not None:
                row.endpoints_revision = revision + 1
    dependencies.routes_wakeup.notify()
