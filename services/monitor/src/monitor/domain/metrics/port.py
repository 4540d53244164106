"""Where charts and summaries get their numbers from."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from monitor.domain.metrics.entries import Entries, Kind
from monitor.domain.metrics.series import By, Steps


class MetricStore(Protocol):
    """Numbers over time: the monitor's own store, or a Prometheus server."""

    async def read(self, kind: Kind, services: Collection[str], steps: Steps) -> Entries:
        """Entries of these services for these steps. Their moments may be finer than the steps, never coarser.

        A moment without entries was not measured. Raises `Unavailable` where the store is away.
        """
        ...

    async def read_percentiles(self, services: Collection[str], steps: Steps, by: By) -> Entries:
        """Latencies for charts whose series are told apart by `by`: sketches, as of `read`, or known percentiles.

        Known percentiles (fields of `SHARES`) are those of a whole step, an entry for each series. They are not to be
        merged: answers must tell as much apart, or leave all but one out. Raises `Unavailable`.
        """
        ...

    async def close(self) -> None:
        """Give connections of its own back."""
        ...
