"""The inference-logger in the test's own process: started, cut off between any two awaits, started again."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
from nats.js import JetStreamContext
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry, generate_latest

from inference_logger.handlers.reading import queries
from inference_logger.main import App, build_app
from inference_logger.settings import InferenceLoggerSettings
from shared.clock import SystemClock
from shared.contracts.rpc.inference_logger.tables import RowPage, RowsQuery, TablesQuery, TableView
from shared.http import admin_app
from shared.telemetry import Telemetry


class RunningLogger:
    """The app on a home and a server; `settings` are its own."""

    def __init__(self, nats_url: str, home: Path, **settings: Any) -> None:
        self.settings = InferenceLoggerSettings(nats_url=nats_url, home=home, admin_port=0, **settings)
        self.app: App
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        telemetry = Telemetry("inference-logger", CollectorRegistry(), TracerProvider())
        self.app = await build_app(self.settings, telemetry, clock=SystemClock())
        self._tasks = [asyncio.create_task(work, name=name) for name, work in self.app.background().items()]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        self._tasks = []
        await self.app.close()

    async def tables(self) -> dict[str, TableView]:
        """Table → what the API says of it."""
        found = await queries.list_tables(self.app.database, TablesQuery())
        return {view.name: view for view in found.items}

    async def rows(self, table: str) -> RowPage:
        return await queries.list_rows(self.app.reader, RowsQuery(table=table))

    async def readiness(self) -> dict[str, Any]:
        """What `/readyz` answers."""
        app = admin_app(self.app.telemetry, lambda: self.app.bus.is_connected, self.app.sink.stores.metrics.details)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://admin") as client:
            found: dict[str, Any] = (await client.get("/readyz")).json()
        return found

    def metrics(self) -> str:
        return generate_latest(self.app.telemetry.registry).decode()


async def facts(js: JetStreamContext, name: str) -> list[dict[str, Any]]:
    """Events of that name so far, such as `table.blocked`."""
    info = await js.stream_info("EVENTS")
    found = []
    for sequence in range(max(1, info.state.first_seq), info.state.last_seq + 1):
        message = await js.get_msg("EVENTS", sequence)
        if message.subject == f"penstock.events.{name}.v1":
            found.append(json.loads(message.data or b"{}"))
    return found
