"""The real controller for tests: a server of the bus, the app in this process, a client with its token."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from controller.main import App, build_app
from controller.settings import ControllerSettings
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import CollectorRegistry
from shared.clock import SystemClock
from shared.contracts.routes import ROUTES_BUCKET
from shared.telemetry import Telemetry

TOKEN = "a-token-for-tests-that-is-long-enough"
NATS = shutil.which("nats-server", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


async def eventually(condition: Callable[[], Awaitable[Any]], within: float = 10.0) -> Any:
    """The first true value of `condition`; fails after `within` seconds with the last value."""
    deadline = time.monotonic() + within
    last: Any = None
    while time.monotonic() < deadline:
        if last := await condition():
            return last
        await asyncio.sleep(0.02)
    raise AssertionError(f"not within {within} s; last: {last!r}")


@dataclass
class Nats:
    """A server that can be stopped, started again on its data, and wiped."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        assert NATS, "nats-server is missing from the environment"
        command = [NATS, "-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", str(self.folder), "-l", "/dev/null"]
        self.process = subprocess.Popen(command)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.02)
        raise AssertionError("nats-server did not start")

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@dataclass
class Controller:
    """A running controller and a client that carries its token."""

    app: App
    client: httpx.AsyncClient
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self) -> None:
        self.tasks = [asyncio.create_task(work, name=name) for name, work in self.app.background().items()]

    async def call(self, method: str, path: str, status: int = 200, **options: Any) -> Any:
        """Call the API; fails on any other status, showing the answer."""
        answer = await self.client.request(method, f"/api/v1{path}", **options)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def route(self, key: str) -> dict[str, Any] | None:
        """One value of the route table."""
        value = await self.app.door.bus.kv(ROUTES_BUCKET).get(key)
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
    app = await build_app(settings, Telemetry("controller", CollectorRegistry(), TracerProvider()), clock=SystemClock())
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(app.api, raise_app_exceptions=False),
        base_url="http://127.0.0.1:8000",
        headers={"authorization": f"Bearer {TOKEN}"},
    )
    return Controller(app, client)


def wine(version: str = "1", **fields: Any) -> dict[str, Any]:
    """Body of a version that publishes a registered model."""
    return {"model_source": {"kind": "mlflow", "model": "wine", "version": version}, **fields}
