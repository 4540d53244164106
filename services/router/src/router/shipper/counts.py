"""Tells the logger how many requests there were: by service and minute, logged or why not.

Counts go the way of the records, behind them, as messages without records. `is_complete` says that everything which
these counts call logged was in the stream before them: what a table then lacks is not on the way from here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from router.clients import ReconnectingBus, publish
from router.shipper.publisher import message_headers
from router.spool.counts import LOGGED, CountsFile, MinuteCounts, read_counts
from shared.clock import Clock
from shared.contracts.metrics.log_counts import LogCounts
from shared.errors import Unavailable
from shared.events.request import REQUESTS_SUBJECT, RequestLogged

logger = logging.getLogger(__name__)

INTERVAL_S = 5.0
TRIES = 20
"""Looks, within a fifth of that, for a moment in which the stream has everything: under load there is hardly one."""


class CountsPublisher:
    """Publishes counts that have changed, and removes the files that will not."""

    def __init__(
        self, directory: Path, holder: ReconnectingBus, is_caught_up: Callable[[], bool], clock: Clock
    ) -> None:
        """`is_caught_up`: looks whether the stream has every record that is in the spool by now."""
        self._directory = directory
        self._holder = holder
        self._is_caught_up = is_caught_up
        self._clock = clock
        self._told: dict[tuple[UUID, str], LogCounts] = {}
        """By source and service: what was told last."""

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._clock.sleep(INTERVAL_S)
            await self.publish_once()

    async def publish_once(self) -> None:
        """Tell what is new; the bus may be away."""
        if not self._holder.is_connected:
            return
        files = list(read_counts(self._directory))
        is_complete = await self._catches_up()  # from here on: records are written before they are counted
        try:
            for file in files:
                await self._publish(file, is_complete)
        except Unavailable as error:
            logger.info("counts of the request log wait: %s", error.message)

    async def _catches_up(self) -> bool:
        for _ in range(TRIES):
            if self._is_caught_up():
                return True
            await self._clock.sleep(INTERVAL_S / 5 / TRIES)
        return False

    async def _publish(self, file: CountsFile, is_complete: bool) -> None:
        keys = [(counted.source, counted.service) for counted in file.services]
        for key, counted in zip(keys, file.services, strict=True):
            counts = counts_of(counted, is_complete)
            if not _says_as_much(self._told.get(key), counts):
                await self._send(counted.service, counts)
                self._told[key] = counts
        if file.is_closed and all(self._told[key].is_complete for key in keys):
            file.remove()
            for key in keys:
                del self._told[key]

    async def _send(self, service: str, counts: LogCounts) -> None:
        body = RequestLogged(records=(), counts=(counts,)).model_dump_json().encode()
        # Of the service too: the body does not name it, and two may well have as many requests in a minute.
        name = sha256(f"{service}:".encode() + body).hexdigest()[:32]
        await publish(
            self._holder,
            f"{REQUESTS_SUBJECT}.{service}",
            body,
            message_id=f"counts-{name}",
            stream="REQUESTS",
            headers=message_headers(f"counts-{name}", service, self._clock.now()),
        )


def _says_as_much(told: LogCounts | None, counts: LogCounts) -> bool:
    return told is not None and told in (counts, counts.model_copy(update={"is_complete": True}))


def counts_of(counted: MinuteCounts, is_complete: bool) -> LogCounts:
    """As they go over the bus."""
    return LogCounts(
        source=counted.source,
        minute=datetime.fromtimestamp(counted.minute * 60, UTC),
        logged=counted.counts.get(LOGGED, 0),
        dropped={outcome: count for outcome, count in sorted(counted.counts.items()) if outcome != LOGGED},
        is_complete=is_complete,
    )
