"""Tests of whether two samples have one distribution. SciPy's special functions are loaded when first called."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from monitor.domain.statistics.drift.figures import TestResult

LEAST_EXPECTED = 5.0
"""Cochran's rule: the chi-square law holds where so many are expected in a cell."""


def pool_rare(
    reference: npt.ArrayLike, current: npt.ArrayLike, least: float = LEAST_EXPECTED, *, has_others: bool = False
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The same counts with cells of which either sample expects fewer than `least` added up into one, the last.

    Where that one is rare too, the smallest other cell joins it. Which cells are pooled depends on the sum of both
    samples alone, so that pooling favours neither. `has_others`: the last cell is of all values that the reference does
    not have. It is pooled whatever it holds: values that one sample has once and the other not at all are alike in
    both, and by themselves would make a column of names or numbers of orders drift in every window.
    """
    one, other = np.asarray(reference, dtype=np.float64), np.asarray(current, dtype=np.float64)
    both = one + other
    if not both.sum():
        return one[:0], other[:0]
    smaller = min(one.sum(), other.sum()) / both.sum()
    order = np.argsort(-both, kind="stable")
    if has_others:
        order = np.append(order[order != len(both) - 1], len(both) - 1)
    is_kept = both[order] * smaller >= least
    kept = int(is_kept[: len(both) - has_others].sum())
    pooled = both[order][kept:].sum()
    if pooled and pooled * smaller < least and kept:
        kept -= 1
    head, tail = np.sort(order[:kept]), order[kept:]
    if not both[tail].sum():
        return one[head], other[head]
    return np.append(one[head], one[tail].sum()), np.append(other[head], other[tail].sum())


def homogeneity(reference: npt.ArrayLike, current: npt.ArrayLike) -> TestResult:
    """Chi-square test of a 2 × B table (`scipy.stats.chi2_contingency` without correction); empty cells leave it."""
    table = np.array([reference, current], dtype=np.float64)
    table = table[:, table.sum(axis=0) > 0]
    degrees = table.shape[1] - 1
    if degrees < 1 or not table.sum(axis=1).all():
        return TestResult(0.0, 1.0, max(degrees, 0))
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    statistic = float(((table - expected) ** 2 / expected).sum())
    return TestResult(statistic, chi_squared_tail(statistic, degrees), degrees)


def chi_squared_tail(statistic: float, degrees: int) -> float:
    """P(χ² ≥ statistic)."""
    from scipy.special import chdtrc  # noqa: PLC0415 - loaded by the first test, not when the service starts

    return float(chdtrc(degrees, statistic))


def cramers_v(test: TestResult, rows: float) -> float:
    """Effect size of a 2 × B table, 0 to 1: √(χ² / rows)."""
    return math.sqrt(test.statistic / rows) if rows else 0.0


def ks_p_value(statistic: float, rows: int, other_rows: int) -> float:
    """Two-sided, by Kolmogorov's limit law (`scipy.stats.ks_2samp(method="asymp")` is this to O(1/√n))."""
    from scipy.special import kolmogorov  # noqa: PLC0415

    return float(kolmogorov(math.sqrt(rows * other_rows / (rows + other_rows)) * statistic))


def two_proportions(successes: int, rows: int, other_successes: int, other_rows: int) -> TestResult:
    """Two-sided z test of two proportions with pooled variance."""
    if not rows or not other_rows:
        return TestResult(0.0, 1.0)
    pooled = (successes + other_successes) / (rows + other_rows)
    deviation = math.sqrt(pooled * (1 - pooled) * (1 / rows + 1 / other_rows))
    if not deviation:
        return TestResult(0.0, 1.0)
    statistic = (successes / rows - other_successes / other_rows) / deviation
    return TestResult(statistic, math.erfc(abs(statistic) / math.sqrt(2)))
