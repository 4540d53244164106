"""Who may write a table in a store that does not keep simultaneous commits apart: the process that came last.

Each commit carries, as an application transaction, the number of its process' turn at the table. A process takes the
next number with its first commit; one that finds a higher number than its own has been replaced, and writes no more.
"""

from __future__ import annotations

from threading import Lock

from deltalake import DeltaTable, Transaction

from shared.errors import Conflict

FENCE = "penstock:writer"


class WriterFence:
    """The turns of this process, and a lock for each table."""

    def __init__(self) -> None:
        self._turns: dict[str, int] = {}
        self._locks: dict[str, Lock] = {}

    def lock(self, location: str) -> Lock:
        """Held while the table is written."""
        return self._locks.setdefault(location, Lock())

    def turn(self, location: str, table: DeltaTable) -> Transaction:
        """What a commit has to carry; raises `Conflict` when another process has taken over."""
        seen = table.transaction_version(FENCE) or 0
        own = self._turns.setdefault(location, seen + 1)
        if seen > own:
            raise Conflict("another inference-logger writes this table, and its store cannot keep the two apart")
        return Transaction(FENCE, own)
