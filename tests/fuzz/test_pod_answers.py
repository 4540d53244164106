"""Bytes of a pod against the parser of its answers: never more than one answer, never more than it declares."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.dataplane.pods.response_parser import MAX_HEAD_BYTES, InvalidResponse, ResponseParser

PARTS = [
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 204 No Content\r\n",
    b"HTTP/1.1 304 Not Modified\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n",
    b"HTTP/1.1 150 Odd\r\nContent-Length: 3\r\n\r\nodd",
    b"HTTP/1.0 200 OK\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\n",
    b"Content-Length: 2\r\n",
    b"Content-Length: 0\r\n",
    b"Content-Length: 7\r\n",
    b"Content-Length: -1\r\n",
    b"Content-Length: 1000000000000000000\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Connection: close\r\n",
    b"X-A: b\r\n c\r\n",
    b"X-A: b\x00c\r\n",
    b"\r\n",
    b"ok",
    b"2\r\nok\r\n",
    b"2;ext=1\r\nok\r\n",
    b"0\r\n\r\n",
    b"0\r\nX-T: y\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nPWN",
    b"\xff",
]


@dataclass
class Read:
    """What was made of some bytes."""

    is_refused: bool
    status: int
    lines: list[bytes]
    body: bytes
    declared: int
    is_complete: bool


def read(pieces: list[bytes], *, is_head: bool) -> Read:
    parser = ResponseParser()
    parser.expect(is_head=is_head)
    body, is_refused = b"", False
    for piece in pieces:
        try:
            parser.feed(piece)
        except InvalidResponse:
            is_refused = True
            break
        body += parser.take_body()
        if parser.is_complete:
            break
    head = parser.head
    if head is None or not head.has_head:
        return Read(is_refused, 0, [], body, -1, parser.is_complete)
    return Read(is_refused, head.status, head.lines, body, head.content_length, parser.is_complete)


def feed_all(parser: ResponseParser, pieces: list[bytes]) -> None:
    for piece in pieces:
        parser.feed(piece)


def cut(raw: bytes, places: list[int]) -> list[bytes]:
    at = sorted({place % (len(raw) + 1) for place in places})
    return [raw[start:end] for start, end in zip([0, *at], [*at, len(raw)], strict=True) if start < end]


@given(st.lists(st.sampled_from(PARTS), max_size=12), st.lists(st.integers(0, 10_000), max_size=6), st.booleans())
def test_a_body_is_what_was_declared_however_the_bytes_are_cut(
    parts: list[bytes], places: list[int], is_head: bool
) -> None:
    raw = b"".join(parts)
    whole, cut_up = read([raw], is_head=is_head), read(cut(raw, places), is_head=is_head)
    for found in (whole, cut_up):
        assert found.declared < 0 or len(found.body) <= found.declared
        assert not found.body or not (is_head or found.status in (0, 204, 304))
        assert all(line.count(b"\n") == 1 and line.endswith(b"\r\n") for line in found.lines)
    assert whole.is_complete == cut_up.is_complete
    if whole.is_complete:
        assert (whole.status, whole.lines, whole.body) == (cut_up.status, cut_up.lines, cut_up.body)


@given(st.binary(max_size=300), st.binary(max_size=64), st.lists(st.integers(0, 1000), max_size=4), st.booleans())
def test_what_follows_an_answer_changes_nothing_of_it(
    body: bytes, junk: bytes, places: list[int], is_chunked: bool
) -> None:
    framing = b"Transfer-Encoding: chunked" if is_chunked else b"Content-Length: %d" % len(body)
    chunks = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
    raw = b"HTTP/1.1 200 OK\r\n%b\r\n\r\n%b" % (framing, chunks + b"0\r\n\r\n" if is_chunked else body)
    found = read(cut(raw + junk, places), is_head=False)
    assert (found.status, found.body, found.is_complete, found.is_refused) == (200, body, True, False)


@given(st.sampled_from([b"X: ", b"X", b"", b"X: y\r\n", b"HTTP/1.1 100 C\r\n\r\n"]), st.integers(1, 70_000))
def test_whatever_is_no_body_ends_after_a_bounded_number_of_bytes(line: bytes, size: int) -> None:
    parser = ResponseParser()
    parser.expect(is_head=False)
    piece = line * (size // len(line) + 1) if line.endswith(b"\n") else b"y" * size
    with pytest.raises(InvalidResponse):
        feed_all(parser, [piece] * (MAX_HEAD_BYTES // len(piece) + 2))
