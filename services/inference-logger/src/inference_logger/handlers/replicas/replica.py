"""What this process owns: everything, or, of several replicas, the services that are its own by rendezvous hash.

A replica says every few seconds, in the database, that it is there. One that is not heard of for a lease is taken out
by another; one that comes puts itself in. Each such change is a new epoch, noted in one transaction with where every
member had been. What a replica notes is checked there: one of an earlier epoch notes nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from inference_logger.domain.replicas.assignment import Assignment
from inference_logger.domain.replicas.leases import Heartbeat, LeaseWatch
from inference_logger.domain.streams import Checkpoint
from inference_logger.handlers.replicas.ownership import OwnershipChanged
from inference_logger.metrics import ReplicaMetrics
from inference_logger.store import catalogue, positions
from inference_logger.store.replicas import members as store
from inference_logger.store.replicas.members import ReplicaPosition
from shared.clock import Clock
from shared.database import Database
from shared.errors import Unavailable
from shared.ids import new_id

log = logging.getLogger(__name__)

HEARTBEATS_PER_LEASE = 5
"""So often a replica says that it is there before others hold it for gone."""
HOME_MARK = "shared"
"""File in the parking area that says which replicas' it is."""
CHANGED = "the inference-loggers share the tables anew"


@dataclass
class Replica:
    """One of several; implements `Ownership` and `store.destinations.fence.Lease`."""

    name: str
    database: Database
    clock: Clock
    lease_s: float
    parking: Path
    metrics: ReplicaMetrics
    process: str = field(default_factory=lambda: str(new_id()))
    is_shared: bool = True
    before: Sequence[Callable[[], Awaitable[None]]] = ()
    """What is waited for once, before anything is written."""
    on_change: list[Callable[[], None]] = field(default_factory=list)
    _assignment: Assignment = field(default_factory=Assignment)
    _entered: int = -1
    """The epoch that the stream is read in."""
    _renewed_at: float = float("-inf")
    _watch: LeaseWatch = field(init=False)
    _owned: dict[str, bool] = field(default_factory=dict)
    _renewed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._watch = LeaseWatch(self.lease_s)

    async def wait_until_known(self) -> None:
        """Wait until it is a member, and known to be."""
        for wait in self.before:
            await wait()
        self.before = ()
        while not self._is_current():
            self._renewed.clear()
            await self._renewed.wait()

    async def enter_epoch(self) -> None:
        """The same; the epoch counts."""
        await self.wait_until_known()
        self._entered = self._assignment.epoch

    def owns(self, service: str) -> bool:
        """As the assignment says."""
        owned = self._owned.get(service)
        if owned is None:
            owned = self.name in self._assignment.members and self._assignment.owner(service) == self.name
            self._owned[service] = owned
        return owned

    def may_write(self, service: str) -> bool:
        """As the assignment says, within the lease."""
        return self.owns(service) and self._is_current()

    def other_owner(self, service: str) -> str | None:
        """As the assignment says."""
        known = self._assignment
        return None if self.owns(service) or not known.members else known.owner(service)

    def floor(self, service: str) -> int:
        """As the assignment says."""
        return self._assignment.floor(service)

    def require_current(self) -> None:
        """It is a member in that epoch, and was in touch within the lease."""
        if self._entered != self._assignment.epoch or not self._is_current():
            raise OwnershipChanged(CHANGED)

    def current_epoch(self, service: str) -> int:
        """For commits. Raises `Unavailable`: another replica owns the service's tables, or may by now."""
        known = self._assignment  # another thread may replace it
        if self.name not in known.members or known.owner(service) != self.name:
            raise Unavailable("another inference-logger owns this table", retry_after_s=1)
        if not self._is_current():
            raise Unavailable("this inference-logger was out of touch: another one may own the table", retry_after_s=1)
        return known.epoch

    def _is_current(self) -> bool:
        is_member = self.name in self._assignment.members
        return is_member and self.clock.monotonic() - self._renewed_at < self.lease_s

    @asynccontextmanager
    async def note_transaction(self) -> AsyncIterator[AsyncSession]:
        """One replica after the other: the position of all is that of the last."""
        async with self.database.unit_of_work() as session:
            found = await store.load_assignment(session, hold=True)
            if found is None or found.epoch != self._entered:
                raise OwnershipChanged(CHANGED)
            yield session

    async def note_position(self, session: AsyncSession, upto: Checkpoint, at: datetime) -> None:
        """Its own; that of all follows."""
        await store.note_position(session, self.name, upto, at)

    async def begin(self, session: AsyncSession, checkpoint: Checkpoint, at: datetime) -> Checkpoint:
        """At its own position; where the stream is another one, all begin there anew. Within `note_transaction`."""
        await positions.set_checkpoint(session, checkpoint, at)
        if self._assignment.stream == checkpoint.name:
            own = (await store.find_positions(session))[self.name]
            return Checkpoint(
                checkpoint.stream, own.sequence, checkpoint.epoch, own.stored_at, checkpoint.doubtful_until
            )
        members = {name: process for name, (process, _) in (await store.find_heartbeats(session)).items()}
        new = self._assignment.on_stream(checkpoint.name)
        await store.save_assignment(session, new)
        await store.set_members(session, members, ReplicaPosition(checkpoint.sequence, checkpoint.stored_at))
        self._assignment, self._entered = new, new.epoch  # where it is not committed, the next beat finds what is
        return checkpoint

    async def join(self) -> None:
        """Become a member. Raises `Unavailable` where the parking area is not the one of the others."""
        renewed_at = self.clock.monotonic()
        async with self.database.unit_of_work() as session:
            await store.make_assignment(session)
            before = await store.load_assignment(session, hold=True) or Assignment()
            beats = await store.find_heartbeats(session)
            members = {name: process for name, (process, _) in beats.items()} | {self.name: self.process}
            new = await self._with_members(session, before, members)
            home = await asyncio.to_thread(self._shared_home, before.home)
            new = replace(new, home=home)
            await store.save_assignment(session, new)
        log.info("inference-logger %s shares the tables with %d others", self.name, len(new.members) - 1)
        self._adopt(new, renewed_at)

    async def _with_members(self, session: AsyncSession, before: Assignment, members: dict[str, str]) -> Assignment:
        found = await store.find_positions(session)
        at = {name: each.sequence for name, each in found.items()}
        new = before.with_members(members, at)
        if new.members == before.members:
            for name, process in members.items():
                await store.take_over(session, name, process)
        else:
            start = store.lowest(found.values()) if found else ReplicaPosition(0, None)
            await store.set_members(session, members, start)
        return new

    def _shared_home(self, home: str) -> str:
        """The id that lies in the parking area; it is put there by the first replica."""
        mark = self.parking / HOME_MARK
        found = mark.read_text().strip() if mark.exists() else ""
        if home and found != home:
            raise Unavailable(
                f"{self.parking} is not the parking area of the other inference-loggers: all that share a database "
                "need one home folder"
            )
        if not found:
            self.parking.mkdir(parents=True, exist_ok=True)
            found = str(new_id())
            mark.write_text(found)
        return found

    async def run(self) -> None:
        """Stay a member, and take out those that are gone, until cancelled."""
        failing = False
        while True:
            try:
                await self._stay()
                failing = False
            except (Unavailable, OSError) as error:
                if not failing:
                    log.warning("inference-logger %s is out of touch with the others: %s", self.name, error)
                failing = True
            await self.clock.sleep(self.lease_s / HEARTBEATS_PER_LEASE)

    async def _stay(self) -> None:
        renewed_at = self.clock.monotonic()
        async with self.database.unit_of_work() as session:
            is_member = await store.send_heartbeat(session, self.name, self.process)
            found = await store.load_assignment(session)
            beats = await store.find_heartbeats(session)
            services = await catalogue.count_by_service(session)
        if not is_member or found is None:
            log.warning("inference-logger %s was held for gone; it takes part again", self.name)
            await self.join()
            return
        self._adopt(found, renewed_at)
        self.metrics.show(len(found.members), sum(count for service, count in services.items() if self.owns(service)))
        gone = self._watch.note(beats, self.clock.monotonic())
        gone.pop(self.name, None)
        if gone:
            await self._take_out(gone)

    async def _take_out(self, gone: dict[str, Heartbeat]) -> None:
        renewed_at = self.clock.monotonic()
        async with self.database.unit_of_work() as session:
            before = await store.load_assignment(session, hold=True)
            beats = await store.find_heartbeats(session)
            own = beats.get(self.name)
            lost = {name for name, last in gone.items() if beats.get(name) == last}
            if before is None or own is None or own[0] != self.process or not lost:
                return  # this one was taken out itself meanwhile, or they said something
            members = {name: process for name, (process, _) in beats.items() if name not in lost}
            new = await self._with_members(session, before, members)
            await store.save_assignment(session, new)
        log.warning("inference-loggers are gone, others take their tables: %s", ", ".join(sorted(lost)))
        self._adopt(new, renewed_at)

    def _adopt(self, new: Assignment, renewed_at: float) -> None:
        has_changed = new.epoch != self._assignment.epoch
        self._assignment, self._renewed_at = new, renewed_at
        if has_changed:
            self._owned = {}
        self._renewed.set()
        if has_changed:
            for call in self.on_change:
                call()
