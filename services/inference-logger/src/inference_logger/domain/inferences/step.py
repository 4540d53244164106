"""The step from payload to inferences: rows of requests, signatures and the table's columns in, rows out. No I/O.

Requests with the same columns, signature and form of answer are a group: their rows are gathered and made into columns
at once. What the step cannot make rows of is one row with `row_index` 0 that says why in `error`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from inference_logger.domain.inferences.kinds import json_text
from inference_logger.domain.inferences.names import FEATURE, PREDICTION, ColumnRegistry
from inference_logger.domain.inferences.placing import Placement
from inference_logger.domain.inferences.requests import FeatureRows, Row, UnreadableBody, read_request
from inference_logger.domain.inferences.responses import UNNAMED, CountMismatch, error_text, read_response
from inference_logger.domain.inferences.signatures import NO_SIGNATURE, Signature, SignatureKey
from inference_logger.domain.schema import FROM_PAYLOAD, INFERENCES_SCHEMA, NEEDED_OF_PAYLOAD

NEEDED = ("request_date", *NEEDED_OF_PAYLOAD)
NOTHING = FeatureRows((), [()])


@dataclass
class _Group:
    """Rows with the same names, and predictions with the same names."""

    signature: Signature
    names: tuple[str, ...]
    predicted: tuple[str, ...]
    is_ok: bool
    places: list[int] = field(default_factory=list)
    """Of each row, the place of its request in payload."""
    indices: list[int] = field(default_factory=list)
    features: list[Row] = field(default_factory=list)
    predictions: list[Row] = field(default_factory=list)
    errors: list[str | None] = field(default_factory=list)
    whole: dict[int, tuple[Any, Any]] = field(default_factory=dict)
    """Rows that are a request as a whole → its features and predictions, for the two JSON columns."""


@dataclass(frozen=True)
class _Request:
    """One row of payload."""

    place: int
    signature: Signature
    status: int
    request: str | None
    response: str | None
    codes: Sequence[str]

    @property
    def is_ok(self) -> bool:
        return 200 <= self.status < 300


def derive_inferences(
    payload: pa.Table, signatures: Mapping[SignatureKey, Signature], known: Sequence[pa.Field] = ()
) -> pa.Table:
    """Rows of the inferences table for rows of payload, in their order.

    `known`: the columns that the table has. The result has all of `INFERENCES_SCHEMA`, and the columns of features and
    predictions that its rows need; the table's other columns are null for them.
    """
    payload = with_needed_columns(payload)
    groups: dict[Any, _Group] = {}
    for request in _requests(payload, signatures):
        _add(groups, request)
    registry = ColumnRegistry(known)
    tables = [_to_table(group, payload, registry) for group in groups.values() if group.places]
    if not tables:
        return INFERENCES_SCHEMA.empty_table()
    rows = tables[0] if len(tables) == 1 else pa.concat_tables(tables, promote_options="default")
    if len(tables) == 1:
        return rows
    places = pa.array([place for group in groups.values() for place in group.places], pa.int64())
    indices = rows.column("row_index")
    order = pc.sort_indices(
        pa.table({"place": places, "index": indices}), sort_keys=[("place", "ascending"), ("index", "ascending")]
    )
    return rows.take(order)


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


def _requests(payload: pa.Table, signatures: Mapping[SignatureKey, Signature]) -> list[_Request]:
    columns = [
        payload.column(name).to_pylist()
        for name in ("version_id", "generation", "status_code", "request", "response", "logging_error_codes")
    ]
    return [
        _Request(
            place, signatures.get((version, generation), NO_SIGNATURE), status or 0, request, response, codes or ()
        )
        for place, (version, generation, status, request, response, codes) in enumerate(zip(*columns, strict=True))
    ]


def _add(groups: dict[Any, _Group], request: _Request) -> None:
    try:
        features = _features(request)
    except UnreadableBody as error:
        _add_whole(groups, request, str(error), None)
        return
    if not request.is_ok:
        _add_rows(groups, request, features, None, error_text(request.status, request.response))
        return
    try:
        predictions = _predictions(request, len(features.rows))
    except UnreadableBody as error:
        _add_rows(groups, request, features, None, str(error))
    except CountMismatch as error:
        whole = [dict(zip(features.names, row, strict=True)) for row in features.rows]
        _add_whole(groups, request, str(error), (whole, error.predictions))
    else:
        _add_rows(groups, request, features, predictions, None)


def _features(request: _Request) -> FeatureRows:
    if request.request is None:
        raise UnreadableBody(", ".join(request.codes) or "the request was not recorded")
    return read_request(request.request, request.signature)


def _predictions(request: _Request, rows: int) -> FeatureRows:
    if request.response is None:
        raise UnreadableBody(", ".join(request.codes) or "the answer was not recorded")
    return read_response(request.response, rows)


def _add_rows(
    groups: dict[Any, _Group],
    request: _Request,
    features: FeatureRows,
    predictions: FeatureRows | None,
    error: str | None,
) -> None:
    rows = len(features.rows)
    predicted = predictions.names if predictions is not None else ()
    group = _group(groups, request, features.names, predicted)
    group.places += [request.place] * rows
    group.indices += range(rows)
    group.features += features.rows
    group.predictions += predictions.rows if predictions is not None else [()] * rows
    group.errors += [error] * rows


def _add_whole(groups: dict[Any, _Group], request: _Request, error: str, whole: tuple[Any, Any] | None) -> None:
    """One row for the request."""
    if not request.is_ok:
        error = error_text(request.status, request.response)
    group = _group(groups, request, (), ())
    if whole is not None:
        group.whole[len(group.places)] = whole
    _add_rows(groups, request, NOTHING, None, error)


def _group(groups: dict[Any, _Group], request: _Request, names: tuple[str, ...], predicted: tuple[str, ...]) -> _Group:
    key = (id(request.signature), names, predicted, request.is_ok)
    found = groups.get(key)
    if found is None:
        found = groups[key] = _Group(request.signature, names, predicted, request.is_ok)
    return found


def _to_table(group: _Group, payload: pa.Table, registry: ColumnRegistry) -> pa.Table:
    rows = len(group.places)
    features, predictions = Placement(registry, rows), Placement(registry, rows)
    for name, values in zip(group.names, zip(*group.features, strict=True), strict=True):
        kind = group.signature.inputs.get(name)
        if kind is not None:
            features.place_signed(FEATURE, name, kind, values)
        else:
            features.place_seen(FEATURE, name, values, may_add=group.is_ok)
    for name, values in zip(group.predicted, zip(*group.predictions, strict=True), strict=True):
        _place_prediction(predictions, group.signature, name, values)
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


def _place_prediction(predictions: Placement, signature: Signature, name: str, values: Sequence[Any]) -> None:
    kind = signature.outputs.get(name) if name else signature.output
    if kind is None or not predictions.place_signed(PREDICTION, name, kind, values, whole=True):
        predictions.place_seen(PREDICTION, name, values, may_add=True)  # the model does not keep to its signature


def _json_column(placement: Placement, group: _Group, part: int) -> pa.Array:
    texts: list[str | None] = [None] * placement.rows
    for place, left in placement.left.items():
        texts[place] = json_text(left[""] if tuple(left) == UNNAMED else left)
    for place, whole in group.whole.items():
        texts[place] = json_text(whole[part])
    return pa.array(texts, pa.string())
