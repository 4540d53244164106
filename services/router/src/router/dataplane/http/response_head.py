"""The head of a pod's response: what is passed on to the client, and what is for the router."""

from __future__ import annotations

import re

from router.dataplane.http.refusals import CONNECTION_CLOSE, status_line

_INTERNAL_PREFIXES = (b"x-penstock-", b"proxy-")
_DROPPED = frozenset(
    (b"connection", b"keep-alive", b"te", b"trailer", b"upgrade", b"x-request-id", b"transfer-encoding")
)
_BODILESS = frozenset((204, 304))
CLIENT_REQUEST_ID = b"x-penstock-client-request-id"
TIMINGS = b"x-penstock-timings"
_TIMINGS_VALUE = re.compile(rb"[a-z0-9;=., ]{1,128}\Z")
"""A pod runs a model's code: what it says is passed on only where it can be nothing but timings."""


class ResponseHead:
    """The head of a response. Complete, it never changes: equal heads may share one (`head_cache`)."""

    __slots__ = (
        "client_request_id",
        "content_length",
        "forward",
        "has_head",
        "is_chunked",
        "is_head_only",
        "is_reusable",
        "lines",
        "status",
        "timings",
    )

    def __init__(self, *, is_head_only: bool = False) -> None:
        self.status = 0
        self.lines: list[bytes] = []
        self.forward = b""
        """Status line and headers for the client."""
        self.content_length = -1
        self.is_chunked = False
        self.has_head = False
        self.is_reusable = False
        self.is_head_only = is_head_only
        """It answers HEAD: a length is said, no body comes."""
        self.client_request_id = b""
        self.timings = b""
        """What the pod says of the time that a debug request took."""

    def add_header(self, name: bytes, value: bytes) -> None:
        """One header of the head; trailers are ignored."""
        if self.has_head:
            return
        lowered = name.lower()
        if lowered == b"content-length":
            self.content_length = int(value)
        elif lowered == CLIENT_REQUEST_ID:
            self.client_request_id = value.strip()
        elif lowered == TIMINGS:
            self.timings = value if _TIMINGS_VALUE.match(value) else b""
        elif lowered == b"transfer-encoding":
            self.is_chunked = True
        elif lowered not in _DROPPED and not lowered.startswith(_INTERNAL_PREFIXES):
            self.lines.append(b"%b: %b\r\n" % (name, value))

    def complete(self, status: int, *, is_reusable: bool) -> None:
        """Every header is there. `is_reusable`: the connection may be used again."""
        self.status = status
        self.has_head = status >= 200
        self.is_reusable = is_reusable
        self.forward = b"".join((status_line(status), *self.lines))

    @property
    def is_informational(self) -> bool:
        """A 1xx: the final response is yet to come."""
        return self.status < 200

    @property
    def is_plain(self) -> bool:
        """Its body has a length, and nothing in it is this request's own: others may have the very same head."""
        return (
            self.has_head
            and self.is_reusable
            and self.content_length >= 0
            and not self.is_chunked
            and not self.is_head_only
            and not self.client_request_id
            and not self.timings
            and self.status not in _BODILESS
        )

    @property
    def ends_with_connection(self) -> bool:
        """Neither a length nor chunks: the pod's close is the end."""
        return self.has_head and self.has_unknown_length and not self.is_chunked

    @property
    def has_unknown_length(self) -> bool:
        """Whether the client gets it in chunks."""
        return self.content_length < 0 and self.status not in _BODILESS and not self.is_head_only

    def head(self, extra: bytes, *, chunks: bool, closes: bool) -> bytes:
        """The head for the client; `extra` are the headers that name request, version and pod."""
        if self.status in _BODILESS:
            framing = b""
        elif self.content_length >= 0:
            framing = b"Content-Length: %d\r\n" % self.content_length
        else:
            framing = b"Transfer-Encoding: chunked\r\n" if chunks and not self.is_head_only else b""
        return b"%b%b%b%b\r\n" % (self.forward, extra, framing, CONNECTION_CLOSE if closes else b"")
