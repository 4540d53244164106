"""Jobs: what is ordered is begun, what is cancelled is ended, and how each does is stored."""

from __future__ import annotations

from scheduler.domain.jobs import JobBackend
from scheduler.handlers.jobs import apply_jobs
from scheduler.loops.dependencies import LoopDependencies
from scheduler.loops.retry import retry_while_unavailable

BUSY_S, IDLE_S = 0.5, 5.0
"""Between two looks: while jobs are open, and else, where an order wakes the loop."""


async def run_jobs(dependencies: LoopDependencies, backend: JobBackend) -> None:
    """Look after jobs until cancelled."""
    is_busy = False

    async def look() -> None:
        nonlocal is_busy
        is_busy = bool(await apply_jobs(dependencies.lease, backend, dependencies.clock))

    while True:
        await retry_while_unavailable(look, "looking after jobs", dependencies.clock)
        await dependencies.jobs_wakeup.wait(BUSY_S if is_busy else IDLE_S)
