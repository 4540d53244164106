"""Inferences joined with the labels that count: rows in, rows that have a label out. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa

from inference_logger.domain.inferences.kinds import arrow_type
from inference_logger.domain.inferences.names import KIND, NAME, ROLE, sanitised
from inference_logger.domain.labels.history import Revision
from inference_logger.domain.labels.schema import LABEL_SYSTEM_FIELDS, LABEL_SYSTEM_NAMES
from inference_logger.domain.labels.values import ANY_ID, CLIENT_REQUEST_ID, REQUEST_ID, LabelKey, value_kind

LABEL_ROLE = b"label"
_PLACES = "row_index"


def key_columns(schema: pa.Schema, key_name: str) -> tuple[str, ...]:
    """The columns of an inferences table that a key is looked up in; none where the table lacks it."""
    if key_name == ANY_ID:
        return (REQUEST_ID, CLIENT_REQUEST_ID)
    wanted = key_name.encode()
    for column in schema:
        said = column.metadata or {}
        if said.get(NAME) == wanted and said.get(ROLE) == b"feature":
            return (column.name,)
    return (key_name,) if key_name in schema.names else ()


def key_texts(column: pa.ChunkedArray) -> list[str | None]:
    """The values of a key column as labels have them; a double is one where it is whole."""
    values = column.to_pylist()
    return [None if value is None else _key_text(value) for value in values]


def _key_text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else None
    return str(value) if isinstance(value, int) else None


def is_join_column(found: pa.DataType) -> bool:
    """Whether a column of that type can be a key."""
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_integer, pa.types.is_boolean)
    return any(is_kind(found) for is_kind in (*kinds, pa.types.is_floating))


def match_labels(rows: pa.Table, labels: Mapping[LabelKey, Revision]) -> dict[int, dict[str, Revision]]:
    """Place of a row → name of a label → the one that counts, whichever key it came by."""
    by_name: dict[str, dict[tuple[str, int | None], list[tuple[str, Revision]]]] = {}
    for key, revision in labels.items():
        found = by_name.setdefault(key.name, {}).setdefault((key.value, key.row), [])
        found.append((key.label, revision))
    numbers = rows.column(_PLACES).to_pylist()
    matched: dict[int, dict[str, Revision]] = {}
    for name, index in sorted(by_name.items()):  # of two with the same times the first one is taken
        for column in key_columns(rows.schema, name):
            if is_join_column(rows.schema.field(column).type):
                _match(matched, key_texts(rows.column(column)), numbers, index)
    return matched


def _match(
    matched: dict[int, dict[str, Revision]],
    keys: Sequence[str | None],
    numbers: Sequence[int],
    index: Mapping[tuple[str, int | None], list[tuple[str, Revision]]],
) -> None:
    for place, (key, number) in enumerate(zip(keys, numbers, strict=True)):
        if key is None:
            continue
        for wanted in ((key, number), (key, None)):
            for label, revision in index.get(wanted, ()):
                own = matched.setdefault(place, {})
                if label not in own or own[label].order < revision.order:
                    own[label] = revision


def matched_keys(rows: pa.Table, keys: Iterable[LabelKey]) -> dict[LabelKey, datetime]:
    """Those keys that a row has → when it was predicted; of several rows the first."""
    by_name: dict[str, dict[tuple[str, int | None], list[LabelKey]]] = {}
    for key in keys:
        by_name.setdefault(key.name, {}).setdefault((key.value, key.row), []).append(key)
    numbers, times = (rows.column(name).to_pylist() for name in (_PLACES, "request_time"))
    matched: dict[LabelKey, datetime] = {}
    for name, index in by_name.items():
        for column in key_columns(rows.schema, name):
            texts = key_texts(rows.column(column))
            for text, number, time in zip(texts, numbers, times, strict=True):
                if text is not None:
                    for key in (*index.get((text, number), ()), *index.get((text, None), ())):
                        matched[key] = min(time, matched.get(key, time))
    return matched


@dataclass
class LabelFields:
    """The columns of labels that a labelled table has; grows by `of`."""

    fields: dict[tuple[str, str], pa.Field] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    @classmethod
    def of_table(cls, known: Iterable[pa.Field]) -> LabelFields:
        """Those of a table."""
        found = cls()
        for each in known:
            found.taken.add(each.name.casefold())
            said = each.metadata or {}
            if said.get(ROLE) == LABEL_ROLE:
                found.fields[said[NAME].decode(), said[KIND].decode()] = each
        return found

    def of(self, name: str, kind: str) -> pa.Field:
        """The column of a label; a name whose kind changes gets a second one, `<column>__<kind>`."""
        known = self.fields.get((name, kind))
        if known is not None:
            return known
        others = [each for (other, _), each in self.fields.items() if other == name]
        base = f"{others[0].name}__{kind}" if others else f"label_{sanitised(name)}" if name else "label"
        stored, number = base, 1
        while stored.casefold() in self.taken or stored in LABEL_SYSTEM_NAMES:
            number += 1
            stored = f"{base}_{number}"
        metadata = {ROLE: LABEL_ROLE, NAME: name.encode(errors="replace"), KIND: kind.encode()}
        made = self.fields[name, kind] = pa.field(stored, arrow_type(kind), metadata=metadata)
        self.taken.add(stored.casefold())
        return made


def join_labels(rows: pa.Table, labels: Mapping[LabelKey, Revision], known: Iterable[pa.Field] = ()) -> pa.Table:
    """Those rows of inferences that have a label, with their labels.

    `known`: the columns that the labelled table has. Several labels of a row share its latest times and revision.
    """
    matched = match_labels(rows, labels)
    places = sorted(matched)
    fields = LabelFields.of_table(known)
    cells: dict[str, tuple[pa.Field, list[Any]]] = {}
    for at, place in enumerate(places):
        for name, revision in sorted(matched[place].items()):
            column = fields.of(name, value_kind(revision.value))
            cells.setdefault(column.name, (column, [None] * len(places)))[1][at] = revision.value
    latest = [list(matched[place].values()) for place in places]
    system = (
        [max(one.labelled_at for one in found) for found in latest],
        [max(one.received_at for one in found) for found in latest],
        [max(one.revision for one in found) for found in latest],
    )
    joined = rows.take(pa.array(places, pa.int64()))
    for column, values in ((column, values) for column, values in cells.values()):
        joined = joined.append_column(column, pa.array(values, column.type))
    for column, some in zip(LABEL_SYSTEM_FIELDS, system, strict=True):
        joined = joined.append_column(column, pa.array(some, column.type))
    return joined
