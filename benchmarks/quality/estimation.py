"""CBPE's estimate beside the realised figures, as the inputs move and labels keep to their law."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_digits
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from monitor.domain.statistics.estimates.calibration import fit_calibration
from monitor.domain.statistics.estimates.cbpe import estimate_quality
from monitor.domain.statistics.quality.model import model_quality

Floats = npt.NDArray[np.float64]
FIGURES = ("accuracy", "f1_macro", "roc_auc")
_SEED = 7
_ROWS = 4_000
_TILTS = (0.0, 0.5, 1.0, 1.5)


def covariate_shift() -> list[dict[str, Any]]:
    """Per data set and strength of the shift: estimated and realised figures, and what the reference had."""
    return [*_synthetic(), *_digits()]


def _synthetic() -> list[dict[str, Any]]:
    """Eight features, a curved law of labels, gradient boosting: trained on 4,000 rows, calibrated on another 4,000.
    The more the inputs move the closer they are to the boundary between the classes.
    """
    rng = np.random.default_rng(_SEED)

    def drawn(shift: float) -> tuple[Floats, npt.NDArray[np.int64]]:
        features = rng.normal(0.2 * shift, 1 - 0.4 * shift, (_ROWS, 8))
        score = (
            1.2 * features[:, 0] - features[:, 1] + features[:, 2] * features[:, 3] + 0.5 * np.sin(3 * features[:, 4])
        )
        return features, (rng.random(_ROWS) < 1 / (1 + np.exp(-score))).astype(np.int64)

    model = HistGradientBoostingClassifier(max_iter=120, random_state=_SEED).fit(*drawn(0.0))
    reference = drawn(0.0)
    windows = [(f"synthetic, σ {1 - 0.4 * tilt:g}", *drawn(tilt)) for tilt in _TILTS]
    return _compared(model, reference, windows)


def _digits() -> list[dict[str, Any]]:
    """Handwritten digits, is it above 4, from every other pixel; windows prefer images with much ink."""
    rng = np.random.default_rng(_SEED)
    images, digits = load_digits(return_X_y=True)
    labels = (digits > 4).astype(np.int64)
    features = images[:, ::2]
    order = rng.permutation(len(labels))
    train, reference, rest = np.split(order, [600, 1_200])
    model = LogisticRegression(max_iter=2_000, C=0.01).fit(features[train], labels[train])
    ink = features[rest].sum(axis=1)
    ink = (ink - ink.mean()) / ink.std()
    windows = []
    for tilt in _TILTS:
        weights = np.exp(tilt * ink)
        chosen = rng.choice(rest, 2_000, p=weights / weights.sum())
        windows.append((f"digits, tilt {tilt:g}", features[chosen], labels[chosen]))
    return _compared(model, (features[reference], labels[reference]), windows)


def _compared(model: Any, reference: Any, windows: Any) -> list[dict[str, Any]]:
    features, labels = reference
    calibration = fit_calibration(_scores(model, features), labels)
    before = model_quality(labels, model.predict(features), "classification", _scores(model, features)).figures
    rows = []
    for name, inputs, truth in windows:
        scores, said = _scores(model, inputs), model.predict(inputs)
        estimate = estimate_quality(scores, said, calibration).figures
        realised = model_quality(truth, said, "classification", scores).figures
        rows.append(
            {
                "name": name,
                **{
                    figure: {"estimated": estimate[figure], "realised": realised[figure], "reference": before[figure]}
                    for figure in FIGURES
                },
            }
        )
    return rows


def _scores(model: Any, features: Floats) -> dict[str, Floats]:
    return {"1": model.predict_proba(features)[:, 1]}
