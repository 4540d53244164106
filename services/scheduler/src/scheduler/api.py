"""The admin port: health, metrics, and for `penstock status` every pod of this scheduler (`GET /pods`) and what pods
are kept from (`GET /confinement`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from scheduler.handlers import views
from shared.contracts.rpc.scheduler import PodList
from shared.database import Database
from shared.http import admin_app
from shared.telemetry import Telemetry


def build_admin(
    telemetry: Telemetry,
    database: Database,
    usage: views.LatestUsage,
    is_ready: Callable[[], bool],
    *,
    confinement: Mapping[str, Any],
    details: Callable[[], Mapping[str, Any]] = dict,
) -> Starlette:
    """The app of the admin port; `details` stand in `/readyz`."""
    app = admin_app(telemetry, is_ready, details)

    async def pods(_: Request) -> Response:
        async with database.read() as session:
            found = PodList(items=tuple(await views.pods(session, usage.by_pod)))
        return Response(found.model_dump_json(by_alias=True), media_type="application/json")

    async def confined(_: Request) -> Response:
        return JSONResponse(dict(confinement))

    app.add_route("/pods", pods, methods=["GET"])
    app.add_route("/confinement", confined, methods=["GET"])
    return app
