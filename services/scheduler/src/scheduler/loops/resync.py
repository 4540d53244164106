"""Resynchronisation: the whole list of the controller is read every few seconds; events may have been lost."""

from __future__ import annotations

import logging

from scheduler.handlers import intent
from scheduler.loops.dependencies import LoopDependencies
from shared.contracts.rpc.controller import DEPLOYMENTS
from shared.contracts.rpc.method import Nothing
from shared.errors import PenstockError

log = logging.getLogger("penstock.scheduler")

OTHER_CONTROLLER = (
    "the controller has another database than before: what it does not know runs on; "
    "restore its database, or set SCHEDULER_FOLLOW_NEW_CONTROLLER=true to end what it does not list"
)


async def run_resync(dependencies: LoopDependencies, every_s: float) -> None:
    """Ask the controller for its whole list, again and again; events may have been lost."""
    absences, absent_nodes = intent.Absences(), intent.Absences()
    while True:
        try:
            listed = await dependencies.bus.call(DEPLOYMENTS, Nothing(), timeout=5.0)
            async with dependencies.lease.unit_of_work() as session:
                proven = await intent.proves_absence(session, listed, follow_new=dependencies.follow_new_controller)
                changed = await intent.resync(
                    session, listed.items, absences, dependencies.steady_clock.now(), proves_absence=proven
                )
                if proven:
                    changed += await intent.resync_nodes(session, listed.nodes, absent_nodes)
            if not proven and not dependencies.has_other_controller:
                log.error(OTHER_CONTROLLER)
            dependencies.has_other_controller = not proven
            dependencies.is_resynced = True
            if changed:
                dependencies.reconcile_wakeup.notify()
            await dependencies.clock.sleep(every_s)
        except PenstockError as error:
            log.info("no list of deployments yet: %s", error)
            await dependencies.clock.sleep(min(every_s, 2.0))
