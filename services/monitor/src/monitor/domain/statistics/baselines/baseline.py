"""A baseline: the profile of rows that are held to be good, with bins that do not move."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from monitor.domain.statistics.profiles.bins import ColumnBins
from monitor.domain.statistics.profiles.column import ColumnProfile
from monitor.domain.statistics.profiles.table import TableProfile


@dataclass(frozen=True)
class Baseline:
    """A profile that has counts over its own frozen bins."""

    profile: TableProfile

    def column(self, name: str) -> ColumnProfile | None:
        """None: the baseline does not know the column."""
        return self.profile.columns.get(name)

    def frozen(self) -> Mapping[str, ColumnBins]:
        """What windows have to be counted over, for `ProfileBuilder`."""
        raise NotImplementedError

    @classmethod
    def from_batches(cls, batches: Iterable[pa.RecordBatch], bins: int = 10) -> Baseline:
        """Reads the rows once. Numeric columns get bins of equal share, others one per frequent value."""
        raise NotImplementedError

    @classmethod
    def from_profile(cls, profile: TableProfile, bins: int = 10) -> Baseline:
        """Of an earlier window's profile; counts are taken from its sketches."""
        raise NotImplementedError

    def to_bytes(self) -> bytes:
        """`from_bytes` reads it."""
        return self.profile.to_bytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> Baseline:
        """ValueError where it is not such bytes."""
        return cls(TableProfile.from_bytes(data))
