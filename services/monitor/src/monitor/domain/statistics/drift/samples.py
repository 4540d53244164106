"""Evidently's tests on two samples of raw values, to the same edges.

Evidently's bins depend on both samples (Sturges edges over them together), so that profiles cannot reproduce them:
these are for samples at hand, and for comparing figures.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from monitor.domain.statistics.drift import distances
from monitor.domain.statistics.drift.figures import TestResult
from monitor.domain.statistics.drift.hypothesis_tests import two_proportions

_MAX_OWN_BINS = 20
_SMALL_REFERENCE = 1_000
_FEW_VALUES = 5

Method = Literal["ks", "chi_squared", "z", "wasserstein", "js_distance"]


def shared_bins(
    reference: Sequence[object] | npt.NDArray[np.generic], current: Sequence[object] | npt.NDArray[np.generic]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Counts over Evidently's bins: Sturges edges over both samples for numbers of which the reference has more than
    20 distinct ones, else a bin per distinct value of either.
    """
    one, other = np.asarray(reference), np.asarray(current)
    if np.issubdtype(one.dtype, np.number) and len(np.unique(one)) > _MAX_OWN_BINS:
        edges = np.histogram_bin_edges(np.concatenate((one, other)), bins="sturges")
        return np.histogram(one, edges)[0], np.histogram(other, edges)[0]
    values, places = np.unique(np.concatenate((one, other)), return_inverse=True)
    size = len(values)
    return np.bincount(places[: len(one)], minlength=size), np.bincount(places[len(one) :], minlength=size)


def psi(reference: npt.NDArray[np.generic], current: npt.NDArray[np.generic]) -> float:
    """Evidently's `psi`; drift from 0.1 on."""
    return distances.psi(*shared_bins(reference, current))


def js_distance(reference: npt.NDArray[np.generic], current: npt.NDArray[np.generic]) -> float:
    """Evidently's `jensenshannon`; drift from 0.1 on."""
    return distances.js_distance(*shared_bins(reference, current))


def wasserstein(reference: npt.NDArray[np.float64], current: npt.NDArray[np.float64]) -> float:
    """Evidently's `wasserstein` (normed); drift from 0.1 on."""
    distance = distances.wasserstein(_weighted(reference), _weighted(current))
    return distances.normed(distance, float(np.std(reference)))


def _weighted(sample: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    ordered = np.sort(np.asarray(sample, dtype=np.float64))
    return ordered, np.ones(len(ordered))


def ks(reference: npt.NDArray[np.float64], current: npt.NDArray[np.float64]) -> TestResult:
    """Evidently's `ks` (SciPy's `ks_2samp`, exact for small samples); drift where p ≤ 0.05."""
    from scipy.stats import ks_2samp  # noqa: PLC0415

    found = ks_2samp(reference, current)
    return TestResult(float(found.statistic), float(found.pvalue))


def chi_squared(reference: npt.NDArray[np.generic], current: npt.NDArray[np.generic]) -> TestResult:
    """Evidently's `chisquare`: the reference's shares are taken as the truth, nothing is pooled; drift where p < 0.05.

    A value that the reference lacks makes the statistic infinite.
    """
    from scipy.special import chdtrc  # noqa: PLC0415

    counts, others = _by_value(reference, current)
    expected = counts * (len(current) / len(reference))
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = (others - expected) ** 2 / expected
    statistic = float(np.nansum(terms))
    degrees = len(counts) - 1
    p_value = 0.0 if math.isinf(statistic) else float(chdtrc(degrees, statistic))
    return TestResult(statistic, p_value, degrees)


def z(reference: npt.NDArray[np.generic], current: npt.NDArray[np.generic]) -> TestResult:
    """Evidently's `z`, for columns of at most two values; drift where p < 0.05."""
    counts, others = _by_value(reference, current)
    if len(counts) < 2:
        return TestResult(0.0, 1.0)
    return two_proportions(int(counts[-1]), len(reference), int(others[-1]), len(current))


def _by_value(
    reference: npt.NDArray[np.generic], current: npt.NDArray[np.generic]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    values, places = np.unique(np.concatenate((reference, current)), return_inverse=True)
    size, first = len(values), len(reference)
    return np.bincount(places[:first], minlength=size), np.bincount(places[first:], minlength=size)


def default_method(reference_rows: int, distinct: int, is_numeric: bool) -> Method:
    """The test that Evidently chooses by itself; `distinct`: values in both samples together."""
    if is_numeric and distinct > _FEW_VALUES:
        return "ks" if reference_rows <= _SMALL_REFERENCE else "wasserstein"
    if reference_rows > _SMALL_REFERENCE:
        return "js_distance"
    return "chi_squared" if distinct > 2 else "z"
