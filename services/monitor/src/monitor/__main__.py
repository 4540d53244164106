"""`python -m monitor`: settings → build_app → run; the only place that reads the environment."""

from __future__ import annotations

import asyncio
import gc
import sys

import shared.imports.nats_client  # noqa: F401 - before all that imports NATS' client

# isort: split
from monitor.main import build_app
from monitor.settings import MonitorSettings
from shared import telemetry
from shared.app import exit_on_startup_error, lower_priority, run_app
from shared.clock import SystemClock

FEW_COLLECTIONS = 20_000
"""New objects between two collections: a week of charts makes 200,000, and collections were 30 % of its work."""


async def run(settings: MonitorSettings) -> int:
    """Run until SIGTERM; returns the exit status."""
    app = await build_app(settings, telemetry.setup("monitor", settings), clock=SystemClock())
    gc.freeze()  # objects made at start-up stay for good
    gc.set_threshold(FEW_COLLECTIONS)
    try:
        return await run_app({**app.background(), **app.servers()})
    finally:
        await app.close()


def main() -> None:
    """Entry point."""
    with exit_on_startup_error("monitor"):
        settings = MonitorSettings()
        lower_priority(settings.nice)
        sys.exit(asyncio.run(run(settings)))


if __name__ == "__main__":
    main()
