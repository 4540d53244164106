"""Windows that are asked for: whole ones, which begin at multiples of their length since 1970 as quality rules' do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from monitor.domain.statistics.exports.granularities import granularity_text, parse_granularity
from penstock_spark.errors import Refused

MOST_WINDOWS = 1_000
"""Of one run."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Windows:
    """So many windows, each of which begins where the one before ends."""

    start: datetime
    length: timedelta
    count: int

    @property
    def end(self) -> datetime:
        """Of the last one; it is not in it."""
        return self.start + self.length * self.count

    @property
    def granularity(self) -> str:
        """`1 hour`."""
        return granularity_text(self.length)

    @property
    def starts(self) -> list[int]:
        """Where each begins, in microseconds since 1970: what names it."""
        return [(self.start + self.length * place - EPOCH) // MICROSECOND for place in range(self.count)]

    @property
    def step(self) -> int:
        """The length of one, in microseconds."""
        return self.length // MICROSECOND

    def with_earlier(self) -> Windows:
        """These and the one before them."""
        return Windows(self.start - self.length, self.length, self.count + 1)


@dataclass(frozen=True)
class Span:
    """From `start` up to and without `end`."""

    start: datetime
    end: datetime


def time_of(name: str, text: str) -> datetime:
    """ISO 8601; UTC where no zone is said. Raises `Refused`."""
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Refused(f"{name} {text!r} is no time: 2026-05-01T12:00:00Z") from error


def span_of(name: str, start: str, end: str) -> Span:
    """Raises `Refused` where it has no length."""
    found = Span(time_of(f"{name}-start", start), time_of(f"{name}-end", end))
    if found.start >= found.end:
        raise Refused(f"{name}-end {end} is not after {name}-start {start}")
    return found


def whole_windows(granularity: str, start: datetime | None, end: datetime, last: int) -> Windows:
    """The windows that lie wholly between `start` and `end`; the last ones before `end`, where `start` is None.

    Raises `Refused` for none of them, and for too many.
    """
    try:
        length = parse_granularity(granularity)
        until = EPOCH + (end - EPOCH) // length * length
        since = until - length * last if start is None else EPOCH - (EPOCH - start) // length * length
    except (ValueError, OverflowError) as error:
        raise Refused(str(error)) from error
    count = (until - since) // length
    if count < 1:
        asked = f"between {start.isoformat()} and {end.isoformat()}" if start is not None else f"of {last} windows"
        raise Refused(f"no window of {granularity_text(length)} lies wholly {asked}")
    if count > MOST_WINDOWS:
        raise Refused(f"{count} windows are asked for; one run makes at most {MOST_WINDOWS}")
    return Windows(since, length, count)
