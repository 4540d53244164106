"""The HTTP app: every router under `/api/v1`, behind the middleware."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from importlib.metadata import version

from fastapi import APIRouter, Depends, FastAPI
from starlette.routing import BaseRoute

from controller.api.access import audit, keys, projects, provider_sign_in, sessions, users
from controller.api.alerting import alerts, channel_kinds, channels, silences
from controller.api.canaries import canaries
from controller.api.dependencies import ApiDependencies
from controller.api.docs import pages
from controller.api.docs.openapi import openapi_of
from controller.api.inference_tables import destinations, erasures, label_sources, labels, masking, tables
from controller.api.middleware.auth import AuthMiddleware
from controller.api.middleware.bodies import RequestBodyMiddleware
from controller.api.middleware.console import Bundle, ConsoleMiddleware
from controller.api.middleware.discard import DiscardBodyMiddleware
from controller.api.middleware.nul import RejectNulMiddleware
from controller.api.middleware.request_metrics import RequestMetricsMiddleware
from controller.api.observability import changes, charts, dead_letters, logs, metrics_events, platform
from controller.api.observability import requests as recorded_requests
from controller.api.permissions import authorize
from controller.api.quality import monitors
from controller.api.query_parameters import reject_unknown_parameters
from controller.api.registries import models, secrets
from controller.api.resources import capacity, groups, nodes, specs, usage
from controller.api.retraining import registry_webhooks, retrainings, triggers
from controller.api.services import debug, history, pods, services, versions
from controller.api.terminals import exec as terminals
from controller.api.terminals.metrics import TerminalMetrics
from controller.api.validation_messages import validation_message
from shared.http import add_admin_routes, install_error_handlers
from shared.telemetry import Telemetry

PREFIX = "/api/v1"

_ROUTERS = (
    services,
    versions,
    masking,
    erasures,
    history,
    keys,
    debug,
    canaries,
    pods,
    terminals,
    metrics_events,
    charts,
    logs,
    models,
    specs,
    groups,
    nodes,
    capacity,
    secrets,
    destinations,
    tables,
    recorded_requests,
    labels,
    label_sources,
    monitors,
    alerts,
    channels,
    channel_kinds,
    silences,
    triggers,
    retrainings,
    usage,
    projects,
    users,
    sessions,
    audit,
    dead_letters,
    changes,
    platform,
)


@dataclass(frozen=True)
class ApiAccess:
    """What comes in: host names besides localhost, and the console's files."""

    allowed_hosts: frozenset[str] = frozenset()
    bundle: Bundle = field(default_factory=Bundle)


def build_api(deps: ApiDependencies, telemetry: Telemetry, access: ApiAccess, is_ready: Callable[[], bool]) -> FastAPI:
    """The control plane as an ASGI app."""
    app = FastAPI(
        title="Penstock control plane",
        version=version("penstock-controller"),
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        strict_content_type=True,
    )
    app.state.dependencies = deps
    app.state.terminal_metrics = TerminalMetrics(telemetry.registry)
    install_error_handlers(app, validation_message)
    app.routes.extend(_routes())
    app.routes.append(terminals.websocket_route(PREFIX))
    app.add_api_route(f"{PREFIX}/health", _health, methods=["GET"], tags=["health"])
    app.include_router(pages.router)
    add_admin_routes(app, telemetry, is_ready)
    app.openapi = partial(openapi_of, app)  # type: ignore[method-assign]  # FastAPI's way to change the document
    app.add_middleware(RequestBodyMiddleware)
    app.add_middleware(RejectNulMiddleware)
    app.add_middleware(ConsoleMiddleware, bundle=access.bundle)
    app.add_middleware(
        AuthMiddleware,
        credentials=deps.authenticator,
        allowed_hosts=access.allowed_hosts,
        own_url=deps.console_url,
        is_public=access.bundle.holds,
    )
    app.add_middleware(DiscardBodyMiddleware)
    app.add_middleware(RequestMetricsMiddleware, clock=deps.clock, registry=telemetry.registry)
    return app


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """The routes of every room.

    FastAPI works out their parameters with the first request, 0.3 s of the processor: once, for all apps of a process.
    """
    included = APIRouter(strict_content_type=True)
    for room in _ROUTERS:
        included.include_router(
            room.router, prefix=PREFIX, dependencies=[Depends(authorize), Depends(reject_unknown_parameters)]
        )
    included.include_router(sessions.open_router, prefix=PREFIX, dependencies=[Depends(reject_unknown_parameters)])
    included.include_router(
        registry_webhooks.open_router, prefix=PREFIX, dependencies=[Depends(reject_unknown_parameters)]
    )
    included.include_router(provider_sign_in.router, prefix=PREFIX)  # a provider may add parameters of its own
    return tuple(included.routes)


async def _health() -> dict[str, str]:
    """Whether the control plane answers; needs no token."""
    return {"status": "ok"}
