"""A request as it came → rows that the model takes, in whatever process the model runs.

The server reads each request when it arrives, which tells who may share a predict; a worker reads it again, so that
nothing but the callers' own bytes travels between processes.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock_runtime.errors import Refused, unsupported
from penstock_runtime.messages import SCORING, Asked, Dialect
from penstock_runtime.payloads.inputs import Columns
from penstock_runtime.payloads.mlflow_parsing import Delegated
from penstock_runtime.payloads.parsing import ScoringRequest, parse
from penstock_runtime.v2.protocol import dialect_of
from penstock_runtime.v2.requests import InferRequest, as_data, as_payload, read_infer

if TYPE_CHECKING:
    from penstock_runtime.inference.model import Model
    from penstock_runtime.payloads.inputs import Prepared


@dataclass(frozen=True, slots=True)
class Reading:
    """A request, checked. Those with equal `key` may share a predict; `None` shares with nobody."""

    prepared: Prepared
    params: dict[str, Any] | None
    key: Hashable | None
    dialect: Dialect


class Reader:
    """Reads requests for one model."""

    def __init__(self, model: Model, version: str | None = None) -> None:
        self.model = model
        self.version = version
        self.scoring = Dialect(model.encode, Refused.body)

    def read(self, asked: Asked) -> Reading:
        """Parse and check a request.

        Raises:
            Refused: 400 or 415.
        """
        return self.check(self.parse(asked), asked)

    def parse(self, asked: Asked) -> ScoringRequest | InferRequest:
        """Parse a request's bytes.

        Raises:
            Refused: 400 or 415.
        """
        if asked.form == SCORING:
            return parse(asked.content_type, asked.body, strict=self.model.is_strict)
        kind = asked.content_type.partition(";")[0].strip().lower()
        if kind not in {"", "application/json"}:
            raise unsupported("Content-Type must be application/json.")
        return read_infer(asked.body)

    def check(self, request: ScoringRequest | InferRequest, asked: Asked) -> Reading:
        """Check what was parsed.

        Raises:
            Refused: 400.
        """
        if isinstance(request, InferRequest):
            return self._check_infer(request, asked)
        params = self.model.check_params(request.params)
        prepared = self.model.prepare(request)
        return Reading(prepared, params, self.key_of(prepared, params), self.scoring)

    def _check_infer(self, request: InferRequest, asked: Asked) -> Reading:
        params = self.model.check_params(request.params)
        prepared: Prepared
        if self.model.schema is None:
            prepared = Delegated(as_data(request))
        else:
            prepared = self.model.prepare(ScoringRequest(*as_payload(request, self.model.schema)))
        dialect = dialect_of(request, asked, self.version)
        return Reading(prepared, params, self.key_of(prepared, params), dialect)

    def key_of(self, prepared: Prepared, params: dict[str, Any] | None) -> Hashable | None:
        """What those have in common who may share a predict."""
        if prepared.key is None:
            return None
        return (type(prepared), prepared.key, _nulls(prepared), repr(params) if params else None)


def _nulls(prepared: Prepared) -> tuple[int, ...]:
    """Columns with nulls in them, which have another type: nobody else's column may change its own."""
    if not isinstance(prepared, Columns):
        return ()
    values = zip(prepared.values, prepared.kinds, strict=True)
    return tuple(i for i, (column, kind) in enumerate(values) if kind in _NULLABLE and None in column)


_NULLABLE = frozenset(("boolean", "string", "binary"))
"""Kinds of columns whose type in pandas depends on whether there are nulls."""
