from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scheduler.domain.rollover import Rollover, after_new_count, after_new_end, on_new_template
from scheduler.domain.values import RunEnd
from scheduler.domain.verdict import PodCounts, VerdictLimits, VersionProgress

LIMITS = VerdictLimits()
START = datetime(2026, 1, 1, tzinfo=UTC)
TEN_MINUTES = timedelta(minutes=10)
END = RunEnd(0, code=1, log_tail=("loading", "ValueError: no"))
BEGUN = Rollover(2, VersionProgress(START))


def look(rollover: Rollover, ready: int, at: datetime, desired: int = 2) -> Rollover:
    found = after_new_count(rollover, PodCounts(pods=1, ready=ready), desired, at, LIMITS)
    assert found is not None
    return found


@pytest.mark.parametrize("same_template", [False, True])
def test_what_does_not_serve_is_not_rolled_over(same_template: bool) -> None:
    begun = on_new_template(BEGUN, is_serving=False, same_template=same_template, generation=3, now=START)
    assert begun is None


def test_another_template_begins_a_roll_over_and_scaling_does_not() -> None:
    later = START + TEN_MINUTES
    assert on_new_template(None, is_serving=True, same_template=True, generation=3, now=START) is None
    assert on_new_template(BEGUN, is_serving=True, same_template=True, generation=3, now=later) == BEGUN
    anew = on_new_template(BEGUN, is_serving=True, same_template=False, generation=3, now=later)
    assert anew == Rollover(3, VersionProgress(later))


def test_three_failed_loads_of_new_pods_give_up_with_the_reason() -> None:
    rollover = BEGUN
    for _ in range(3):
        assert rollover.failure is None
        rollover = after_new_end(rollover, 2, END, LIMITS)
    assert rollover.failure is not None
    assert rollover.failure.reason == "LoadFailed"
    assert rollover.failure.log_tail == END.log_tail


def test_what_old_pods_do_says_nothing_of_the_new_ones() -> None:
    rollover = BEGUN
    for _ in range(5):
        rollover = after_new_end(rollover, 1, END, LIMITS)
    assert rollover == BEGUN


def test_a_model_that_does_not_exist_gives_up_at_once() -> None:
    gone = RunEnd(0, reason="ModelNotFound", message="no such model", is_permanent=True)
    assert after_new_end(BEGUN, 2, gone, LIMITS).failure is not None


def test_ten_minutes_without_a_further_ready_pod_give_up() -> None:
    assert look(BEGUN, 0, START + TEN_MINUTES - timedelta(seconds=1)).failure is None
    assert look(BEGUN, 0, START + TEN_MINUTES).failure is not None
    half_way = look(BEGUN, 1, START + timedelta(minutes=9))
    assert half_way == Rollover(2, VersionProgress(START + timedelta(minutes=9)), 1)
    assert look(half_way, 1, START + timedelta(minutes=18)).failure is None
    assert look(half_way, 0, START + timedelta(minutes=19)).failure is not None  # the same pod again is no progress


def test_a_pod_that_comes_and_goes_gives_up() -> None:
    rollover = BEGUN
    for _ in range(4):
        rollover = after_new_end(look(rollover, 1, START), 2, END, LIMITS)
    assert rollover.failure is not None


def test_time_spent_waiting_for_the_registry_does_not_count() -> None:
    held_up = PodCounts(pods=1, ready=0, is_waiting=True)
    rollover = after_new_count(BEGUN, held_up, 1, START + timedelta(hours=2), LIMITS)
    assert rollover is not None
    assert look(rollover, 0, START + timedelta(hours=2, minutes=9)).failure is None


def test_it_is_done_when_all_new_pods_are_ready() -> None:
    assert after_new_count(BEGUN, PodCounts(pods=2, ready=2), 2, START, LIMITS) is None
