"""Who may write a table, where more than one process might.

Of several replicas the one that owns it: each commit carries, as an application transaction, the epoch in which its
process became the owner. It is read from and written with the same table object, so that one that lost the table (it
stood still, or was cut off) cannot commit once its successor has.

In a store that does not keep simultaneous commits apart: the process that came last. Each commit carries the number of
its process' turn at the table. A process takes the next number with its first commit; one that finds a higher number
than its own has been replaced, and writes no more. Between the look and the commit nothing holds there, so replicas do
not write there at all.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from threading import Lock
from typing import Protocol

from deltalake import DeltaTable, Transaction

from inference_logger.domain.tables import service_at
from shared.errors import Conflict, Unavailable

FENCE = "penstock:writer"
OWNER = "penstock:owner"
NOT_SHARED = (
    "its store is not known to keep simultaneous commits apart, and several inference-loggers share the tables: run "
    "one, or use a store that keeps conditional writes"
)


class Lease(Protocol):
    """What a process that shares tables with others may still do."""

    def current_epoch(self, service: str) -> int | None:
        """Of this replica, which owns the service; None: it shares nothing. Raises `Unavailable` where it does not own
        it, or not any more for all it knows."""
        ...


class Unshared:
    """The only process."""

    def current_epoch(self, service: str) -> int | None:
        """It may do everything."""
        return None


class WriterFence:
    """The turns of this process, and a lock for each table."""

    def __init__(self, lease: Lease | None = None) -> None:
        self.lease = lease or Unshared()
        self._turns: dict[str, int] = {}
        self._locks: dict[str, Lock] = {}

    def lock(self, location: str) -> Lock:
        """Held while the table is written."""
        return self._locks.setdefault(location, Lock())

    def alone(self, location: str, *, is_single_writer: bool) -> AbstractContextManager[object]:
        """Held while rows are added, where the store does not keep simultaneous commits apart."""
        return self.lock(location) if is_single_writer else nullcontext()

    def turn(self, location: str, table: DeltaTable) -> Transaction:
        """What a commit has to carry in such a store; raises `Conflict` when another process has taken over."""
        seen = table.transaction_version(FENCE) or 0
        own = self._turns.setdefault(location, seen + 1)
        if seen > own:
            raise Conflict("another inference-logger writes this table, and its store cannot keep the two apart")
        return Transaction(FENCE, own)

    def transactions(self, location: str, table: DeltaTable, *, is_single_writer: bool) -> list[Transaction]:
        """What an append has to carry. Raises `Unavailable` where another process owns the table, `Conflict` where the
        store takes only one."""
        epoch = self.check(location, table, is_single_writer=is_single_writer)
        if epoch is not None:
            return [Transaction(OWNER, epoch)]
        return [self.turn(location, table)] if is_single_writer else []

    def check(self, location: str, table: DeltaTable, *, is_single_writer: bool) -> int | None:
        """The epoch of this process, if it is one of several. Raises what `transactions` does."""
        epoch = self.lease.current_epoch(service_at(location))
        if epoch is None:
            return None
        if is_single_writer:
            raise Conflict(NOT_SHARED)
        if (table.transaction_version(OWNER) or 0) > epoch:
            raise Unavailable("another inference-logger owns this table by now", retry_after_s=1)
        return epoch
