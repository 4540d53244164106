"""Sessions inside the one pod of a running controller's peers, over the control plane's own port."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from controller.domain.services.terminals import TerminalLimits
from running_services.door import Door
from running_services.running_controller import TOKEN, Controller, Peers
from waiting.eventually import eventually

PROJECT = "risk"
SERVICE = "service-0000"
PODS = f"/services/{SERVICE}/versions/v1/pods"
POD = f"{PODS}/wine-v1-0"


@dataclass
class Session:
    """A client's side of one session."""

    socket: ClientConnection
    shown: dict[int, bytes] = field(default_factory=lambda: {1: b"", 2: b""})
    statuses: list[dict[str, Any]] = field(default_factory=list)

    async def type(self, text: str | bytes) -> None:
        await self.socket.send(b"\0" + (text if isinstance(text, bytes) else text.encode()))

    async def next(self) -> None:
        frame = await asyncio.wait_for(self.socket.recv(), 15)
        assert isinstance(frame, bytes)
        if frame[0] == 3:
            self.statuses.append(json.loads(frame[1:]))
        else:
            self.shown[frame[0]] += frame[1:]

    async def until(self, text: bytes) -> bytes:
        while text not in self.shown[1]:
            await self.next()
        return self.shown[1]

    async def end(self) -> tuple[int, dict[str, Any]]:
        """Code of the close and the last status."""
        try:
            while True:
                await self.next()
        except ConnectionClosed as closed:
            code = closed.rcvd.code if closed.rcvd is not None else 1006
        return code, self.statuses[-1]


@dataclass
class Terminals:
    """The control plane with a pod that has terminals."""

    controller: Controller
    peers: Peers
    door: Door

    async def ticket(self, status: int = 201, token: str = TOKEN, **wanted: Any) -> str:
        answer = await self.controller.client.post(
            f"/api/v1{POD}/exec-tickets", json=wanted, headers={"authorization": f"Bearer {token}"}
        )
        assert answer.status_code == status, answer.text
        found: str = answer.json().get("ticket", answer.json().get("message"))
        return found

    @asynccontextmanager
    async def connected(self, path: str = POD, **options: Any) -> AsyncIterator[Session]:
        url = f"ws://127.0.0.1:{self.door.port}/api/v1{path}/exec"
        async with connect(url, proxy=None, **options) as socket:
            yield Session(socket)

    @asynccontextmanager
    async def session(self, token: str = TOKEN, **wanted: Any) -> AsyncIterator[Session]:
        ticket = await self.ticket(token=token, **wanted)
        async with self.connected() as session:
            await session.socket.send(json.dumps({"ticket": ticket}))
            await session.next()
            assert session.statuses[0]["status"] == "open", session.statuses
            yield session

    async def nothing_is_left(self) -> None:
        assert await eventually(lambda: not self.peers.pod.left())
        assert await eventually(lambda: not self.controller.app.dependencies.terminals._open)

    async def audited(self) -> list[dict[str, Any]]:
        lines = (await self.controller.call("GET", "/audit?page_size=100"))["items"]
        return [line for line in lines if line["resource_kind"] == "terminal"]

    def limits(self, **changes: Any) -> TerminalLimits:
        tickets = self.controller.app.dependencies.terminals
        tickets.limits = replace(tickets.limits, **changes)
        return tickets.limits
