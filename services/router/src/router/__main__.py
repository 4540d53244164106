"""`python -m router`: settings → build_app → run; the only place that reads the environment."""

from __future__ import annotations

import asyncio
import os
import socket
import sys

import uvloop

import shared.imports.nats_client  # noqa: F401 - before all that imports NATS' client

# isort: split
from router.main import build_app
from router.settings import RouterSettings
from shared import telemetry
from shared.app import exit_on_startup_error
from shared.http import inherited_socket


def main() -> None:
    """Entry point."""
    with exit_on_startup_error("router"):
        settings = RouterSettings()
        app = build_app(settings, telemetry.setup("router", settings))
        fd = inherited_socket(os.environ)
        listening = None
        if fd is not None:
            listening = socket.socket(fileno=fd)
            listening.set_inheritable(False)  # it is not its shipper's
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            sys.exit(runner.run(app.run(listening)))


if __name__ == "__main__":
    main()
