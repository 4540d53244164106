"""Rate limits, sticky splits, ejection, peers, cross-origin rules: rules without I/O."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.access.cors import CorsPolicy
from router.domain.load_balancing import FAILURES_TO_EJECT, choose_pod, choose_sticky, note_failure, note_success
from router.domain.peers import Peers, share
from router.domain.rate_limiter import RateLimiter
from shared.contracts.routes import Cors, RateLimit, RouterBeat


@dataclass
class Share:
    weight: int
    current: int = 0


@dataclass
class Load:
    outstanding: int = 0
    ejected_until: float = 0.0
    failures: int = 0
    ejections: int = 0


def granted(limiter: RateLimiter, times: list[float]) -> int:
    return sum(limiter.take(at) == 0.0 for at in times)


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
    got = [at for at in sorted(times) if limiter.take(at) == 0.0]
    for i, first in enumerate(got):
        for count, last in enumerate(got[i:], start=1):
            assert count <= max(burst / routers, 1) + (last - first) * qps / routers + 1e-6


def test_what_is_refused_says_when_there_is_room() -> None:
    limiter = RateLimiter(RateLimit(qps=4, burst=1))
    assert limiter.take(10.0) == 0.0
    assert limiter.take(10.0) == pytest.approx(0.25)
    assert limiter.take(10.25) == 0.0


def test_the_queue_gives_turns_in_order_and_is_bounded_by_its_timeout() -> None:
    limiter = RateLimiter(RateLimit(qps=10, burst=1, on_limit="queue", queue_timeout_ms=250))
    assert limiter.take(0.0) == 0.0
    turns = [limiter.reserve(0.0) for _ in range(4)]
    assert turns[:2] == pytest.approx([0.1, 0.2])
    assert turns[2:] == [None, None]


def test_routers_share_a_limit_and_a_change_of_shares_gives_no_new_tokens() -> None:
    limiter = RateLimiter(RateLimit(qps=10, burst=10))
    assert granted(limiter, [0.0] * 30) == 10
    limiter.have(0.5)
    assert granted(limiter, [0.0] * 30) == 0
    assert granted(limiter, [100.0] * 30) == 5


def test_sticky_is_stable_and_follows_the_weights() -> None:
    before, after = [Share(90), Share(10)], [Share(80), Share(20)]
    values = [f"user-{i}".encode() for i in range(5000)]
    old = [before.index(choose_sticky(before, value)) for value in values]
    new = [after.index(choose_sticky(after, value)) for value in values]
    assert old == [before.index(choose_sticky(before, value)) for value in values]
    assert sum(old) / len(values) == pytest.approx(0.10, abs=0.02)
    assert sum(new) / len(values) == pytest.approx(0.20, abs=0.02)
    assert all(b >= a for a, b in zip(old, new, strict=True)), "nobody went the other way"


@given(st.lists(st.integers(0, 5), min_size=1, max_size=6), st.integers(0, 10**6))
def test_a_full_pod_is_never_chosen(loads: list[int], draw: int) -> None:
    pods = [Load(load) for load in loads]
    chosen = choose_pod(pods, 0.0, draw, 3)
    assert (chosen is None) == all(load >= 3 for load in loads)
    assert chosen is None or chosen.outstanding < 3


def test_a_pod_that_keeps_failing_is_left_alone_ever_longer_until_it_answers() -> None:
    pod, other = Load(), Load(outstanding=9)
    for _ in range(FAILURES_TO_EJECT - 1):
        note_failure(pod, 0.0, 3.0)
    assert choose_pod([pod, other], 0.0, 0) is pod
    note_failure(pod, 0.0, 3.0)
    assert choose_pod([pod, other], 2.9, 0) is other
    assert choose_pod([pod, other], 3.1, 0) is pod
    for _ in range(FAILURES_TO_EJECT):
        note_failure(pod, 10.0, 3.0)
    assert pod.ejected_until == 16.0
    note_success(pod)
    for _ in range(FAILURES_TO_EJECT):
        note_failure(pod, 20.0, 3.0)
    assert pod.ejected_until == 23.0


def test_single_failures_between_answers_eject_nobody() -> None:
    pod = Load()
    for _ in range(50):
        note_failure(pod, 0.0, 3.0)
        note_success(pod)
    assert pod.ejected_until == 0.0


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
    beat = RouterBeat(beat=uuid4(), asked={version: 12.5}).model_dump_json().encode()
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


def test_cross_origin_lines() -> None:
    some = CorsPolicy(Cors(allow_origins=("https://shop.example",), allow_credentials=True))
    assert b"Access-Control-Allow-Origin: https://shop.example\r\nVary: Origin" in some.answer(b"https://shop.example")
    assert b"Allow-Credentials: true" in some.preflight(b"https://shop.example")
    assert some.answer(b"https://evil.example") == some.preflight(b"null") == b"Vary: Origin\r\n"
    anyone = CorsPolicy(Cors(allow_origins=("*",), max_age_s=5))
    assert b"Access-Control-Allow-Origin: *\r\n" in anyone.preflight(b"https://x")
    assert b"Access-Control-Max-Age: 5\r\n" in anyone.preflight(b"https://x")
    reckless = CorsPolicy(Cors(allow_origins=("*",), allow_credentials=True))
    assert reckless.answer(b"https://x") == b"Vary: Origin\r\n"
