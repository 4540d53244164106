"""The head of a request as it arrives: what of it is read, what is forwarded, what is dropped.

The request to the pod is rebuilt, never relayed: hop-by-hop headers, credentials, cookies and everything that claims
to come from a proxy or from the router is dropped.
"""

from __future__ import annotations

from collections.abc import Callable

from router.dataplane.http.refusals import HEADERS_TOO_LARGE, TRAILERS_TOO_LARGE, URL_TOO_LONG, Refusal, bad_request
from router.dataplane.limits import DataPlaneLimits
from router.domain.access.keys import digest_of, presented_key

_DROPPED_PREFIXES = (b"x-forwarded-", b"x-penstock-", b"proxy-")


class RequestHead:
    """The head of a request. Complete, it never changes: equal heads may share one (`head_cache`).

    `fault` is the first thing found wrong with it.
    """

    __slots__ = (
        "api_key",
        "authorization",
        "connection",
        "content_length",
        "content_types",
        "debug",
        "expect",
        "fault",
        "forward",
        "has_preflight",
        "has_trailer_fault",
        "header_count",
        "host",
        "hosts",
        "is_chunked",
        "is_complete",
        "is_http_1_0",
        "key_digest",
        "limits",
        "lines",
        "method",
        "origin",
        "request_id",
        "size",
        "sticky",
        "traceparent",
        "url",
    )

    def __init__(self, limits: DataPlaneLimits) -> None:
        self.limits = limits
        self.method = b""
        self.url = b""
        self.lines: list[bytes] = []
        self.forward = b""
        """What is passed on to the pod, as header lines."""
        self.header_count = 0
        self.size = 0
        self.hosts = 0
        self.content_types = 0
        self.content_length = -1
        self.is_chunked = False
        self.is_complete = False
        self.is_http_1_0 = False
        self.has_preflight = False
        self.has_trailer_fault = False
        self.host = b""
        self.key_digest: bytes | None = None
        self.authorization: bytes | None = None
        self.api_key: bytes | None = None
        self.connection: bytes | None = None
        self.expect: bytes | None = None
        self.request_id: bytes | None = None
        self.traceparent: bytes | None = None
        self.origin: bytes | None = None
        self.sticky: bytes | None = None
        self.debug: bytes | None = None
        self.fault: Refusal | None = None

    def add_url(self, part: bytes) -> None:
        """A piece of the request target."""
        self.url += part
        if len(self.url) > self.limits.url_bytes:
            self.fault = URL_TOO_LONG

    def add_header(self, name: bytes, value: bytes) -> None:
        """One header of the head, or a trailer: those are counted and dropped."""
        if self.fault is not None:
            return
        self.header_count += 1
        self.size += len(name) + len(value) + 4
        if self.header_count > self.limits.headers or self.size > self.limits.header_bytes:
            self.has_trailer_fault = self.is_complete
            self.fault = TRAILERS_TOO_LARGE if self.is_complete else HEADERS_TOO_LARGE
            return
        if self.is_complete:
            return
        lowered = name.lower()
        read_header = _READERS.get(lowered)
        if read_header is not None:
            read_header(self, value)
        elif not lowered.startswith(_DROPPED_PREFIXES):
            self.lines.append(b"%b: %b\r\n" % (name, value))

    def complete(self, method: bytes, version: str) -> None:
        """Every header is there; what makes the head unacceptable, if anything, is in `fault`."""
        self.is_complete = True
        self.header_count = self.size = 0  # from here on they are trailers
        self.method = method
        self.is_http_1_0 = version == "1.0"
        if self.fault is None:
            self.fault = self._check(version)
        if self.connection is not None:
            self._drop_named_by(self.connection)
        self.forward = b"".join(self.lines)
        presented = presented_key(self.authorization, self.api_key)
        self.key_digest = digest_of(presented) if presented is not None else None
        self.authorization = self.api_key = None

    def _check(self, version: str) -> Refusal | None:
        if version not in ("1.1", "1.0"):
            return bad_request("This version of HTTP is not spoken here.")
        if self.hosts != 1 and (self.hosts > 1 or version == "1.1"):
            return bad_request("Exactly one Host header is needed.")
        return None

    @property
    def has_body(self) -> bool:
        """Whether a body follows the head."""
        return self.is_chunked or self.content_length > 0

    @property
    def is_plain(self) -> bool:
        """A POST with a length and nothing that is this request's own: others may have the very same head."""
        return (
            self.fault is None
            and self.method == b"POST"
            and self.content_length >= 0
            and not self.is_http_1_0
            and (self.connection is None or self.connection.lower() == b"keep-alive")
            and self.expect is None
            and self.debug is None
            and self.request_id is None
            and self.traceparent is None
        )

    def field(self, name: bytes) -> bytes | None:
        """The value of a header that is passed on; `name` in lower case."""
        for line in self.lines:
            found, _, value = line.partition(b":")
            if found.lower() == name:
                return value.strip()
        return None

    def framing(self) -> bytes:
        """A head that says only how this request's body is framed, and whether the connection ends with it."""
        lines = [b"%b / HTTP/1.1\r\nHost: -\r\n" % self.method]
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
            self.lines = [line for line in self.lines if line.split(b":", 1)[0].lower() not in named]


