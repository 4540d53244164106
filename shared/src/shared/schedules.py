"""When something that is done again and again is due: every so often, or at the minutes of a cron expression, in UTC.

`PT1H`, `P1D`, `PT90S` (ISO-8601 durations of days, hours, minutes, seconds), or the five fields of cron, of numbers,
`*`, ranges, lists and steps; a day is meant where day of month or day of week matches, if both are named.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

SHORTEST = timedelta(seconds=10)
LONGEST = timedelta(days=366)
_DURATION = re.compile(r"P(?:(\d{1,4})D)?(?:T(?=\d)(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?\Z")
_ITEM = re.compile(r"(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?\Z")
_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 0, 7))
_MOST_DAYS = 366 * 8 + 1
"""The 29th of February may be eight years away."""


class BadSchedule(ValueError):
    """Why a text is no schedule."""


@dataclass(frozen=True)
class Schedule:
    """Either `every`, or the sets of a cron expression's fields."""

    every: timedelta | None = None
    fields: Sequence[frozenset[int]] = ()
    is_any_day: tuple[bool, bool] = (True, True)
    """Whether day of month, and day of week, are `*`."""

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """Raises `BadSchedule`."""
        if text.startswith("P"):
            return cls(every=parse_duration(text))
        parts = text.split()
        if len(parts) != len(_FIELDS):
            raise BadSchedule("a schedule is a duration such as PT1H, or the five fields of cron")
        found = [_field(part, *bounds) for part, bounds in zip(parts, _FIELDS, strict=True)]
        found[4] = frozenset(day % 7 for day in found[4])
        schedule = cls(None, tuple(found), (parts[2].startswith("*"), parts[4].startswith("*")))
        schedule.next_after(datetime(2000, 1, 1, tzinfo=UTC))
        return schedule

    def next_after(self, at: datetime) -> datetime:
        """The first time behind `at`. Raises `BadSchedule` where the calendar, which ends with 9999, has none left."""
        try:
            return at + self.every if self.every is not None else self._next_minute(at)
        except OverflowError as error:
            raise BadSchedule("the calendar ends before the next time of this schedule") from error

    def _next_minute(self, at: datetime) -> datetime:
        minutes, hours, _, months, _ = self.fields
        start = at.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        day = start.replace(hour=0, minute=0)
        for _ in range(_MOST_DAYS):
            if day.month in months and self._is_day(day):
                times = (day.replace(hour=hour, minute=minute) for hour in sorted(hours) for minute in sorted(minutes))
                found = next((time for time in times if time >= start), None)
                if found is not None:
                    return found
            day += timedelta(days=1)
        raise BadSchedule("no day is ever meant by this schedule")

    def _is_day(self, day: datetime) -> bool:
        in_month, in_week = day.day in self.fields[2], day.isoweekday() % 7 in self.fields[4]
        return in_month and in_week if any(self.is_any_day) else in_month or in_week


def parse_duration(text: str, least: timedelta = SHORTEST, most: timedelta = LONGEST) -> timedelta:
    """`PT1H`, `P1D`, `PT90S` as a duration between `least` and `most`. Raises `BadSchedule`."""
    found = _DURATION.match(text)
    if found is None or not any(found.groups()):
        raise BadSchedule("a duration is days, hours, minutes and seconds, such as P1D, PT1H or PT1H30M")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    every = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if not least <= every <= most:
        raise BadSchedule(f"the duration of a schedule lies between {least.seconds} s and {most.days} days")
    return every


def _field(text: str, name: str, least: int, most: int) -> frozenset[int]:
    values: set[int] = set()
    for item in text.split(","):
        found = _ITEM.match(item)
        if found is None:
            raise BadSchedule(f"{name} of the schedule is none of *, 5, 1-5, */15, or a list of such")
        first, last, step = (int(part) if part else None for part in found.groups())
        low = least if first is None else first
        high = most if first is None or (last is None and step is not None) else last if last is not None else first
        if not least <= low <= high <= most or step == 0:
            raise BadSchedule(f"{name} of the schedule lies between {least} and {most}")
        values.update(range(low, high + 1, step or 1))
    return frozenset(values)
