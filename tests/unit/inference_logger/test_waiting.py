"""Tables that wait, streams that are other ones, places where no table may be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from logging import INFO, WARNING
from typing import Any

import pytest

from inference_logger.consumers.requests import StreamOutage
from inference_logger.domain.destinations import placement_refusal
from inference_logger.domain.streams import Checkpoint, stream_mismatch
from inference_logger.domain.tables import TableKey, TableShare, app_id
from inference_logger.domain.waiting import RetrySchedule, WaitingTable, error_reason, waiting_allowance
from running_services.logged_requests import record

AT = datetime(2026, 5, 1, tzinfo=UTC)
TABLE = WaitingTable(TableKey("wine", "/old"), "/old/wine/payload", "S", 7, "away", AT)


def share(*versions: str, size: int = 10) -> TableShare:
    return TableShare([(place, record("a", version_id=one)) for place, one in enumerate(versions, 8)], size=size)


def test_a_waiting_table_counts_what_it_keeps_in_the_stream() -> None:
    grown = TABLE.with_share(share("1", "1")).with_share(share("2", size=5))
    assert (grown.rows, grown.stream_bytes, grown.read_from) == (3, 15, 7)

    assert grown.with_written(9, 2, 10) == replace(grown, sequence=9, rows=1, stream_bytes=5)
    assert replace(grown, parked_upto=11).read_from == 11


def test_records_follow_their_versions_once_all_of_them_log_elsewhere() -> None:
    waiting = TABLE.with_share(share("1", "2"))
    elsewhere = TableKey("wine", "/new")

    one_moved = waiting.with_moves({elsewhere: share("1")})
    both_moved = one_moved.with_moves({elsewhere: share("2")})

    assert (waiting.successor, one_moved.successor, both_moved.successor) == (None, None, "/new")
    assert both_moved.with_share(share("1")).successor is None  # it logs to the old one again
    assert waiting.with_moves({TableKey("beer", "/new"): share("1", "2")}).successor is None
    assert waiting.with_moves({TableKey("wine"): share("1", "2")}).successor == ""  # the default folder


def test_each_try_waits_longer_up_to_half_a_minute() -> None:
    retry, waits = RetrySchedule(), []
    for _ in range(8):
        later = retry.after_failure(100.0)
        waits.append(later.at - 100.0)
        retry = later
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]


def test_a_busy_machine_is_no_warning_and_a_bus_that_is_away_is_one() -> None:
    outage = StreamOutage()
    assert [outage.level(now) for now in (0.0, 9.0, 10.0, 12.0)] == [INFO, INFO, WARNING, WARNING]
    outage.end()
    assert outage.level(20.0) == INFO


@pytest.mark.parametrize(("waiting", "bytes_each"), [(0, 250), (1, 250), (2, 250), (4, 125), (500, 1)])
def test_a_table_keeps_a_quarter_and_all_of_them_half_of_the_stream(waiting: int, bytes_each: int) -> None:
    assert waiting_allowance(1000, waiting) == bytes_each


def test_rows_that_went_elsewhere_are_counted_apart() -> None:
    assert app_id("S", "wine") == "penstock:S:wine"
    assert app_id("S", "wine", "/a") not in {app_id("S", "wine"), app_id("S", "wine", "/b")}


@pytest.mark.parametrize(
    ("known", "last_seq", "stored_at", "said"),
    [
        ({"sequence": 23, "stored_at": AT}, 18, None, "ends at 18"),
        ({"sequence": 23, "stored_at": AT}, 50, AT + timedelta(hours=1), "another one"),
        ({"sequence": 23, "stored_at": AT}, 50, None, "lost its message 23"),
        ({"sequence": 23, "stored_at": AT}, 23, AT + timedelta(microseconds=1), None),
        ({"sequence": 23}, 50, None, None),  # written by a release that did not note the time
        ({"sequence": 23}, 22, None, "ends at 22"),
        ({}, 0, None, None),
    ],
)
def test_a_stream_is_known_again(
    known: dict[str, Any], last_seq: int, stored_at: datetime | None, said: str | None
) -> None:
    why = stream_mismatch(Checkpoint("S", **known), last_seq, stored_at)
    assert why is None if said is None else said in (why or "")


def test_a_new_epoch_has_another_name_and_doubts_what_it_reads() -> None:
    begun = Checkpoint("S", 23, stored_at=AT).next_epoch(AT)
    assert (begun.name, begun.sequence, begun.stored_at) == ("S#1", 0, None)
    assert begun.is_doubtful(AT + timedelta(minutes=9))
    assert not begun.is_doubtful(AT + timedelta(minutes=11))
    assert begun.next_epoch(AT).name == "S#2"


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("/t/wine/payload/_delta_log/bad/payload", "inside the log"),
        ("/t/wine/payload/bad/payload", "inside the table at /t/wine/payload"),
        ("/t/wine/bad/payload", "overlaps"),
        ("/t/payload", "overlaps"),
        ("/t/wine/labelled", None),
        ("/t/beer/payload", None),
        ("/t/wine/payload", None),
    ],
)
def test_a_table_lies_beside_the_others(location: str, said: str | None) -> None:
    why = placement_refusal(location, {"/t/wine/payload"}, is_listed=False)
    assert why is None if said is None else said in (why or "")


def test_a_younger_table_cannot_drive_an_older_one_out() -> None:
    inner = "/t/a/b/wine/payload"
    assert placement_refusal(inner, {"/t/a/payload"}, is_listed=True) is None
    assert placement_refusal("/t/a/payload", {inner}, is_listed=False) is not None


def test_a_reason_is_one_line_without_the_call_stack() -> None:
    stack = "  10: start_thread\n             at ./nptl/pthread_create.c:442:8\n"
    error = OSError(f"Json error:\n unexpected 'b'\x1b\n   0: <unknown>\n{stack}")
    assert error_reason(error) == "Json error: unexpected 'b'?"
    assert error_reason(OSError()) == "OSError"
