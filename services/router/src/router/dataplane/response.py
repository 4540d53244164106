"""The head of a pod's answer: what the caller gets of it, and what is for us."""

from __future__ import annotations

from router.dataplane.answers import SERVER_CLOSES, status_line

_OURS = (b"x-penstock-", b"proxy-")
_DROPPED = frozenset(
    (b"connection", b"keep-alive", b"te", b"trailer", b"upgrade", b"x-request-id", b"transfer-encoding")
)
_BODILESS = frozenset((204, 304))
CLIENT_REQUEST_ID = b"x-penstock-client-request-id"


class Response:
    """An answer being received from a pod."""

    __slots__ = ("client_request_id", "content_length", "forward", "has_head", "is_chunked", "status")

    def __init__(self) -> None:
        self.status = 0
        self.forward: list[bytes] = []
        self.content_length = -1
        self.is_chunked = False
        self.has_head = False
        self.client_request_id = b""

    def add_header(self, name: bytes, value: bytes) -> None:
        """One header of the head; trailers are ignored."""
        if self.has_head:
            return
        lowered = name.lower()
        if lowered == b"content-length":
            self.content_length = int(value)
        elif lowered == CLIENT_REQUEST_ID:
            self.client_request_id = value.strip()
        elif lowered == b"transfer-encoding":
            self.is_chunked = True
        elif lowered not in _DROPPED and not lowered.startswith(_OURS):
            self.forward.append(b"%b: %b\r\n" % (name, value))

    @property
    def is_informational(self) -> bool:
        """A 1xx: the answer itself still comes."""
        return self.status < 200

    @property
    def ends_with_connection(self) -> bool:
        """Neither a length nor chunks: the pod's close is the end."""
        return self.has_head and self.content_length < 0 and not self.is_chunked and self.status not in _BODILESS

    @property
    def has_unknown_length(self) -> bool:
        """Whether the caller gets it in chunks."""
        return self.content_length < 0 and self.status not in _BODILESS

    def head(self, identity: bytes, *, chunks: bool, closes: bool) -> bytes:
        """The head for the caller; `identity` are the headers that name request, version and pod."""
        if self.status in _BODILESS:
            framing = b""
        elif self.content_length >= 0:
            framing = b"Content-Length: %d\r\n" % self.content_length
        else:
            framing = b"Transfer-Encoding: chunked\r\n" if chunks else b""
        closing = SERVER_CLOSES if closes else b""
        return b"".join((status_line(self.status), *self.forward, identity, framing, closing, b"\r\n"))
