"""NATS' client without aiohttp, a tenth of a service's start: for WebSockets, which no bus of ours speaks."""

from __future__ import annotations

from shared.imports import absent

with absent("aiohttp"):
    import nats.aio.client  # noqa: F401
