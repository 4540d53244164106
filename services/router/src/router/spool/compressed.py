"""Bodies that were sent compressed, as text for the log. Images of owners may answer so; a model never does."""

from __future__ import annotations

import zlib

from router.domain.outcome import MAX_LOGGED_BYTES

GZIP = b"\x1f\x8b\x08"
_GZIP_WINDOW = 31
"""As `zlib` is told that there is a gzip header, and the largest window."""


def decompressed(body: bytes) -> str | None:
    """The text of a body in gzip; None where it is none, is cut short, or unpacks to more than may be logged."""
    if not body.startswith(GZIP):
        return None
    unpacking = zlib.decompressobj(_GZIP_WINDOW)
    try:
        found = unpacking.decompress(body, MAX_LOGGED_BYTES)
        return found.decode() if unpacking.eof else None
    except (zlib.error, UnicodeDecodeError):
        return None
