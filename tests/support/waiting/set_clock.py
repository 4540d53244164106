"""A machine's clock that somebody sets while it runs."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.clock import SystemClock


class SetClock(SystemClock):
    """Says another time of day by `off_by`; what passes of it passes as ever, but for `skipped_s` at once.

    With `stands_at` nothing passes but what is skipped.
    """

    off_by = timedelta()
    skipped_s = 0.0
    stands_at: float | None = None

    def now(self) -> datetime:
        return super().now() + self.off_by

    def monotonic(self) -> float:
        return (super().monotonic() if self.stands_at is None else self.stands_at) + self.skipped_s
