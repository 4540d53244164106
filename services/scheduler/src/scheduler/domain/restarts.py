"""How long to wait before a pod that ended is started again.

Source: Kubernetes' CrashLoopBackOff (doubling, capped, forgotten after a healthy period), with a shorter cap.
"""

from __future__ import annotations

FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 60.0
LONGEST_RETRY_DELAY_S = 8.0
"""Low: work has to resume within 10 s of the return of what was away."""
HEALTHY_AFTER_S = 60.0
"""A run that was ready for this long wipes the slate."""


def failures_after(failures: int, ready_for_s: float) -> int:
    """Consecutive bad runs, the one that just ended included."""
    return 1 if ready_for_s >= HEALTHY_AFTER_S else failures + 1


def restart_delay_s(failures: int) -> float:
    """Seconds before the next start after `failures` (1 or more) bad runs in a row."""
    doublings = min(max(0, failures - 1), 16)
    return min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0**doublings)


def retry_delay_s(attempt: int) -> float:
    """Seconds before asking a part that is away once more; `attempt` counts from 1."""
    return min(LONGEST_RETRY_DELAY_S, 0.5 * 2.0 ** min(attempt - 1, 16))
