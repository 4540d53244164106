"""The admin port: health, metrics, and every pod of this scheduler (`GET /pods`, for `penstock status`)."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI

from scheduler.consumers import Latest
from scheduler.handlers import views
from shared.contracts.rpc import PodList
from shared.database import Database
from shared.http import admin_app
from shared.telemetry import Telemetry


def build_admin(telemetry: Telemetry, database: Database, latest: Latest, is_ready: Callable[[], bool]) -> FastAPI:
    """The app of the admin port."""
    app = admin_app(telemetry, is_ready)

    async def pods() -> PodList:
        async with database.read() as session:
            return PodList(items=tuple(await views.pods(session, latest.usage)))

    app.add_api_route("/pods", pods, methods=["GET"])
    return app
