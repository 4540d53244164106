"""A controller and a scheduler as processes that a test kills, and a caller who asks again until there is an answer."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from running_services.running_controller import TOKEN
from running_services.scheduler_service import QUICK_SETTINGS
from servers.ports import free_port

SUPPORT = Path(__file__).parents[1]


@dataclass
class Killable:
    """One process, which is started again when it was killed; an end of its own is remembered."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    ends: list[int] = field(default_factory=list)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, env=self.environment, stdout=log, stderr=log)

    def kill(self) -> None:
        """SIGKILL."""
        assert self.process is not None
        if self.process.poll() is not None:
            self.ends.append(self.process.returncode)
        self.process.kill()
        self.process.wait()


class ControlPlane:
    """Both of them on one home, one bus and a database each."""

    def __init__(self, home: Path, nats_url: str, mlflow_url: str, databases: dict[str, str]) -> None:
        self.home = home
        self.port = free_port()
        shared = {"PENSTOCK_HOME": str(home), "CONTROLLER_NATS_URL": nats_url, "SCHEDULER_NATS_URL": nats_url}
        own = {
            "CONTROLLER_PORT": self.port,
            "CONTROLLER_ADMIN_PORT": free_port(),
            "CONTROLLER_MLFLOW_URL": mlflow_url,
            "CONTROLLER_ADMIN_TOKEN": TOKEN,
            "CONTROLLER_ROUTES_INTERVAL": 1,
            "CONTROLLER_RESYNC_INTERVAL": 2,
            "SCHEDULER_ADMIN_PORT": free_port(),
            "SCHEDULER_NODE": "here",
            "SCHEDULER_WARM_STARTS": "false",
            "SCHEDULER_CPU": 64,  # room for whatever chance asks for
            "SCHEDULER_MEMORY_GB": 256,
        }
        quick = {f"SCHEDULER_{name.upper()}": value for name, value in QUICK_SETTINGS.items()}
        environment = os.environ | shared | {key: str(value) for key, value in (own | quick).items()} | databases
        environment["PYTHONPATH"] = str(SUPPORT)
        self.parts = {
            name: Killable(name, command, environment, home / f"{name}.log")
            for name, command in (
                ("controller", [sys.executable, "-m", "controller"]),
                ("scheduler", [sys.executable, str(SUPPORT / "running_services" / "fake_scheduler.py")]),
            )
        }
        self.client = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}/api/v1",
            headers={"authorization": f"Bearer {TOKEN}"},
            timeout=20,
        )
        self.asked_again = 0

    def start(self) -> None:
        for part in self.parts.values():
            part.start()

    def kill(self, name: str) -> None:
        """Kill one of them; it is started again at once."""
        self.parts[name].kill()
        self.parts[name].start()

    async def close(self) -> None:
        await self.client.aclose()
        for part in self.parts.values():
            part.kill()

    async def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, within: float = 300
    ) -> httpx.Response:
        """The answer to one request, asked again while there is none. A POST is the same POST every time."""
        headers = (headers or {}) | ({"idempotency-key": str(uuid4())} if method == "POST" else {})
        deadline, attempts = time.monotonic() + within, 0
        while True:
            attempts += 1
            try:
                answer = await self.client.request(method, path, json=body, headers=headers)
            except httpx.TransportError:
                assert time.monotonic() < deadline, f"no answer to {method} {path}"
            else:
                if answer.status_code == 404 and method == "DELETE" and attempts > 1:
                    return httpx.Response(204)  # the one before, which nobody answered, did it
                if answer.status_code != 503:
                    return answer
            self.asked_again += 1
            await asyncio.sleep(0.05)
