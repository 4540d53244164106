"""What a router says of the load on autoscaled versions."""

from __future__ import annotations

from collections.abc import Hashable
from uuid import UUID

import pytest

from router.domain.demand import Demand
from router.domain.routes.table import RouteTable
from router.domain.traffic_counters import TrafficTallies
from shared.contracts.routes import Intent, PodEndpoint, VersionEndpoints, VersionRoute, endpoints_key, intent_key
from shared.ids import new_id

SERVICE = new_id()


class World:
    """A table with one service; `held`: how many wait for a version or for the service."""

    def __init__(self, *weights: int, is_autoscaled: bool = True, fallback: str | None = None) -> None:
        self.table = RouteTable(TrafficTallies())
        self.ids = [new_id() for _ in weights]
        self.hold_queue: dict[Hashable, int] = {}
        routes = tuple(
            VersionRoute(version_id=each, version=f"v{number}", model="m/1", weight=weight, is_autoscaled=is_autoscaled)
            for number, (each, weight) in enumerate(zip(self.ids, weights, strict=True))
        )
        intent = Intent(
            service_id=SERVICE, service="wine", revision=1, auth_enabled=False, versions=routes, fallback=fallback
        )
        self.table.apply(intent_key("wine"), intent.model_dump_json().encode())
        self.demand = Demand(self.table, lambda of: self.hold_queue.get(of, 0))

    def pods(self, version: UUID, count: int) -> None:
        pods = tuple(PodEndpoint(pod=f"{version}-{n}", address=f"127.0.0.1:{n + 1}") for n in range(count))
        value = VersionEndpoints(version_id=version, service="wine", version="v", revision=1, pods=pods)
        self.table.apply(endpoints_key(version), value.model_dump_json().encode())

    def busy(self, version: UUID, outstanding: int) -> None:
        for pod in self._of(version):
            pod.outstanding = outstanding

    def answered(self, version: UUID, seconds: float) -> None:
        next(iter(self._of(version))).tally.count_response(200, seconds, 1, 1)

    def _of(self, version: UUID):  # type: ignore[no-untyped-def]
        return [p for v in self.table.services["wine"].versions.values() if v.id == version for p in v.pods]


def test_requests_in_flight_are_averaged_over_the_samples() -> None:
    world = World(100)
    (version,) = world.ids
    world.pods(version, 2)
    for outstanding in (1, 2, 3):
        world.busy(version, outstanding)
        world.demand.sample()
    world.busy(version, 0)
    assert world.demand.pop_averages(2.0) == {version: 3.0}  # (2 + 4 + 6 + 0) / 4
    assert world.demand.pop_averages(2.0) == {}


def test_short_requests_between_samples_are_found_by_their_time() -> None:
    world = World(100)
    (version,) = world.ids
    world.pods(version, 1)
    assert world.demand.pop_averages(2.0) == {}
    for _ in range(50):
        world.answered(version, 0.004)
    assert world.demand.pop_averages(2.0) == {version: pytest.approx(0.1)}


def test_those_who_wait_count_and_make_it_urgent() -> None:
    world = World(100)
    (version,) = world.ids
    assert not world.demand.has_scaled_to_zero
    world.hold_queue = {"wine": 3}
    assert world.demand.pop_averages(1.0) == {version: 3.0}
    assert world.demand.has_scaled_to_zero
    world.pods(version, 1)
    world.hold_queue = {version: 2}
    assert world.demand.pop_averages(1.0) == {version: 2.0}
    assert not world.demand.has_scaled_to_zero


def test_a_version_that_sleeps_beside_another_is_wanted_by_its_share() -> None:
    world = World(90, 10)
    awake, asleep = world.ids
    world.pods(awake, 1)
    world.demand.pop_averages(1.0)
    world.busy(awake, 4)
    assert world.demand.pop_averages(1.0) == {awake: 4.0, asleep: pytest.approx(0.4)}
    world.busy(awake, 0)
    for _ in range(10):
        world.answered(awake, 0.1)
    assert world.demand.pop_averages(1.0) == {awake: pytest.approx(1.0), asleep: pytest.approx(0.1)}
    world.pods(asleep, 1)
    assert world.demand.pop_averages(1.0) == {}


def test_who_waits_for_a_service_wants_its_versions_with_a_weight_and_its_fallback_alone() -> None:
    world = World(100, 0, 0, fallback="v2")
    weighted, _, fallback = world.ids
    world.hold_queue = {"wine": 3}
    assert world.demand.pop_averages(1.0) == {weighted: 3.0, fallback: 3.0}


def test_a_version_with_fixed_replicas_is_not_counted() -> None:
    world = World(100, is_autoscaled=False)
    world.pods(world.ids[0], 1)
    world.busy(world.ids[0], 9)
    assert world.demand.pop_averages(1.0) == {}
