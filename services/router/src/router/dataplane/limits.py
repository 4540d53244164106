"""Limits on clients and pods: sizes, times, counts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DataPlaneLimits:
    """Sizes in bytes, times in seconds."""

    url_bytes: int = 8 * 1024
    header_bytes: int = 16 * 1024
    headers: int = 100
    header_timeout_s: float = 10.0
    body_timeout_s: float = 30.0
    body_min_bytes_per_s: int = 1024
    idle_timeout_s: float = 75.0
    linger_s: float = 2.0
    discarded_body_bytes: int = 64 * 1024
    """A refused request's body up to this size is read and thrown away, so that the connection can be kept."""
    buffered_bytes: int = 512 * 1024 * 1024
    """Bodies of all requests in memory together, with what is kept, or waits to be sent, of responses."""
    held_requests: int = 1024
    """Requests of one version that may wait in the hold queue or in the queue of its rate limit."""
    unknown_s: float = 0.0
    """How long a request with an unknown key or service waits: it may be newer than the last read of the routes."""
    unknown_requests: int = 64
    """So many of each kind may wait, with at most `discarded_body_bytes` of body each; others are refused at once."""
    base_domain: bytes = b""
    """`<service>.<base domain>` in Host stands for `/<service>` in the path."""
    connect_timeout_s: float = 0.4
    ejection_s: float = 3.0
    pod_idle_s: float = 30.0
    """A pooled connection unused for this long is closed, before the pod would close it under a request."""
