"""The scheduler's lease, asked before each write: a scheduler that was overtaken writes nothing to the cluster."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from shared.clock import Clock
from shared.errors import Temporary

RETRY_S = 0.5


def patient_fence(fence: Callable[[], Awaitable[None]], clock: Clock) -> Callable[[], Awaitable[None]]:
    """A fence that waits for a database which is away: it is no trouble of a version's."""

    async def check() -> None:
        while True:
            try:
                return await fence()
            except Temporary:
                await clock.sleep(RETRY_S)

    return check
