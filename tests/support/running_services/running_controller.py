"""The real controller for tests: a server of the bus, the app in this process, a client with its token."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry

from controller.main import App, build_app
from controller.settings import ControllerSettings
from running_services.peers.logger_answers import LoggerAnswers
from running_services.peers.monitor_answers import MonitorAnswers
from running_services.peers.scheduler_answers import SchedulerAnswers
from shared.bus import Bus
from shared.bus.envelope import headers_of, subject_of
from shared.clock import SystemClock
from shared.contracts.routes import ROUTES_BUCKET
from shared.contracts.rpc.scheduler import (
    RUNS,
    RunPage,
    RunsQuery,
)
from shared.errors import Unavailable
from shared.events import Event
from shared.ids import new_id
from shared.telemetry import Telemetry
from waiting.eventually import eventually
from waiting.set_clock import SetClock

TOKEN = "a-token-for-tests-that-is-long-enough"


@dataclass
class Controller:
    """A running controller and a client that carries its token."""

    app: App
    client: httpx.AsyncClient
    clock: SetClock
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self) -> None:
        self.tasks = [asyncio.create_task(work, name=name) for name, work in self.app.background().items()]

    async def call(self, method: str, path: str, status: int = 200, **options: Any) -> Any:
        """Call the API; fails on any other status, showing the answer."""
        answer = await self.client.request(method, f"/api/v1{path}", **options)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def route(self, key: str) -> dict[str, Any] | None:
        """One value of the route table; None while it cannot be read."""
        try:
            value = await self.app.dependencies.bus.kv(ROUTES_BUCKET).get(key)
        except Unavailable:
            return None
        return httpx.Response(200, content=value).json() if value else None

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.client.aclose()
        await self.app.close()


def settings_for(folder: Path, nats_url: str, mlflow_url: str, **more: Any) -> ControllerSettings:
    values: dict[str, Any] = {
        "home": folder,
        "nats_url": nats_url,
        "mlflow_url": mlflow_url,
        "admin_token": TOKEN,
        "routes_interval": 0.3,
        "resync_interval": 0.5,
    }
    return ControllerSettings(**(values | more))


async def controller_for(settings: ControllerSettings) -> Controller:
    clock = SetClock()
    app = await build_app(settings, Telemetry("controller", CollectorRegistry(), TracerProvider()), clock=clock)
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app.api, raise_app_exceptions=False),
        base_url="http://127.0.0.1:8000",
        headers={"authorization": f"Bearer {TOKEN}"},
    )
    return Controller(app, client, clock)


def wine(version: str = "1", **fields: Any) -> dict[str, Any]:
    """Body of a version that publishes a registered model."""
    return {"model_source": {"kind": "mlflow", "model": "wine", "version": version}, **fields}


class Peers(SchedulerAnswers, MonitorAnswers, LoggerAnswers):
    """The other services, as far as the controller hears of them: their facts and their answers."""

    def __init__(self, nats_url: str) -> None:
        self._nats_url = nats_url
        SchedulerAnswers.__init__(self, nats_url)
        MonitorAnswers.__init__(self, nats_url)
        LoggerAnswers.__init__(self, nats_url)
        self.buses = (self.scheduler, self.monitor, self.logger)
        self.tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        self.tasks = [asyncio.create_task(bus.run()) for bus in self.buses]
        self.tasks.append(asyncio.create_task(self.terminals.run()))
        await asyncio.gather(*(asyncio.wait_for(bus.connected(), 10) for bus in self.buses))

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.pod.end()

    async def run(self, bus: Bus) -> asyncio.Task[None]:
        """Run one more part on the bus, until it is ended or all are."""
        task = asyncio.create_task(bus.run())
        self.tasks.append(task)
        await asyncio.wait_for(bus.connected(), 30)
        return task

    async def end(self, task: asyncio.Task[None]) -> None:
        """End one of the parts."""
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def say(self, event: Event) -> None:
        """Publish a fact as the scheduler's relay would."""
        headers = headers_of(event, event_id=new_id(), source="scheduler", at=SystemClock().now())
        await self.scheduler.js.publish(
            subject_of(event), event.model_dump_json().encode(), stream="EVENTS", headers=headers
        )

    async def say_raw(self, fact: str, body: bytes) -> None:
        """Publish something that is no proper fact under a fact's subject."""
        headers = {"ce-id": str(new_id()), "ce-type": f"penstock.{fact}.v1"}
        await self.scheduler.js.publish(f"penstock.events.{fact}.v1", body, stream="EVENTS", headers=headers)

    async def events(self, count: int) -> list[tuple[str, dict[str, Any]]]:
        """Type and body of the first `count` events, in the order of the stream."""
        stream = self.monitor.js

        async def enough() -> bool:
            return (await stream.stream_info("EVENTS")).state.messages >= count

        await eventually(enough)
        messages = [await stream.get_msg("EVENTS", number) for number in range(1, count + 1)]
        return [((m.headers or {})["ce-type"], json.loads(m.data or b"")) for m in messages]

    async def dead(self) -> int:
        """How many dead letters there are."""
        return (await self.monitor.js.stream_info("DEAD")).state.messages

    async def answer_runs(self, handler: Callable[[RunsQuery], Awaitable[RunPage]]) -> None:
        """From now on, answer which runs of pods there are."""
        answering = Bus("scheduler", self._nats_url, clock=SystemClock())
        answering.serve(RUNS, handler)
        self.tasks.append(asyncio.create_task(answering.run()))
        await asyncio.wait_for(answering.connected(), 30)
