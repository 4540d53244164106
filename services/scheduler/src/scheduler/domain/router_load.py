"""The load that live routers report in their heartbeats. Only the reader's own clock counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from shared.contracts.routes import RouterHeartbeat

SILENT_AFTER_S = 7.0
"""Routers beat every two seconds; one whose beat stays the same for so long is gone."""


@dataclass(slots=True)
class RouterLoad:
    """The last beat of each router, and since when it is the last one."""

    _since: dict[str, tuple[UUID, float]] = field(default_factory=dict)

    def in_flight(self, beats: Mapping[str, RouterHeartbeat], now: float) -> dict[UUID, float] | None:
        """Version → requests in flight over the routers that live at monotonic `now`; None: no router lives.

        A router that is seen for the first time is believed.
        """
        self._since = {
            router: known if (known := self._since.get(router)) and known[0] == beat.beat else (beat.beat, now)
            for router, beat in beats.items()
        }
        alive = [beats[router] for router, (_, at) in self._since.items() if now - at < SILENT_AFTER_S]
        if not alive:
            return None
        total: defaultdict[UUID, float] = defaultdict(float)
        for beat in alive:
            for version, count in beat.in_flight.items():
                total[version] += count
        return dict(total)
