"""Labelled tables follow inferences and labels: woken by both, exactly once, at nobody else's cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession

from inference_logger.domain.tables import INFERENCES, LABELLED, TableKey
from inference_logger.domain.waiting import error_reason
from inference_logger.handlers.derived.tables import DerivedTables
from inference_logger.handlers.labels.places import find_label_tables, labelled_of, place_of
from inference_logger.handlers.stores import DerivationWakeups, note_commit, read_catalogue_state
from inference_logger.store import catalogue
from inference_logger.store.delta.bounded import Unwritable
from inference_logger.store.delta.commits import CommitResult
from inference_logger.store.delta.rows import as_one_commit
from inference_logger.store.labels.labelled import LabelledCommit, LabelledDerivation, Versions
from shared.bus.outbox import publish
from shared.errors import NotFound, PenstockError
from shared.events import LabelsJoined


@dataclass
class LabelledTables(DerivedTables[LabelledDerivation, LabelledCommit]):
    """The labelled tables of all inferences tables whose services have labels."""

    source_kind, kind, owner = INFERENCES, LABELLED, "labelled"
    _seen: dict[str, Versions] = field(default_factory=dict)

    @property
    def wakeups(self) -> DerivationWakeups:
        """By inferences table."""
        return self.stores.labelled

    def _forget(self) -> None:
        self._seen.clear()

    async def _derive_or_wait(self, source: TableKey) -> None:
        now = self.stores.clock.monotonic
        try:
            done = await self._derive(source)
        except NotFound:  # there are no inferences any more, or no labels yet
            self.schedule.written(source, now(), is_behind=False)
        except Unwritable as error:
            self.schedule.failed(source, now())
            await self._note_blocked(source, error.message)
        else:
            self.schedule.written(source, now(), is_behind=done.is_behind)

    async def _derive(self, source: TableKey) -> LabelledCommit:
        if source.service in (await read_catalogue_state(self.stores.database)).removing:
            raise NotFound(f"the tables of {source.service} are being removed")
        tables = await find_label_tables(self.stores, source.service)
        if not tables.has_labels:
            raise NotFound(f"{source.service} has no labels")
        target = labelled_of(source)
        try:
            inferences, labels, place = [await place_of(self.stores, key) for key in (source, tables.labels, target)]
        except PenstockError as error:
            raise Unwritable(error_reason(error)) from error
        derivation = LabelledDerivation(inferences, labels, place, self._seen.get(place.location), self._opened)
        done = await self.runner.run(derivation)
        self._seen[place.location] = done.seen
        await self._note(target, place.location, done)
        return done

    async def _note(self, key: TableKey, location: str, done: LabelledCommit) -> None:
        recovered = None if done.is_behind else self._blocked.at(location)
        if done.committed is None and recovered is None:
            return
        whole = None if done.committed is None else await self._whole(location)
        async with self.stores.database.unit_of_work() as session:
            if done.committed is not None:
                await self._note_commit(session, key, done.committed, whole)
                if done.added or done.changed:
                    await publish(session, _joined(key, done, done.committed))
            if recovered is not None:
                await self._blocked.note_recovered(session, recovered)
        self.stores.metrics.count_labels(key.service, added=done.added, changed=done.changed)
        if recovered is not None:
            self._blocked.forget(recovered)

    async def _whole(self, location: str) -> CommitResult | None:
        """None where the table cannot be read just now; the next compaction sets its entry then."""
        storage = await self.stores.storages.of(location)
        try:
            return await self.runner.ask(location, partial(as_one_commit, location, storage, self._opened))
        except (NotFound, Unwritable):
            return None

    async def _note_commit(
        self, session: AsyncSession, key: TableKey, committed: CommitResult, whole: CommitResult | None
    ) -> None:
        """The entry says what the table says: a merge changes rows, and a killed logger may not have noted some."""
        is_listed = whole is None or await catalogue.is_listed(session, whole.location)
        await note_commit(session, key, whole if whole and not is_listed else committed, self.stores.clock.now())
        if whole is not None:
            await catalogue.set_version_and_rows(session, whole.location, whole.version, whole.rows)

    async def _note_blocked(self, source: TableKey, reason: str) -> None:
        key = labelled_of(source)
        location = self.stores.tables.location(key)
        if self._blocked.needs_note(key, location, reason):
            await self._blocked.note(key, location, reason)


def _joined(key: TableKey, done: LabelledCommit, committed: CommitResult) -> LabelsJoined:
    return LabelsJoined(
        service=key.service,
        table=key.name,
        location=committed.location,
        delta_version=committed.version,
        added=done.added,
        changed=done.changed,
    )
