"""The rows that a model was most wrong about."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from monitor.domain.statistics.quality import arrays
from monitor.domain.statistics.quality.figures import ProblemKind

KEPT = 20
LOSS = "error"
"""Name of the field of the loss in the rows that are given."""


class WorstRows:
    """Keeps the rows with the largest loss, batch by batch.

    The loss: of numbers the distance of prediction and label; of classes 1 minus the label's probability, where scores
    are known, else 1 for a wrong prediction. Rows that are right, or lack a label or prediction, are not kept.
    """

    def __init__(self, kind: ProblemKind, kept: int = KEPT) -> None:
        self._kind = kind
        self._most = kept
        self._order = itertools.count()
        self._heap: list[tuple[float, int, dict[str, Any]]] = []

    def add(self, labels: Any, predictions: Any, rows: pa.RecordBatch, scores: Mapping[str, Any] | None = None) -> None:
        """Arrays of the batch's length. ValueError as `model_quality`."""
        truth, said = arrays.as_array(labels), arrays.as_array(predictions)
        losses = self._distances(truth, said) if self._kind == "regression" else _misses(truth, said, scores)
        least = self._heap[0][0] if len(self._heap) >= self._most else 0.0
        candidates = np.flatnonzero(losses > least)
        for place in candidates[np.argsort(-losses[candidates], kind="stable")][: self._most].tolist():
            row = {LOSS: float(losses[place]), **rows.slice(place, 1).to_pylist()[0]}
            # Of equal losses the earlier row stays.
            entry = (float(losses[place]), -next(self._order), row)
            if len(self._heap) < self._most:
                heapq.heappush(self._heap, entry)
            else:
                heapq.heappushpop(self._heap, entry)

    def _distances(self, truth: pa.Array, said: pa.Array) -> npt.NDArray[np.float64]:
        found = np.abs(arrays.doubles(truth) - arrays.doubles(said))
        return np.where(np.isfinite(found), found, 0.0)

    def finish(self) -> list[dict[str, Any]]:
        """The worst first; each row with its loss."""
        return [row for *_, row in sorted(self._heap, key=lambda entry: entry[:2], reverse=True)]


def _misses(truth: pa.Array, said: pa.Array, scores: Mapping[str, Any] | None) -> npt.NDArray[np.float64]:
    label, predicted = arrays.paired_texts(truth, said)
    is_wrong = pc.fill_null(pc.not_equal(label, predicted), False).to_numpy(zero_copy_only=False)
    losses = np.where(is_wrong, 1.0, 0.0)
    if scores:
        names = np.asarray(label.to_pylist(), dtype=object)
        columns = arrays.score_columns(scores, len(label))
        classes = sorted({*columns, *(name for name in names.tolist() if name is not None)})
        for name, column in arrays.with_complement(columns, classes).items():
            losses = np.where(is_wrong & (names == name) & np.isfinite(column), 1 - column, losses)
    return losses
