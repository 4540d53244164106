"""The loop that keeps the route table what the bucket `routes` says."""

from __future__ import annotations

import asyncio
import logging

from router.clients import BucketState, RoutesBucket, SnapshotFile
from router.domain.routes.route_bucket import BucketView, Change, in_order
from router.domain.routes.table import RouteTable
from router.settings import RouterSettings
from shared.clock import Clock
from shared.errors import InvalidInput, Unavailable

logger = logging.getLogger(__name__)

MAX_DELTA = 500
"""More changes than this are read faster as a whole listing."""


class RouteSyncLoop:
    """Keeps the route table equal to the bucket, and the snapshot on disk equal to the table."""

    def __init__(
        self, settings: RouterSettings, bucket: RoutesBucket, table: RouteTable, snapshot: SnapshotFile, clock: Clock
    ) -> None:
        self._bucket = bucket
        self._table = table
        self._snapshot = snapshot
        self._clock = clock
        self._poll_s = settings.routes_poll.total_seconds()
        self._relist_s = settings.routes_relist.total_seconds()
        self._relist_at = 0.0
        self._has_unsaved = False
        self.view = BucketView(settings.routes_grace.total_seconds())
        self.is_current = False
        self.synced = asyncio.Event()

    def restore(self) -> bool:
        """Start from the snapshot; False where there is no usable one."""
        content = self._snapshot.read()
        if content is None:
            return False
        try:
            self._apply(self.view.restore(content))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            logger.warning("the snapshot %s is not readable: %s", self._snapshot.path, error)
            return False
        self._table.is_known = True
        logger.info("serving %s services from the snapshot", len(self._table.services))
        return bool(self.view.entries)

    async def run(self) -> None:
        """Read the bucket until cancelled; while it cannot be read, the known routes stay in force."""
        while True:
            try:
                await self.sync_once()
            except Unavailable as error:
                if self.is_current:
                    logger.warning("routes may be out of date: %s", error.message)
                self.is_current = False
            await self._clock.sleep(self._poll_s)

    async def sync_once(self) -> None:
        """Apply what has changed since the last read; raises Unavailable."""
        state = await self._bucket.state()
        now = self._clock.monotonic()
        if self._must_relist(state, now):
            listing = await self._bucket.list_all(state.last_sequence)
            self._relist_at = now + self._relist_s
            self._apply_and_mark(self.view.replace(state.created, state.last_sequence, listing, now))
        elif state.last_sequence != self.view.sequence:
            async for entry in self._bucket.since(self.view.sequence, state.last_sequence):
                self._apply_and_mark(self.view.update(entry.sequence, entry.key, entry.value, now))
            self.view.sequence = max(self.view.sequence, state.last_sequence)
        self._apply_and_mark(self.view.forget_unconfirmed(now))
        self._save()
        self.is_current = self._table.is_known = True
        self.synced.set()

    def _must_relist(self, state: BucketState, now: float) -> bool:
        return (
            not self.is_current
            or now >= self._relist_at
            or state.created != self.view.created
            or not 0 <= state.last_sequence - self.view.sequence <= MAX_DELTA
        )

    def _apply_and_mark(self, changes: list[Change]) -> None:
        if changes:
            self._has_unsaved = True
            self._apply(changes)

    def _apply(self, changes: list[Change]) -> None:
        for key, value in in_order(changes):
            try:
                self._table.apply(key, value)
            except InvalidInput as error:
                logger.warning("a route is left as it was: %s", error.message)

    def _save(self) -> None:
        if not self._has_unsaved:
            return
        try:
            self._snapshot.write(self.view.encode())
        except OSError as error:
            logger.warning("the routes' snapshot could not be written: %s", error)
        else:
            self._has_unsaved = False
