"""A machine's clock that somebody sets while it runs."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.clock import SystemClock


class SetClock(SystemClock):
    """Says another time of day by `off_by`; what passes of it passes as ever, but for `skipped_s` at once."""

    off_by = timedelta()
    skipped_s = 0.0

    def now(self) -> datetime:
        return super().now() + self.off_by

    def monotonic(self) -> float:
        return super().monotonic() + self.skipped_s
