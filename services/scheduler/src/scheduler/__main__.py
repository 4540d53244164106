"""`python -m scheduler`: settings → build_app → run; the only place that reads the environment."""

from __future__ import annotations

import asyncio
import os
import sys

from pydantic import ValidationError

from scheduler.main import build_app
from scheduler.settings import SchedulerSettings
from shared import telemetry
from shared.app import exit_with, run_app
from shared.clock import SystemClock
from shared.errors import PenstockError


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
    try:
        sys.exit(asyncio.run(run(SchedulerSettings())))
    except PenstockError as error:
        exit_with(error, "scheduler")
    except ValidationError as wrong:
        told = (f"{e['loc'][0] if e['loc'] else 'settings'}: {e['msg']}" for e in wrong.errors(include_input=False))
        sys.exit("scheduler: " + "; ".join(told))


if __name__ == "__main__":
    main()
