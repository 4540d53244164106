"""The HTTP app: every router under `/api/v1`, behind the gate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version

from fastapi import FastAPI

from controller.api import dead_letters, debug, keys, models, observability, pods, services, tables, versions
from controller.api.door import Door
from controller.api.gate import Gate
from controller.api.observed import Observed
from controller.api.openapi import openapi_of
from shared.http import add_admin_routes, install_error_handlers
from shared.telemetry import Telemetry

PREFIX = "/api/v1"

_ROUTERS = (services, versions, keys, debug, pods, observability, models, tables, dead_letters)


@dataclass(frozen=True)
class Access:
    """Who may come in: names of tokens by their SHA-256, and host names besides localhost."""

    tokens: Mapping[str, str]
    allowed_hosts: frozenset[str] = frozenset()


def build_api(door: Door, telemetry: Telemetry, access: Access, is_ready: Callable[[], bool]) -> FastAPI:
    """The control plane as an ASGI app."""
    app = FastAPI(
        title="Penstock control plane",
        version=version("penstock-controller"),
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        strict_content_type=True,
    )
    app.state.door = door
    install_error_handlers(app)
    for room in _ROUTERS:
        app.include_router(room.router, prefix=PREFIX)
    app.add_api_route(f"{PREFIX}/health", _health, methods=["GET"], tags=["health"])
    add_admin_routes(app, telemetry, is_ready)
    app.openapi = partial(openapi_of, app)  # type: ignore[method-assign]  # FastAPI's way to change the document
    app.add_middleware(Gate, tokens=access.tokens, allowed_hosts=access.allowed_hosts)
    app.add_middleware(Observed, clock=door.clock, registry=telemetry.registry)
    return app


async def _health() -> dict[str, str]:
    """Whether the control plane answers; needs no token."""
    return {"status": "ok"}
