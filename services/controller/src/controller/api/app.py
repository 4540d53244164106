"""The HTTP app: every router under `/api/v1`, behind the gate."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version

from fastapi import Depends, FastAPI

from controller.api.access import audit, keys, projects, users
from controller.api.dependencies import Door
from controller.api.docs import pages
from controller.api.docs.openapi import openapi_of
from controller.api.middleware.auth import Gate
from controller.api.middleware.bodies import Bodies
from controller.api.middleware.discard import DiscardRest
from controller.api.middleware.nul import NoNul
from controller.api.middleware.request_metrics import Observed
from controller.api.observability import dead_letters
from controller.api.observability import inference_tables as tables
from controller.api.observability import metrics_events_logs as observability
from controller.api.permissions import admitted
from controller.api.query_parameters import known_query
from controller.api.registries import models, secrets
from controller.api.resources import capacity, groups, nodes, specs, usage
from controller.api.services import debug, pods, services, versions
from controller.api.validation_messages import explain
from controller.domain.access.roles import Caller
from shared.http import add_admin_routes, install_error_handlers
from shared.telemetry import Telemetry

PREFIX = "/api/v1"

_ROUTERS = (
    services,
    versions,
    keys,
    debug,
    pods,
    observability,
    models,
    specs,
    groups,
    nodes,
    capacity,
    secrets,
    tables,
    usage,
    projects,
    users,
    audit,
    dead_letters,
)


@dataclass(frozen=True)
class Access:
    """Who may come in: the owner of each token (`Unauthenticated` for none), and host names besides localhost."""

    caller_of: Callable[[str], Awaitable[Caller]]
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
    install_error_handlers(app, explain)
    for room in _ROUTERS:
        app.include_router(room.router, prefix=PREFIX, dependencies=[Depends(admitted), Depends(known_query)])
    app.add_api_route(f"{PREFIX}/health", _health, methods=["GET"], tags=["health"])
    app.include_router(pages.router)
    add_admin_routes(app, telemetry, is_ready)
    app.openapi = partial(openapi_of, app)  # type: ignore[method-assign]  # FastAPI's way to change the document
    app.add_middleware(Bodies)
    app.add_middleware(NoNul)
    app.add_middleware(Gate, caller_of=access.caller_of, allowed_hosts=access.allowed_hosts)
    app.add_middleware(DiscardRest)
    app.add_middleware(Observed, clock=door.clock, registry=telemetry.registry)
    return app


async def _health() -> dict[str, str]:
    """Whether the control plane answers; needs no token."""
    return {"status": "ok"}
