"""The id of a request: the router's, or one of our own."""

from __future__ import annotations

import re
import uuid

# It stands in log lines and headers: nothing that could end either.
_ALLOWED = re.compile(rb"[A-Za-z0-9._:@/+=-]{1,128}")


def request_id_of(header: bytes | None) -> str:
    """The value of `X-Request-Id` where it is fit to be repeated, else a new id."""
    if header is not None and _ALLOWED.fullmatch(header):
        return header.decode()
    return str(uuid.uuid4())
