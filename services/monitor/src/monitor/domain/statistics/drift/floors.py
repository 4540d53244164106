"""Noise floors: what a figure exceeds in 1 % of windows although nothing has moved.

n and m are the rows of baseline and window, s² = 1/n + 1/m, and B the bins that are left after pooling. Under one
distribution Σ d²/p, with d the difference of a bin's shares and p its share, follows s² χ² with B - 1 degrees of
freedom; then
  PSI ≈ Σ d²/p,  Jensen-Shannon distance ≈ √(Σ d²/p / 8),  Cramér's V = √(χ² / (n + m)),
  total variation = ½ Σ |d| ≤ ½ √(Σ d²/p)  (Cauchy-Schwarz),
  L∞ ≤ z √(s² max p (1 - p)), z by Bonferroni over the bins,
  KS: Kolmogorov's limit law, plus the rank errors of the sketches,
  Wasserstein ≈ s ∫ |Brownian bridge at F(x)| dx / σ: its mean is √(2/π) s ∫ √(F (1 - F)) dx / σ; its 99 % quantile is
  2.1 to 2.6 times that (simulated: normal, exponential, lognormal, uniform, t, bimodal).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

LEVEL = 0.01
_WASSERSTEIN_RATIO = 2.6
_SHIFT = math.sqrt(2 / math.pi)


def binned_floors(
    reference: npt.NDArray[np.float64], current: npt.NDArray[np.float64], level: float = LEVEL
) -> dict[str, float]:
    """Of the metrics over bins; `reference` and `current` are counts after pooling."""
    rows, other_rows = float(reference.sum()), float(current.sum())
    if len(reference) < 2 or not rows or not other_rows:
        return {}
    from scipy.special import chdtri, ndtri  # noqa: PLC0415 - loaded by the first test, not when the service starts

    spread = 1 / rows + 1 / other_rows
    chi = float(chdtri(len(reference) - 1, level))
    part = (reference + current) / (rows + other_rows)
    z = float(-ndtri(level / 2 / len(reference)))
    return {
        "psi": spread * chi,
        "js_distance": math.sqrt(spread * chi / 8),
        "chi_squared": math.sqrt(chi / (rows + other_rows)),
        "tv_distance": math.sqrt(spread * chi) / 2,
        "l_infinity": z * math.sqrt(spread * float((part * (1 - part)).max())),
    }


def ks_floor(rows: int, other_rows: int, rank_errors: float = 0.0, level: float = LEVEL) -> float:
    """`rank_errors`: of both sketches together."""
    return math.sqrt(-math.log(level / 2) / 2 * (1 / rows + 1 / other_rows)) + rank_errors


def wasserstein_floor(
    points: npt.NDArray[np.float64], weights: npt.NDArray[np.float64], deviation: float, spread: float
) -> float:
    """Of the normed distance. `points` (rising) and `weights` describe the baseline, `spread` is 1/n + 1/m."""
    below = np.cumsum(weights)[:-1] / weights.sum()
    area = float(np.sum(np.sqrt(below * (1 - below)) * np.diff(points)))
    return _WASSERSTEIN_RATIO * _SHIFT * math.sqrt(spread) * area / max(deviation, 1e-3)


def new_value_floor(unseen: float, baseline_rows: int, rows: int) -> float:
    """Of the share of values that a baseline of so many rows had not seen although they belong to it.

    `unseen`: how many rows' worth of values are expected to be missing: the number of values seen once (Good-Turing),
    2 for a range (one beyond either end). Its own spread and that of the window are added at 99 %.
    """
    if not baseline_rows or not rows:
        return 0.0
    mass = min(1.0, (unseen + 2.33 * math.sqrt(unseen) + 1.5) / baseline_rows)
    return min(1.0, mass + 2.33 * math.sqrt(mass / rows) + 1 / rows)
