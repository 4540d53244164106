"""One request as it arrives: what of its head is looked at, what is passed on, what is dropped.

The request to the pod is rebuilt, never relayed: hop-by-hop headers, credentials, cookies and everything that claims
to come from a proxy or from us stays behind.
"""

from __future__ import annotations

from collections.abc import Callable

from router.dataplane.answers import HEADERS_TOO_LARGE, URL_TOO_LONG, Refusal, bad_request
from router.dataplane.limits import Limits

_DROPPED_PREFIXES = (b"x-forwarded-", b"x-penstock-", b"proxy-")


class Request:
    """A request being received. `fault` is the first thing found wrong with its head."""

    __slots__ = (
        "api_key",
        "authorization",
        "body",
        "body_size",
        "connection",
        "content_length",
        "content_types",
        "expect",
        "fault",
        "forward",
        "has_head",
        "head_size",
        "header_count",
        "hosts",
        "is_chunked",
        "limits",
        "request_id",
        "traceparent",
        "url",
    )

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.url = b""
        self.forward: list[bytes] = []
        self.body: list[bytes] = []
        self.body_size = 0
        self.header_count = 0
        self.head_size = 0
        self.hosts = 0
        self.content_types = 0
        self.content_length = -1
        self.is_chunked = False
        self.has_head = False
        self.authorization: bytes | None = None
        self.api_key: bytes | None = None
        self.connection: bytes | None = None
        self.expect: bytes | None = None
        self.request_id: bytes | None = None
        self.traceparent: bytes | None = None
        self.fault: Refusal | None = None

    def add_url(self, part: bytes) -> None:
        """A piece of the request target."""
        self.url += part
        if len(self.url) > self.limits.url_bytes:
            self.fault = URL_TOO_LONG

    def add_header(self, name: bytes, value: bytes) -> None:
        """One header of the head; trailers are ignored."""
        if self.has_head or self.fault is not None:
            return
        self.header_count += 1
        self.head_size += len(name) + len(value) + 4
        if self.header_count > self.limits.headers or self.head_size > self.limits.header_bytes:
            self.fault = HEADERS_TOO_LARGE
            return
        lowered = name.lower()
        take = _TAKEN.get(lowered)
        if take is not None:
            take(self, value)
        elif not lowered.startswith(_DROPPED_PREFIXES):
            self.forward.append(b"%b: %b\r\n" % (name, value))

    def check_head(self, version: str) -> Refusal | None:
        """What makes this head unacceptable, if anything."""
        if self.fault is not None:
            return self.fault
        if version not in ("1.1", "1.0"):
            return bad_request("This version of HTTP is not spoken here.")
        if self.hosts != 1 and (self.hosts > 1 or version == "1.1"):
            return bad_request("Exactly one Host header is needed.")
        if self.connection is not None:
            self._drop_named_by(self.connection)
        return None

    @property
    def has_body(self) -> bool:
        """Whether a body follows the head."""
        return self.is_chunked or self.content_length > 0

    def framing(self, method: bytes) -> bytes:
        """A head that says only how this request's body is framed, and whether the connection ends with it."""
        lines = [b"%b / HTTP/1.1\r\nHost: -\r\n" % method]
        if self.is_chunked:
            lines.append(b"Transfer-Encoding: chunked\r\n")
        elif self.content_length >= 0:
            lines.append(b"Content-Length: %d\r\n" % self.content_length)
        if self.connection is not None and b"close" in self.connection.lower():
            lines.append(b"Connection: close\r\n")
        return b"".join((*lines, b"\r\n"))

    def _drop_named_by(self, connection: bytes) -> None:
        named = {token.strip().lower() for token in connection.split(b",")} - {b"close", b"keep-alive", b""}
        if named:
            self.forward = [line for line in self.forward if line.split(b":", 1)[0].lower() not in named]


def _drop(_request: Request, _value: bytes) -> None:
    return None


def _host(request: Request, value: bytes) -> None:
    request.hosts += 1
    if not value.strip():
        request.fault = bad_request("The Host header is empty.")


def _content_length(request: Request, value: bytes) -> None:
    text = value.strip()
    if request.content_length >= 0 or request.is_chunked or not text.isdigit() or len(text) > 18:
        request.fault = bad_request("The length of the body is not clear.")
        return
    request.content_length = int(text)


def _transfer_encoding(request: Request, value: bytes) -> None:
    if request.content_length >= 0 or request.is_chunked or value.strip().lower() != b"chunked":
        request.fault = bad_request("The length of the body is not clear.")
        return
    request.is_chunked = True


def _authorization(request: Request, value: bytes) -> None:
    if request.authorization is not None:
        request.fault = bad_request("Two Authorization headers.")
    request.authorization = value


def _api_key(request: Request, value: bytes) -> None:
    if request.api_key is not None:
        request.fault = bad_request("Two X-API-Key headers.")
    request.api_key = value


def _content_type(request: Request, value: bytes) -> None:
    request.content_types += 1
    if request.content_types > 1:
        request.fault = bad_request("Two Content-Type headers.")
    request.forward.append(b"Content-Type: %b\r\n" % value)


def _connection(request: Request, value: bytes) -> None:
    request.connection = value if request.connection is None else request.connection + b"," + value


def _expect(request: Request, value: bytes) -> None:
    request.expect = value.strip().lower() if request.expect is None else b"several"


def _request_id(request: Request, value: bytes) -> None:
    request.request_id = value


def _traceparent(request: Request, value: bytes) -> None:
    request.traceparent = value


_TAKEN: dict[bytes, Callable[[Request, bytes], None]] = {
    b"host": _host,
    b"content-length": _content_length,
    b"transfer-encoding": _transfer_encoding,
    b"authorization": _authorization,
    b"x-api-key": _api_key,
    b"content-type": _content_type,
    b"connection": _connection,
    b"expect": _expect,
    b"x-request-id": _request_id,
    b"traceparent": _traceparent,
    b"keep-alive": _drop,
    b"te": _drop,
    b"trailer": _drop,
    b"upgrade": _drop,
    b"http2-settings": _drop,
    b"forwarded": _drop,
    b"x-real-ip": _drop,
    b"via": _drop,
    b"cookie": _drop,
}
