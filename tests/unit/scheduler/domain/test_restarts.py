from __future__ import annotations

from scheduler.domain.restarts import HEALTHY_AFTER_S, failures_after, restart_delay_s, retry_delay_s


def test_delays_double_from_one_second_to_a_minute() -> None:
    assert [restart_delay_s(n) for n in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert restart_delay_s(10_000) == 60


def test_a_healthy_period_wipes_the_slate() -> None:
    assert failures_after(5, ready_for_s=HEALTHY_AFTER_S) == 1
    assert failures_after(5, ready_for_s=HEALTHY_AFTER_S - 1) == 6
    assert failures_after(0, ready_for_s=0) == 1


def test_what_is_away_is_asked_again_within_ten_seconds() -> None:
    assert [retry_delay_s(n) for n in range(1, 7)] == [0.5, 1, 2, 4, 8, 8]
    assert retry_delay_s(10_000) < 10
