"""The history of labels: which of those that come in say something new, and which one counts. Pure decisions.

A label that says what is known changes nothing. One that says something else gets the next revision. The one with the
latest `labelled_at` counts; of several at the same time, the one that was received last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from inference_logger.domain.labels.schema import LABELS_SCHEMA
from inference_logger.domain.labels.values import Label, LabelKey, LabelValue, value_kind


@dataclass(frozen=True)
class Revision:
    """One label of the history."""

    value: LabelValue
    labelled_at: datetime
    received_at: datetime
    revision: int

    @property
    def order(self) -> tuple[datetime, datetime, int]:
        """The last one in this order counts."""
        return self.labelled_at, self.received_at, self.revision


History = Mapping[LabelKey, Sequence[Revision]]


def new_revisions(labels: Iterable[Label], known: History, received_at: datetime) -> list[tuple[LabelKey, Revision]]:
    """What the labels add to the history, in their order."""
    histories: dict[LabelKey, list[Revision]] = {}
    added: list[tuple[LabelKey, Revision]] = []
    for label in labels:
        history = histories.get(label.key)
        if history is None:
            history = histories[label.key] = list(known.get(label.key, ()))
        if _is_known(label, history):
            continue
        number = max((one.revision for one in history), default=0) + 1
        revision = Revision(label.value, label.labelled_at or received_at, received_at, number)
        history.append(revision)
        added.append((label.key, revision))
    return added


def _is_known(label: Label, history: Sequence[Revision]) -> bool:
    """Whether it says what counts already, or, where it has a time, what counts of that time."""
    same = history if label.labelled_at is None else [one for one in history if one.labelled_at == label.labelled_at]
    if not same:
        return False
    last = max(same, key=lambda one: one.order)
    return type(last.value) is type(label.value) and last.value == label.value


def to_rows(
    added: Sequence[tuple[LabelKey, Revision]], predicted_at: Mapping[LabelKey, datetime], source: str
) -> pa.Table:
    """Rows of the labels table."""
    values = [revision.value for _, revision in added]
    columns: dict[str, list[Any]] = {
        "received_date": [revision.received_at.date() for _, revision in added],
        "key_name": [key.name for key, _ in added],
        "key": [key.value for key, _ in added],
        "row_index": [key.row for key, _ in added],
        "name": [key.label or None for key, _ in added],
        "kind": [value_kind(value) for value in values],
        "value_double": [value if isinstance(value, float) else None for value in values],
        "value_string": [None if isinstance(value, float) else _text(value) for value in values],
        "predicted_at": [predicted_at.get(key) for key, _ in added],
        "labelled_at": [revision.labelled_at for _, revision in added],
        "received_at": [revision.received_at for _, revision in added],
        "revision": [revision.revision for _, revision in added],
        "source": [source] * len(added),
    }
    arrays = [pa.array(columns[field.name], field.type) for field in LABELS_SCHEMA]
    return pa.Table.from_arrays(arrays, schema=LABELS_SCHEMA)


def _text(value: str | bool) -> str:
    return value if isinstance(value, str) else "true" if value else "false"


NEEDED = (
    *("key_name", "key", "row_index", "name", "kind", "value_double", "value_string"),
    *("labelled_at", "received_at", "revision"),
)
"""Columns that a history is made of."""


def histories(rows: pa.Table) -> dict[LabelKey, list[Revision]]:
    """The inverse of `to_rows`."""
    found: dict[LabelKey, list[Revision]] = {}
    columns = [rows.column(name).to_pylist() for name in NEEDED]
    for key_name, key, row, name, kind, number, text, labelled_at, received_at, revision in zip(*columns, strict=True):
        value = number if kind == "double" else text == "true" if kind == "boolean" else text
        one = Revision(value, labelled_at, received_at, revision)
        found.setdefault(LabelKey(key_name, key, row, name or ""), []).append(one)
    return found


def current(known: History) -> dict[LabelKey, Revision]:
    """The label that counts, of each key."""
    return {key: max(history, key=lambda one: one.order) for key, history in known.items()}
