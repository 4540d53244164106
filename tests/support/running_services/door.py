"""A running controller, reached over a connection of its own: for answers that have no end."""

from __future__ import annotations

import asyncio

import httpx

from running_services.running_controller import Controller
from servers.ports import free_port
from shared.http import serve
from waiting.eventually import eventually


class Door:
    """The control plane on a port of its own, which closes and opens again."""

    def __init__(self, controller: Controller) -> None:
        self.controller, self.port = controller, free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    async def open(self) -> None:
        self.serving = asyncio.create_task(serve(self.controller.app.api, "127.0.0.1", self.port, websockets=True))

        async def answers() -> bool:
            async with httpx.AsyncClient() as client:
                try:
                    return (await client.get(f"{self.url}/api/v1/health")).is_success
                except httpx.TransportError:
                    return False

        await eventually(answers)

    async def close(self) -> None:
        self.serving.cancel()
        await asyncio.gather(self.serving, return_exceptions=True)
