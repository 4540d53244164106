"""Inferences are derived from payload: woken by its commits, exactly once, at nobody else's cost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import pyarrow as pa

from inference_logger.domain.derivations import (
    SignaturesMissing,
    SignatureWaits,
    resolve_signatures,
)
from inference_logger.domain.inferences.signatures import KnownSignatures, SignatureKey
from inference_logger.domain.inferences.step import derive_parts, keys_of
from inference_logger.domain.schema import NEEDED_OF_PAYLOAD
from inference_logger.domain.tables import INFERENCES, KIND, TableKey, is_remote
from inference_logger.domain.waiting import error_reason
from inference_logger.handlers.derived.tables import DerivedTables
from inference_logger.handlers.stores import DerivationWakeups, note_commit, read_catalogue_state
from inference_logger.store import catalogue
from inference_logger.store.delta.bounded import Unwritable
from inference_logger.store.delta.commits import CommitResult
from inference_logger.store.delta.rows import as_one_commit
from inference_logger.store.derived.signatures import find_signatures
from inference_logger.store.derived.tables import Backfill, Derivation, DerivedCommit, rows_behind
from inference_logger.store.storage import Storage
from shared.errors import NotFound, PenstockError

SIGNATURE_RETRY_S = 0.5
REMOVAL_RETRY_S = 2.0
REFUSED_RETRY_S = 2.0
COUNT_WITHIN_S = 5.0
"""Where the storage hangs, nobody waits longer to hear how many rows wait."""


class _BeingRemoved(Exception):
    """The tables of the service are being removed; what younger rows there are is derived after that."""


@dataclass
class InferenceTables(DerivedTables[Derivation, DerivedCommit]):
    """The inferences tables of all payload tables."""

    source_kind, kind, owner = KIND, INFERENCES, "derived"
    waits: SignatureWaits = field(default_factory=SignatureWaits)
    _backfills: dict[str, Backfill] = field(default_factory=dict)
    _checked: set[str] = field(default_factory=set)
    """Locations whose entry in the catalogue is known to be there."""

    @property
    def wakeups(self) -> DerivationWakeups:
        """By payload table."""
        return self.stores.derivations

    def _forget(self) -> None:
        self._backfills.clear()
        self._checked.clear()

    async def _derive_or_wait(self, source: TableKey) -> None:
        try:
            done = await self._derive(source)
        except SignaturesMissing as missing:
            now = self.stores.clock.monotonic()
            self.waits.note(missing.keys, now)
            self.schedule.postponed(source, now + SIGNATURE_RETRY_S)
        except _BeingRemoved:
            self.schedule.postponed(source, self.stores.clock.monotonic() + REMOVAL_RETRY_S)
        except NotFound:  # the payload table is gone, and with it what could be derived
            self.schedule.written(source, self.stores.clock.monotonic(), is_behind=False)
        except Unwritable as error:
            self._backfills.pop(self._target(source), None)
            self._try_again(source)
            await self._note_blocked(source, error.message)
        else:
            self.schedule.written(source, self.stores.clock.monotonic(), is_behind=done.is_behind)

    def _try_again(self, source: TableKey) -> None:
        """Soon where its destination is known to fail: nothing is tried there until it works."""
        now = self.stores.clock.monotonic()
        if self.stores.storages.refusal(self._target(source)) is None:
            self.schedule.failed(source, now)
        else:
            self.schedule.postponed(source, now + REFUSED_RETRY_S)

    async def _derive(self, source: TableKey) -> DerivedCommit:
        stores, target = self.stores, self._target(source)
        found = await read_catalogue_state(stores.database)
        if source.service in found.removing:
            raise _BeingRemoved
        derivation = await self._derivation(source, self._step(await self._signatures(source.service)))
        derivation = replace(derivation, not_before=found.purged.get(source.service))
        done = await self.runner.run(derivation, expected=(SignaturesMissing,))
        if done.backfill is not None:
            self._backfills[target] = done.backfill
        else:
            self._backfills.pop(target, None)
        await self._note(source, done)
        return done

    def _target(self, source: TableKey) -> str:
        return self.stores.tables.location(replace(source, kind=INFERENCES))

    async def _derivation(self, source: TableKey, step: partial[Iterator[pa.Table]]) -> Derivation:
        location, target = self.stores.tables.location(source), self._target(source)
        return Derivation(
            source=location,
            target=target,
            step=step,
            columns=NEEDED_OF_PAYLOAD,
            storage=await self._storage(location),
            fence=self.stores.tables.fence,
            opened=self._opened,
            backfill=self._backfills.get(target),
        )

    async def _storage(self, location: str) -> Storage:
        try:
            return await self.stores.storages.of(location)
        except PenstockError as error:
            raise Unwritable(error_reason(error)) from error

    async def _signatures(self, service: str) -> KnownSignatures:
        async with self.stores.database.read() as session:
            return await find_signatures(session, service)

    def _step(self, known: KnownSignatures) -> partial[Iterator[pa.Table]]:
        return partial(_derive_rows, known, self.waits.given_up(self.stores.clock.monotonic()))

    async def _note(self, source: TableKey, done: DerivedCommit) -> None:
        key, target = replace(source, kind=INFERENCES), self._target(source)
        committed = done.committed if target in self._checked else await self._unlisted(target, done.committed)
        recovered = None if done.is_behind else self._blocked.at(target)
        if (committed is not None and committed.rows) or recovered is not None:
            async with self.stores.database.unit_of_work() as session:
                if committed is not None:
                    await note_commit(session, key, committed, self.stores.clock.now())
                if recovered is not None:
                    await self._blocked.note_recovered(session, recovered)
        self._checked.add(target)
        if committed is not None and committed.rows:
            self.stores.labelled.rows_added(key)
        if recovered is not None:
            self._blocked.forget(recovered)

    async def _unlisted(self, target: str, committed: CommitResult | None) -> CommitResult | None:
        """What the catalogue is to hear of the table: all of it, where a killed logger did not note what it wrote."""
        async with self.stores.database.read() as session:
            if any(target == each for each in await catalogue.find_locations(session)):
                return committed
        storage = await self._storage(target)
        try:
            return await self.runner.ask(target, partial(as_one_commit, target, storage))
        except NotFound:
            return committed

    async def _note_blocked(self, source: TableKey, reason: str) -> None:
        key, target = replace(source, kind=INFERENCES), self._target(source)
        if self._blocked.needs_note(key, target, reason):
            await self._blocked.note(key, target, reason, rows=await self._rows_behind(source))

    async def _rows_behind(self, source: TableKey) -> int:
        """Requests whose rows wait; 0 where the storage does not say so soon, and in object stores."""
        if is_remote(self._target(source)):
            return 0
        try:
            derivation = await self._derivation(source, self._step(KnownSignatures()))
            return await asyncio.wait_for(asyncio.to_thread(rows_behind, derivation), COUNT_WITHIN_S)
        except (TimeoutError, PenstockError):
            return 0


def _derive_rows(
    known: KnownSignatures, given_up: frozenset[SignatureKey], rows: pa.Table, fields: Sequence[pa.Field]
) -> Iterator[pa.Table]:
    return derive_parts(rows, resolve_signatures(keys_of(rows), known, given_up), fields)
