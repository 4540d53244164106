"""A request and a response as bytes, and how a response is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from penstock_runtime.errors import RequestRefused

SCORING = "scoring"


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request as it came: `endpoint` is `scoring`, or the path of an infer request."""

    endpoint: str
    content_type: str
    body: bytes
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class EncodedResponse:
    """Status and body of a response."""

    status: int
    body: bytes
    error: str | None = None
    """What the model raised, in one line; for the pod's own check, never for a caller."""


@dataclass(frozen=True, slots=True)
class ResponseEncoder:
    """How the response to one caller is written."""

    encode: Callable[[Any], bytes]
    """What the model returned, as the body of a 200."""
    encode_error: Callable[[RequestRefused, str], bytes]
    """An error and the request's id, as a body."""
    takes_raw_output: bool = False
    """Whether `encode` takes what the model returned as it is, rather than in plain rows."""
