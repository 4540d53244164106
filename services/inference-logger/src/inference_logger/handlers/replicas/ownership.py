"""What a process owns, as the use cases see it, and the process that owns everything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from inference_logger.domain.streams import Checkpoint
from inference_logger.store import positions
from shared.database import Database
from shared.errors import Unavailable

LEADER = ""
"""Whose owner does what one replica does for all: no service has that name."""


class OwnershipChanged(Unavailable):
    """Who owns what is another question now: whatever was under way is not noted, and begun anew."""


class Ownership(Protocol):
    """What this process owns, and how it notes what it did."""

    is_shared: bool
    """Whether others write what the database holds."""

    async def run(self) -> None:
        """Stay in touch with the others, until cancelled."""
        ...

    async def wait_until_known(self) -> None:
        """Wait until it is known what that is."""
        ...

    async def enter_epoch(self) -> None:
        """The same, for who reads the stream: what is read and noted from now on goes by it."""
        ...

    def owns(self, service: str) -> bool:
        """Whether the tables of a service are this process' to write."""
        ...

    def may_write(self, service: str) -> bool:
        """Whether it owns them, and is in touch with the others."""
        ...

    def other_owner(self, service: str) -> str | None:
        """Which other process writes the tables of a service."""
        ...

    def floor(self, service: str) -> int:
        """Up to where a service's messages were stored by others."""
        ...

    def require_current(self) -> None:
        """Raise `OwnershipChanged` where that has changed since `enter_epoch`."""
        ...

    def note_transaction(self) -> AbstractAsyncContextManager[AsyncSession]:
        """A transaction that notes what became of the stream. Raises `OwnershipChanged`."""
        ...

    async def note_position(self, session: AsyncSession, upto: Checkpoint, at: datetime) -> None:
        """All that it owns is stored up to there."""
        ...

    async def begin(self, session: AsyncSession, checkpoint: Checkpoint, at: datetime) -> Checkpoint:
        """Where to read on; `checkpoint` is that of all."""
        ...


class SoleOwner:
    """There is no other."""

    is_shared = False

    def __init__(self, database: Database) -> None:
        self.database = database
        self.on_change: list[Callable[[], None]] = []

    async def run(self) -> None:
        """Nothing to do."""
        await asyncio.Event().wait()

    async def wait_until_known(self) -> None:
        """At once."""

    async def enter_epoch(self) -> None:
        """At once."""

    def owns(self, service: str) -> bool:
        """Everything."""
        return True

    def current_epoch(self, service: str) -> None:
        """Commits say nothing of it."""

    def may_write(self, service: str) -> bool:
        """Everything."""
        return True

    def other_owner(self, service: str) -> None:
        """There is none."""

    def floor(self, service: str) -> int:
        """Nobody else stored anything."""
        return 0

    def require_current(self) -> None:
        """Nothing changes."""

    def note_transaction(self) -> AbstractAsyncContextManager[AsyncSession]:
        """Any transaction."""
        return self.database.unit_of_work()

    async def note_position(self, session: AsyncSession, upto: Checkpoint, at: datetime) -> None:
        """Its own is that of all."""
        await positions.set_checkpoint(session, upto, at)

    async def begin(self, session: AsyncSession, checkpoint: Checkpoint, at: datetime) -> Checkpoint:
        """At the checkpoint."""
        await positions.set_checkpoint(session, checkpoint, at)
        return checkpoint
