"""How far a column has moved: the figures, with what chance alone would give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from monitor.domain.statistics.slices import ALL_ROWS, Slice

Metric = Literal[
    "psi", "js_distance", "ks", "wasserstein", "chi_squared", "tv_distance", "l_infinity", "new_value_rate"
]
"""`chi_squared` is judged as Cramér's V: the statistic itself grows with the rows."""


@dataclass(frozen=True)
class TestResult:
    """A test's statistic and p value."""

    statistic: float
    p_value: float
    degrees: int | None = None
    """Degrees of freedom, of chi-square."""


@dataclass(frozen=True)
class DriftFigures:
    """One column of one window beside its baseline. A figure is None where it means nothing for the column."""

    column: str
    kind: str
    data_type: str
    rows: int
    """Values in the window (neither null nor NaN)."""
    baseline_rows: int
    bins: int
    psi: float | None = None
    js_distance: float | None = None
    ks: TestResult | None = None
    wasserstein: float | None = None
    """Divided by the baseline's standard deviation."""
    chi_squared: TestResult | None = None
    cramers_v: float | None = None
    tv_distance: float | None = None
    l_infinity: float | None = None
    new_value_rate: float | None = None
    """Share of values in no category of the baseline, or outside of its range."""
    p_value: float | None = None
    """Of the test that the verdict uses: homogeneity of the counts over the frozen bins."""
    floors: Mapping[str, float] = field(default_factory=dict)
    """Metric → what it exceeds in 1 % of windows without any drift, for these numbers of rows and bins."""
    slice: Slice = ALL_ROWS

    def value(self, metric: str) -> float | None:
        """The figure by its metric's name."""
        if metric == "ks":
            return self.ks.statistic if self.ks else None
        if metric == "chi_squared":
            return self.cramers_v
        found = getattr(self, metric)
        return None if found is None else float(found)
