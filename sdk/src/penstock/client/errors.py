"""The tree of errors that the client raises.

PenstockError
├── Unreachable          nobody answered
│   └── TimedOut             not in time
└── ApiError             the platform refused: status, error_code, message, details, request_id
    ├── InvalidRequest       400, 405, 413, 415, 422
    ├── Unauthenticated      401
    ├── PermissionDenied     403
    ├── NotFound             404
    ├── Conflict             409, 412
    ├── LimitExceeded        429
    └── ServerError          5xx
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class PenstockError(Exception):
    """What this client raises."""


class Unreachable(PenstockError):
    """Nobody answered."""


class TimedOut(Unreachable):
    """No answer in time; whether the request was acted on is not known."""


class ApiError(PenstockError):
    """The platform refused; `details` names the fields, `request_id` finds the request in its log."""

    def __init__(
        self,
        status: int,
        error_code: str,
        message: str,
        *,
        details: Sequence[Mapping[str, Any]] = (),
        request_id: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error_code = error_code
        self.message = message
        self.details = tuple(details)
        self.request_id = request_id
        self.retry_after_s = retry_after_s


class InvalidRequest(ApiError):
    """A value, shape or name that the platform does not accept."""


class Unauthenticated(ApiError):
    """No token, or one that is not known."""


class PermissionDenied(ApiError):
    """Known, but not allowed."""


class NotFound(ApiError):
    """No such resource."""


class Conflict(ApiError):
    """The state of the resource does not allow this, or it has changed since it was read."""


class LimitExceeded(ApiError):
    """Too many requests."""


class ServerError(ApiError):
    """The platform, or a part of it, failed or is away."""


_KINDS: Mapping[int, type[ApiError]] = {
    400: InvalidRequest,
    401: Unauthenticated,
    403: PermissionDenied,
    404: NotFound,
    405: InvalidRequest,
    409: Conflict,
    412: Conflict,
    413: InvalidRequest,
    415: InvalidRequest,
    422: InvalidRequest,
    429: LimitExceeded,
}
_RETRYABLE_STATUSES = frozenset({429, 502, 503, 504})


def is_transient(error: PenstockError) -> bool:
    """Whether the same request may be answered a little later."""
    if isinstance(error, ServerError | LimitExceeded):
        return error.status in _RETRYABLE_STATUSES
    return isinstance(error, Unreachable)


def error_of(status: int, body: object, headers: Mapping[str, str], url: str) -> ApiError:
    """The error that an answer stands for, whatever its body looks like."""
    said = body if isinstance(body, dict) else {}
    kind = _KINDS.get(status, ServerError if status >= 500 else ApiError)
    after = headers.get("retry-after", "")
    details = said.get("details")
    return kind(
        status,
        str(said.get("error_code") or "UNKNOWN"),
        str(said.get("message") or f"{url} answered {status}"),
        details=details if isinstance(details, list) else (),
        request_id=said.get("request_id") or headers.get("x-request-id"),
        retry_after_s=float(after) if after.isdecimal() else None,
    )
