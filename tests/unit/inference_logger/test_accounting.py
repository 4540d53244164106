"""The account of the request log: what adds up, what is on the way, what is missing."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

import pytest

from inference_logger.domain.accounting import (
    Account,
    MinuteFacts,
    SourceCounts,
    lost_records,
    read_counts,
    unreadable_records,
)

MINUTE = datetime(2026, 3, 1, 12, 5, tzinfo=UTC)


def counted(logged: int, *, complete: bool = True, source: str = "a", **dropped: int) -> SourceCounts:
    return SourceCounts(source, "wine", MINUTE, logged, dropped, complete)


@pytest.mark.parametrize(
    ("counts", "lost", "stored", "is_waiting", "expected"),
    [
        ([counted(5)], {}, 5, False, (5, 5, {}, 0, 0)),
        ([counted(5, not_sampled=3)], {}, 5, False, (8, 5, {"not_sampled": 3}, 0, 0)),
        ([counted(5, complete=False)], {}, 2, False, (5, 2, {}, 3, 0)),
        ([counted(5)], {}, 2, True, (5, 2, {}, 3, 0)),
        ([counted(5)], {}, 2, False, (5, 2, {}, 0, 3)),
        ([counted(5), counted(4, source="b", complete=False)], {}, 7, False, (9, 7, {}, 2, 0)),
        ([counted(5)], {"parking_full": 2}, 3, False, (5, 3, {"parking_full": 2}, 0, 0)),
        ([counted(5)], {"erased": 2}, 3, False, (5, 3, {"erased": 2}, 0, 0)),
        ([counted(5)], {}, 6, False, (6, 6, {}, 0, 0)),
        ([], {"dead_letter": 1}, 0, False, (1, 0, {"dead_letter": 1}, 0, 0)),
    ],
)
def test_accepted_is_the_sum_of_what_became_of_it(
    counts: list[SourceCounts], lost: dict[str, int], stored: int, is_waiting: bool, expected: tuple[object, ...]
) -> None:
    account = Account()
    account.add(MinuteFacts(counts, lost, stored), is_waiting=is_waiting)

    assert (account.accepted, account.stored, dict(account.dropped), account.on_the_way, account.missing) == expected
    assert account.accepted == account.stored + account.dropped.total() + account.on_the_way + account.missing


def test_counts_are_read_and_what_is_none_is_left_out() -> None:
    good = {
        "source": str(UUID(int=5)),
        "minute": "2026-03-01T13:05:40+01:00",
        "logged": 3,
        "dropped": {"debug": 1},
        "is_complete": True,
    }
    wrong = [
        {},
        5,
        {**good, "minute": "noon"},
        {**good, "source": "x"},
        {**good, "dropped": [1]},
        {**good, "logged": None},
    ]
    body = json.dumps({"records": [], "counts": [good, *wrong]}).encode()

    assert read_counts(body, "wine") == [SourceCounts(str(UUID(int=5)), "wine", MINUTE, 3, {"debug": 1}, True)]
    assert counted(3, debug=1).rank < counted(4, debug=1, complete=False).rank < counted(4, debug=1).rank
    for nothing in (b"{}", b'{"counts": 5}', b'{"counts"', b'["counts"]'):
        assert read_counts(nothing, "wine") == []


def test_records_that_cannot_be_read_are_lost_in_the_minute_that_they_name() -> None:
    records = [{"received_at": "2026-03-01T12:05:59Z"}, {"received_at": "x"}, 5]
    assert lost_records(records, "wine", "dead_letter", MINUTE.replace(minute=9, second=30)) == Counter(
        {("wine", MINUTE, "dead_letter"): 1, ("wine", MINUTE.replace(minute=9), "dead_letter"): 2}
    )
    assert unreadable_records(b'{"records": [1, 2]}') == [1, 2]
    for body in (b"no", b"[]", b'{"records": 5}', b'{"records": []}'):
        assert unreadable_records(body) == [None]
