"""`python -m inference_logger`: settings → build_app → run; the only place that reads the environment."""

from __future__ import annotations

import asyncio
import os
import sys

from pydantic import ValidationError

from inference_logger.main import build_app
from inference_logger.settings import InferenceLoggerSettings
from shared import telemetry
from shared.app import exit_with, run_app
from shared.clock import SystemClock
from shared.errors import PenstockError


async def run(settings: InferenceLoggerSettings) -> int:
    """Run until SIGTERM; returns the exit status."""
    app = await build_app(settings, telemetry.setup("inference-logger", settings), clock=SystemClock())
    try:
        return await run_app({**app.background(), **app.doors()})
    finally:
        await app.close()


def main() -> None:
    """Entry point."""
    try:
        settings = InferenceLoggerSettings()
        os.nice(settings.nice)
        sys.exit(asyncio.run(run(settings)))
    except PenstockError as error:
        exit_with(error, "inference-logger")
    except ValidationError as wrong:
        sys.exit(
            "inference-logger: " + "; ".join(f"{e['loc'][0]}: {e['msg']}" for e in wrong.errors(include_input=False))
        )


if __name__ == "__main__":
    main()
