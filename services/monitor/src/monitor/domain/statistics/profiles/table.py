"""The profile of a table's rows: of a window, of a slice of it, of a baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.domain.statistics.kinds import ColumnKind
from monitor.domain.statistics.profiles import encoding
from monitor.domain.statistics.profiles.column import ColumnProfile
from monitor.domain.statistics.profiles.merging import merged_column


@dataclass(frozen=True)
class TableProfile:
    """Columns by name, and the rows that they are of."""

    rows: int
    columns: Mapping[str, ColumnProfile]

    def merge(self, other: TableProfile) -> TableProfile:
        """The profile of both one's rows. ValueError where they were counted over different bins."""
        names = dict.fromkeys((*self.columns, *other.columns))
        merged = {
            name: merged_column(
                self.columns.get(name) or _absent(name, self.rows), other.columns.get(name) or _absent(name, other.rows)
            )
            for name in names
        }
        return TableProfile(self.rows + other.rows, merged)

    def to_bytes(self) -> bytes:
        """JSON, compressed; `from_bytes` reads it."""
        return encoding.to_bytes(self.rows, self.columns)

    @classmethod
    def from_bytes(cls, data: bytes) -> TableProfile:
        """ValueError where it is not such bytes."""
        return cls(*encoding.from_bytes(data))


def _absent(name: str, rows: int) -> ColumnProfile:
    return ColumnProfile(name, ColumnKind.OTHER, "null", count=rows, nulls=rows)
