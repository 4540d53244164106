"""A browser at a running controller: it keeps cookies, and has no token."""

from __future__ import annotations

import httpx

from running_services.running_controller import Controller

ORIGIN = "http://127.0.0.1:8000"


def browser_of(controller: Controller, base_url: str = ORIGIN) -> httpx.AsyncClient:
    """What asks the controller at `base_url`, with what it is told to keep."""
    transport = httpx.ASGITransport(controller.app.api, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=base_url)
