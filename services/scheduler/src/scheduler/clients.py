"""The KV buckets: the scheduler's half of the route table, written until it is so; and the load that routers report."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Literal
from uuid import UUID

from pydantic import ValidationError

from scheduler.domain.router_load import RouterLoad
from shared.bus import Bus
from shared.clock import Clock
from shared.contracts.deployment import SecretKeyRef
from shared.contracts.routes import (
    ENDPOINTS_PREFIX,
    ROUTERS_BUCKET,
    ROUTES_BUCKET,
    RouterHeartbeat,
    VersionEndpoints,
    endpoints_key,
)
from shared.contracts.rpc.controller import (
    IMAGE_SECRET,
    REGISTRY_ACCESS,
    SECRET_VALUES,
    ImageSecret,
    ImageSecretQuery,
    RegistryAccess,
    RegistryQuery,
    SecretsQuery,
    SecretValues,
)
from shared.contracts.rpc.router import REACH, ReachAnswer, ReachQuery

LIST_EVERY_S = 5.0
LISTING_REST = 50
"""A listing that takes long, of thousands of pods, is made after so many times as long, but after `LONGEST_REST_S`."""
LONGEST_REST_S = 60.0
REACH_WITHIN_S = 3.0
"""Longer than a router tries to open a connection."""


def routers_over(bus: Bus) -> Callable[[str], Awaitable[Sequence[ReachAnswer]]]:
    """Asks every router whether it reaches the address of a pod."""

    async def reached(address: str) -> Sequence[ReachAnswer]:
        there = len(await bus.kv(ROUTERS_BUCKET).list_all())
        query = ReachQuery(address=address)
        answers = await bus.ask_each(REACH, query, expected=max(there, 1), within_s=REACH_WITHIN_S)
        return [each for each in answers if isinstance(each, ReachAnswer)]

    return reached


def registry_access_over(bus: Bus) -> Callable[[str], Awaitable[RegistryAccess]]:
    """Asks the controller how a registry that a secret describes is reached, anew each time."""

    async def access(registry: str) -> RegistryAccess:
        answer = await bus.call(REGISTRY_ACCESS, RegistryQuery(registry=registry), timeout=5)
        assert isinstance(answer, RegistryAccess)
        return answer

    return access


def image_secrets_over(bus: Bus) -> Callable[[UUID, str], Awaitable[ImageSecret]]:
    """Asks the controller for a secret that a version's image names, anew each time."""

    async def secret(version_id: UUID, name: str) -> ImageSecret:
        answer = await bus.call(IMAGE_SECRET, ImageSecretQuery(version_id=version_id, secret=name), timeout=5)
        assert isinstance(answer, ImageSecret)
        return answer

    return secret


def secret_values_over(
    bus: Bus, owner: Literal["version_id", "service_id"]
) -> Callable[[UUID, Sequence[SecretKeyRef]], Awaitable[Sequence[str]]]:
    """Asks the controller for the values of secrets in variables, of pods or jobs, anew each time.

    `owner`: whose id is handed over: the pods' version, or the jobs' service.
    """

    async def values(identity: UUID, refs: Sequence[SecretKeyRef]) -> Sequence[str]:
        query = SecretsQuery.model_validate({owner: identity, "refs": tuple(refs)})
        answer = await bus.call(SECRET_VALUES, query, timeout=5)
        assert isinstance(answer, SecretValues)
        return answer.values

    return values


