"""`python -m controller`: settings → build_app → run; the only place that reads the environment."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys

import shared.imports.httpx_client
import shared.imports.nats_client  # noqa: F401 - before all that imports NATS' client

# isort: split
from controller.main import build_app
from controller.settings import ControllerSettings
from shared import telemetry
from shared.app import exit_on_startup_error, run_app
from shared.clock import SystemClock
from shared.errors import Unavailable
from shared.http import inherited_socket


async def run(settings: ControllerSettings) -> int:
    """Run until SIGTERM; returns the exit status."""
    inherited = inherited_socket(os.environ)
    listening = listen(settings.host, settings.port) if inherited is None else inherited
    app = await build_app(settings, telemetry.setup("controller", settings), clock=SystemClock())
    gc.collect()
    gc.freeze()  # objects made at start-up stay for good: a collection that visits them holds requests up for 0.2 s
    try:
        return await run_app({**app.background(), **app.servers(listening)}, drain=app.drain())
    finally:
        await app.close()


def listen(host: str, port: int) -> int:
    """A listening socket's descriptor, taken before anything else is done; `Unavailable` names a busy port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=512).detach()
    except OSError as taken:
        raise Unavailable(f"cannot listen on {host}:{port}: {taken.strerror}") from taken


def main() -> None:
    """Entry point."""
    with exit_on_startup_error("controller"):
        settings = ControllerSettings()
        sys.exit(asyncio.run(run(settings)))


if __name__ == "__main__":
    main()
