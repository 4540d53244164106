"""When a process that lives is restarted: late, not while the whole machine is slow, and ever later."""

from __future__ import annotations

from penstock.launcher.watch.restarts import FORGOTTEN_AFTER_S, Patience, others_answer


def test_each_restart_doubles_the_wait_and_an_hour_forgets() -> None:
    patience = Patience(60)
    assert not patience.is_over(since=0, now=59)
    assert patience.is_over(since=0, now=60)

    patience.note(60)
    assert not patience.is_over(since=60, now=179)
    assert patience.is_over(since=60, now=180)

    for at in range(180, 190):
        patience.note(at)
    assert patience.is_over(since=200, now=200 + 60 * 32)
    assert patience.is_over(since=200, now=190 + FORGOTTEN_AFTER_S + 60)


def test_zero_means_never() -> None:
    assert not Patience(0).is_over(since=0, now=1e9)


def test_while_nobody_answers_it_is_the_machine() -> None:
    assert others_answer([5, 95], now=100)
    assert not others_answer([5, 80], now=100)
    assert others_answer([], now=100)
