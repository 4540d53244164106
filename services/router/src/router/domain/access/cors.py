"""Cross-origin resource sharing, as a service's owner configured it (https://fetch.spec.whatwg.org/#http-cors-protocol)."""

from __future__ import annotations

from shared.contracts.routes import Cors

EXPOSED = b"Access-Control-Expose-Headers: X-Request-Id, X-Penstock-Version, X-Penstock-Pod, Retry-After\r\n"


class CorsPolicy:
    """What browsers are told; both methods give header lines, empty for an origin that may not call."""

    __slots__ = ("_any", "_credentials", "_origins", "_preflight")

    def __init__(self, cors: Cors) -> None:
        self._any = "*" in cors.allow_origins
        self._origins = frozenset(origin.encode() for origin in cors.allow_origins)
        self._credentials = b"Access-Control-Allow-Credentials: true\r\n" if cors.allow_credentials else b""
        self._preflight = (
            "Access-Control-Allow-Methods: POST\r\n"
            f"Access-Control-Allow-Headers: {', '.join(cors.allow_headers)}\r\n"
            f"Access-Control-Max-Age: {cors.max_age_s}\r\n"
        ).encode("latin-1", "replace")

    def response_lines(self, origin: bytes) -> bytes:
        """Header lines for the response to a request with this Origin."""
        allowed = self._allow(origin)
        return allowed + EXPOSED if allowed else b"Vary: Origin\r\n"

    def preflight_lines(self, origin: bytes) -> bytes:
        """Header lines for the response to OPTIONS."""
        allowed = self._allow(origin)
        return allowed + self._preflight if allowed else b"Vary: Origin\r\n"

    def _allow(self, origin: bytes) -> bytes:
        if origin in self._origins:
            return b"Access-Control-Allow-Origin: %b\r\nVary: Origin\r\n%b" % (origin, self._credentials)
        # With credentials a browser takes no "*", and naming every origin would let any page act for its visitor.
        return b"Access-Control-Allow-Origin: *\r\n" if self._any and not self._credentials else b""
