"""What waits for the model: the checked rows of one request, and where its response goes."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock_runtime.messages import Asked, Outcome

if TYPE_CHECKING:
    from penstock_runtime.inference.reading import Reading


@dataclass(slots=True, eq=False)
class Job:
    """One caller's checked rows, and where the answer goes."""

    request_id: str
    reading: Reading
    asked: Asked
    deliver: Callable[[Outcome], None]
    is_gone: Callable[[], bool]
    deaths: int = 0
    """Workers that ended while they had this job."""

    @property
    def rows(self) -> int:
        """How many rows there are to predict."""
        return self.reading.prepared.rows

    @property
    def key(self) -> Hashable | None:
        """What it has in common with those it may share a predict with; nobody shares with what ends workers."""
        return None if self.deaths else self.reading.key
