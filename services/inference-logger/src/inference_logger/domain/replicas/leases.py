"""Who of the replicas is gone. Pure decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Heartbeat = tuple[str, int]
"""Which process a member is, and how often it said that it is there."""


@dataclass
class LeaseWatch:
    """Who has not been heard of for longer than the lease, by this process' own monotonic clock: no two clocks are
    compared."""

    lease_s: float
    _seen: dict[str, tuple[Heartbeat, float]] = field(default_factory=dict)

    def note(self, beats: Mapping[str, Heartbeat], now: float) -> dict[str, Heartbeat]:
        """What members have said by now; returns those that are gone, with the beat that was their last."""
        for member in self._seen.keys() - beats.keys():
            del self._seen[member]
        for member, beat in beats.items():
            if member not in self._seen or self._seen[member][0] != beat:
                self._seen[member] = (beat, now)
        return {member: beat for member, (beat, at) in self._seen.items() if now - at > self.lease_s}
