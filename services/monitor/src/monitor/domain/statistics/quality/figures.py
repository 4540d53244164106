"""Quality of a model: the figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

ProblemKind = Literal["classification", "regression"]


@dataclass(frozen=True)
class Averages:
    """A score per class, and over classes."""

    per_class: Mapping[str, float]
    macro: float
    weighted: float
    """By the number of labels of each class."""


@dataclass(frozen=True)
class ModelQuality:
    """Figures by name; which there are follows from the kind and from what is known. `estimated`: without labels."""

    kind: ProblemKind
    rows: int
    figures: Mapping[str, float]
    """classification: accuracy, precision_macro, precision_weighted, recall_macro, recall_weighted, f1_macro,
    f1_weighted; of two classes also precision, recall, f1 (of the positive one); with scores roc_auc (one against the
    rest, weighted, of more than two classes) and log_loss.
    regression: mae, mse, rmse, mape, r2, mean_error (prediction minus label).
    Absent where it is not defined."""
    margins: Mapping[str, float] = field(default_factory=dict)
    """Half of the 95 % interval, where there is a formula: accuracy, mae, mse, mean_error."""
    classes: tuple[str, ...] = ()
    per_class: Mapping[str, Averages] = field(default_factory=dict)
    """precision, recall, f1."""
    confusion: tuple[tuple[str, str, int], ...] = ()
    """(prediction, label, count)."""
    estimated: bool = False
