"""A request as it came → rows that the model takes, in whatever process the model runs.

The server reads each request when it arrives, which tells who may share a predict; a worker reads it again, so that
nothing but the callers' own bytes travels between processes.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock_runtime.errors import RequestRefused, unsupported_media_type
from penstock_runtime.messages import SCORING, RawRequest, ResponseEncoder
from penstock_runtime.payloads.inputs import PreparedColumns
from penstock_runtime.payloads.mlflow_parsing import MlflowRows
from penstock_runtime.payloads.parsing import ScoringRequest, parse_scoring_request
from penstock_runtime.v2.protocol import response_encoder_for
from penstock_runtime.v2.requests import InferRequest, parse_infer_request, to_model_input, to_scoring_payload

if TYPE_CHECKING:
    from penstock_runtime.inference.model import CheckedModel
    from penstock_runtime.payloads.inputs import PreparedRows


@dataclass(frozen=True, slots=True)
class CheckedRequest:
    """A request, checked. Those with equal `key` may share a predict; `None` never shares."""

    prepared: PreparedRows
    params: dict[str, Any] | None
    key: Hashable | None
    encoder: ResponseEncoder


class RequestReader:
    """Reads requests for one model."""

    def __init__(self, model: CheckedModel, version: str | None = None) -> None:
        self.model = model
        self.version = version
        self.scoring = ResponseEncoder(model.encode, RequestRefused.body)

    def read(self, raw: RawRequest) -> CheckedRequest:
        """Parse and check a request.

        Raises:
            RequestRefused: 400 or 415.
        """
        return self.check(self.parse(raw), raw)

    def parse(self, raw: RawRequest) -> ScoringRequest | InferRequest:
        """Parse a request's bytes.

        Raises:
            RequestRefused: 400 or 415.
        """
        if raw.endpoint == SCORING:
            return parse_scoring_request(raw.content_type, raw.body, strict=self.model.is_strict)
        kind = raw.content_type.partition(";")[0].strip().lower()
        if kind not in {"", "application/json"}:
            raise unsupported_media_type("Content-Type must be application/json.")
        return parse_infer_request(raw.body)

    def check(self, request: ScoringRequest | InferRequest, raw: RawRequest) -> CheckedRequest:
        """Check what was parsed.

        Raises:
            RequestRefused: 400.
        """
        if isinstance(request, InferRequest):
            return self._check_infer(request, raw)
        params = self.model.check_params(request.params)
        prepared = self.model.prepare(request)
        return CheckedRequest(prepared, params, self.key_of(prepared, params), self.scoring)

    def _check_infer(self, request: InferRequest, raw: RawRequest) -> CheckedRequest:
        params = self.model.check_params(request.params)
        prepared: PreparedRows
        if self.model.schema is None:
            prepared = MlflowRows(to_model_input(request))
        else:
            prepared = self.model.prepare(ScoringRequest(*to_scoring_payload(request, self.model.schema)))
        encoder = response_encoder_for(request, raw, self.version)
        return CheckedRequest(prepared, params, self.key_of(prepared, params), encoder)

    def key_of(self, prepared: PreparedRows, params: dict[str, Any] | None) -> Hashable | None:
        """What those have in common who may share a predict."""
        if prepared.key is None:
            return None
        return (type(prepared), prepared.key, _nulls(prepared), repr(params) if params else None)


def _nulls(prepared: PreparedRows) -> tuple[int, ...]:
    """Columns with nulls in them, which have another type: a column of another request must not change the type."""
    if not isinstance(prepared, PreparedColumns):
        return ()
    values = zip(prepared.values, prepared.kinds, strict=True)
    return tuple(i for i, (column, kind) in enumerate(values) if kind in _NULLABLE and None in column)


_NULLABLE = frozenset(("boolean", "string", "binary"))
"""Kinds of columns whose type in pandas depends on whether there are nulls."""
