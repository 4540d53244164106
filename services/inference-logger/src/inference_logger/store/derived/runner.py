"""Derivations, a few of them waited for at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Generic, Protocol, TypeVar

from inference_logger.store.delta.bounded import BoundedWork
from inference_logger.store.storage import Storages
from shared.errors import NotFound

AT_ONCE = 4
"""Derivations that are waited for at once: each may keep a core busy."""


class HasTarget(Protocol):
    """What is derived."""

    @property
    def target(self) -> str:
        """Where its table lies."""
        ...


What = TypeVar("What", bound=HasTarget)
Done = TypeVar("Done")
Said = TypeVar("Said")


class DerivationRunner(Generic[What, Done]):
    """`work` in threads."""

    def __init__(self, within: timedelta, storages: Storages, work: Callable[[What], Done]) -> None:
        self._derive = work
        self._work = BoundedWork("derive", within, storages)
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def run(self, derivation: What, expected: tuple[type[Exception], ...] = ()) -> Done:
        """Derive the next piece. Raises `NotFound` for the source, `expected`, and `Unwritable` for all else."""
        work = partial(self._derive, derivation)
        async with self._turns:
            return await self._work.run(derivation.target, work, (NotFound, *expected))

    async def ask(self, target: str, work: Callable[[], Said]) -> Said:
        """What `work` finds in a table that is derived, within the same bounds.

        Raises `NotFound` for the table, and `Unwritable` for all else: it may be removed meanwhile.
        """
        return await self._work.run(target, work, (NotFound,))
