"""When a process that lives is restarted: late, not while the whole machine is slow, and ever later."""

from __future__ import annotations

from penstock.launcher.watch.restarts import RESTARTS_FORGOTTEN_AFTER_S, RestartBackoff, do_others_answer


def test_each_restart_doubles_the_wait_and_an_hour_forgets() -> None:
    backoff = RestartBackoff(60)
    assert not backoff.is_due(since=0, now=59)
    assert backoff.is_due(since=0, now=60)

    backoff.record_restart(60)
    assert not backoff.is_due(since=60, now=179)
    assert backoff.is_due(since=60, now=180)

    for at in range(180, 190):
        backoff.record_restart(at)
    assert backoff.is_due(since=200, now=200 + 60 * 32)
    assert backoff.is_due(since=200, now=190 + RESTARTS_FORGOTTEN_AFTER_S + 60)


def test_zero_means_never() -> None:
    assert not RestartBackoff(0).is_due(since=0, now=1e9)


def test_while_nobody_answers_it_is_the_machine() -> None:
    assert do_others_answer([5, 95], now=100)
    assert not do_others_answer([5, 80], now=100)
    assert do_others_answer([], now=100)
