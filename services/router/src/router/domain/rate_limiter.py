"""Requests per second, by the generic cell rate algorithm (ITU-T I.371; a token bucket that keeps one number).

A limit holds over all routers together: each router process has its share of it (`peers.share`).
"""

from __future__ import annotations

from shared.contracts.routes import RateLimit

ROUNDING_S = 1e-9


class RateLimiter:
    """One version's limit in one router process. Times are monotonic seconds."""

    __slots__ = ("_interval", "_is_full_at", "_slack", "limit", "queue_s", "requests")

    def __init__(self, limit: RateLimit, share: float = 1.0) -> None:
        self.limit = limit
        self.requests = 0
        """Requests so far, let through or not."""
        self.queue_s = limit.queue_timeout_ms / 1000 if limit.on_limit == "queue" else 0.0
        self._is_full_at = 0.0
        """When the bucket will be full again if nothing more is taken."""
        self.set_share(share)

    def set_share(self, share: float) -> None:
        """This router's part of the limit, above 0 and up to 1, is `share` from now on."""
        capacity = self.limit.burst if self.limit.burst is not None else self.limit.qps
        self._interval = 1 / (self.limit.qps * share)
        self._slack = max(capacity * share - 1.0, 0.0) * self._interval

    def take_token(self, now: float) -> float:
        """Take a token. 0: it was there; more: so many seconds until there is one, and none was taken."""
        self.requests += 1
        full_at = self._is_full_at
        if full_at <= now:
            self._is_full_at = now + self._interval
            return 0.0
        wait = full_at - now - self._slack
        if wait > ROUNDING_S:
            return wait
        self._is_full_at = full_at + self._interval
        return 0.0

    def reserve_token(self, now: float) -> float | None:
        """Take a token that may come only later: seconds until then; None where it would not come within `queue_s`."""
        full_at = max(self._is_full_at, now)
        wait = max(full_at - now - self._slack, 0.0)
        if wait > self.queue_s:
            return None
        self._is_full_at = full_at + self._interval
        return wait
