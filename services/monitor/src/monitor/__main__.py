"""`python -m monitor`: settings → build_app → run; the only place that reads the environment."""

from __future__ import annotations

import asyncio
import os
import sys

from pydantic import ValidationError

from monitor.main import build_app
from monitor.settings import MonitorSettings
from shared import telemetry
from shared.app import exit_with, run_app
from shared.clock import SystemClock
from shared.errors import PenstockError


async def run(settings: MonitorSettings) -> int:
    """Run until SIGTERM; returns the exit status."""
    app = await build_app(settings, telemetry.setup("monitor", settings), clock=SystemClock())
    try:
        return await run_app({**app.background(), **app.doors()})
    finally:
        await app.close()


def main() -> None:
    """Entry point."""
    try:
        settings = MonitorSettings()
        os.nice(settings.nice)
        sys.exit(asyncio.run(run(settings)))
    except PenstockError as error:
        exit_with(error, "monitor")
    except ValidationError as wrong:
        sys.exit("monitor: " + "; ".join(f"{e['loc'][0]}: {e['msg']}" for e in wrong.errors(include_input=False)))


if __name__ == "__main__":
    main()
