"""`python -m controller`: settings → build_app → run; the only place that reads the environment."""

from __future__ import annotations

import asyncio
import os
import sys

from pydantic import ValidationError
from shared.app import exit_with, run_app
from shared.clock import SystemClock
from shared.errors import PenstockError
from shared.http import inherited_socket

from controller.main import build_app
from controller.settings import ControllerSettings
from shared import telemetry


async def run(settings: ControllerSettings) -> int:
    """Run until SIGTERM; returns the exit status."""
    app = await build_app(settings, telemetry.setup("controller", settings), clock=SystemClock())
    try:
        return await run_app({**app.background(), **app.doors(inherited_socket(os.environ))}, drain=app.drain())
    finally:
        await app.close()


def main() -> None:
    """Entry point."""
    try:
        settings = ControllerSettings()
        sys.exit(asyncio.run(run(settings)))
    except PenstockError as error:
        exit_with(error, "controller")
    except ValidationError as wrong:
        sys.exit("controller: " + "; ".join(f"{e['loc'][0]}: {e['msg']}" for e in wrong.errors(include_input=False)))


if __name__ == "__main__":
    main()
