"""A request as it came → rows that the model takes, in whatever process the model runs.

The server reads each request when it arrives, which tells who may share a predict; a worker reads it again, so that
nothing but the callers' own bytes travels between processes.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock_runtime.errors import Refused
from penstock_runtime.parsing import ScoringRequest, parse

if TYPE_CHECKING:
    from penstock_runtime.inputs import Prepared
    from penstock_runtime.model import Model

SCORING = "scoring"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a caller sent: `form` is the protocol it speaks."""

    form: str
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the answer to one caller is written."""

    answer: Callable[[Any], bytes]
    """What the model returned, as the body of a 200."""
    refusal: Callable[[Refused, str], bytes]
    """An error and the request's id, as a body."""
    is_raw: bool = False
    """Whether `answer` takes what the model returned as it is, rather than in plain rows."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A request, checked. Those with equal `key` may share a predict; `None` shares with nobody."""

    prepared: Prepared
    params: dict[str, Any] | None
    key: Hashable | None
    dialect: Dialect


class Reader:
    """Reads requests for one model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.scoring = Dialect(model.encode, Refused.body)

    def read(self, asked: Asked) -> Reading:
        """Parse and check a request.

        Raises:
            Refused: 400 or 415.
        """
        return self.check(self.parse(asked))

    def parse(self, asked: Asked) -> ScoringRequest:
        """Parse a request's bytes.

        Raises:
            Refused: 400 or 415.
        """
        return parse(asked.content_type, asked.body, strict=self.model.is_strict)

    def check(self, request: ScoringRequest) -> Reading:
        """Check what was parsed.

        Raises:
            Refused: 400.
        """
        params = self.model.check_params(request)
        prepared = self.model.prepare(request)
        return Reading(prepared, params, self.key_of(prepared, params), self.scoring)

    def key_of(self, prepared: Prepared, params: dict[str, Any] | None) -> Hashable | None:
        """What those have in common who may share a predict."""
        if not self.model.is_row_wise or prepared.key is None:
            return None
        return (type(prepared), prepared.key, repr(params) if params else None)
