"""Frozen bins: windows that are counted over the same bins can be compared and added up exactly."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Edges:
    """Bins between rising finite edges e1 < … < ek: below e1, [e1, e2), …, from ek on; k + 1 bins."""

    edges: tuple[float, ...]

    @property
    def size(self) -> int:
        """How many bins there are."""
        return len(self.edges) + 1


@dataclass(frozen=True)
class Categories:
    """One bin per value (as text, numbers as `number_text` writes them), and a last one of all other values."""

    values: tuple[str, ...]

    @property
    def size(self) -> int:
        """How many bins there are, that of other values included."""
        return len(self.values) + 1


Bins = Edges | Categories


@dataclass(frozen=True)
class ColumnBins:
    """What a column's values are counted against, frozen in the baseline."""

    bins: Bins | None
    low: float | None = None
    """Values below it are counted as out of range (numeric columns)."""
    high: float | None = None


def number_text(value: float) -> str:
    """The text that stands for a number among categories: 3.0 and 3 are one value."""
    value = float(value)
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
