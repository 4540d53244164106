"""Repeats a pass of a loop while what it needs is unavailable."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from shared.clock import Clock
from shared.errors import Temporary

log = logging.getLogger("penstock.scheduler")

RETRY_S = 0.5


async def retry_while_unavailable(work: Callable[[], Awaitable[None]], what: str, clock: Clock) -> None:
    """Do `work`; again, for as long as what it needs is away. Complains once."""
    attempt = 0
    while True:
        try:
            await work()
        except Temporary as error:
            attempt += 1
            if attempt == 1:
                log.warning("%s waits: %s", what, error)
            await clock.sleep(RETRY_S)
        else:
            return
