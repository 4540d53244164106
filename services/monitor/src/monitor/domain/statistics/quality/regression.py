"""Figures of a regression; definitions are scikit-learn's."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from monitor.domain.statistics.quality.classification import Z_95
from monitor.domain.statistics.quality.figures import ModelQuality


class RegressionSums:
    """Sums over rows; batches are added up."""

    def __init__(self) -> None:
        self.rows = 0
        self._error = self._squared = self._fourth = self._absolute = self._relative = 0.0
        self._label_mean = self._label_squares = 0.0

    def add(self, labels: npt.NDArray[np.float64], predictions: npt.NDArray[np.float64]) -> None:
        """Finite numbers."""
        if not len(labels):
            return
        with np.errstate(over="ignore", invalid="ignore"):  # what is beyond all bounds is infinitely bad
            errors = predictions - labels
            absolute, squared = np.abs(errors), errors * errors
            self._error += float(errors.sum())
            self._absolute += float(absolute.sum())
            self._squared += float(squared.sum())
            self._fourth += float((squared * squared).sum())
            self._relative += float((absolute / np.maximum(np.abs(labels), np.finfo(np.float64).eps)).sum())
            mean, count = float(labels.mean()), len(labels)
            shift, total = mean - self._label_mean, self.rows + count
            self._label_squares += float(((labels - mean) ** 2).sum()) + shift * shift * self.rows * count / total
        self._label_mean += shift * count / total
        self.rows = total

    def finish(self) -> ModelQuality:
        """R² is absent where all labels are equal."""
        rows = self.rows
        if not rows:
            return ModelQuality("regression", 0, {})
        mae, mse, bias = self._absolute / rows, self._squared / rows, self._error / rows
        figures = {
            "mae": mae,
            "mse": mse,
            "rmse": math.sqrt(mse),
            "mape": self._relative / rows,
            "mean_error": bias,
        }
        if self._label_squares > 0:
            figures["r2"] = 1 - self._squared / self._label_squares
        margins = {
            "mae": _margin(mse - mae * mae, rows),
            "mse": _margin(self._fourth / rows - mse * mse, rows),
            "mean_error": _margin(mse - bias * bias, rows),
        }
        return ModelQuality("regression", rows, figures, margins)


def _margin(variance: float, rows: int) -> float:
    """0 where squares are beyond what floats hold: a figure that is that bad is not made good by an interval of NaN."""
    return Z_95 * math.sqrt(max(variance, 0.0) / rows) if math.isfinite(variance) else 0.0
