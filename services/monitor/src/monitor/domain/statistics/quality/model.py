"""Quality of a model by its labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

ProblemKind = Literal["classification", "regression"]


@dataclass(frozen=True)
class Averages:
    """A score per class, and over classes."""

    per_class: Mapping[str, float]
    macro: float
    weighted: float


@dataclass(frozen=True)
class ModelQuality:
    """Figures by name; which there are follows from the kind. `estimated`: without labels."""

    kind: ProblemKind
    rows: int
    figures: Mapping[str, float]
    """classification: accuracy, precision_macro, precision_weighted, recall_macro, recall_weighted, f1_macro,
    f1_weighted, and with scores roc_auc, log_loss; of two classes also precision, recall, f1 (of the positive one).
    regression: mae, mse, rmse, mape, r2, mean_error."""
    margins: Mapping[str, float] = field(default_factory=dict)
    """Half of the 95 % interval, where there is a formula."""
    classes: tuple[str, ...] = ()
    per_class: Mapping[str, Averages] = field(default_factory=dict)
    """precision, recall, f1."""
    confusion: tuple[tuple[str, str, int], ...] = ()
    """(prediction, label, count)."""
    estimated: bool = False


def model_quality(
    labels: Any,
    predictions: Any,
    kind: ProblemKind,
    scores: Mapping[str, Any] | None = None,
    positive: str | None = None,
) -> ModelQuality:
    """Arrow or NumPy arrays of one length; rows without a label or prediction are left out.

    `scores`: class (as text) → probability per row. `positive`: the positive class of two; None: the last in order.
    """
    raise NotImplementedError


class QualityBuilder:
    """The same batch by batch, in bounded memory."""

    def __init__(self, kind: ProblemKind, positive: str | None = None) -> None:
        raise NotImplementedError

    def add(self, labels: Any, predictions: Any, scores: Mapping[str, Any] | None = None) -> None:
        """Arrays of one length."""
        raise NotImplementedError

    def finish(self) -> ModelQuality:
        """Of all that was added."""
        raise NotImplementedError
