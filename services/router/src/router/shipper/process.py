"""The shipper as a child process of the router, restarted whenever it ends."""

from __future__ import annotations

import asyncio
import logging
import sys
from asyncio.subprocess import PIPE, Process

from shared.clock import Clock

logger = logging.getLogger(__name__)

RESTART_S = 0.5


class ShipperProcess:
    """Starts the shipper, again whenever it ends, and ends it. It reads the same environment as its router."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._process: Process | None = None
        self._is_stopping = False

    async def run(self) -> None:
        """Keep it running until cancelled."""
        while not self._is_stopping:
            command = (sys.executable, "-m", "router.shipper")
            self._process = await asyncio.create_subprocess_exec(*command, stdin=PIPE)
            status = await self._process.wait()
            if not self._is_stopping:
                logger.warning("the shipper of the request log ended with %s; it is started again", status)
                await self._clock.sleep(RESTART_S)
        await asyncio.Event().wait()

    async def stop(self, timeout_s: float) -> None:
        """Let it flush and end within `timeout_s`, else kill it; the next one publishes the rest."""
        self._is_stopping = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), timeout_s)
        except TimeoutError:
            process.kill()
            await process.wait()
