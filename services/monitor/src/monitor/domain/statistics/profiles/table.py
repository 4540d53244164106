"""The profile of a table's rows: of a window, of a slice of it, of a baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.domain.statistics.profiles.column import ColumnProfile


@dataclass(frozen=True)
class TableProfile:
    """Columns by name, and the rows that they are of."""

    rows: int
    columns: Mapping[str, ColumnProfile]

    def merge(self, other: TableProfile) -> TableProfile:
        """The profile of both one's rows. ValueError where they were counted over different bins."""
        raise NotImplementedError

    def to_bytes(self) -> bytes:
        """JSON, compressed; `from_bytes` reads it."""
        raise NotImplementedError

    @classmethod
    def from_bytes(cls, data: bytes) -> TableProfile:
        """ValueError where it is not such bytes."""
        raise NotImplementedError
