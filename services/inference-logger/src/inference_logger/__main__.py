"""`python -m inference_logger`: settings → build_app → run; the only place that reads the environment."""

from __future__ import annotations

import asyncio
import sys

import shared.imports.nats_client
import shared.imports.pyarrow_dataset  # noqa: F401 - before all that imports NATS' client or PyArrow

# isort: split
from inference_logger.main import build_app
from inference_logger.settings import InferenceLoggerSettings
from shared import telemetry
from shared.app import exit_on_startup_error, lower_priority, run_app
from shared.clock import SystemClock


async def run(settings: InferenceLoggerSettings) -> int:
    """Run until SIGTERM; returns the exit status."""
    app = await build_app(settings, telemetry.setup("inference-logger", settings), clock=SystemClock())
    try:
        return await run_app({**app.background(), **app.servers()})
    finally:
        await app.close()


def main() -> None:
    """Entry point."""
    with exit_on_startup_error("inference-logger"):
        settings = InferenceLoggerSettings()
        lower_priority(settings.nice)
        sys.exit(asyncio.run(run(settings)))


if __name__ == "__main__":
    main()
