"""Wakes a loop before its interval is over."""

from __future__ import annotations

import asyncio
from contextlib import suppress

SETTLE_DELAY_S = 0.02
"""After a notification: the transaction that notified may not have committed yet."""


class Wakeup:
    """Wakes a loop early."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def notify(self) -> None:
        """End the present wait, or the next one."""
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Return once notified, after `seconds` at most."""
        # Not wait_for: before Python 3.12 it swallows a cancellation that comes with the notification.
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._event.wait()
            await asyncio.sleep(SETTLE_DELAY_S)
        self._event.clear()
