"""What the model server refuses, and how it says so.

One exception for every answer that is not 200; its body has the shape of all of Penstock's HTTP APIs:
`{"error_code", "message", "request_id", "details": [{"loc": [...], "msg": "..."}]}`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

Loc = tuple[str | int, ...]

COMPAT = "`types: compat`"
"""The version's setting that a message names where MLflow takes what `strict` refuses."""


class RequestRefused(Exception):
    """A request that is answered with an error; the message is safe to show to its caller."""

    def __init__(self, status: int, code: str, message: str, details: Sequence[tuple[Loc, str]] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details

    def body(self, request_id: str) -> bytes:
        """The error as JSON."""
        return orjson.dumps(
            {
                "error_code": self.code,
                "message": self.message,
                "request_id": request_id,
                "details": [{"loc": list(loc), "msg": msg} for loc, msg in self.details],
            }
        )


def bad_request(message: str) -> RequestRefused:
    """What was sent cannot be read at all."""
    return RequestRefused(400, "BAD_REQUEST", message)


def invalid(message: str, loc: Loc = (), reason: str | None = None) -> RequestRefused:
    """What was sent can be read, and is not what the model takes; `reason` is the message without its place."""
    return RequestRefused(400, "INVALID_PARAMETER_VALUE", message, [(loc, reason or message)] if loc else ())


def too_large(message: str) -> RequestRefused:
    """More than a limit; the message names it."""
    return RequestRefused(413, "PAYLOAD_TOO_LARGE", message)


def unsupported_media_type(message: str) -> RequestRefused:
    """A content type, charset or encoding that is not spoken here."""
    return RequestRefused(415, "UNSUPPORTED_MEDIA_TYPE", message)


def unavailable(message: str) -> RequestRefused:
    """Not now; the caller may come again."""
    return RequestRefused(503, "TEMPORARILY_UNAVAILABLE", message)


def model_error(request_id: str) -> RequestRefused:
    """The model raised. Its words stay in the log, where the request id finds them."""
    message = f"The model raised an error; `penstock logs SERVICE --request {request_id}` shows the trace."
    return RequestRefused(500, "MODEL_ERROR", message)


def worker_ended(request_id: str, how: str) -> RequestRefused:
    """Two processes ended while they predicted this; there is no trace, but the log says how under the request id."""
    message = (
        f"The process that ran the model ended, twice ({how}); the pod's log says so under request_id={request_id}."
    )
    return RequestRefused(500, "MODEL_ERROR", message)


def unwritable(reason: str) -> RequestRefused:
    """What the model returned has no place in JSON; the reason is this server's own words."""
    return RequestRefused(500, "MODEL_ERROR", f"The model's output cannot be written as JSON: {reason}.")


def quote_value(value: Any, limit: int = 60) -> str:
    """A value of the caller's, short enough for a message."""
    text = "null" if value is None else repr(value) if not isinstance(value, bool) else str(value).lower()
    return text if len(text) <= limit else text[: limit - 1] + "…"
