"""Which router processes are alive, and how many requests each has: they share every rate limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError

from shared.contracts.routes import RouterHeartbeat
from shared.ids import new_id

MAX_MISSED_BEATS = 3
"""A router whose beat has not changed for so many beats of this one is gone."""
EVEN_PART = 0.25
"""Part of a limit that is divided evenly: a router with its first clients has that at once."""


def share(own: float, others: Sequence[float]) -> float:
    """This router's part of a limit, 0 to 1, where it is asked for `own` requests a second and the others for `others`.

    Clients are not spread evenly over routers: a connection belongs to one of them. The parts of all sum to 1.
    """
    even, asked = 1 / (1 + len(others)), own + sum(others)
    return even if asked <= 0 else EVEN_PART * even + (1 - EVEN_PART) * (own / asked)


@dataclass(slots=True)
class Peers:
    """The beats of all routers as one of them sees them; only its own clock counts."""

    own: str
    beat_s: float
    _last: dict[str, tuple[bytes, float]] = field(default_factory=dict)

    def others(self, beats: Mapping[str, bytes], now: float) -> list[RouterHeartbeat]:
        """Last beat of each other router alive at monotonic `now`; `beats`: id → its value in the bucket."""
        self._last = {
            router: (beat, self._last[router][1] if router in self._last and self._last[router][0] == beat else now)
            for router, beat in beats.items()
        }
        silent_since = now - MAX_MISSED_BEATS * self.beat_s
        return [_read(beat) for router, (beat, at) in self._last.items() if at > silent_since and router != self.own]


def _read(beat: bytes) -> RouterHeartbeat:
    """A beat of another release that cannot be parsed counts as a router without requests."""
    try:
        return RouterHeartbeat.model_validate_json(beat)
    except ValidationError:
        return RouterHeartbeat(beat=new_id())
