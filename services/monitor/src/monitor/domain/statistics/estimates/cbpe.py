"""Confidence-based performance estimation (CBPE), as NannyML describes it.

A row predicted as class k with calibrated probabilities p belongs to class j with probability p_j: it adds p_j to the
expected count of (k, j), and every figure of the confusion matrix follows. ROC AUC is that of expected counts over all
thresholds. It sees covariate shift. It does not see that labels have come to depend on features in another way (concept
drift), nor inputs unlike all on which the probabilities were calibrated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from monitor.domain.statistics.estimates.calibration import Calibration
from monitor.domain.statistics.quality import arrays
from monitor.domain.statistics.quality.classification import Z_95, classification_figures
from monitor.domain.statistics.quality.figures import ModelQuality
from monitor.domain.statistics.quality.ranking import area_under_curve

Floats = npt.NDArray[np.float64]


def estimate_quality(
    scores: Mapping[str, Any], predictions: Any, calibration: Calibration | None = None, positive: str | None = None
) -> ModelQuality:
    """`scores`: class → the model's probability per row (of two classes one is enough). `estimated` is true.

    Rows without a prediction or with a score missing are left out. ValueError where scores are no probabilities, or
    it is not clear which class is the other of two.
    """
    said = arrays.texts(arrays.as_array(predictions))
    columns = arrays.score_columns(scores, len(said))
    known = sorted(set(pc.unique(said.drop_null()).to_pylist()))
    columns = arrays.with_complement(columns, known)
    if len(columns) == 1 and set(known) <= set(columns):
        # Nothing else was predicted in this window, so that the other class has no name here.
        columns = arrays.with_complement(columns, [f"not {next(iter(columns))}"])
    if len(columns) < 2:
        raise ValueError("quality cannot be estimated from the scores of one class of several")
    is_whole = said.is_valid().to_numpy(zero_copy_only=False)
    for column in columns.values():
        is_whole = is_whole & np.isfinite(column)
    columns = {name: column[is_whole] for name, column in columns.items()}
    names = np.asarray(said.to_pylist(), dtype=object)[is_whole]
    if not len(names):
        return classification_figures({}, positive, is_estimated=True)
    believed = (calibration or Calibration()).apply(columns)
    quality = classification_figures(_expected(names, believed), positive, is_estimated=True)
    ranking = _ranking(columns, believed)
    margin = _accuracy_margin(names, believed)
    return replace(quality, figures={**quality.figures, **ranking}, margins={"accuracy": margin})


def _expected(names: npt.NDArray[np.object_], believed: Mapping[str, Floats]) -> dict[tuple[str, str], float]:
    """Expected counts by (prediction, label)."""
    return {
        (said, name): float(column[names == said].sum())
        for said in sorted(set(names.tolist()))
        for name, column in believed.items()
    }


def _accuracy_margin(names: npt.NDArray[np.object_], believed: Mapping[str, Floats]) -> float:
    """95 %: of the realised accuracy of so many rows around the estimate, were the probabilities exact."""
    right = np.zeros(len(names))
    for name, column in believed.items():
        right = np.where(names == name, column, right)
    return float(Z_95 * np.sqrt((right * (1 - right)).sum()) / len(names))


def _ranking(columns: Mapping[str, Floats], believed: Mapping[str, Floats]) -> dict[str, float]:
    """AUC of each class against the rest, rows ordered by the model's own score, weighted by expected counts."""
    areas: list[tuple[float, float]] = []
    for name, column in columns.items():
        _, places = np.unique(column, return_inverse=True)
        positives = np.bincount(places, weights=believed[name])
        negatives = np.bincount(places, weights=1 - believed[name])
        area = area_under_curve(negatives, positives)
        if area is not None:
            areas.append((area, float(believed[name].sum())))
    total = sum(weight for _, weight in areas)
    figures = {"log_loss": _log_loss(believed)}
    if total:
        figures["roc_auc"] = sum(area * weight for area, weight in areas) / total
    return figures


def _log_loss(believed: Mapping[str, Floats]) -> float:
    """Expected loss of the calibrated probabilities: their entropy."""
    least = np.finfo(np.float64).eps
    loss = sum(float(-(column * np.log(np.clip(column, least, 1))).sum()) for column in believed.values())
    return loss / len(next(iter(believed.values())))
