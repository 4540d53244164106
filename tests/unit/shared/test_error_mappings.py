"""Every error of the tree has a status, a settlement and a name on the wire; foreign ones have a default."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.bus.consumers.consumer import MessageVerdict, retry_delay_s, verdict_of
from shared.bus.rpc import every_error
from shared.bus.topology import durable
from shared.errors import PenstockError, Permanent, Temporary
from shared.http import STATUS, error_body, status_of

DURABLE = replace(durable("scheduler-intent"), attempts=5, max_deliver=20)
RAISED = [kind for kind in every_error() if kind not in (PenstockError, Permanent, Temporary)]


@pytest.mark.parametrize("kind", RAISED)
def test_every_error_has_a_status_and_a_code(kind: type[PenstockError]) -> None:
    status = status_of(kind("x"))

    assert status in STATUS.values()
    assert status != 500
    assert kind.code != PenstockError.code


def test_permanent_errors_are_the_callers_and_temporary_ones_are_ours() -> None:
    for kind in RAISED:
        status = status_of(kind("x"))
        assert (status < 429) == issubclass(kind, Permanent), kind


def test_an_error_outside_the_table_is_500() -> None:
    class Odd(PenstockError):
        pass

    assert status_of(Odd("x")) == 500


@pytest.mark.parametrize("kind", RAISED)
def test_every_error_has_a_settlement(kind: type[PenstockError]) -> None:
    expected = MessageVerdict.DEAD if issubclass(kind, Permanent) else MessageVerdict.RETRY

    assert verdict_of(kind("x"), 1, DURABLE) == expected


@pytest.mark.parametrize(
    ("error", "delivered", "verdict"),
    [
        (None, 1, MessageVerdict.ACK),
        (None, 20, MessageVerdict.ACK),
        (ValueError("x"), 4, MessageVerdict.RETRY),
        (ValueError("x"), 5, MessageVerdict.DEAD),
        (PenstockError("x"), 4, MessageVerdict.RETRY),
        (PenstockError("x"), 5, MessageVerdict.DEAD),
        (TimeoutError(), 5, MessageVerdict.DEAD),
        (Temporary("x"), 19, MessageVerdict.RETRY),
        (Temporary("x"), 20, MessageVerdict.DEAD),
        (Permanent("x"), 1, MessageVerdict.DEAD),
    ],
)
def test_deliveries_are_counted_by_what_went_wrong(
    error: Exception | None, delivered: int, verdict: MessageVerdict
) -> None:
    assert verdict_of(error, delivered, DURABLE) == verdict


def test_delays_double_up_to_half_a_minute() -> None:
    assert [retry_delay_s(number) for number in (1, 2, 3, 4, 8, 9, 20)] == [0.25, 0.5, 1, 2, 30, 30, 30]


def test_temporary_failures_are_outlasted_for_minutes() -> None:
    assert sum(retry_delay_s(number) for number in range(1, DURABLE.max_deliver)) > 300


def test_the_error_body_has_four_fields() -> None:
    assert error_body("C", "m", "r") == {"error_code": "C", "message": "m", "request_id": "r", "details": []}
