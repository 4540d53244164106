"""Whether the next batch had better wait a little for those who are about to come. Time is `time.perf_counter`'s.

Callers that were answered come back soon, and find the model busy with the few who were quicker: under load, batches
stay small though many callers are there. So a batch waits until as many requests are there as can be expected, those
just answered and those that waited already, for as long as a predict takes at most: what the wait costs one caller is
what it saves all of them. A caller alone, and one who comes later than that, never waits.
"""

from __future__ import annotations

SHORTEST_SECONDS = 0.001
"""The event loop's timers are no finer."""


class GatherWindow:
    """What is expected after the last batch, and until when."""

    def __init__(self) -> None:
        self._expected = 0
        self._until = 0.0

    def start(self, answered: int, waiting: int, seconds: float, now: float) -> None:
        """A batch of `answered` requests took `seconds`; `waiting` have come meanwhile."""
        self._expected = answered + waiting
        self._until = now + max(seconds, SHORTEST_SECONDS)

    def seconds_left(self, waiting: int, now: float) -> float:
        """Seconds that `waiting` requests had better wait for more to come; 0: none are expected any more."""
        if waiting >= self._expected:
            return 0.0
        return max(0.0, self._until - now)
