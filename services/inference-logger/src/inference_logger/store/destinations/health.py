"""What is known of one destination, and where that is shown."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from inference_logger.domain.waiting import RetrySchedule
from shared.contracts.rpc.controller import Destination

Writing = Literal["concurrent", "single", "unknown"]


@dataclass
class Health:
    """What is known of one destination since it was defined so."""

    definition: Destination
    threads: ThreadPoolExecutor
    state: Literal["ok", "failing", "unknown"] = "unknown"
    reason: str | None = None
    since: datetime | None = None
    writing: Writing = "unknown"
    warning: str | None = None
    retry: RetrySchedule = field(default_factory=RetrySchedule)
    checking: asyncio.Task[str | None] | None = None
    """The check under way: all that want one wait for the same."""
    probing: asyncio.Task[None] | None = None
    """The probe under way; it takes far longer than a check, which nobody waits for it for."""
    probe_retry: RetrySchedule = field(default_factory=RetrySchedule)

    @property
    def is_open(self) -> bool:
        """Whether a check or a probe has yet to say how it does."""
        return self.state == "unknown" or (self.state == "ok" and self.writing == "unknown")


class HealthGauges(Protocol):
    """Where the health of destinations is shown."""

    def show(self, destination: str, *, is_up: bool, is_single_writer: bool) -> None:
        """After a check."""
        ...

    def forget(self, destination: str) -> None:
        """It is defined no more."""
        ...
