"""Which pods routers may know of, as what was last written says."""

from __future__ import annotations

from uuid import UUID

from scheduler.clients import EndpointsPublisher
from shared.bus.kv import Listing
from shared.clock import SystemClock
from shared.contracts.routes import PodEndpoint, VersionEndpoints

VERSION = UUID(int=1)


class MovedClock(SystemClock):
    """Stands still but where a test moves it."""

    passed_s = 100.0

    def monotonic(self) -> float:
        return self.passed_s


class FakeBucket:
    """Keeps what is put into it."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}
        self.sequence = 0
        self.listings = 0
        self.takes_s = 0.0
        self.stale: Listing | None = None
        self.clock = MovedClock()

    def kv(self, name: str) -> FakeBucket:
        return self

    async def last_sequence(self, keys: str) -> int:
        return self.sequence

    async def listing(self) -> Listing:
        self.listings += 1
        self.clock.passed_s += self.takes_s
        return self.stale or Listing(dict(self.values), self.sequence)

    async def put(self, key: str, value: bytes) -> int:
        self.values[key] = value
        self.sequence += 1
        return self.sequence

    async def delete(self, key: str) -> None:
        del self.values[key]
        self.sequence += 1


def endpoints(revision: int, *pods: str) -> VersionEndpoints:
    found = tuple(PodEndpoint(pod=pod, address="10.0.0.1:8080") for pod in pods)
    return VersionEndpoints(version_id=VERSION, service="wine", version="v1", revision=revision, pods=found)


async def test_a_pod_is_withdrawn_once_no_route_names_it() -> None:
    publisher = EndpointsPublisher(FakeBucket(), SystemClock())  # type: ignore[arg-type]
    assert not publisher.is_withdrawn("a")  # nothing is known yet
    await publisher.sync([(endpoints(1, "a", "b"), False)])
    assert [publisher.is_withdrawn(pod) for pod in "abc"] == [False, False, True]
    await publisher.sync([(endpoints(2, "b"), False)])
    assert [publisher.is_withdrawn(pod) for pod in "abc"] == [True, False, True]
    await publisher.sync([(endpoints(2, "b"), True)])
    assert publisher.is_withdrawn("b")


async def test_asking_again_counts_nothing_anew() -> None:
    """Of a thousand versions that end, each pod asks ten times a second: that would be a square of their number."""
    publisher = EndpointsPublisher(FakeBucket(), SystemClock())  # type: ignore[arg-type]
    await publisher.sync([(endpoints(1, "a"), False)])
    assert not publisher.is_withdrawn("a")
    publisher._published = None  # type: ignore[assignment]
    assert publisher.is_withdrawn("b")


async def test_a_server_that_is_behind_is_asked_again() -> None:
    bucket = FakeBucket()
    await EndpointsPublisher(bucket, bucket.clock).sync([(endpoints(1, "a"), False)])  # type: ignore[arg-type]
    publisher, bucket.stale = EndpointsPublisher(bucket, bucket.clock), Listing({}, 0)  # type: ignore[arg-type]
    await publisher.sync([])
    assert publisher.is_withdrawn("a")  # as that server has it

    bucket.stale = None
    await publisher.sync([])
    assert not publisher.is_withdrawn("a")


async def test_one_listing_that_took_long_is_no_reason_to_be_blind_for_minutes() -> None:
    bucket = FakeBucket()
    publisher = EndpointsPublisher(bucket, bucket.clock)  # type: ignore[arg-type]
    bucket.takes_s = 10.0
    await publisher.sync([(endpoints(1, "a"), False)])
    bucket.values.clear()  # purged
    bucket.clock.passed_s += 45
    await publisher.sync([(endpoints(1, "a"), False)])
    assert (bucket.listings, bucket.values) == (1, {})
    bucket.clock.passed_s += 15
    await publisher.sync([(endpoints(1, "a"), False)])
    assert list(bucket.values) == [f"endpoints.{VERSION}"]
