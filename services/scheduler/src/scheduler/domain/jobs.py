"""Supervised jobs: how they end, and what is said of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol
from uuid import UUID

from scheduler.domain.values import RunEnd
from shared.contracts.jobs import JobOrder, JobState

TIME_LIMIT, CANCELLED, LOST = "TimeLimit", "Cancelled", "Lost"
PLATFORM_STOPPED = "PlatformStopped"


@dataclass(frozen=True)
class JobEnd:
    """How a job ended."""

    phase: Literal["succeeded", "failed", "cancelled"]
    reason: str | None = None
    message: str | None = None
    exit_code: int | None = None
    started_at: str | None = None
    ended_at: str | None = None
    log_tail: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As it is stored."""
        return asdict(self)

    @classmethod
    def of_json(cls, found: Mapping[str, Any]) -> JobEnd:
        """As it was stored."""
        return cls(**{**found, "log_tail": tuple(found.get("log_tail", ()))})


def job_end(end: RunEnd, *, ended_for: str | None, limit_s: float) -> JobEnd:
    """What became of a job whose process ended as `end` says.

    `ended_for`: why the platform ended it: `TimeLimit`, `Cancelled`, `PlatformStopped`; a process that had ended by
    itself with exit code 0 has succeeded all the same.
    """
    if end.code == 0 and ended_for != CANCELLED:
        return JobEnd("succeeded", exit_code=0)
    if ended_for == CANCELLED:
        return JobEnd("cancelled", CANCELLED, "ended on request", end.code)
    if ended_for == TIME_LIMIT:
        return JobEnd("failed", TIME_LIMIT, f"ended after {limit_s:g} s, its limit", end.code)
    if ended_for == PLATFORM_STOPPED:
        return JobEnd("failed", PLATFORM_STOPPED, "the platform was stopped while it ran", end.code)
    return JobEnd("failed", "Failed" if end.reason == "Exited" else end.reason, end.describe(), end.code)


class JobBackend(Protocol):
    """What runs jobs."""

    async def apply_job(self, order: JobOrder, *, is_cancelled: bool, was_started: bool) -> JobState:
        """Begin it, or look how it does; idempotent.

        Args:
            was_started: it ran when it was last seen: one that is unknown is lost, and not begun anew.
        """
        ...

    def job_names(self) -> Mapping[UUID, str]:
        """Jobs that are known, and whose output theirs is."""
        ...
