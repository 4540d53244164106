"""The step from payload to inferences: rows of requests, signatures and the table's columns in, rows out. No I/O.

Requests with the same columns, signature and form of answer are a group: their rows are gathered and made into columns
at once. What the step cannot make rows of is one row with `row_index` 0 that says why in `error`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from inference_logger.domain.inferences.kinds import json_text
from inference_logger.domain.inferences.names import FEATURE, PREDICTION, ColumnRegistry
from inference_logger.domain.inferences.payload_requests import (
    Mixed,
    PayloadRequest,
    RequestRows,
    payload_requests,
    read_rows,
)
from inference_logger.domain.inferences.placing import Placement
from inference_logger.domain.inferences.requests import Row
from inference_logger.domain.inferences.responses import UNNAMED
from inference_logger.domain.inferences.signatures import Signature, SignatureKey
from inference_logger.domain.schema import FROM_PAYLOAD, INFERENCES_SCHEMA, NEEDED_OF_PAYLOAD

NEEDED = ("request_date", *NEEDED_OF_PAYLOAD)
PART_ROWS = 20_000


@dataclass
class _Group:
    """Rows with the same names, and predictions with the same names."""

    signature: Signature
    names: tuple[str, ...]
    predicted: tuple[str, ...]
    is_ok: bool
    mixed: Mixed
    places: list[int] = field(default_factory=list)
    """Of each row, the place of its request in payload."""
    indices: list[int] = field(default_factory=list)
    features: list[Row] = field(default_factory=list)
    predictions: list[Row] = field(default_factory=list)
    errors: list[str | None] = field(default_factory=list)
    whole: dict[int, tuple[Any, Any]] = field(default_factory=dict)
    """Rows that are a request as a whole → its features and predictions, for the two JSON columns."""


class _Groups:
    """Rows that are gathered."""

    def __init__(self) -> None:
        self._found: dict[Any, _Group] = {}
        self.rows = 0

    def add(self, request: PayloadRequest, found: RequestRows, part: slice, mixed: Mixed) -> None:
        """Rows of a request."""
        features, predictions = found.features, found.predictions
        names, predicted = features.names, predictions.names if predictions is not None else ()
        key = (id(request.signature), names, predicted, request.is_ok, mixed)
        group = self._found.get(key)
        if group is None:
            group = self._found[key] = _Group(request.signature, names, predicted, request.is_ok, mixed)
        if found.whole is not None:
            group.whole[len(group.places)] = found.whole
        indices = range(*part.indices(len(features.rows)))
        group.places += [request.place] * len(indices)
        group.indices += indices
        group.features += features.rows[part]
        group.predictions += predictions.rows[part] if predictions is not None else [()] * len(indices)
        group.errors += [found.error] * len(indices)
        self.rows += len(indices)

    def to_table(self, payload: pa.Table, registry: ColumnRegistry) -> pa.Table:
        """As columns, in the order of payload."""
        groups = list(self._found.values())
        tables = [_to_table(group, payload, registry) for group in groups]
        if len(tables) == 1:
            return tables[0]
        rows = pa.concat_tables(tables, promote_options="default")
        places = pa.array([place for group in groups for place in group.places], pa.int64())
        keys = pa.table({"place": places, "index": rows.column("row_index")})
        return rows.take(pc.sort_indices(keys, sort_keys=[("place", "ascending"), ("index", "ascending")]))


def derive_inferences(
    payload: pa.Table, signatures: Mapping[SignatureKey, Signature], known: Sequence[pa.Field] = ()
) -> pa.Table:
    """Rows of the inferences table for rows of payload, in their order.

    `known`: the columns that the table has. The result has all of `INFERENCES_SCHEMA`, and the columns of features and
    predictions that its rows need; the table's other columns are null for them.
    """
    parts = list(derive_parts(payload, signatures, known))
    if not parts:
        return INFERENCES_SCHEMA.empty_table()
    return parts[0] if len(parts) == 1 else pa.concat_tables(parts, promote_options="default")


def derive_parts(
    payload: pa.Table, signatures: Mapping[SignatureKey, Signature], known: Sequence[pa.Field] = ()
) -> Iterator[pa.Table]:
    """The same in parts of `PART_ROWS` at most: one request may have hundreds of thousands of rows."""
    payload = with_needed_columns(payload)
    registry = ColumnRegistry(known)
    groups = _Groups()
    for request in payload_requests(payload, signatures):
        found = read_rows(request)
        mixed = found.mixed if len(found.features.rows) > PART_ROWS else (frozenset(), frozenset())
        for start in range(0, len(found.features.rows), PART_ROWS):
            groups.add(request, found, slice(start, start + PART_ROWS), mixed)
            if groups.rows >= PART_ROWS:
                yield groups.to_table(payload, registry)
                groups = _Groups()
    if groups.rows:
        yield groups.to_table(payload, registry)


def keys_of(payload: pa.Table) -> set[SignatureKey]:
    """Version id and generation of the requests."""
    found = [
        payload.column(name).to_pylist() if name in payload.schema.names else [None] * payload.num_rows
        for name in ("version_id", "generation")
    ]
    return set(zip(*found, strict=True))


def with_needed_columns(payload: pa.Table) -> pa.Table:
    """The columns that the step reads; those that the table lacks (an older one's) are null."""
    names = payload.schema.names
    columns = {name: payload.column(name) if name in names else pa.nulls(payload.num_rows) for name in NEEDED}
    columns["record_id"] = pc.coalesce(columns["record_id"], columns["request_id"])
    return pa.table(columns)


def _to_table(group: _Group, payload: pa.Table, registry: ColumnRegistry) -> pa.Table:
    rows = len(group.places)
    features, predictions = Placement(registry, rows), Placement(registry, rows)
    for name, values in zip(group.names, zip(*group.features, strict=True), strict=True):
        kind = group.signature.inputs.get(name)
        if kind is not None:
            features.place_signed(FEATURE, name, kind, values)
        else:
            features.place_seen(FEATURE, name, values, may_add=group.is_ok, is_mixed=name in group.mixed[0])
    for name, values in zip(group.predicted, zip(*group.predictions, strict=True), strict=True):
        _place_prediction(predictions, group, name, values)
    own = payload.select(FROM_PAYLOAD).take(pa.array(group.places, pa.int64()))
    columns = {name: own.column(name) for name in FROM_PAYLOAD} | {
        "row_index": pa.array(group.indices, pa.int32()),
        "error": pa.array(group.errors, pa.string()),
        "features_json": _json_column(features, group, 0),
        "prediction_json": _json_column(predictions, group, 1),
    }
    arrays = [columns[field.name].cast(field.type) for field in INFERENCES_SCHEMA]
    schema = pa.schema([*INFERENCES_SCHEMA, *features.fields, *predictions.fields])
    return pa.Table.from_arrays([*arrays, *features.columns, *predictions.columns], schema=schema)


def _place_prediction(predictions: Placement, group: _Group, name: str, values: Sequence[Any]) -> None:
    signature, is_mixed = group.signature, name in group.mixed[1]
    kind = signature.outputs.get(name) if name else signature.output
    if kind is None or not predictions.place_signed(PREDICTION, name, kind, values, whole=True):
        # the model does not keep to its signature
        predictions.place_seen(PREDICTION, name, values, may_add=True, is_mixed=is_mixed)


def _json_column(placement: Placement, group: _Group, part: int) -> pa.Array:
    texts: list[str | None] = [None] * placement.rows
    for place, left in placement.left.items():
        texts[place] = json_text(left[""] if tuple(left) == UNNAMED else left)
    for place, whole in group.whole.items():
        texts[place] = json_text(whole[part])
    return pa.array(texts, pa.string())
