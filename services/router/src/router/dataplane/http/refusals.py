"""The router's own responses: every error has the platform's one error body; nothing internal is named in it."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from math import ceil

import orjson

from router.domain.access.keys import KeyRefusal
from router.domain.routes.entities import PathKind
from router.domain.routes.explain import NoPodReason

CONNECTION_CLOSE = b"Connection: close\r\n"
SCORING_ALLOWS = b"Allow: POST, OPTIONS\r\n"
HEALTH_ALLOWS = b"Allow: GET, HEAD, OPTIONS\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A response of the router itself. `closes`: the connection is closed after it."""

    status: int
    code: str
    message: str
    headers: bytes = b""
    closes: bool = False

    def body(self, request_id: bytes, kind: PathKind | None = None) -> bytes:
        """The error as JSON, in the words of the protocol that was spoken."""
        if kind in (PathKind.INFER, PathKind.METADATA):
            return orjson.dumps({"error": self.message})
        return orjson.dumps(
            {
                "error_code": self.code,
                "message": self.message,
                "request_id": request_id.decode("latin-1"),
                "details": [],
            }
        )


def bad_request(message: str) -> Refusal:
    """Not valid HTTP: no byte after it can be trusted."""
    return Refusal(400, "BAD_REQUEST", message, closes=True)


def not_found(message: str) -> Refusal:
    """A name or path that does not exist."""
    return Refusal(404, "RESOURCE_DOES_NOT_EXIST", message)


def method_not_allowed(allow: bytes, *, closes: bool = False) -> Refusal:
    """Another method is meant for this path."""
    return Refusal(405, "METHOD_NOT_ALLOWED", "This path does not take this method.", allow, closes)


def too_large(limit: int) -> Refusal:
    """More body than the service takes."""
    return Refusal(413, "PAYLOAD_TOO_LARGE", f"The body is larger than the limit of {limit} bytes.", closes=True)


def throttled(wait_s: float) -> Refusal:
    """Over the rate limit; `wait_s`: when there will be room."""
    return Refusal(
        429,
        "REQUEST_LIMIT_EXCEEDED",
        "The version's limit of requests per second is exceeded.",
        b"Retry-After: %d\r\n" % max(1, ceil(wait_s)),
    )


def unavailable(message: str, retry_after_s: int = 1) -> Refusal:
    """Nothing can answer now, but may soon."""
    return Refusal(503, "TEMPORARILY_UNAVAILABLE", message, b"Retry-After: %d\r\n" % retry_after_s)


def no_pod(why: NoPodReason) -> Refusal:
    """Nothing of the service can answer now."""
    return unavailable(why.message, why.retry_after_s)


UNAUTHENTICATED = Refusal(
    401,
    "UNAUTHENTICATED",
    "A valid API key is needed: Authorization: Bearer <key>.",
    b'WWW-Authenticate: Bearer realm="penstock"\r\n',
)
INVALID_DEBUG_TICKET = Refusal(
    401, "UNAUTHENTICATED", "The debug ticket is forged, used, expired or for another version."
)
FORBIDDEN = Refusal(403, "PERMISSION_DENIED", "This API key belongs to another service.")
OUT_OF_SCOPE = Refusal(403, "PERMISSION_DENIED", "The scopes of this API key do not open this path.")
KEY_REFUSALS = {
    KeyRefusal.UNKNOWN: UNAUTHENTICATED,
    KeyRefusal.OTHER_SERVICE: FORBIDDEN,
    KeyRefusal.OUT_OF_SCOPE: OUT_OF_SCOPE,
}
"""The response for each reason why a key is refused."""
HEADER_TIMEOUT = Refusal(408, "REQUEST_TIMEOUT", "The request's headers took too long.", closes=True)
BODY_TIMEOUT = Refusal(408, "REQUEST_TIMEOUT", "The request's body took too long.", closes=True)
URL_TOO_LONG = Refusal(414, "URI_TOO_LONG", "The URL is longer than 8192 bytes.", closes=True)
EXPECTATION_FAILED = Refusal(417, "EXPECTATION_FAILED", "Only Expect: 100-continue is understood.", closes=True)
HEADERS_TOO_LARGE = Refusal(
    431, "REQUEST_HEADER_FIELDS_TOO_LARGE", "More than 100 headers or 16384 bytes of them.", closes=True
)
TRAILERS_TOO_LARGE = Refusal(
    431,
    "REQUEST_HEADER_FIELDS_TOO_LARGE",
    "More than 100 trailers, or 16384 bytes of them or of a chunk's extension.",
    closes=True,
)
OVERLOADED = Refusal(
    503, "TEMPORARILY_UNAVAILABLE", "Too many requests are held in memory.", b"Retry-After: 1\r\n", closes=True
)
UPSTREAM_FAILED = Refusal(502, "UPSTREAM_FAILED", "The model's pod went away before it answered.")
UPSTREAM_INVALID = Refusal(502, "UPSTREAM_FAILED", "The model's pod gave an invalid answer.")
NO_POD_REACHABLE = unavailable("No pod of this version can be reached.")
DEADLINE_EXCEEDED = Refusal(504, "DEADLINE_EXCEEDED", "The model took longer than the request timeout.")
ALL_PODS_BUSY = unavailable("Every pod of this version is at its limit of concurrent requests.")
HOLD_QUEUE_FULL = unavailable("Too many requests wait for a pod of this version.")
OPTIONS_SCORING = Refusal(204, "", "", SCORING_ALLOWS)
OPTIONS_HEALTH = Refusal(204, "", "", HEALTH_ALLOWS)
HEALTHY = Refusal(200, "", "")

STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode("latin-1") for status in HTTPStatus}


def status_line(status: int) -> bytes:
    """The response's first line."""
    return STATUS_LINES.get(status) or b"HTTP/1.1 %d Unknown\r\n" % status


def render(refusal: Refusal, body: bytes, headers: bytes, *, with_body: bool, closes: bool) -> bytes:
    """Head and body of a refusal; `headers` are those that name the request."""
    parts = [status_line(refusal.status), headers, refusal.headers]
    if closes:
        parts.append(CONNECTION_CLOSE)
    if refusal.status != 204:
        parts.append(b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(body))
    parts.append(b"\r\n")
    if with_body and refusal.status != 204:
        parts.append(body)
    return b"".join(parts)
