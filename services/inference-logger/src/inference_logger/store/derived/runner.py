"""Derivations, a few of them waited for at once: storage that hangs holds up neither payload nor others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from inference_logger.store.bounded import BoundedWork
from inference_logger.store.derived.tables import Derivation, DerivedCommit, derive_next
from inference_logger.store.storage import Storages
from shared.errors import NotFound

AT_ONCE = 4
"""Derivations that are waited for at once: each may keep a core busy."""


class DerivationRunner:
    """`derive_next` in threads."""

    def __init__(
        self, within: timedelta, storages: Storages, work: Callable[[Derivation], DerivedCommit] = derive_next
    ) -> None:
        self._derive = work
        self._work = BoundedWork("derive", within, storages)
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def run(self, derivation: Derivation, expected: tuple[type[Exception], ...] = ()) -> DerivedCommit:
        """Derive the next piece. Raises `NotFound` for the source, `expected`, and `Unwritable` for all else."""
        work = partial(self._derive, derivation)
        async with self._turns:
            return await self._work.run(derivation.target, work, (NotFound, *expected))
