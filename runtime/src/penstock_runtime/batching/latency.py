"""Whether a model is quick enough to predict on the event loop."""

from __future__ import annotations

from collections import deque

SLOW_SECONDS = 0.025
QUICK_SECONDS = 0.010
STALL_SECONDS = 0.250


class ModelLatency:
    """Whether the model is slow, from how long its last batches took; a model that has not predicted yet is.

    The median, since on a loaded machine single batches of a quick model take long; but one batch that stalls the loop
    is enough, until it is out of sight.
    """

    def __init__(self, *, is_slow: bool = True) -> None:
        self.is_slow = is_slow
        self.is_stalling = False
        """Whether half of the batches are so long that callers had better wait for a worker to start."""
        self._last: deque[float] = deque(maxlen=5)

    def observe(self, seconds: float) -> None:
        """One batch took so long."""
        self._last.append(seconds)
        middle = sorted(self._last)[len(self._last) // 2]
        self.is_stalling = middle > STALL_SECONDS
        if max(self._last) > STALL_SECONDS or middle > SLOW_SECONDS:
            self.is_slow = True
        elif middle < QUICK_SECONDS:
            self.is_slow = False
