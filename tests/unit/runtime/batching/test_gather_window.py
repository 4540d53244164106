"""How long a batch waits for those who are about to come."""

from __future__ import annotations

import pytest

from penstock_runtime.batching.gather_window import SHORTEST_SECONDS, GatherWindow


def after(answered: int, waiting: int, seconds: float = 0.004) -> GatherWindow:
    """A batch that ended at 100 s."""
    gathering = GatherWindow()
    gathering.start(answered, waiting, seconds, now=100.0)
    return gathering


def test_nobody_waits_for_a_first_batch() -> None:
    assert GatherWindow().seconds_left(1, now=0.0) == 0


def test_a_caller_alone_never_waits() -> None:
    assert after(answered=1, waiting=0).seconds_left(1, now=100.0) == 0


def test_those_answered_and_those_that_waited_are_expected_back() -> None:
    gathering = after(answered=5, waiting=3)
    assert gathering.seconds_left(7, now=100.001) == pytest.approx(0.003)
    assert gathering.seconds_left(8, now=100.001) == 0


def test_the_wait_is_no_longer_than_the_predict_was() -> None:
    gathering = after(answered=5, waiting=0, seconds=0.004)
    assert gathering.seconds_left(1, now=100.003) == pytest.approx(0.001)
    assert gathering.seconds_left(1, now=100.0041) == 0


def test_who_comes_later_than_that_does_not_wait() -> None:
    assert after(answered=50, waiting=10).seconds_left(1, now=107.0) == 0


def test_a_quick_predict_is_waited_for_as_long_as_a_timer_can() -> None:
    assert after(answered=2, waiting=0, seconds=0.0001).seconds_left(1, now=100.0) == pytest.approx(SHORTEST_SECONDS)
