"""Autoscaling, replayed against hours of made-up load: pods that take time to start, callers that come and go."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.domain.autoscaling import (
    LATENCY_S,
    SCALE_TO_ZERO_GRACE_S,
    STABLE_WINDOW_S,
    Autoscaler,
    LoadSample,
    ReplicaBounds,
    ScaleDecision,
)

EVERY_S = 2.0


@dataclass
class Pods:
    """Pods that answer `start_s` after they were asked for."""

    start_s: float = 4.0
    ready_at: list[float] = field(default_factory=list)

    def become(self, wanted: int, now: float) -> None:
        while len(self.ready_at) < wanted:
            self.ready_at.append(now + self.start_s)
        del self.ready_at[wanted:]

    def ready(self, now: float) -> int:
        return sum(at <= now for at in self.ready_at)


@dataclass(frozen=True)
class Moment:
    at: float
    in_flight: float
    ready: int
    decision: ScaleDecision


def replay(
    load: Callable[[float], float], hours: float, bounds: ReplicaBounds, start_s: float = 4.0, replicas: int = 0
) -> list[Moment]:
    """`load`: seconds since the start → requests in flight, answered or waiting."""
    scaler, pods, told = Autoscaler(bounds, replicas, started_at=0.0), Pods(start_s), []
    pods.become(replicas, -start_s)
    for step in range(int(hours * 3600 / EVERY_S)):
        now = step * EVERY_S
        seen = LoadSample(now, load(now), pods.ready(now))
        decision = scaler.decide(seen)
        pods.become(decision.replicas, now)
        told.append(Moment(now, seen.in_flight, seen.ready, decision))
    return told


def test_an_even_load_has_the_pods_that_it_needs_and_keeps_them() -> None:
    told = replay(lambda _: 40.0, 1, ReplicaBounds(0, 20, 10))
    settled = [moment.decision.replicas for moment in told if moment.at > 120]
    assert set(settled) == {math.ceil(40 / 7)}


def test_the_first_request_wakes_a_version_that_sleeps() -> None:
    told = replay(lambda at: 1.0 if at >= 600 else 0.0, 0.25, ReplicaBounds(0, 8, 16))
    assert {moment.decision.replicas for moment in told if moment.at < 600} == {0}
    assert next(moment.at for moment in told if moment.decision.replicas) == 600.0


def test_it_goes_to_sleep_when_nobody_asks_and_not_before() -> None:
    told = replay(lambda at: 5.0 if at < 300 else 0.0, 0.25, ReplicaBounds(0, 8, 16))
    asleep = next(moment.at for moment in told if moment.at > 10 and moment.decision.replicas == 0)
    assert -EVERY_S <= asleep - 300 - (STABLE_WINDOW_S + SCALE_TO_ZERO_GRACE_S) <= 10


def test_a_pause_shorter_than_the_window_puts_nobody_to_sleep() -> None:
    told = replay(lambda at: 0.0 if at % 60 < 50 else 5.0, 2, ReplicaBounds(0, 8, 16))
    assert 0 not in {moment.decision.replicas for moment in told if moment.at > 60}


def test_a_burst_is_met_within_the_panic_window_and_nothing_is_ended_while_it_lasts() -> None:
    told = replay(lambda at: 10.0 if at < 300 else 100.0 if at < 360 else 10.0, 0.5, ReplicaBounds(1, 50, 10))
    met = next(moment.at for moment in told if moment.decision.replicas >= math.ceil(100 / 7))
    assert met <= 300 + 8
    during = [moment.decision.replicas for moment in told if met <= moment.at < 360]
    assert during == sorted(during)
    assert told[-1].decision.replicas == math.ceil(10 / 7)


def test_pods_that_never_became_ready_are_not_ended() -> None:
    told = replay(lambda at: 100.0 if at < 30 else 0.0, 1, ReplicaBounds(0, 50, 10), start_s=math.inf)
    decided = [moment.decision.replicas for moment in told]
    assert decided == sorted(decided)


def test_what_was_wanted_before_a_restart_has_to_be_reached_before_it_is_ended() -> None:
    scaler = Autoscaler(ReplicaBounds(0, 8, 10), 3, started_at=0.0)
    decided = [scaler.decide(LoadSample(step * EVERY_S, 0.0, ready=1)) for step in range(100)]
    assert set(decided) == {ScaleDecision(3, "starting")}


def test_one_that_has_not_watched_for_a_window_ends_nothing_and_then_half_at_once() -> None:
    scaler, ready, decided = Autoscaler(ReplicaBounds(0, 50, 10), 16, started_at=990.0), 16, []
    for step in range(60):
        decision = scaler.decide(LoadSample(1000 + step * EVERY_S, 0.0, ready))
        decided.append((step * EVERY_S, decision))
        ready = decision.replicas
    young = [decision for at, decision in decided if at < STABLE_WINDOW_S - LATENCY_S]
    assert set(young) == {ScaleDecision(16, "young")}
    assert [decision.replicas for _, decision in decided[len(young) :]][:5] == [8, 4, 2, 1, 1]


@pytest.mark.parametrize(
    ("ready", "in_flight", "decision"),
    [
        (1, 60.0, ScaleDecision(3, "panic")),  # 20 on average over the panic window's three looks, 7 for each pod
        (1, 42.0, ScaleDecision(2, "panic")),
        (2, 60.0, ScaleDecision(2, "young")),  # 3 pods are less than twice those that are ready
        (1, 999.0, ScaleDecision(10, "panic")),  # ten times the ready ones at once, at most
    ],
)
def test_a_jump_counts_as_the_mean_of_a_tenth_of_the_window(
    ready: int, in_flight: float, decision: ScaleDecision
) -> None:
    scaler = Autoscaler(ReplicaBounds(1, 50, 10), ready, started_at=0.0)
    for step in range(10):
        assert scaler.decide(LoadSample(step * EVERY_S, 0.0, ready)).replicas == ready
    assert scaler.decide(LoadSample(20.0, in_flight, ready)) == decision


def test_a_day_of_office_hours() -> None:
    """A slow swell with noise, as a plot of a day would show."""
    noise = random.Random(7)

    def load(at: float) -> float:
        return max(0.0, 80 * math.sin(math.pi * (at / 3600 - 6) / 14)) * noise.uniform(0.8, 1.2) if at > 6 * 3600 else 0

    told = replay(load, 24, ReplicaBounds(0, 40, 10))
    assert {moment.decision.replicas for moment in told if 120 < moment.at < 6 * 3600} == {0}
    assert max(moment.decision.replicas for moment in told) <= math.ceil(80 * 1.2 / 7) + 2
    busy = [moment for moment in told if moment.in_flight > 20]
    enough = [moment for moment in busy if moment.ready * 10 >= moment.in_flight]
    assert len(enough) > 0.98 * len(busy)
    assert told[-1].decision.replicas == 0


def looks(
    scaler: Autoscaler, begin: float, end: float, in_flight: float, ready: int, **more: Any
) -> list[ScaleDecision]:
    """The same, again and again."""
    count = int((end - begin) / EVERY_S)
    return [scaler.decide(LoadSample(begin + n * EVERY_S, in_flight, ready, **more)) for n in range(count)]


def busy(replicas: int, load: float, least: int = 0) -> Autoscaler:
    """Watched for three minutes in which so many pods were ready."""
    scaler = Autoscaler(ReplicaBounds(least, 50, 10), replicas, started_at=0.0)
    looks(scaler, 0, 180, load, replicas)
    assert scaler.replicas == replicas
    return scaler


def test_pods_that_find_no_room_hold_nobody_up() -> None:
    """Six are wanted, four have room: when the load is gone, so are the six, and those that waited first."""
    scaler = busy(1, 5)
    looks(scaler, 180, 200, 40, 1)
    assert looks(scaler, 200, 300, 40, 4, without_room=2)[-1] == ScaleDecision(6, "load")
    assert looks(scaler, 300, 420, 0, 4, without_room=2)[-1].replicas == 2
    assert looks(scaler, 420, 440, 0, 2)[-1].replicas == 1
    assert looks(scaler, 440, 600, 0, 1)[-1].replicas == 0


def test_pods_that_have_begun_at_last_are_tried_before_they_are_ended() -> None:
    scaler = busy(1, 5)
    looks(scaler, 180, 200, 40, 1)
    looks(scaler, 200, 300, 40, 4, without_room=2)
    assert looks(scaler, 300, 420, 0, 4)[-1] == ScaleDecision(6, "starting")


def test_a_pod_that_never_gets_ready_keeps_the_others_for_ten_minutes_only() -> None:
    scaler = busy(1, 5)
    looks(scaler, 180, 240, 25, 1)
    assert scaler.replicas == 4
    told = looks(scaler, 240, 1200, 0, 3)
    assert told[200] == ScaleDecision(4, "starting")
    assert told[-1].replicas < 4


def test_pods_that_crash_under_load_are_not_fewer_for_it() -> None:
    """However few of them are ready, from which the rate of a raise is counted: those few have reason to panic."""
    scaler = busy(20, 140)
    assert {decision.replicas for decision in looks(scaler, 180, 400, 140, 1)} == {20}
    assert {decision.replicas for decision in looks(scaler, 400, 600, 140, 0)} == {20}


def test_pods_that_are_being_replaced_stay_but_those_without_room() -> None:
    scaler = busy(6, 40)
    assert looks(scaler, 180, 300, 0, 6, is_updating=True)[-1] == ScaleDecision(6, "updating")
    assert looks(scaler, 300, 360, 0, 4, is_updating=True, without_room=2)[-1] == ScaleDecision(4, "updating")
    assert looks(scaler, 360, 380, 0, 4)[-1].replicas == 2


def test_what_was_seen_before_a_hole_covers_no_window() -> None:
    """Routers that were not heard of for a while were not idle."""
    scaler = busy(4, 25)
    after = looks(scaler, 180 + 45, 180 + 45 + STABLE_WINDOW_S, 0, 4)
    assert {decision.replicas for decision in after[:-2]} == {4}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 500), st.integers(1, 90)), min_size=1, max_size=12),
    st.integers(0, 3),
    st.integers(3, 30),
    st.floats(0.5, 50),
    st.floats(0, 40),
)
def test_whatever_comes_the_bounds_hold_and_a_load_that_stays_is_served(
    steps: list[tuple[float, int]], least: int, most: int, target: float, start_s: float
) -> None:
    """`steps`: requests in flight, and for how many looks; then an hour's tenth of the last one."""
    loads = [load for load, looks in steps for _ in range(looks)] + [steps[-1][0]] * 180
    bounds = ReplicaBounds(least, most, target)
    told = replay(lambda at: loads[int(at / EVERY_S)], len(loads) * EVERY_S / 3600, bounds, start_s)
    assert all(least <= moment.decision.replicas <= most for moment in told)
    last = told[-1]
    assert last.decision.replicas == min(most, max(least, math.ceil(last.in_flight / (target * 0.7) - 1e-9)))
    assert last.ready == last.decision.replicas


@pytest.mark.parametrize("wrong", [(2, 1, 1.0), (-1, 1, 1.0), (0, 0, 1.0), (0, 1, 0.0)])
def test_bounds_that_hold_nothing_are_refused(wrong: tuple[int, int, float]) -> None:
    with pytest.raises(ValueError, match="bounds"):
        ReplicaBounds(*wrong)


@pytest.mark.parametrize("right", [(0, 1, 1.0), (1, 1, 0.1), (3, 3, 1.0)])
def test_narrow_bounds_are_bounds(right: tuple[int, int, float]) -> None:
    assert ReplicaBounds(*right).most == right[1]
