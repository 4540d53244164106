"""What goes wrong between this backend and an API server.

ApiError
├── ApiAway        nothing answers, or nothing of use; the same call may succeed later
└── ApiRefused     it answered with an error: `status` and `reason` say which
    └── Expired    410: what was asked about is older than what it remembers
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

FORBIDDEN, NOT_FOUND, CONFLICT, GONE, TOO_MANY = 403, 404, 409, 410, 429
MAX_MESSAGE = 1000


class ApiError(Exception):
    """`message` is one sentence for people."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ApiAway(ApiError):
    """Nothing answers, or it answers that it cannot now."""


class Silent(ApiAway):
    """A stream said nothing for as long as it may. In a quiet cluster that is nothing unusual."""


class ApiRefused(ApiError):
    """The API server answered with an error."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


class Expired(ApiRefused):
    """The version of the list that was asked for is not remembered any more."""


def error_of(status: int, body: bytes | Mapping[str, Any]) -> ApiError:
    """What an answer with an error, or a `Status` object, says."""
    found = body if isinstance(body, Mapping) else _parsed(body)
    reason = str(found.get("reason") or "")
    message = str(found.get("message") or f"the API server answers {status}")[:MAX_MESSAGE]
    if status == GONE or reason in {"Expired", "Gone"}:
        return Expired(GONE, reason or "Expired", message)
    if status == TOO_MANY or status >= 500:
        return ApiAway(message)
    return ApiRefused(status, reason, message)


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {"message": body[:MAX_MESSAGE].decode(errors="replace").strip()}
    return found if isinstance(found, dict) else {}
