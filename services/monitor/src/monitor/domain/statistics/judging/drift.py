"""Whether columns have drifted, judged together.

A column has drifted where the chosen distance is at least the effective threshold, the larger of the user's and the
noise floor, and the test of homogeneity still rejects after the correction for all columns and slices of the window.
The first keeps large windows from alarming at differences that do not matter, the second keeps small windows and
many columns from alarming by chance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from monitor.domain import sentences
from monitor.domain.statistics.drift.figures import DriftFigures
from monitor.domain.statistics.judging.correction import benjamini_hochberg
from monitor.domain.statistics.judging.states import State, worst_of
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
    limited_by: Literal["threshold", "noise_floor", ""] = ""
    """What the effective threshold is."""


def judge_drift(figures: Sequence[DriftFigures], rule: DriftRule) -> tuple[ColumnVerdict, ...]:
    """One verdict per figure, in their order; the correction is over all that have enough rows."""
    refusals = [_refusal(one, rule) for one in figures]
    judged = [one for one, refusal in zip(figures, refusals, strict=True) if refusal is None]
    adjusted = iter(benjamini_hochberg([_p_value(one, rule) for one in judged]))
    return tuple(
        _refused(one, rule, *refusal) if refusal else _judged(one, rule, next(adjusted))
        for one, refusal in zip(figures, refusals, strict=True)
    )


def worst(verdicts: Sequence[ColumnVerdict]) -> State:
    """The rule's state: critical, warning, ok; insufficient data only where no column had enough."""
    return worst_of(verdict.state for verdict in verdicts)


def _refusal(one: DriftFigures, rule: DriftRule) -> tuple[State, str] | None:
    rows, wanted = min(one.rows, one.baseline_rows), rule.min_sample
    if rows < wanted:
        few = sentences.FEW_IN_WINDOW if one.rows <= one.baseline_rows else sentences.FEW_IN_BASELINE
        return "insufficient_data", few(rows=rows, column=one.column, least=wanted)
    if one.value(rule.metric) is None:
        fields = {"metric": rule.metric, "column": one.column, "kind": one.kind, "data_type": one.data_type}
        return "error", sentences.NOT_DEFINED_FOR(**fields)
    return None


def _refused(one: DriftFigures, rule: DriftRule, state: State, reason: str) -> ColumnVerdict:
    return ColumnVerdict(
        column=one.column,
        slice=one.slice,
        state=state,
        metric=rule.metric,
        value=one.value(rule.metric),
        threshold=None,
        floor=_floor(one, rule),
        p_value=one.p_value,
        adjusted_p=None,
        rows=one.rows,
        baseline_rows=one.baseline_rows,
        reason=reason,
    )


def _judged(one: DriftFigures, rule: DriftRule, adjusted_p: float) -> ColumnVerdict:
    value, floor = one.value(rule.metric), _floor(one, rule)
    assert value is not None
    is_significant = adjusted_p <= rule.false_discovery_rate
    levels: tuple[tuple[State, float | None], ...] = (("critical", rule.critical), ("warning", rule.warning))
    state: State = "ok"
    threshold = rule.warning if rule.warning is not None else rule.critical
    for level, limit in levels:
        if limit is not None and is_significant and value >= max(limit, floor or 0.0):
            state, threshold = level, limit
            break
    effective = None if threshold is None else max(threshold, floor or 0.0)
    return ColumnVerdict(
        column=one.column,
        slice=one.slice,
        state=state,
        metric=rule.metric,
        value=value,
        threshold=effective,
        floor=floor,
        p_value=one.p_value,
        adjusted_p=adjusted_p,
        rows=one.rows,
        baseline_rows=one.baseline_rows,
        limited_by="" if threshold is None else "threshold" if effective == threshold else "noise_floor",
    )


def _floor(one: DriftFigures, rule: DriftRule) -> float | None:
    """Of so many fewer independent rows. PSI grows with 1/n, distances with its root."""
    floor = one.floors.get(rule.metric)
    if floor is None:
        return None
    return floor * (rule.design_factor if rule.metric == "psi" else math.sqrt(rule.design_factor))


def _p_value(one: DriftFigures, rule: DriftRule) -> float:
    """New values are judged by their rate alone: one that cannot be is no matter of chance."""
    if rule.metric == "new_value_rate" or one.chi_squared is None:
        return 0.0
    if rule.design_factor == 1 or not one.chi_squared.degrees:
        return one.chi_squared.p_value
    from monitor.domain.statistics.drift.hypothesis_tests import chi_squared_tail  # noqa: PLC0415 - loads NumPy

    return chi_squared_tail(one.chi_squared.statistic / rule.design_factor, one.chi_squared.degrees)
