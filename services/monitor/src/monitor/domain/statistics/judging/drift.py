"""Whether columns have drifted, judged together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from monitor.domain.statistics.drift.figures import DriftFigures
from monitor.domain.statistics.judging.states import State
from monitor.domain.statistics.slices import Slice

DEFAULT_MIN_SAMPLE = 500


@dataclass(frozen=True)
class DriftRule:
    """A threshold counts only where it is above what chance gives for this many rows."""

    metric: str = "psi"
    warning: float | None = 0.1
    critical: float | None = 0.25
    min_sample: int = DEFAULT_MIN_SAMPLE
    """Values in the window and in the baseline below which nothing is said."""
    false_discovery_rate: float = 0.05
    """Benjamini-Hochberg's q over all columns and slices of the window; 1: no correction, thresholds alone."""
    design_factor: float = 1.0
    """How many rows count as one independent row (retries, many rows of one user)."""


@dataclass(frozen=True)
class ColumnVerdict:
    """The state of one column in one slice."""

    column: str
    slice: Slice
    state: State
    metric: str
    value: float | None
    threshold: float | None
    """The effective one: the larger of the user's and the noise floor (of the level reached, else of warning)."""
    floor: float | None
    p_value: float | None
    adjusted_p: float | None
    rows: int
    baseline_rows: int
    reason: str = ""
    """A sentence, for insufficient data and errors."""
    limited_by: Literal["threshold", "noise_floor", ""] = field(default="")


def judge_drift(figures: Sequence[DriftFigures], rule: DriftRule) -> tuple[ColumnVerdict, ...]:
    """One verdict per figure, in their order; the correction is over all that have enough rows."""
    raise NotImplementedError


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjusted p values in the order given: rejected at rate q are those ≤ q."""
    raise NotImplementedError


def worst(verdicts: Sequence[ColumnVerdict]) -> State:
    """The rule's state: critical, warning, ok; insufficient data only where no column had enough."""
    raise NotImplementedError
