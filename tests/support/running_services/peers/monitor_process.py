"""A monitor as a process of its own, and what the controller's side says to it and hears of it about alerts."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from shared import events
from shared.bus import Bus
from shared.bus.envelope import headers_of, subject_of
from shared.clock import SystemClock
from shared.contracts.rpc.method import RpcMethod
from shared.errors import Unavailable
from shared.ids import new_id
from waiting.eventually import eventually


class MonitorProcess:
    """`python -m monitor`, which is killed and started as a test likes."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-m", "monitor"], env=self._environment)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)


async def say(bus: Bus, event: events.Event) -> None:
    headers = headers_of(event, event_id=new_id(), source="inference-logger", at=SystemClock().now())
    await bus.js.publish(subject_of(event), event.model_dump_json().encode(), stream="EVENTS", headers=headers)


async def ask(bus: Bus, method: RpcMethod, question: Any) -> Any:
    """The answer, once the monitor is there to give one."""

    async def asked() -> Any:
        try:
            return await bus.call(method, question)
        except Unavailable:
            return None

    return await eventually(asked, every=0.1)


async def facts(bus: Bus) -> list[tuple[str, dict[str, str]]]:
    """Facts about alerts on the bus, in order."""
    last = (await bus.js.stream_info("EVENTS")).state.last_seq
    messages = [await bus.js.get_msg("EVENTS", number) for number in range(1, last + 1)]
    return [
        ((message.headers or {})["ce-type"].split(".")[2], dict(message.headers or {}))
        for message in messages
        if message.subject is not None and message.subject.startswith("penstock.events.alert.")
    ]
