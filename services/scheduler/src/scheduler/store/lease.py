"""Which scheduler leads, and the fence: a write by one that led once is refused by the database itself.

No wall clock is compared. A candidate watches the leader's `beat`, and takes over when it has not moved for `ttl_s` of
the candidate's own monotonic clock, or at once where the holder was a process of this machine that is gone. Every
transaction of a leader first touches the lease row `WHERE epoch = <its own>`: one that was frozen, lost the lease and
thawed finds another epoch there and writes nothing.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from sqlalchemy import CursorResult, insert, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from scheduler.machine import start_ticks
from scheduler.store.tables import LeaseRow
from shared.clock import Clock
from shared.database import Database
from shared.errors import Temporary

log = logging.getLogger("penstock.scheduler.lease")


class LeaseLost(Exception):
    """Another scheduler leads. This process has to end: what it holds in memory may be old."""


def process_identity() -> str:
    """Name of this process that no other one ever has: machine, pid, start time."""
    return f"{socket.gethostname()}/{os.getpid()}/{start_ticks(os.getpid())}"


def has_holder_ended(holder: str) -> bool:
    """Whether the holder was a process of this machine that has ended. False where that cannot be known."""
    machine, pid, ticks = holder.rsplit("/", 2)
    if machine != socket.gethostname() or not pid.isdigit():
        return False
    return str(start_ticks(int(pid))) != ticks


class Lease:
    """The right to write, and every write with it."""

    def __init__(self, database: Database, clock: Clock, *, ttl_s: float, holder: str | None = None) -> None:
        self.database = database
        self.clock = clock
        self.ttl_s = ttl_s
        self.holder = holder or process_identity()
        self.epoch: int | None = None

    @property
    def is_held(self) -> bool:
        """Whether this scheduler has led and has not heard that another one does."""
        return self.epoch is not None

    async def acquire(self) -> None:
        """Wait until this scheduler leads."""
        seen: tuple[int, int] | None = None
        since = self.clock.monotonic()
        while self.epoch is None:
            try:
                row = await self._read()
                if row is None or (row.epoch, row.beat) != seen:
                    seen, since = (row.epoch, row.beat) if row else None, self.clock.monotonic()
                if row is None or has_holder_ended(row.holder) or self.clock.monotonic() - since >= self.ttl_s:
                    await self._take_over(row)
            except Temporary as error:
                log.warning("cannot ask for the lease: %s", error)
            if self.epoch is None:
                await self.clock.sleep(self.ttl_s / 5)
        log.info("leading with epoch %s", self.epoch)

    async def run_renewal(self) -> None:
        """Beat until cancelled. Raises `LeaseLost`. While the database is away nobody can take over either."""
        while True:
            try:
                async with self.database.unit_of_work() as session:
                    await self.fence(session)
            except Temporary as error:
                log.warning("cannot renew the lease: %s", error)
            await self.clock.sleep(self.ttl_s / 5)

    async def fence(self, session: AsyncSession) -> None:
        """Hold the lease row for the rest of the transaction. Raises `LeaseLost` when it is another's."""
        mine = update(LeaseRow).where(col(LeaseRow.id) == 1, col(LeaseRow.epoch) == self.epoch)
        result = cast("CursorResult[Any]", await session.execute(mine.values(beat=LeaseRow.beat + 1)))
        if result.rowcount != 1:
            raise LeaseLost(f"epoch {self.epoch} is over: another scheduler leads")

    async def check(self) -> None:
        """Raise `LeaseLost` when another scheduler leads."""
        async with self.unit_of_work():
            pass

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncIterator[AsyncSession]:
        """One fenced transaction."""
        async with self.database.unit_of_work() as session:
            await self.fence(session)
            yield session

    async def _read(self) -> LeaseRow | None:
        async with self.database.read() as session:
            return (await session.execute(select(LeaseRow))).scalar_one_or_none()

    async def _take_over(self, seen: LeaseRow | None) -> None:
        if seen is None:
            await self._insert_first()
            return
        taking = update(LeaseRow).where(col(LeaseRow.epoch) == seen.epoch, col(LeaseRow.beat) == seen.beat)
        async with self.database.unit_of_work() as session:
            values = {"epoch": seen.epoch + 1, "beat": 0, "holder": self.holder}
            result = cast("CursorResult[Any]", await session.execute(taking.values(**values)))
        if result.rowcount == 1:
            self.epoch = seen.epoch + 1

    async def _insert_first(self) -> None:
        try:
            async with self.database.unit_of_work() as session:
                await session.execute(insert(LeaseRow).values(id=1, epoch=1, beat=0, holder=self.holder))
        except IntegrityError:
            return
        self.epoch = 1
