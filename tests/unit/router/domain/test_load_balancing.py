"""Sticky splits, caps and ejection."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.load_balancing import FAILURES_TO_EJECT, choose_pod, choose_sticky, record_failure, record_success


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


def test_sticky_is_stable_and_follows_the_weights() -> None:
    before, after = [Share(90), Share(10)], [Share(80), Share(20)]
    values = [f"user-{i}".encode() for i in range(5000)]
    old = [before.index(choose_sticky(before, value)) for value in values]
    new = [after.index(choose_sticky(after, value)) for value in values]
    assert old == [before.index(choose_sticky(before, value)) for value in values]
    assert sum(old) / len(values) == pytest.approx(0.10, abs=0.02)
    assert sum(new) / len(values) == pytest.approx(0.20, abs=0.02)
    assert all(b >= a for a, b in zip(old, new, strict=True)), "nobody went the other way"


def test_each_cohort_begins_with_others() -> None:
    shares = [Share(90), Share(10)]
    values = [f"user-{i}".encode() for i in range(2000)]
    first, second = (
        {value for value in values if choose_sticky(shares, value, cohort) is shares[1]} for cohort in (b"a", b"b")
    )
    assert len(second) / len(values) == pytest.approx(0.10, abs=0.03)
    assert len(first & second) < len(first) / 2


@given(st.lists(st.integers(0, 5), min_size=1, max_size=6), st.integers(0, 10**6))
def test_a_full_pod_is_never_chosen(loads: list[int], draw: int) -> None:
    pods = [Load(load) for load in loads]
    chosen = choose_pod(pods, 0.0, draw, 3)
    assert (chosen is None) == all(load >= 3 for load in loads)
    assert chosen is None or chosen.outstanding < 3


def test_a_pod_that_keeps_failing_is_left_alone_ever_longer_until_it_answers() -> None:
    pod, other = Load(), Load(outstanding=9)
    for _ in range(FAILURES_TO_EJECT - 1):
        record_failure(pod, 0.0, 3.0)
    assert choose_pod([pod, other], 0.0, 0) is pod
    record_failure(pod, 0.0, 3.0)
    assert choose_pod([pod, other], 2.9, 0) is other
    assert choose_pod([pod, other], 3.1, 0) is pod
    for _ in range(FAILURES_TO_EJECT):
        record_failure(pod, 10.0, 3.0)
    assert pod.ejected_until == 16.0
    record_success(pod)
    for _ in range(FAILURES_TO_EJECT):
        record_failure(pod, 20.0, 3.0)
    assert pod.ejected_until == 23.0


def test_single_failures_between_answers_eject_nobody() -> None:
    pod = Load()
    for _ in range(50):
        record_failure(pod, 0.0, 3.0)
        record_success(pod)
    assert pod.ejected_until == 0.0
