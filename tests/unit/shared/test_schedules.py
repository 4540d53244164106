"""Schedules: durations and cron expressions, when they are due, and what is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.database_urls import parse_database_url
from shared.schedules import BadSchedule, Schedule

FRIDAY = datetime(2026, 11, 27, 14, 30, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("PT1H", "2026-11-27T15:30:05"),
        ("P1DT90S", "2026-11-28T14:31:35"),
        ("*/15 * * * *", "2026-11-27T14:45:00"),
        ("30 14 * * *", "2026-11-28T14:30:00"),
        ("0 3 * * 1-5", "2026-11-30T03:00:00"),
        ("0 0 1 * 0", "2026-11-29T00:00:00"),  # both days are named: either is meant
        ("0 0 1 * *", "2026-12-01T00:00:00"),
        ("0 12 */10 * 7", "2027-01-31T12:00:00"),
        ("5/20 2,4 * * *", "2026-11-28T02:05:00"),
        ("0 0 29 2 *", "2028-02-29T00:00:00"),
    ],
)
def test_the_next_time(text: str, due: str) -> None:
    assert Schedule.parse(text).next_after(FRIDAY) == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_the_times_of_a_day_in_a_row() -> None:
    schedule, at, found = Schedule.parse("0,30 9-10 * * *"), FRIDAY, []
    for _ in range(5):
        at = schedule.next_after(at)
        found.append(at - FRIDAY.replace(hour=0, minute=0, second=0))
    assert [each.total_seconds() / 3600 for each in found] == [33, 33.5, 34, 34.5, 57]
    assert timedelta(days=1) < found[0]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "five fields"),
        ("hourly", "five fields"),
        ("P", "a duration is"),
        ("PT", "a duration is"),
        ("PT1.5H", "a duration is"),
        ("PT5S", "between 10 s"),
        ("P9999D", "between 10 s"),
        ("60 * * * *", "minute of the schedule lies between 0 and 59"),
        ("* * 0 * *", "day of month"),
        ("* 5-1 * * *", "hour"),
        ("*/0 * * * *", "minute"),
        ("* * * * mon", "day of week of the schedule is none of"),
        ("0 0 31 2 *", "no day is ever meant"),
    ],
)
def test_what_is_no_schedule(text: str, why: str) -> None:
    with pytest.raises(BadSchedule, match=why):
        Schedule.parse(text)


@pytest.mark.parametrize("text", ["0 0 1 1 *", "PT1H"])
def test_the_calendar_ends(text: str) -> None:
    last = datetime.max.replace(tzinfo=UTC) - timedelta(minutes=1)
    with pytest.raises(BadSchedule, match="the calendar ends"):
        Schedule.parse(text).next_after(last)


def test_the_url_of_a_database() -> None:
    found = parse_database_url("postgresql://us%40er:p%2Fw@db.example.com:5433/shop?sslmode=require")
    assert (found.user, found.password, found.host, found.port) == ("us@er", "p/w", "db.example.com", 5433)
    assert (found.database, found.sslmode) == ("shop", "require")
    assert "p/w" not in repr(found)
    assert parse_database_url("postgres://u@h/d").port == 5432


@pytest.mark.parametrize(
    "url",
    [
        *("", "postgresql://", "postgresql://h/d", "postgresql://u:p@/d", "postgresql://u:p@h", "postgresql://u:p@h/"),
        *("postgresql://u:p@h:x/d", "postgresql://u:p@h/d/e", "postgresql://u:p@h/d?host=%2Ftmp", "mysql://u:p@h/d"),
        *("postgresql://u:p@h/d?sslmode=off", "postgresql://u:p@h/d?sslmode", "postgresql://u:p@h/d#x"),
        "postgresql://u:p@h/d?sslmode=require&sslmode=disable",
    ],
)
def test_what_is_no_url_of_a_database(url: str) -> None:
    with pytest.raises(ValueError, match=r"URL|postgresql://|sslmode"):
        parse_database_url(url)