class EndpointsPublisher:
    """Publishes the endpoints of versions in the routes bucket: compares, and writes the difference.

    The bucket is listed again whenever the last change of endpoints is not the one that our own last write made, and
    every few seconds in any case: a purge leaves the sequence as it is.
    """

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self.bus = bus
        self.clock = clock
        self._list_at = 0.0
        self._published: dict[UUID, VersionEndpoints] = {}
        self._sequence: int | None = None
        self._named: frozenset[str] | None = None
        """Every pod in the bucket; None: to be counted again."""

    def is_withdrawn(self, pod: str) -> bool:
        """True once the bucket does not name the pod; False as long as the bucket was never read."""
        if self._sequence is None:
            return False
        if self._named is None:  # asked ten times a second by every pod that is on its way out
            self._named = frozenset(each.pod for published in self._published.values() for each in published.pods)
        return pod not in self._named

    async def sync(self, wanted: Sequence[tuple[VersionEndpoints, bool]]) -> dict[UUID, int]:
        """Write what differs. Each item: the endpoints, and whether the version is gone for good.

        Returns versions whose revision in the bucket is not below ours while the pods differ (our database was lost):
        their revision has to be raised above the returned one first. Raises `Unavailable` while the bus is away.
        """
        await self._refresh()
        behind: dict[UUID, int] = {}
        for endpoints, is_gone in wanted:
            published = self._published.get(endpoints.version_id)
            if is_gone:
                await self._remove(endpoints.version_id)
            elif (
                published is not None and published.pods != endpoints.pods and published.revision >= endpoints.revision
            ):
                behind[endpoints.version_id] = published.revision
            elif _differs(published, endpoints):
                await self._put(endpoints)
        return behind

    async def _refresh(self) -> None:
        bucket = self.bus.kv(ROUTES_BUCKET)
        sequence = await bucket.last_sequence(f"{ENDPOINTS_PREFIX}>")
        now = self.clock.monotonic()
        if sequence == self._sequence and now < self._list_at:
            return
        listing = await bucket.listing()
        self._published, self._named = _parsed(listing.values), None
        rest_s = min(max(LIST_EVERY_S, (self.clock.monotonic() - now) * LISTING_REST), LONGEST_REST_S)
        is_behind = listing.sequence < sequence  # of several servers the one that was asked
        self._sequence, self._list_at = sequence, now if is_behind else now + rest_s

    async def _put(self, endpoints: VersionEndpoints) -> None:
        key = endpoints_key(endpoints.version_id)
        sequence = await self.bus.kv(ROUTES_BUCKET).put(key, endpoints.model_dump_json().encode())
        self._published[endpoints.version_id], self._named = endpoints, None
        self._sequence = sequence  # what somebody else wrote just before is found by the next listing

    async def _remove(self, version_id: UUID) -> None:
        if version_id in self._published:
            await self.bus.kv(ROUTES_BUCKET).delete(endpoints_key(version_id))
            self._published.pop(version_id)
            self._named = None


class RouterLoadReader:
    """Reads the load from the routers' heartbeats."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock
        self._load = RouterLoad()

    async def in_flight(self) -> dict[UUID, float] | None:
        """Version → requests in flight now; None: no router lives. Raises `Unavailable` while the bus is away."""
        listed = await self._bus.kv(ROUTERS_BUCKET).list_all()
        return self._load.in_flight(_beats_of(listed), self._clock.monotonic())

    async def listen(self, is_asleep: Callable[[UUID], bool], wake: Callable[[], None]) -> None:
        """Call `wake` when a heartbeat has requests for a version without pods; a hint, besides the pass every 2 s."""
        await self._bus.connected()
        beats = await self._bus.nc.subscribe(f"$KV.{ROUTERS_BUCKET}.>")
        async for message in beats.messages:
            for beat in _beats_of({"": message.data}).values():
                if any(map(is_asleep, beat.in_flight)):
                    wake()


def _beats_of(values: Mapping[str, bytes]) -> dict[str, RouterHeartbeat]:
    found: dict[str, RouterHeartbeat] = {}
    for router, value in values.items():
        with suppress(ValidationError):  # what another release wrote says nothing of the load
            found[router] = RouterHeartbeat.model_validate_json(value)
    return found


def _differs(published: VersionEndpoints | None, wanted: VersionEndpoints) -> bool:
    if published is None:
        return bool(wanted.pods)
    return (published.revision, published.pods) != (wanted.revision, wanted.pods)


def _parsed(values: dict[str, bytes]) -> dict[UUID, VersionEndpoints]:
    found: dict[UUID, VersionEndpoints] = {}
    for key, value in values.items():
        if not key.startswith(ENDPOINTS_PREFIX):
            continue
        try:
            endpoints = VersionEndpoints.model_validate_json(value)
        except ValidationError:
            continue  # not ours; the next write of this version replaces it
        found[endpoints.version_id] = endpoints
    return found
