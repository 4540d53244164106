"""Imports nats-py without aiohttp, which it takes wherever it is installed, for WebSockets alone.

The bus is spoken to over TCP, and aiohttp is a twentieth of a service's start. Others may import it as ever.
"""

from __future__ import annotations

import sys

if "aiohttp" not in sys.modules:
    sys.modules["aiohttp"] = None  # type: ignore[assignment]  # as Python marks what is not to be imported
    try:
        import nats.aio.transport  # noqa: F401
    finally:
        del sys.modules["aiohttp"]
