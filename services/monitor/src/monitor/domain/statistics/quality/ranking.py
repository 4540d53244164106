"""ROC AUC and log loss from probabilities, in bounded memory."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

KEPT_ROWS = 200_000
"""Up to so many rows AUC is exact; above, scores are counted in steps of 1/65,536, and equal ones are ties."""
_STEPS = 65_536


class BinaryRanking:
    """Scores of one class against the rest."""

    def __init__(self) -> None:
        self._kept: list[tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]] | None = []
        self._rows = 0
        self._counts = np.zeros((0, 0), dtype=np.int64)

    def add(self, scores: npt.NDArray[np.float64], is_positive: npt.NDArray[np.bool_]) -> None:
        """Scores from 0 to 1."""
        self._rows += len(scores)
        if self._kept is not None:
            self._kept.append((scores, is_positive))
            if self._rows <= KEPT_ROWS:
                return
            self._counts = np.zeros((2, _STEPS + 1), dtype=np.int64)
            for pair in self._kept:
                self._count(*pair)
            self._kept = None
        else:
            self._count(scores, is_positive)

    def _count(self, scores: npt.NDArray[np.float64], is_positive: npt.NDArray[np.bool_]) -> None:
        steps = np.rint(scores * _STEPS).astype(np.int64)
        for side, chosen in enumerate((~is_positive, is_positive)):
            self._counts[side] += np.bincount(steps[chosen], minlength=_STEPS + 1)

    def auc(self) -> float | None:
        """None where all rows are of one side."""
        if self._kept is None:
            return area_under_curve(self._counts[0], self._counts[1])
        if not self._kept:
            return None
        scores = np.concatenate([pair[0] for pair in self._kept])
        is_positive = np.concatenate([pair[1] for pair in self._kept])
        values, places = np.unique(scores, return_inverse=True)
        size = len(values)
        return area_under_curve(
            np.bincount(places[~is_positive], minlength=size), np.bincount(places[is_positive], minlength=size)
        )


def area_under_curve(negatives: npt.ArrayLike, positives: npt.ArrayLike) -> float | None:
    """P(score of a positive > that of a negative) + half of ties, from (expected) counts by rising score."""
    below, above = np.asarray(negatives, dtype=np.float64), np.asarray(positives, dtype=np.float64)
    total = below.sum() * above.sum()
    if not total:
        return None
    smaller = np.cumsum(below) - below
    return float((above * (smaller + below / 2)).sum() / total)


class LogLoss:
    """Mean negative logarithm of the label's probability, clipped as scikit-learn does."""

    def __init__(self) -> None:
        self._sum = 0.0
        self._rows = 0

    def add(self, probabilities: npt.NDArray[np.float64]) -> None:
        """Of each row's label."""
        least = np.finfo(np.float64).eps
        self._sum -= float(np.log(np.clip(probabilities, least, 1 - least)).sum())
        self._rows += len(probabilities)

    def value(self) -> float | None:
        """None: no rows."""
        return self._sum / self._rows if self._rows else None
