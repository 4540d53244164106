"""Which pods routers may know of, as what was last written says."""

from __future__ import annotations

from uuid import UUID

from scheduler.clients import EndpointsPublisher
from shared.clock import SystemClock
from shared.contracts.routes import PodEndpoint, VersionEndpoints

VERSION = UUID(int=1)


class FakeBucket:
    """Keeps what is put into it."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}
        self.sequence = 0

    def kv(self, name: str) -> FakeBucket:
        return self

    async def last_sequence(self, keys: str) -> int:
        return self.sequence

    async def list_all(self) -> dict[str, bytes]:
        return dict(self.values)

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
