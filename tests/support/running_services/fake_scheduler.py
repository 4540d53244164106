"""`python fake_scheduler.py`: the whole scheduler as a process, with pods that start in 50 ms in place of models."""

from __future__ import annotations

import asyncio
import sys

from running_services.scheduler_world import FakePreparation
from scheduler.main import build_app
from scheduler.settings import SchedulerSettings
from shared import telemetry
from shared.app import run_app
from shared.clock import SystemClock


async def run(settings: SchedulerSettings) -> int:
    """Run until SIGTERM; pods go on."""
    measured = telemetry.setup("scheduler", settings)
    home = settings.home.resolve()
    app = await build_app(settings, measured, clock=SystemClock(), environ={}, preparation=FakePreparation(home))
    try:
        return await run_app(app.loops())
    finally:
        await app.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(run(SchedulerSettings())))
