"""How many router processes live: they share every rate limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

BEATS_MISSED = 3
"""A router whose beat has not changed for so many of ours is gone."""


@dataclass(slots=True)
class Peers:
    """The beats of all routers as one of them sees them; only its own clock counts."""

    own: str
    beat_s: float
    _last: dict[str, tuple[bytes, float]] = field(default_factory=dict)

    def count(self, beats: Mapping[str, bytes], now: float) -> int:
        """Routers alive at monotonic `now`, this one included; `beats`: id → a value that changes with each beat."""
        self._last = {
            router: (beat, self._last[router][1] if router in self._last and self._last[router][0] == beat else now)
            for router, beat in beats.items()
        }
        silent_since = now - BEATS_MISSED * self.beat_s
        return len({router for router, (_, at) in self._last.items() if at > silent_since} | {self.own})
