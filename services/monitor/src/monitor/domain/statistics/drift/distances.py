"""Distances between two distributions over the same bins, and between two sets of weighted numbers.

PSI, Jensen-Shannon and the normed Wasserstein distance are defined as in Evidently (legacy `stattests`), so that
figures can be compared: PSI fills empty bins, Jensen-Shannon is the square root of the divergence with the natural
logarithm, Wasserstein is divided by the reference's standard deviation (ddof 0), at least 0.001.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_FILLED = 1e-4
_LEAST_DEVIATION = 1e-3


def shares(counts: npt.ArrayLike) -> Floats:
    """Counts divided by their sum; all 0 where there are none."""
    array = np.asarray(counts, dtype=np.float64)
    total = array.sum()
    return array / total if total else array


def fill_empty(part: Floats) -> Floats:
    """Evidently's filling: 0.0001; a millionth of the least share, where that is no larger. Not normed again."""
    positive = part[part > 0]
    if not len(positive) or len(positive) == len(part):
        return part
    least = float(positive.min())
    return np.where(part > 0, part, least / 1e6 if least <= _FILLED else _FILLED)


def psi(reference: npt.ArrayLike, current: npt.ArrayLike) -> float:
    """Population stability index of counts: Σ (r - c) ln(r / c)."""
    one, other = fill_empty(shares(reference)), fill_empty(shares(current))
    return float(np.sum((one - other) * np.log(one / other)))


def js_distance(reference: npt.ArrayLike, current: npt.ArrayLike) -> float:
    """Square root of the Jensen-Shannon divergence, 0 to √ln 2 = 0.8326."""
    one, other = shares(reference), shares(current)
    middle = (one + other) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(one > 0, one * np.log(one / middle), 0) + np.where(
            other > 0, other * np.log(other / middle), 0
        )
    return math.sqrt(max(0.0, float(terms.sum()) / 2))


def tv_distance(reference: npt.ArrayLike, current: npt.ArrayLike) -> float:
    """Total variation: half of the sum of differences of shares, 0 to 1."""
    return float(np.abs(shares(reference) - shares(current)).sum() / 2)


def l_infinity(reference: npt.ArrayLike, current: npt.ArrayLike) -> float:
    """The largest difference of a bin's shares, 0 to 1."""
    return float(np.abs(shares(reference) - shares(current)).max(initial=0.0))


def distribution(points: Floats, weights: Floats, at: Floats) -> Floats:
    """The distribution function of weighted points (rising) at `at`: the share of weight that is no larger."""
    sums = np.concatenate(([0.0], np.cumsum(weights)))
    return np.asarray(sums[np.searchsorted(points, at, side="right")] / sums[-1], dtype=np.float64)


def ks_statistic(one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> float:
    """Largest distance of the distribution functions of two sets of (points, weights), each rising."""
    at = np.concatenate((one[0], other[0]))
    return float(np.abs(distribution(*one, at) - distribution(*other, at)).max())


def wasserstein(one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> float:
    """First Wasserstein distance of two sets of (points, weights): the area between the distribution functions."""
    at = np.unique(np.concatenate((one[0], other[0])))
    between = distribution(*one, at[:-1]) - distribution(*other, at[:-1])
    return float(np.sum(np.abs(between) * np.diff(at)))


def normed(distance: float, deviation: float) -> float:
    """`deviation`: of the reference, ddof 0."""
    return distance / max(deviation, _LEAST_DEVIATION)
