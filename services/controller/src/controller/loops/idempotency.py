"""Removes the answers that are kept for `Idempotency-Key`."""

from __future__ import annotations

import logging
from datetime import timedelta

from controller.loops.failures import AWAY
from controller.store.idempotency import delete_answers_before
from shared.clock import Clock
from shared.database import Database
from shared.errors import describe_error

log = logging.getLogger(__name__)

ANSWERS_KEPT = timedelta(hours=24)


class AnswerExpiryLoop:
    """Removes answers kept for `Idempotency-Key` once they are a day old."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def run(self) -> None:
        """Remove expired answers every hour, until cancelled."""
        while True:
            try:
                async with self._database.unit_of_work() as session:
                    await delete_answers_before(session, self._clock.now() - ANSWERS_KEPT)
            except AWAY as failure:
                log.warning("idempotent answers not removed: %s", describe_error(failure))
            await self._clock.sleep(3600)
