"""A controller on a real socket, and the command line that calls it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from platforms.command_line import CommandLine
from running_services.running_controller import Controller, eventually
from servers.ports import free_port
from shared.http import serve


@pytest.fixture
async def url(controller: Controller) -> AsyncIterator[str]:
    port = free_port()
    serving = asyncio.create_task(serve(controller.app.api, "127.0.0.1", port))

    async def answers() -> bool:
        async with httpx.AsyncClient() as client:
            try:
                return (await client.get(f"http://127.0.0.1:{port}/api/v1/health")).is_success
            except httpx.TransportError:
                return False

    await eventually(answers)
    yield f"http://127.0.0.1:{port}"
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


@pytest.fixture
def cli(url: str, tmp_path: Path) -> CommandLine:
    return CommandLine(url, tmp_path / "config")
