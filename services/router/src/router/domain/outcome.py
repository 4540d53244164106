"""What is recorded of a request that was given to a version, and the ids that go with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID
from zlib import crc32

MAX_LOGGED_BYTES = 1024 * 1024
"""Bodies larger than this are recorded as null with an error code."""

CLIENT_CLOSED_REQUEST = 499

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:~/+=@-]{1,128}\Z")
_TRACEPARENT = re.compile(rb"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}\Z")


@dataclass(slots=True)
class RequestOutcome:
    """One finished request. Bodies are None where they were too large to keep."""

    service: str
    route: bytes
    """JSON object of what the pod and its version fix: service, version, version_id, generation, model,
    sampling_fraction, destination, log_topic."""
    record_id: bytes
    """16 bytes, a UUIDv7: the identity of the row."""
    request_id: bytes
    client_request_id: bytes
    pod: bytes
    reason: bytes
    trace_id: bytes
    api_key_id: UUID | None
    received_ns: int
    duration_us: int
    status: int
    request: bytes | None
    response: bytes | None
    aborted: bool = False
    """The answer had begun and could not be finished."""
    masking: bytes = b""
    """JSON object of the version's masking rules; empty where it has none."""


class OutcomeRecorder(Protocol):
    """Where outcomes go before the answer's last byte leaves."""

    def append(self, outcome: RequestOutcome) -> str | None:
        """None when the record is safe, else the reason why it was dropped. Never raises, never waits."""
        ...


class OutcomeCounter(Protocol):
    """Counts what was recorded and what was not, for the account of the request log."""

    def count(self, service: str, received_ns: int, outcome: str | None) -> None:
        """One more; None: it was recorded. Never raises, never waits."""
        ...


class Uncounted:
    """Counts nothing."""

    def count(self, service: str, received_ns: int, outcome: str | None) -> None:
        """See `OutcomeCounter`."""


def is_valid_request_id(value: bytes) -> bool:
    """Whether a client's own `X-Request-Id` may be used: 1..128 characters that need no escaping anywhere."""
    return _REQUEST_ID.match(value) is not None


def trace_id_of(traceparent: bytes) -> bytes | None:
    """The trace id of a valid W3C traceparent of version 00, else None."""
    match = _TRACEPARENT.match(traceparent)
    return match.group(1) if match else None


def is_sampled(record_id: bytes, fraction: float) -> bool:
    """Whether this request is kept: the same answer for the same id, on every router and in every run.

    The id is the router's own. By their `X-Request-Id` clients could choose what is recorded of them.
    """
    return fraction >= 1.0 or crc32(record_id) < fraction * 4294967296.0
