"""Windows: which are closed, which are due, which a late label touches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import process_time

import pytest

from monitor.domain.rules.timing import MOST_BEHIND, RuleTiming, Window, retry_at, touched_windows

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
HOURLY = RuleTiming(HOUR, HOUR, MINUTE)
SLIDING = RuleTiming(HOUR, MINUTE * 15, timedelta(0))


def test_a_window_is_closed_once_its_delay_has_passed() -> None:
    assert HOURLY.last_closed(NOON + HOUR) == Window(NOON - HOUR, NOON)
    assert HOURLY.last_closed(NOON + HOUR + MINUTE) == Window(NOON, NOON + HOUR)
    assert SLIDING.last_closed(NOON + MINUTE * 16) == Window(NOON - MINUTE * 45, NOON + MINUTE * 15)


def test_windows_are_due_once_in_order_and_not_more_than_can_be_made_up_for() -> None:
    now = NOON + MINUTE
    assert HOURLY.due(None, now) == (Window(NOON - HOUR, NOON),)
    assert HOURLY.due(NOON, now) == []
    assert HOURLY.due(NOON + HOUR, now) == []  # the clock was set back
    assert HOURLY.due(NOON - 2 * HOUR, now) == [Window(NOON - 2 * HOUR, NOON - HOUR), Window(NOON - HOUR, NOON)]
    late = HOURLY.due(NOON - 1000 * HOUR, now)
    assert (len(late), late[-1].end) == (MOST_BEHIND, NOON)
    assert [window.end for window in SLIDING.due(NOON - MINUTE * 20, NOON)] == [NOON - MINUTE * 15, NOON]


def test_the_next_window_is_known() -> None:
    assert HOURLY.next_at(None, NOON) == NOON
    assert HOURLY.next_at(NOON, NOON + MINUTE) == NOON + HOUR + MINUTE
    assert HOURLY.next_at(NOON - HOUR, NOON + MINUTE) == NOON + MINUTE


def test_a_late_label_touches_every_window_that_its_row_is_in() -> None:
    times = [NOON + MINUTE * 5, NOON + MINUTE * 6]
    assert touched_windows(HOURLY, times, NOON + 2 * HOUR) == [Window(NOON, NOON + HOUR)]
    assert touched_windows(HOURLY, times, NOON) == []
    assert [window.end for window in touched_windows(SLIDING, times[:1], NOON + MINUTE * 30)] == [
        NOON + MINUTE * 15,
        NOON + MINUTE * 30,
    ]
    assert touched_windows(HOURLY, [NOON], NOON + HOUR) == [Window(NOON, NOON + HOUR)]
    uneven = RuleTiming(MINUTE * 25, MINUTE * 10, timedelta(0))
    ends = [window.end for window in touched_windows(uneven, [NOON + MINUTE * 4, NOON + MINUTE * 6], NOON + HOUR)]
    assert ends == [NOON + MINUTE * 10, NOON + MINUTE * 20, NOON + MINUTE * 30]
    assert [window.end for window in touched_windows(uneven, [NOON + MINUTE * 4], NOON + HOUR)] == ends[:2]


def test_a_day_of_labels_in_windows_that_slide_is_no_work_for_each_label() -> None:
    times = [NOON + timedelta(seconds=second) for second in range(86_400)]
    monthly = RuleTiming(timedelta(days=31), MINUTE, timedelta(0))
    begun = process_time()
    assert len(touched_windows(monthly, times, NOON + timedelta(days=40))) == 32 * 1440 - 1
    assert process_time() - begun < 5.0


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 30), (2, 60), (4, 240), (12, 3600), (20, None)])
def test_what_failed_is_tried_again_ever_later(attempts: int, seconds: int | None) -> None:
    assert retry_at(attempts, NOON) == (None if seconds is None else NOON + timedelta(seconds=seconds))
