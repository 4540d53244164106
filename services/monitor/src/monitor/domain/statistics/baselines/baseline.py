"""A baseline: the profile of rows that are held to be good, with bins that do not move; or what is expected instead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import pyarrow as pa

from monitor.domain.statistics.baselines import expectations
from monitor.domain.statistics.baselines.expectations import ColumnExpectation
from monitor.domain.statistics.baselines.freezing import DEFAULT_BINS, chosen_bins, counted, freeze
from monitor.domain.statistics.kinds import ColumnKind
from monitor.domain.statistics.profiles.bins import ColumnBins
from monitor.domain.statistics.profiles.builder import ProfileBuilder
from monitor.domain.statistics.profiles.column import ColumnProfile
from monitor.domain.statistics.profiles.table import TableProfile


@dataclass(frozen=True)
class Baseline:
    """A profile that has counts over its own frozen bins."""

    profile: TableProfile
    expectations: tuple[ColumnExpectation, ...] = ()
    """What somebody has said of columns; the profile is of no rows then."""

    def column(self, name: str) -> ColumnProfile | None:
        """None: the baseline does not know the column."""
        return self.profile.columns.get(name)

    def expectation(self, name: str) -> ColumnExpectation | None:
        """None: nothing is said of the column."""
        return next((each for each in self.expectations if each.name == name), None)

    def renamed(self, names: Mapping[str, str]) -> Baseline:
        """With other names of columns: those of here → those of the table."""
        columns = [replace(one, name=names.get(name, name)) for name, one in self.profile.columns.items()]
        expected = tuple(replace(each, name=names.get(each.name, each.name)) for each in self.expectations)
        return Baseline(replace(self.profile, columns={one.name: one for one in columns}), expected)

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
        second = ProfileBuilder(kinds, chosen_bins(first.finish(), bins))
        for batch in batches():
            second.add(batch)
        return cls(second.finish())

    @classmethod
    def from_profile(cls, profile: TableProfile, bins: int = DEFAULT_BINS) -> Baseline:
        """Of an earlier window's profile; counts come from its sketches, bins that it was counted over stay."""
        return cls(replace(profile, columns={name: _frozen(one, bins) for name, one in profile.columns.items()}))

    def to_bytes(self) -> bytes:
        """`from_bytes` reads it."""
        return expectations.to_bytes(self.expectations) if self.expectations else self.profile.to_bytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> Baseline:
        """ValueError where it is not such bytes."""
        expected = expectations.from_bytes(data)
        return cls(TableProfile.from_bytes(data)) if expected is None else cls(TableProfile(0, {}), expected)


def _frozen(column: ColumnProfile, bins: int) -> ColumnProfile:
    if column.bin_counts is not None and column.bin_counts.counts:
        return column
    frozen = freeze(column, bins)
    return column if frozen is None else replace(column, bin_counts=counted(column, frozen))
