"""What became of a version: the one place that says starting, running, failed, stopping or stopped.

A version none of whose pods was ever ready has failed after three failed loads or ten minutes; one that was ready
once keeps restarting, however badly it does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from scheduler.domain.values import PodNote, RunEnd
from shared.contracts.deployment import PublishCheck
from shared.counted import counted

VersionPhase = Literal["starting", "running", "failed", "stopping", "stopped"]


@dataclass(frozen=True)
class VerdictLimits:
    """When to give up on a version that was never ready."""

    failed_loads: int = 3
    never_ready: timedelta = timedelta(minutes=10)


@dataclass(frozen=True)
class VersionFailure:
    """Why a version failed, and the last lines that its pods printed."""

    reason: str
    message: str
    log_tail: tuple[str, ...] = ()


@dataclass(frozen=True)
class VersionProgress:
    """What has been seen of one version since it was last started."""

    trying_since: datetime
    was_ready: bool = False
    failed_loads: int = 0
    last_end: VersionFailure | None = None
    failure: VersionFailure | None = None


@dataclass(frozen=True)
class PodCounts:
    """A version's pods, counted."""

    pods: int
    ready: int
    is_waiting: bool = False
    """A pod waits for something that is not the version's fault (the registry is away)."""


def after_end(progress: VersionProgress, end: RunEnd, limits: VerdictLimits) -> VersionProgress:
    """Progress after one run ended without being asked to."""
    if progress.was_ready or progress.failure or end.is_intended:
        return progress
    loads = progress.failed_loads + 1
    last = VersionFailure(end.reason if end.reason != "Exited" else "LoadFailed", _end_message(end), end.log_tail)
    progress = replace(progress, failed_loads=loads, last_end=last)
    if end.is_permanent:
        return replace(progress, failure=last)
    if loads >= limits.failed_loads:
        return replace(progress, failure=replace(last, message=f"{last.message}; {loads} loads failed"))
    return progress


def after_refusal(progress: VersionProgress, note: PodNote) -> VersionProgress:
    """Progress after a pod that is ready was not routed: what is told where none ever is."""
    if progress.was_ready or progress.failure:
        return progress
    return replace(progress, last_end=VersionFailure(note.reason, note.message))


def _end_message(end: RunEnd) -> str:
    """The end in words; what the process said last comes first: it is most often the exception."""
    words = end.message or end.describe()
    last_line = next((line.strip() for line in reversed(end.log_tail) if line.strip()), "")
    return f"{last_line} ({words})" if end.reason == "Exited" and last_line else words


def after_count(progress: VersionProgress, seen: PodCounts, now: datetime, limits: VerdictLimits) -> VersionProgress:
    """Progress after counting the pods at `now`."""
    if seen.ready > 0:
        return replace(progress, was_ready=True, failed_loads=0, last_end=None)
    if progress.was_ready or progress.failure:
        return progress
    if seen.is_waiting:
        return replace(progress, trying_since=now)
    if is_overdue(progress, now, limits):
        return replace(progress, failure=_never_ready(progress, limits))
    return progress


def is_overdue(progress: VersionProgress, now: datetime, limits: VerdictLimits) -> bool:
    """Whether the deadline has passed: no pod was ready for so long, and no failure is stored yet."""
    is_open = not progress.was_ready and progress.failure is None
    return is_open and now - progress.trying_since >= limits.never_ready


def _never_ready(progress: VersionProgress, limits: VerdictLimits) -> VersionFailure:
    minutes = limits.never_ready.total_seconds() / 60
    last = progress.last_end
    said = f"no pod was ready within {counted(minutes, 'minute')}" + (f"; the last: {last.message}" if last else "")
    return VersionFailure("NeverReady", said, last.log_tail if last else ())


def phase_of(desired: int, progress: VersionProgress, seen: PodCounts) -> VersionPhase:
    """The word for it. `running` with fewer ready pods than wanted is what callers show as degraded."""
    if desired == 0:
        return "stopping" if seen.pods else "stopped"
    if progress.failure:
        return "failed"
    return "running" if progress.was_ready else "starting"


def on_new_intent(
    progress: VersionProgress | None, was_wanted: bool, same_template: bool, now: datetime
) -> VersionProgress:
    """Progress under a newer generation: scaling a version that runs keeps it, anything else starts afresh."""
    if progress is None or progress.failure or not was_wanted or not (same_template or progress.was_ready):
        return VersionProgress(trying_since=now)
    return progress


def check_warnings(check: PublishCheck | None) -> list[PodNote]:
    """The warnings that follow from a pod's publish check; it serves all the same."""
    notes = []
    if check is not None and check.example.status == "failed":
        message = f"the model's own input example fails: {check.example.message}"[:500]
        notes.append(PodNote("ExampleFailed", message, "warning"))
    if check is not None and check.row_wise_reason in {"probe", "dependent"} and not check.row_wise:
        why = f" ({check.row_wise_message})" if check.row_wise_message else ""
        message = f"the model answers a row differently beside others{why}: callers do not share a predict"
        notes.append(PodNote("RowsNotIndependent", message, "warning"))
    if check is not None and not check.has_signature:
        message = "the model has no signature: its inputs are not checked, and one that does not fit is a 500"
        notes.append(PodNote("NoSignature", message, "warning"))
    return notes
