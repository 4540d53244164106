"""Counting runs of pods: calendar windows in UTC, a run's share of each, and what is known of its end. Pure.

Times are whole milliseconds since 1970, so that shares of a run add up to the run exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

MAX_WINDOWS = 400
"""Periods of one question: a year by the day, a generation by the month."""


class Grain(StrEnum):
    """How the asked time is cut."""

    TOTAL = "total"
    MONTH = "month"
    DAY = "day"


@dataclass(frozen=True, order=True)
class Window:
    """From `start_ms` up to and without `end_ms`; `label` is the month (`2026-11`) or day, None for a total."""

    start_ms: int
    end_ms: int
    label: str | None = None


@dataclass(frozen=True)
class RunEndTime:
    """When a run ended; inexact where nobody saw it, and it is when it was last known to be alive."""

    at_ms: int
    is_exact: bool = True


def better_known_end(one: RunEndTime | None, other: RunEndTime | None) -> RunEndTime | None:
    """The better knowledge of one run's end, whichever came first: what was seen, else what was known alive last."""
    ends = [end for end in (one, other) if end is not None]
    return max(ends, key=lambda end: (end.is_exact, end.at_ms), default=None)


def windows(start_ms: int, end_ms: int, grain: Grain) -> Iterator[Window]:
    """Calendar periods of `start_ms` to `end_ms`, the first and the last cut off there; without gap or overlap."""
    at = start_ms
    while at < end_ms:
        following, label = _period(at, grain)
        until = end_ms if following is None else min(following, end_ms)
        yield Window(at, until, label)
        at = until


def period_start(at_ms: int, grain: Grain) -> int | None:
    """Where the period that `at_ms` lies in begins; None where there is but one."""
    if grain is Grain.TOTAL:
        return None
    at = moment_of(at_ms)
    return milliseconds(datetime(at.year, at.month, 1 if grain is Grain.MONTH else at.day, tzinfo=UTC))


def overlap_ms(start_ms: int, end_ms: int, window: Window) -> int:
    """How much of a run lies in a window."""
    return max(0, min(end_ms, window.end_ms) - max(start_ms, window.start_ms))


def milliseconds(moment: datetime) -> int:
    """Whole milliseconds since 1970."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def moment_of(ms: int) -> datetime:
    """The time of day, UTC."""
    return _EPOCH + timedelta(milliseconds=ms)


def _period(at_ms: int, grain: Grain) -> tuple[int | None, str | None]:
    """Where the period that `at_ms` lies in ends, and its name."""
    at = moment_of(at_ms)
    if grain is Grain.MONTH:
        following = datetime(at.year + at.month // 12, at.month % 12 + 1, 1, tzinfo=UTC)
        return milliseconds(following), f"{at:%Y-%m}"
    if grain is Grain.DAY:
        return milliseconds(datetime(at.year, at.month, at.day, tzinfo=UTC) + timedelta(days=1)), f"{at:%Y-%m-%d}"
    return None, None


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
