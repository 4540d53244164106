"""A pod's bytes, parsed by llhttp; all but the body is bounded: head, interim responses, trailers, chunk extensions.

A pod runs a model's code, so that nothing it sends is trusted. What follows a complete response is never read as part
of it (response splitting); what goes over a bound ends the connection. llhttp itself has no limits, and httptools joins
the pieces of one unfinished line by copying, which is why unfinished lines are counted by the bytes that were fed.
"""

from __future__ import annotations

import httptools

from router.dataplane.http.response_head import ResponseHead

MAX_HEAD_BYTES = 64 * 1024
"""Of the names and values of a response's head and of its interim responses together; of the trailers; of one line."""
MAX_HEAD_LINES = 256
MAX_INTERIM_RESPONSES = 16
"""1xx before the final response (RFC 9110, 15.2); they are dropped."""
MAX_DECLARED_BYTES = 1 << 40
"""A `Content-Length` beyond one tebibyte is no response of a model."""


class InvalidResponse(Exception):
    """The bytes are not an HTTP response, or one beyond the bounds."""


class ResponseParser:
    """One response at a time: `expect`, then `feed` until `is_complete`."""

    __slots__ = (
        "_fed_bytes",
        "_has_progressed",
        "_interim_responses",
        "_line_bytes",
        "_lines",
        "_llhttp",
        "chunks",
        "has_extra",
        "head",
        "is_complete",
    )

    def __init__(self) -> None:
        self._llhttp = httptools.HttpResponseParser(self)
        self.expect(is_head=False)

    def expect(self, *, is_head: bool) -> None:
        """The next bytes are a response's. `is_head`: to a HEAD, which has a length and no body."""
        self.head: ResponseHead | None = ResponseHead(is_head_only=True) if is_head else None
        self.chunks: list[bytes] = []
        """Pieces of the body that were not taken yet."""
        self.is_complete = False
        self.has_extra = False
        """Bytes followed the response: the connection cannot be used again."""
        self._lines = self._line_bytes = self._fed_bytes = self._interim_responses = 0
        self._has_progressed = False

    def feed(self, data: bytes) -> None:
        """Bytes from the pod; raises InvalidResponse. What comes after a complete response is dropped."""
        self._has_progressed = False
        try:
            self._llhttp.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if not self.is_complete:
                raise InvalidResponse(str(error)) from error
            self.has_extra = True
        self._fed_bytes = 0 if self._has_progressed else self._fed_bytes + len(data)
        if self._fed_bytes > MAX_HEAD_BYTES and not self.is_complete:
            raise InvalidResponse("a head, a trailer or a chunk's extension is too large")

    def take_body(self) -> bytes:
        """The pieces of the body that have come since the last call."""
        chunks, self.chunks = self.chunks, []
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    # httptools; an exception in a callback ends the parsing, and `feed_data` raises HttpParserCallbackError

    def on_message_begin(self) -> None:
        """The first byte of a response; of a second one nothing is read."""
        if self.is_complete:
            raise InvalidResponse("a second response to one request")
        if self.head is None:
            self.head = ResponseHead()

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header of the head, or a trailer: that is counted and dropped."""
        self._lines += 1
        self._line_bytes += len(name) + len(value)
        if self._lines > MAX_HEAD_LINES or self._line_bytes > MAX_HEAD_BYTES:
            raise InvalidResponse("too many headers, or too large")
        if self.head is not None:
            self.head.add_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is there."""
        head = self.head
        if head is None or head.has_head:
            return
        head.complete(self._llhttp.get_status_code(), is_reusable=self._llhttp.should_keep_alive())
        if not head.has_head:
            self._count_interim_response()
            return
        if head.content_length > MAX_DECLARED_BYTES:
            raise InvalidResponse("the declared length is too large")
        self._has_progressed = True
        self._lines = self._line_bytes = 0  # from here on they are trailers
        self.is_complete = head.is_head_only

    def on_body(self, body: bytes) -> None:
        """A piece of the body; of an interim response, or after the end, it is dropped."""
        if self.is_complete or self.head is None or not self.head.has_head:
            return
        self._has_progressed = True
        self.chunks.append(body)

    def on_message_complete(self) -> None:
        """The response is complete, or a 1xx that goes before it is."""
        if self.head is not None and self.head.is_informational:
            self.head = ResponseHead(is_head_only=self.head.is_head_only)
        else:
            self.is_complete = True

    def _count_interim_response(self) -> None:
        self._interim_responses += 1
        if self._interim_responses > MAX_INTERIM_RESPONSES:
            raise InvalidResponse("too many interim responses")