def _drop(_request: RequestHead, _value: bytes) -> None:
    return None


def _host(request: RequestHead, value: bytes) -> None:
    request.hosts += 1
    request.host = value.strip()
    if not request.host:
        request.fault = bad_request("The Host header is empty.")


def _content_length(request: RequestHead, value: bytes) -> None:
    text = value.strip()
    if request.content_length >= 0 or request.is_chunked or not text.isdigit() or len(text) > 18:
        request.fault = bad_request("The length of the body is not clear.")
        return
    request.content_length = int(text)


def _transfer_encoding(request: RequestHead, value: bytes) -> None:
    if request.content_length >= 0 or request.is_chunked or value.strip().lower() != b"chunked":
        request.fault = bad_request("The length of the body is not clear.")
        return
    request.is_chunked = True


def _authorization(request: RequestHead, value: bytes) -> None:
    if request.authorization is not None:
        request.fault = bad_request("Two Authorization headers.")
    request.authorization = value


def _api_key(request: RequestHead, value: bytes) -> None:
    if request.api_key is not None:
        request.fault = bad_request("Two X-API-Key headers.")
    request.api_key = value


def _content_type(request: RequestHead, value: bytes) -> None:
    request.content_types += 1
    if request.content_types > 1:
        request.fault = bad_request("Two Content-Type headers.")
    request.lines.append(b"Content-Type: %b\r\n" % value)


def _connection(request: RequestHead, value: bytes) -> None:
    request.connection = value if request.connection is None else request.connection + b"," + value


def _expect(request: RequestHead, value: bytes) -> None:
    request.expect = value.strip().lower() if request.expect is None else b"several"


def _request_id(request: RequestHead, value: bytes) -> None:
    request.request_id = value


def _traceparent(request: RequestHead, value: bytes) -> None:
    request.traceparent = value


def _origin(request: RequestHead, value: bytes) -> None:
    request.origin = value.strip()
    request.lines.append(b"Origin: %b\r\n" % value)


def _preflight(request: RequestHead, value: bytes) -> None:
    request.has_preflight = True


def _sticky(request: RequestHead, value: bytes) -> None:
    request.sticky = value.strip()


def _debug(request: RequestHead, value: bytes) -> None:
    request.debug = value if request.debug is None else b"several"


_READERS: dict[bytes, Callable[[RequestHead, bytes], None]] = {
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
    b"origin": _origin,
    b"access-control-request-method": _preflight,
    b"x-penstock-sticky": _sticky,
    b"x-penstock-debug": _debug,
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
