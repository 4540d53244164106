"""How the values of a column lie in a window, beside the baseline of its rule."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from shared.contracts.base import Contract


class DistributionBin(Contract):
    """Numbers from `start` to `end` (of times: seconds since 1970), and the share of each side that lies there.

    The outermost bins hold what lies beyond them, too.
    """

    start: float
    end: float
    window: float | None = Field(description="Share of the values, 0 to 1; null: the window has none.")
    baseline: float | None = Field(description="Share of the values, 0 to 1; null: there is nothing to compare with.")


class ValueShare(Contract):
    """One value, and the share of each side that has it."""

    value: str | None = Field(description="Null: all others.")
    window: float | None = Field(description="Share of the values, 0 to 1; null: the window has none.")
    baseline: float | None = Field(description="Share of the values, 0 to 1; null: there is nothing to compare with.")


class SideFigures(Contract):
    """What is known of one side in a few numbers."""

    rows: int
    nulls: float = Field(description="Share of the rows without a value.")
    mean: float | None = Field(description="Of numbers.")
    median: float | None = Field(description="Of numbers, within 0.7 % of rank.")


class ColumnDistribution(Contract):
    """A column of a window beside the baseline, as shares of at most 28 common bins, or of at most 9 values."""

    column: str
    slice: str | None = Field(default=None, description="Null: all rows.")
    kind: Literal["numeric", "categorical", "temporal", "other"]
    source: str | None = Field(default=None, description="What the baseline was made of; null: there is none.")
    bins: tuple[DistributionBin, ...] = ()
    values: tuple[ValueShare, ...] = ()
    window: SideFigures
    baseline: SideFigures | None = None
