"""Confidence-based performance estimation (CBPE)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monitor.domain.statistics.quality.model import ModelQuality


@dataclass(frozen=True)
class Calibration:
    """Class → isotonic map from a score to a probability; a class that is absent is taken as it is."""

    maps: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]]
    errors: Mapping[str, tuple[float, float]]
    """Class → expected calibration error before and after, over held-out thirds."""

    def apply(self, scores: Mapping[str, Any]) -> dict[str, Any]:
        """Probabilities per class that add up to 1 per row."""
        raise NotImplementedError


def fit_calibration(scores: Mapping[str, Any], labels: Any) -> Calibration:
    """Of labelled rows that the model was not trained on; kept only where it lowers the calibration error."""
    raise NotImplementedError


def estimate_quality(
    scores: Mapping[str, Any], predictions: Any, calibration: Calibration | None = None, positive: str | None = None
) -> ModelQuality:
    """`estimated` is true. Blind to concept drift and to inputs unlike any that were labelled."""
    raise NotImplementedError
