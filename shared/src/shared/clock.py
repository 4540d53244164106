"""Time as something that is handed in, so that decisions and loops can be replayed in tests."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Wall time for records, monotonic time for intervals; never one for the other."""

    def now(self) -> datetime:
        """Current time, aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes backwards."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds`."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Current time, aware, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` on the event loop."""
        await asyncio.sleep(seconds)


class SteadyClock:
    """A clock that nobody sets: the time of day at its making, carried on by the monotonic one.

    For spans whose start is stored as a time of day, because they outlive a process: a machine's clock that is put
    right by an hour must not end them. It may come to differ from the time of day: never show it to anybody.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._start = clock.now()
        self._since = clock.monotonic()

    def now(self) -> datetime:
        """Time of day, as if nobody had set the clock since this one was made."""
        return self._start + timedelta(seconds=self._clock.monotonic() - self._since)

    def monotonic(self) -> float:
        """As the clock that it was made from."""
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        """As the clock that it was made from."""
        await self._clock.sleep(seconds)
