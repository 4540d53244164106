"""Labelled rows of both versions, out of the labelled table. Blocking, and loads Arrow: imported by the thread."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitor.domain.canaries.guardrails import Quality
from monitor.domain.canaries.quality import QualityCounter
from monitor.domain.rules.timing import Window
from monitor.domain.statistics.quality import arrays
from monitor.handlers.rules.kinds.label_rules import unsuitable_columns
from monitor.handlers.rules.rows import OpenedRows
from monitor.store.inference_tables.places import TablePlace


def count_labelled(
    places: Sequence[TablePlace], versions: tuple[str, str], since: datetime, until: datetime, counter: QualityCounter
) -> Quality | None:
    """Quality of (canary, stable) by their labelled rows; None where none is, or it is not clear which column is what.

    `counter` has counted nothing yet. Predictions of a floating type are those of a regression. Raises what opening
    tables raises.
    """
    opened = OpenedRows.open(places)
    chosen = [_only(opened, role) for role in ("label", "prediction")]
    if not all(chosen):
        return None
    label, prediction = map(str, chosen)
    for table in opened.tables:
        condition = pc.field("version").isin(list(versions))
        for batch in table.batches([label, prediction, "version", "request_time"], Window(since, until), condition):
            if {label, prediction} <= set(batch.schema.names):
                with unsuitable_columns():
                    _add(counter, batch, label, prediction, versions[0])
    return counter.finish()


def _only(opened: OpenedRows, role: str) -> str | None:
    """The only column of a role."""
    known = [column.name for column in opened.columns.values() if column.role == role]
    return known[0] if len(known) == 1 else None


def _add(counter: QualityCounter, batch: pa.RecordBatch, label: str, prediction: str, canary: str) -> None:
    known = pc.and_(pc.is_valid(batch.column(label)), pc.is_valid(batch.column(prediction)))
    rows = batch.filter(known)
    if not rows.num_rows:
        return
    is_canary = pc.equal(rows.column("version"), canary).to_numpy(zero_copy_only=False).astype(bool)
    seconds = rows.column("request_time").cast(pa.timestamp("s"), safe=False).cast(pa.int64())
    at = seconds.to_numpy(zero_copy_only=False).astype(np.int64)
    truth, predicted = arrays.as_array(rows.column(label)), arrays.as_array(rows.column(prediction))
    if pa.types.is_floating(predicted.type):
        losses = (arrays.doubles(predicted) - arrays.doubles(truth)) ** 2
        is_number = np.isfinite(losses)
        counter.add_losses(at[is_number], is_canary[is_number], losses[is_number])
        return
    is_wrong = pc.not_equal(*arrays.paired_texts(truth, predicted))  # 1 and 1.0 are one class
    counter.add_classes(at, is_canary, is_wrong.to_numpy(zero_copy_only=False).astype(bool))
