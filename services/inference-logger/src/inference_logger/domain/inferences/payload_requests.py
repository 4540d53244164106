"""Requests as payload has them: their features and predictions, or why there are none. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from inference_logger.domain.inferences.requests import FeatureRows, UnreadableBody, read_request
from inference_logger.domain.inferences.responses import CountMismatch, error_text, read_response
from inference_logger.domain.inferences.signatures import NO_SIGNATURE, Signature, SignatureKey

NOTHING = FeatureRows((), [()])
Mixed = tuple[frozenset[str], frozenset[str]]
"""Of a request that is derived in parts: each of them takes its numbers for what they are in all of it."""


@dataclass(frozen=True)
class PayloadRequest:
    """One row of payload."""

    place: int
    signature: Signature
    status: int
    request: str | None
    response: str | None
    codes: Sequence[str]

    @property
    def is_ok(self) -> bool:
        """Whether it was answered with a prediction."""
        return 200 <= self.status < 300


@dataclass(frozen=True)
class RequestRows:
    """What a request has: rows, and predictions for them unless it says why not."""

    features: FeatureRows
    predictions: FeatureRows | None
    error: str | None
    whole: tuple[Any, Any] | None = None

    @property
    def mixed(self) -> Mixed:
        """Names of features, and of predictions, that are numbers with and without a fraction."""
        return _mixed(self.features), _mixed(self.predictions or NOTHING)


def _mixed(found: FeatureRows) -> frozenset[str]:
    kinds = ({type(row[at]) for row in found.rows} for at in range(len(found.names)))
    return frozenset(name for name, types in zip(found.names, kinds, strict=True) if {int, float} <= types)


def payload_requests(payload: pa.Table, signatures: Mapping[SignatureKey, Signature]) -> list[PayloadRequest]:
    """Of each row of payload, in their order."""
    columns = [
        payload.column(name).to_pylist()
        for name in ("version_id", "generation", "status_code", "request", "response", "logging_error_codes")
    ]
    return [
        PayloadRequest(
            place, signatures.get((version, generation), NO_SIGNATURE), status or 0, request, response, codes or ()
        )
        for place, (version, generation, status, request, response, codes) in enumerate(zip(*columns, strict=True))
    ]


def read_rows(request: PayloadRequest) -> RequestRows:
    """The rows of a request: one that says why where it cannot be read."""
    try:
        features = _features(request)
    except UnreadableBody as error:
        return _whole(request, str(error), None)
    if not request.is_ok:
        return RequestRows(features, None, error_text(request.status, request.response))
    try:
        return RequestRows(features, _predictions(request, len(features.rows)), None)
    except UnreadableBody as error:
        return RequestRows(features, None, str(error))
    except CountMismatch as error:
        whole = [dict(zip(features.names, row, strict=True)) for row in features.rows]
        return _whole(request, str(error), (whole, error.predictions))


def _whole(request: PayloadRequest, error: str, whole: tuple[Any, Any] | None) -> RequestRows:
    """One row for the request."""
    return RequestRows(NOTHING, None, error if request.is_ok else error_text(request.status, request.response), whole)


def _features(request: PayloadRequest) -> FeatureRows:
    if request.request is None:
        raise UnreadableBody(", ".join(request.codes) or "the request was not recorded")
    return read_request(request.request, request.signature)


def _predictions(request: PayloadRequest, rows: int) -> FeatureRows:
    if request.response is None:
        raise UnreadableBody(", ".join(request.codes) or "the answer was not recorded")
    return read_response(request.response, rows)
