"""What a caller sent, and how it wants to be answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from penstock_runtime.errors import Refused

SCORING = "scoring"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a caller sent: `form` is `scoring`, or the path of an infer request."""

    form: str
    content_type: str
    body: bytes
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """An answer's status and body."""

    status: int
    body: bytes
    error: str | None = None
    """What the model raised, in one line; for the pod's own check, never for a caller."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the answer to one caller is written."""

    answer: Callable[[Any], bytes]
    """What the model returned, as the body of a 200."""
    refusal: Callable[[Refused, str], bytes]
    """An error and the request's id, as a body."""
    is_raw: bool = False
    """Whether `answer` takes what the model returned as it is, rather than in plain rows."""
