"""When a derived table is brought on, and what rows wait for."""

from __future__ import annotations

import pytest

from inference_logger.domain.derivations import (
    SIGNATURE_WAIT_S,
    DerivationSchedule,
    SignaturesMissing,
    SignatureWaits,
    resolve_signatures,
)
from inference_logger.domain.inferences.signatures import NO_SIGNATURE, KnownSignatures, Signature
from inference_logger.domain.tables import TableKey

WINE, BEER = TableKey("wine"), TableKey("beer")
OLD, NEW = Signature({"a": "bigint"}), Signature({"a": "double"})
KNOWN = KnownSignatures({("v", 3): OLD, ("v", 5): NEW})


def test_a_table_rests_after_an_append_and_commits_of_that_time_go_together() -> None:
    schedule = DerivationSchedule(2.0)
    schedule.wake(WINE, 10.0)
    assert schedule.take_due(10.0) == [WINE]
    assert (schedule.take_due(10.0), schedule.wait_s(10.0)) == ([], None)
    schedule.wake(WINE, 10.1)  # while it is being derived
    assert (schedule.take_due(10.2), schedule.wait_s(10.2)) == ([], None)
    schedule.written(WINE, 10.3, is_behind=False)
    schedule.wake(WINE, 10.4)
    schedule.wake(BEER, 10.4)
    assert schedule.take_due(10.5) == [BEER]
    assert schedule.wait_s(10.5) == pytest.approx(1.8)
    assert schedule.take_due(12.3) == [WINE]
    schedule.written(WINE, 12.4, is_behind=True)
    assert schedule.take_due(12.4) == [WINE]


def test_one_that_fails_is_tried_again_later_and_later_whoever_wakes_it() -> None:
    schedule = DerivationSchedule(2.0)
    schedule.wake(WINE, 0.0)
    now, waits = 0.0, []
    for _ in range(7):
        assert schedule.take_due(now) == [WINE]
        schedule.failed(WINE, now)
        schedule.wake(WINE, now)
        assert schedule.take_due(now) == []
        wait = schedule.wait_s(now)
        assert wait is not None
        waits.append(wait)
        now += wait
    assert waits == [1, 2, 4, 8, 16, 30, 30]
    assert schedule.take_due(now) == [WINE]
    schedule.written(WINE, now, is_behind=False)
    schedule.wake(WINE, now)
    assert schedule.wait_s(now) == 2.0


def test_rows_wait_for_the_signature_of_a_new_generation_and_not_for_ever() -> None:
    waits = SignatureWaits()
    keys = {("v", 3), ("v", 7), ("other", 1), (None, None), ("v", None)}
    with pytest.raises(SignaturesMissing) as missing:
        resolve_signatures(keys, KNOWN, waits.given_up(0.0))
    assert missing.value.keys == {("v", 7), ("other", 1)}
    waits.note(missing.value.keys, 0.0)
    waits.note(missing.value.keys, 5.0)
    assert waits.given_up(SIGNATURE_WAIT_S - 1) == frozenset()
    assert resolve_signatures(keys, KNOWN, waits.given_up(SIGNATURE_WAIT_S)) == {
        ("v", 3): OLD,
        ("v", 7): NEW,  # the last one before it: its pods may run on
        ("other", 1): NO_SIGNATURE,
        (None, None): NO_SIGNATURE,
        ("v", None): NO_SIGNATURE,
    }
    assert resolve_signatures({("v", 4)}, KNOWN, frozenset({("v", 4)})) == {("v", 4): OLD}
