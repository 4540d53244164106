"""The rate limiter, and how routers share a limit."""

from __future__ import annotations

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.peers import Peers, share
from router.domain.rate_limiter import RateLimiter
from shared.contracts.routes import RateLimit, RouterHeartbeat


def granted(limiter: RateLimiter, times: list[float]) -> int:
    return sum(limiter.take_token(at) == 0.0 for at in times)


def test_a_burst_is_granted_and_then_the_rate() -> None:
    limiter = RateLimiter(RateLimit(qps=10, burst=5))
    assert granted(limiter, [100.0] * 20) == 5
    assert granted(limiter, [101.0] * 20) == 5
    assert granted(limiter, [102.0 + i / 100 for i in range(100)]) == 5 + 9


def test_without_a_burst_one_seconds_worth_may_come_at_once() -> None:
    assert granted(RateLimiter(RateLimit(qps=50)), [7.0] * 80) == 50


@given(
    st.floats(0.5, 500),
    st.integers(1, 100),
    st.lists(st.floats(0, 30), min_size=1, max_size=200),
    st.integers(1, 8),
)
def test_no_window_gets_more_than_its_share(qps: float, burst: int, times: list[float], routers: int) -> None:
    limiter = RateLimiter(RateLimit(qps=qps, burst=burst), 1 / routers)
    got = [at for at in sorted(times) if limiter.take_token(at) == 0.0]
    for i, first in enumerate(got):
        for count, last in enumerate(got[i:], start=1):
            assert count <= max(burst / routers, 1) + (last - first) * qps / routers + 1e-6


def test_what_is_refused_says_when_there_is_room() -> None:
    limiter = RateLimiter(RateLimit(qps=4, burst=1))
    assert limiter.take_token(10.0) == 0.0
    assert limiter.take_token(10.0) == pytest.approx(0.25)
    assert limiter.take_token(10.25) == 0.0


def test_the_queue_gives_turns_in_order_and_is_bounded_by_its_timeout() -> None:
    limiter = RateLimiter(RateLimit(qps=10, burst=1, on_limit="queue", queue_timeout_ms=250))
    assert limiter.take_token(0.0) == 0.0
    turns = [limiter.reserve_token(0.0) for _ in range(4)]
    assert turns[:2] == pytest.approx([0.1, 0.2])
    assert turns[2:] == [None, None]


def test_routers_share_a_limit_and_a_change_of_shares_gives_no_new_tokens() -> None:
    limiter = RateLimiter(RateLimit(qps=10, burst=10))
    assert granted(limiter, [0.0] * 30) == 10
    limiter.set_share(0.5)
    assert granted(limiter, [0.0] * 30) == 0
    assert granted(limiter, [100.0] * 30) == 5


def test_others_are_those_whose_beat_changes() -> None:
    peers = Peers("a", beat_s=2.0)
    assert len(peers.others({}, 0.0)) == 0
    assert len(peers.others({"a": b"1", "b": b"1"}, 0.0)) == 1
    assert len(peers.others({"a": b"2", "b": b"2"}, 5.0)) == 1
    assert len(peers.others({"a": b"3", "b": b"2"}, 10.0)) == 1
    assert len(peers.others({"a": b"4", "b": b"2"}, 11.5)) == 0
    assert len(peers.others({"a": b"5", "b": b"3"}, 12.0)) == 1


def test_a_beat_says_what_a_router_is_asked_for_and_one_that_cannot_be_read_says_nothing() -> None:
    version = uuid4()
    beat = RouterHeartbeat(beat=uuid4(), asked={version: 12.5}).model_dump_json().encode()
    seen = Peers("a", beat_s=2.0).others({"a": beat, "b": beat, "c": b"\x00 of another release"}, 0.0)
    assert [other.asked for other in seen] == [{version: 12.5}, {}]


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=8))
def test_shares_of_a_limit_sum_to_one_and_follow_the_demand(asked: list[float]) -> None:
    shares = [share(own, asked[:i] + asked[i + 1 :]) for i, own in enumerate(asked)]
    assert sum(shares) == pytest.approx(1.0)
    assert min(shares) > 0
    in_order = [share for _, share in sorted(zip(asked, shares, strict=True))]
    assert in_order == pytest.approx(sorted(shares))


def test_one_that_all_callers_turn_to_has_nearly_the_whole_limit() -> None:
    assert share(20.0, [0.0]) == pytest.approx(0.875)
    assert share(0.0, [20.0]) == pytest.approx(0.125)
    assert share(0.0, [0.0]) == share(7.0, [7.0]) == 0.5
    assert share(5.0, []) == 1.0
