"""Sampling, ids of callers, counters of traffic."""

from __future__ import annotations

from uuid import uuid4

from router.domain.outcome import is_sampled, is_valid_request_id, trace_id_of
from router.domain.traffic_counters import Tally, traffic_between
from shared.contracts.metrics.latency_bins import bin_of


def test_sampling_is_by_id_and_near_its_fraction() -> None:
    ids = [str(uuid4()).encode() for _ in range(4000)]
    kept = [one for one in ids if is_sampled(one, 0.25)]
    assert 800 < len(kept) < 1200
    assert all(is_sampled(one, 0.25) for one in kept)
    assert all(is_sampled(one, 1.0) for one in ids)
    assert not any(is_sampled(one, 0.0) for one in ids)


def test_ids_of_callers() -> None:
    assert is_valid_request_id(b"order-7")
    for bad in (b"", b"a b", b"a" * 129, b'"', b"a\n", "ü".encode()):
        assert not is_valid_request_id(bad)
    assert (
        trace_id_of(b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01") == b"0af7651916cd43dd8448eb211c80319c"
    )
    for bad in (
        b"",
        b"00-" + b"0" * 32 + b"-b7ad6b7169203331-01",
        b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
    ):
        assert trace_id_of(bad) is None


def test_an_interval_is_the_difference_of_two_snapshots() -> None:
    tally = Tally("wine", "v1", uuid4(), "a")
    tally.count_response(200, 0.002, 10, 20)
    before = tally.snapshot()
    tally.count_response(200, 0.002, 10, 20)
    tally.count_response(503, 99.0, 1, 2)
    tally.count_record(None)
    tally.count_record("spool_full")
    change = traffic_between(tally.snapshot(), before)
    assert change is not None
    assert (change.requests, change.status, change.bytes_in) == (2, {"200": 1, "503": 1}, 11)
    assert (change.logged, change.dropped) == (1, {"spool_full": 1})
    assert (sum(change.latency_counts), change.latency_counts[-1]) == (2, 1)
    assert change.latency_bins == {bin_of(0.002): 1, bin_of(99.0): 1}
    assert traffic_between(tally.snapshot(), tally.snapshot()) is None
