"""Where charts and summaries get their numbers from."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from monitor.domain.metrics.entries import Entries, Kind
from monitor.domain.metrics.series import Steps


class MetricStore(Protocol):
    """Numbers over time: the monitor's own store, or a Prometheus server."""

    async def read(self, kind: Kind, services: Collection[str], steps: Steps) -> Entries:
        """Entries of these services for these steps. Their moments may be finer than the steps, never coarser.

        A moment without entries was not measured. Raises `Unavailable` where the store is away.
        """
        ...

    async def close(self) -> None:
        """Give connections of its own back."""
        ...
