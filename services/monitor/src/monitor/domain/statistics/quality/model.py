"""Quality of a model by its labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from monitor.domain.statistics.quality import arrays
from monitor.domain.statistics.quality.classification import classification_figures
from monitor.domain.statistics.quality.figures import ModelQuality, ProblemKind
from monitor.domain.statistics.quality.ranking import BinaryRanking, LogLoss
from monitor.domain.statistics.quality.regression import RegressionSums

MAX_CLASSES = 200
"""More distinct labels than that are no classes; the rule is refused instead of keeping a table of all pairs."""


def model_quality(
    labels: Any,
    predictions: Any,
    kind: ProblemKind,
    scores: Mapping[str, Any] | None = None,
    positive: str | None = None,
) -> ModelQuality:
    """Arrow or NumPy arrays of one length; rows without a label or prediction are left out.

    `scores`: class (as text) → probability per row. `positive`: the positive class of two; None: the last in order.
    ValueError where lengths differ, a regression's columns are no numbers, or there are too many classes.
    """
    builder = QualityBuilder(kind, positive)
    builder.add(labels, predictions, scores)
    return builder.finish()


class QualityBuilder:
    """The same batch by batch, in bounded memory."""

    def __init__(self, kind: ProblemKind, positive: str | None = None) -> None:
        self._kind = kind
        self._positive = positive
        self._sums = RegressionSums()
        self._pairs: Counter[tuple[str, str]] = Counter()
        self._rankings: dict[str, BinaryRanking] = {}
        self._log_loss = LogLoss()
        self._has_one_score = False
        self._label_counts: Counter[str] = Counter()

    def add(self, labels: Any, predictions: Any, scores: Mapping[str, Any] | None = None) -> None:
        """Arrays of one length."""
        truth, said = arrays.as_array(labels), arrays.as_array(predictions)
        if len(truth) != len(said):
            raise ValueError(f"{len(truth)} labels for {len(said)} predictions")
        if self._kind == "regression":
            self._add_numbers(arrays.doubles(truth), arrays.doubles(said))
        else:
            self._add_classes(*arrays.paired_texts(truth, said), scores)

    def _add_numbers(self, truth: npt.NDArray[np.float64], said: npt.NDArray[np.float64]) -> None:
        is_known = np.isfinite(truth) & np.isfinite(said)
        self._sums.add(truth[is_known], said[is_known])

    def _add_classes(self, truth: pa.Array, said: pa.Array, scores: Mapping[str, Any] | None) -> None:
        is_known = pc.and_(pc.is_valid(truth), pc.is_valid(said))
        columns = arrays.score_columns(scores, len(truth)) if scores else {}
        truth, said = truth.filter(is_known), said.filter(is_known)
        mask = is_known.to_numpy(zero_copy_only=False)
        table = pa.table({"said": said, "truth": truth}).group_by(["said", "truth"]).aggregate([([], "count_all")])
        for row in table.to_pylist():
            self._pairs[row["said"], row["truth"]] += row["count_all"]
        if len({name for pair in self._pairs for name in pair}) > MAX_CLASSES:
            raise ValueError(f"more than {MAX_CLASSES} distinct labels and predictions: not a classification")
        if columns:
            self._add_scores(truth, {name: column[mask] for name, column in columns.items()})

    def _add_scores(self, truth: pa.Array, columns: dict[str, npt.NDArray[np.float64]]) -> None:
        """Which classes there are is known at the end alone: of one column, other labels have what is left of it."""
        names = np.asarray(truth.to_pylist(), dtype=object)
        self._has_one_score = len(columns) == 1
        probability = 1 - next(iter(columns.values())) if self._has_one_score else np.zeros(len(names))
        is_whole = np.ones(len(names), dtype=bool)
        for name, column in columns.items():
            is_whole &= np.isfinite(column)
            probability = np.where(names == name, column, probability)
        for name, column in columns.items():
            is_positive = np.asarray(names == name, dtype=bool)
            self._rankings.setdefault(name, BinaryRanking()).add(column[is_whole], is_positive[is_whole])
        self._log_loss.add(probability[is_whole])
        self._label_counts.update(names[is_whole].tolist())

    def finish(self) -> ModelQuality:
        """Of all that was added."""
        if self._kind == "regression":
            return self._sums.finish()
        return classification_figures(self._pairs, self._positive, self._ranking())

    def _ranking(self) -> dict[str, float]:
        """Of one score among more than two classes there is no log loss: it does not say how likely the others are."""
        loss = self._log_loss.value()
        if loss is None:
            return {}
        is_known = not self._has_one_score or len({name for pair in self._pairs for name in pair}) <= 2
        figures = {"log_loss": loss} if is_known else {}
        areas = {name: area for name, one in self._rankings.items() if (area := one.auc()) is not None}
        total = sum(self._label_counts[name] for name in areas)
        if areas and total:
            figures["roc_auc"] = sum(area * self._label_counts[name] for name, area in areas.items()) / total
        return figures
