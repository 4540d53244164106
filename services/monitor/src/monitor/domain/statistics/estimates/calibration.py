"""Probabilities that can be believed: isotonic regression on labelled rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from monitor.domain.statistics.quality import arrays

Floats = npt.NDArray[np.float64]
IsotonicMap = tuple[tuple[float, ...], tuple[float, ...]]

_BINS = 10
_FOLDS = 3
LEAST_ROWS = 300
"""Labelled rows below which nothing is fitted."""


@dataclass(frozen=True)
class Calibration:
    """Class → isotonic map (rising scores, probabilities), linear in between; a class that is absent stays as it is."""

    maps: Mapping[str, IsotonicMap] = field(default_factory=dict)
    errors: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Class → expected calibration error before and after, over rows held out."""

    def apply(self, scores: Mapping[str, Floats]) -> dict[str, Floats]:
        """Probabilities per class that add up to 1 per row."""
        mapped = {name: self._map(name, column) for name, column in scores.items()}
        calibrated = [name for name in mapped if name in self.maps]
        if len(mapped) == 2 and len(calibrated) == 1:
            (other,) = mapped.keys() - calibrated
            mapped[other] = 1 - mapped[calibrated[0]]
        total = sum(mapped.values(), start=np.zeros(len(next(iter(scores.values())))))
        share = np.where(total > 0, total, 1.0)
        return {
            name: np.where(total > 0, column / share, 1 / len(mapped)).astype(np.float64)
            for name, column in mapped.items()
        }

    def _map(self, name: str, column: Floats) -> Floats:
        found = self.maps.get(name)
        return column if found is None else np.interp(column, found[0], found[1])


def fit_calibration(scores: Mapping[str, Any], labels: Any) -> Calibration:
    """Of labelled rows that the model was not trained on. A class gets a map only where that lowers the calibration
    error of rows held out (three folds that hold the class in equal shares), as in NannyML. Rows without a label or a
    score are left out.
    """
    truth = arrays.texts(arrays.as_array(labels))
    columns = arrays.score_columns(scores, len(truth))
    is_known = truth.is_valid().to_numpy(zero_copy_only=False)
    for column in columns.values():
        is_known = is_known & np.isfinite(column)
    names = np.asarray(truth.to_pylist(), dtype=object)[is_known]
    columns = {name: column[is_known] for name, column in columns.items()}
    columns = arrays.with_complement(columns, sorted(set(names.tolist())))
    maps: dict[str, IsotonicMap] = {}
    errors: dict[str, tuple[float, float]] = {}
    if len(names) >= LEAST_ROWS:
        for name, column in columns.items():
            is_class = (names == name).astype(np.float64)
            errors[name] = _held_out_errors(column, is_class)
            if errors[name][1] < errors[name][0]:
                maps[name] = fit_isotonic(column, is_class)
    return Calibration(maps, errors)


def _held_out_errors(column: Floats, is_class: Floats) -> tuple[float, float]:
    folds = np.empty(len(column), dtype=np.int64)
    # Stratified by class and score: every third row in the order of both is held out.
    folds[np.lexsort((column, is_class))] = np.arange(len(column)) % _FOLDS
    before, after = 0.0, 0.0
    for fold in range(_FOLDS):
        is_held = folds == fold
        points = fit_isotonic(column[~is_held], is_class[~is_held])
        before += calibration_error(column[is_held], is_class[is_held]) / _FOLDS
        after += calibration_error(np.interp(column[is_held], *points), is_class[is_held]) / _FOLDS
    return before, after


def calibration_error(probabilities: Floats, is_class: Floats) -> float:
    """Expected calibration error over ten bins of equal width."""
    places = np.minimum((probabilities * _BINS).astype(np.int64), _BINS - 1)
    gaps = np.bincount(places, weights=probabilities - is_class, minlength=_BINS)
    return float(np.abs(gaps).sum() / max(len(probabilities), 1))


def fit_isotonic(column: Floats, is_class: Floats) -> IsotonicMap:
    """Pool-adjacent-violators over distinct scores."""
    from scipy.optimize import isotonic_regression  # noqa: PLC0415 - loaded by the first fit

    values, places, counts = np.unique(column, return_inverse=True, return_counts=True)
    means = np.bincount(places, weights=is_class) / counts
    fitted = np.asarray(isotonic_regression(means, weights=counts.astype(np.float64)).x)
    is_turn = np.ones(len(values), dtype=bool)
    if len(values) > 2:
        # Points inside of a level say nothing that its ends do not.
        is_turn[1:-1] = (fitted[1:-1] != fitted[:-2]) | (fitted[1:-1] != fitted[2:])
    return tuple(values[is_turn].tolist()), tuple(fitted[is_turn].tolist())
