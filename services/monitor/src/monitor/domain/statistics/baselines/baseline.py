"""A baseline: the profile of rows that are held to be good, with bins that do not move."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import pyarrow as pa

from monitor.domain.statistics.baselines.freezing import DEFAULT_BINS, counted, freeze
from monitor.domain.statistics.kinds import ColumnKind
from monitor.domain.statistics.profiles.bins import ColumnBins
from monitor.domain.statistics.profiles.builder import ProfileBuilder
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
        return {
            name: column.bin_counts.frozen
            for name, column in self.profile.columns.items()
            if column.bin_counts is not None
        }

    def kinds(self) -> Mapping[str, ColumnKind]:
        """How the baseline's columns were summed up, for `ProfileBuilder`; all of them, and no others."""
        return {name: column.kind for name, column in self.profile.columns.items()}

    @classmethod
    def from_batches(
        cls,
        batches: Callable[[], Iterable[pa.RecordBatch]],
        bins: int = DEFAULT_BINS,
        kinds: Mapping[str, ColumnKind] | None = None,
    ) -> Baseline:
        """Reads the rows twice: to choose bins, and to count over them. `batches` gives them anew at each call."""
        first = ProfileBuilder(kinds)
        for batch in batches():
            first.add(batch)
        chosen = {name: freeze(column, bins) for name, column in first.finish().columns.items()}
        second = ProfileBuilder(kinds, {name: frozen for name, frozen in chosen.items() if frozen is not None})
        for batch in batches():
            second.add(batch)
        return cls(second.finish())

    @classmethod
    def from_profile(cls, profile: TableProfile, bins: int = DEFAULT_BINS) -> Baseline:
        """Of an earlier window's profile; counts come from its sketches, bins that it was counted over stay."""
        return cls(replace(profile, columns={name: _frozen(one, bins) for name, one in profile.columns.items()}))

    def to_bytes(self) -> bytes:
        """`from_bytes` reads it."""
        return self.profile.to_bytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> Baseline:
        """ValueError where it is not such bytes."""
        return cls(TableProfile.from_bytes(data))


def _frozen(column: ColumnProfile, bins: int) -> ColumnProfile:
    if column.bin_counts is not None and column.bin_counts.counts:
        return column
    frozen = freeze(column, bins)
    return column if frozen is None else replace(column, bin_counts=counted(column, frozen))
