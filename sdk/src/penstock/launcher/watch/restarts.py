"""When a process that lives and does not work is restarted. Decisions only: times in seconds, from any steady clock.

Restarts heal a service that hangs and a NATS server that refuses to store; they are harm where the machine is the one
that is slow. So nothing is restarted while no other process answers either, bounds are far above what a loaded machine
needs (a probe is answered within 2 s), and each restart that did not help doubles the wait for the next.
"""

from __future__ import annotations

from dataclasses import dataclass

HUNG_AFTER_S = 60.0
"""A process that served before and has not answered a probe for this long is restarted."""
OTHERS_WITHIN_S = 10.0
STUCK_AFTER_S = 15.0
"""A server that says that it cannot store, though the disk has room, is restarted after this long."""
RESTARTS_FORGOTTEN_AFTER_S = 3600.0
MAX_DOUBLINGS = 5


@dataclass
class RestartBackoff:
    """How long to wait before the next restart: doubled by each one within an hour."""

    first_s: float
    restarts: int = 0
    last_at: float | None = None

    def is_due(self, since: float, now: float) -> bool:
        """Whether what has been wrong `since` then has been wrong for long enough; never where `first_s` is 0."""
        if self.last_at is not None and now - self.last_at > RESTARTS_FORGOTTEN_AFTER_S:
            self.restarts = 0
        return self.first_s > 0 and now - since >= self.first_s * 2 ** min(self.restarts, MAX_DOUBLINGS)

    def record_restart(self, now: float) -> None:
        """It was restarted."""
        self.restarts += 1
        self.last_at = now


def do_others_answer(answered_at: list[float], now: float) -> bool:
    """Whether the machine lets other processes answer; with no other there is nobody to compare with."""
    return not answered_at or any(now - at <= OTHERS_WITHIN_S for at in answered_at)
