"""Appends to payload tables, a few of them waited for at once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

from inference_logger.domain.tables import TableKey, TableShare
from inference_logger.domain.waiting import error_reason
from inference_logger.store.delta.bounded import BoundedWork, Unwritable
from inference_logger.store.delta.commits import CommitResult
from inference_logger.store.delta.payload import PayloadTables
from inference_logger.store.storage import LocalStorages, Storages
from shared.errors import PenstockError

AT_ONCE = 8
"""Appends that are waited for at once: where several tables hang, the others wait for them together."""


class TableWriter:
    """`PayloadTables.append` in threads."""

    def __init__(self, tables: PayloadTables, within: timedelta, storages: Storages | None = None) -> None:
        self.tables = tables
        self._storages = storages or LocalStorages()
        self._work = BoundedWork("append", within, self._storages)
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def append(
        self, key: TableKey, share: TableShare, app_id: str, upto: int, known: frozenset[str] = frozenset()
    ) -> CommitResult:
        """Append, see `PayloadTables`. Raises `Unwritable` for whatever is wrong: it is this table's alone."""
        location = self.tables.location(key)
        self._work.require_free(location)
        async with self._turns:
            self._work.require_free(location)  # its destination may have failed while others had their turn
            try:
                storage = await self._storages.of(location)
            except PenstockError as error:
                raise Unwritable(error_reason(error)) from error
            work = partial(self.tables.append, key, share, app_id, upto, known, storage=storage)
            return await self._work.run(location, work)

    def is_busy(self, location: str) -> bool:
        """Whether an append to the table has not ended yet, even if nobody waits for it any more."""
        return self._work.is_busy(location)
