"""The profile of one column."""

from __future__ import annotations

from dataclasses import dataclass, field

from monitor.domain.statistics.kinds import ColumnKind
from monitor.domain.statistics.profiles.bins import ColumnBins


@dataclass(frozen=True)
class Moments:
    """Mean and sum of squared deviations of finite numbers; merged by Chan's formula."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0
    """Sum of (x - mean)²."""
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class Lengths:
    """Lengths of texts, in characters."""

    count: int = 0
    total: int = 0
    minimum: int | None = None
    maximum: int | None = None


@dataclass(frozen=True)
class BinCounts:
    """How many values fell into each bin of `frozen`."""

    frozen: ColumnBins
    counts: tuple[int, ...] = ()
    """One per bin; for categories the last counts all other values (new ones). Empty where there are no bins."""
    below: int = 0
    above: int = 0


@dataclass(frozen=True)
class ColumnProfile:
    """What is known of one column of one window (or of a baseline). Immutable; `merge` adds two up."""

    name: str
    kind: ColumnKind
    data_type: str
    """The Arrow type as text; of merged columns of several types, the first."""
    count: int = 0
    """Rows, nulls included."""
    nulls: int = 0
    nans: int = 0
    zeros: int = 0
    infinities: int = 0
    moments: Moments = field(default_factory=Moments)
    lengths: Lengths = field(default_factory=Lengths)
    quantile_sketch: bytes | None = None
    """A KLL sketch of doubles (Apache DataSketches), of the finite numbers."""
    distinct_sketch: bytes | None = None
    """An HLL sketch (Apache DataSketches), once there are more values than are counted one by one."""
    value_counts: tuple[tuple[str, int], ...] | None = ()
    """Every distinct value with its count while there are few; None: there were too many."""
    frequent_sketch: bytes | None = None
    """Frequent values of texts (Apache DataSketches), once `value_counts` is None."""
    bin_counts: BinCounts | None = None
    """Counts over a baseline's bins; None: profiled without a baseline."""

    @property
    def values(self) -> int:
        """Rows with a value that is neither null nor NaN."""
        return self.count - self.nulls - self.nans
