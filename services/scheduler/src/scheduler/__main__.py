"""`python -m scheduler`: settings → build_app → run; the only place that reads the environment."""

from __future__ import annotations

import asyncio
import os
import sys

import shared.imports.httpx_client
import shared.imports.nats_client  # noqa: F401 - before all that imports NATS' client

# isort: split
from scheduler.main import build_app
from scheduler.settings import SchedulerSettings
from shared import telemetry
from shared.app import exit_on_startup_error, run_app
from shared.clock import SystemClock


async def run(settings: SchedulerSettings) -> int:
    """Run until SIGTERM; returns the exit status. Pods go on."""
    measured = telemetry.setup("scheduler", settings)
    app = await build_app(settings, measured, clock=SystemClock(), environ=dict(os.environ))
    try:
        return await run_app(app.loops())
    finally:
        await app.close()


def main() -> None:
    """Entry point."""
    with exit_on_startup_error("scheduler"):
        sys.exit(asyncio.run(run(SchedulerSettings())))


if __name__ == "__main__":
    main()
