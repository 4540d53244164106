"""Labels in columns: of a CSV, Parquet or Delta table, or of a query. No I/O."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from inference_logger.domain.labels.json_formats import text_value
from inference_logger.domain.labels.values import (
    CLIENT_REQUEST_ID,
    MOST_NAMES,
    REQUEST_ID,
    BadLabel,
    Label,
    LabelKey,
    LabelValue,
    ParsedLabels,
    label_key_text,
    label_time,
    label_value,
    row_number,
)
from shared.errors import InvalidInput

MISSING_NUMBERS = frozenset({"na", "n/a", "#n/a", "nan", "null", "none"})
"""How R, spreadsheets and databases write in CSV that a number is not there."""


@dataclass(frozen=True)
class LabelColumns:
    """Which column is what: keys by name → column; labels by name (empty: unnamed) → column."""

    keys: Mapping[str, str]
    labels: Mapping[str, str]
    row: str | None = None
    labelled_at: str | None = None

    @property
    def needed(self) -> tuple[str, ...]:
        """All of them."""
        some = (self.row, self.labelled_at)
        return (*self.keys.values(), *self.labels.values(), *(name for name in some if name is not None))


def find_columns(names: Sequence[str], key_column: str | None) -> LabelColumns:
    """By the names that the formats use: `client_request_id`, `request_id` or `key`; `row`, `label`, `label_<name>`,
    `labelled_at`; others are left alone. Raises `InvalidInput` where a key or a label is missing.
    """
    keys = {name: name for name in (CLIENT_REQUEST_ID, REQUEST_ID) if name in names}
    if key_column is not None:
        column = next((name for name in ("key", key_column) if name in names), None)
        if column is not None:
            keys[key_column] = column
    if not keys:
        if key_column is not None:
            raise InvalidInput(f"there is no column key or {key_column[:64]}; {_listed(names)}")
        raise InvalidInput(
            f"there is no column {CLIENT_REQUEST_ID} or {REQUEST_ID}, one of which says what a label belongs to "
            f"(or name the feature that does as key); {_listed(names)}"
        )
    labels = {name.removeprefix("label_"): name for name in names if name.startswith("label_") and name != "label_"}
    if "label" in names:
        labels[""] = "label"
    if not labels:
        raise InvalidInput(f"there is no column label or label_<name>: rename the one of labels; {_listed(names)}")
    if len(labels) > MOST_NAMES:
        raise InvalidInput(f"there are more than {MOST_NAMES} columns label_<name>")
    row = "row" if "row" in names else None
    return LabelColumns(keys, labels, row, "labelled_at" if "labelled_at" in names else None)


def require_columns(names: Sequence[str], columns: LabelColumns) -> None:
    """Raise `InvalidInput` where one is missing."""
    missing = [name for name in columns.needed if name not in names]
    if missing:
        raise InvalidInput(f"there is no column {missing[0][:64]}; {_listed(names)}")


def _listed(names: Sequence[str]) -> str:
    if len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
        return f"there is one column, {names[0][:80]!r}: CSV has commas between columns"
    shown = ", ".join(name[:40] for name in names[:10])
    return f"there are {shown} …" if len(names) > 10 else f"there are {shown or 'none'}"


def read_table(
    rows: pa.Table,
    columns: LabelColumns,
    latest: datetime,
    *,
    texts_stay: bool = False,
    first: int = 0,
    most: float = math.inf,
) -> ParsedLabels:
    """The labels of rows, counted from `first`. Raises `InvalidInput` for columns.

    Texts of CSV are numbers where all of a column are (`are_numbers`); `texts_stay`: that has been decided.
    """
    require_columns(rows.schema.names, columns)
    parsed = ParsedLabels(rows.num_rows, most=most)
    keys = [(name, rows.column(column).to_pylist()) for name, column in columns.keys.items()]
    labels = [(name, _values(rows.column(column), texts_stay=texts_stay)) for name, column in columns.labels.items()]
    numbers = _cells(rows, columns.row)
    times = _cells(rows, columns.labelled_at)
    for place in range(rows.num_rows):
        try:
            name, key = _key_of(keys, place)
            row = row_number(_integer(numbers[place]), name)
            at = label_time(times[place], latest)
            found = _labels_of(labels, place)
        except BadLabel as error:
            parsed.reject(first + place, str(error))
        else:
            item = first + place
            parsed.take(Label(LabelKey(name, key, row, label), value, at, item) for label, value in found)
    return parsed


def _cells(rows: pa.Table, name: str | None) -> Sequence[Any]:
    if name is None:
        return [None] * rows.num_rows
    column = rows.column(name)
    if pa.types.is_timestamp(column.type) and column.type.tz is None:
        column = column.cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))  # as Delta's own times
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    if pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))
    cells: list[Any] = column.to_pylist()
    return cells


def _labels_of(labels: Sequence[tuple[str, Sequence[Any]]], place: int) -> list[tuple[str, LabelValue]]:
    found = [(label, label_value(values[place])) for label, values in labels if values[place] is not None]
    if not found:
        raise BadLabel("has no label")
    return found


def _key_of(keys: Sequence[tuple[str, Sequence[Any]]], place: int) -> tuple[str, str]:
    given = [(name, values[place]) for name, values in keys if values[place] is not None and values[place] != ""]
    if len(given) != 1:
        raise BadLabel("needs exactly one key" if given else "has no key")
    name, found = given[0]
    return name, label_key_text(int(found) if isinstance(found, float) and found.is_integer() else found)


def _integer(found: Any) -> Any:
    if isinstance(found, str):
        if not found.strip():
            return None
        return int(found) if found.strip().isdecimal() and len(found) < 20 else found  # a longer one is no row
    return int(found) if isinstance(found, float) and found.is_integer() else found


def _values(column: pa.ChunkedArray, *, texts_stay: bool) -> list[Any]:
    """Each cell: a value, None, or the reason why it is none."""
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column.cast(pa.float64()))
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    values: list[Any] = column.to_pylist()
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return values
    texts = [None if value is None or not value.strip() else value for value in values]
    return as_numbers(texts) if not texts_stay and are_numbers(texts) else list(texts)


def are_numbers(texts: Sequence[str | None]) -> bool | None:
    """Whether each text that is there is a number, or says that there is none; None where no text is a number."""
    found = [text for text in texts if text is not None and not _is_missing(text)]
    try:
        return all(isinstance(text_value(text), float) for text in found) if found else None
    except BadLabel:
        return False


def as_numbers(texts: Sequence[str | None]) -> list[float | None]:
    """The texts of which `are_numbers` is true."""
    return [None if text is None or _is_missing(text) else float(text) for text in texts]


def _is_missing(text: str) -> bool:
    return text.strip().lower() in MISSING_NUMBERS
