"""The route table as the request path needs it: one dictionary look-up from a path to a service and its versions.

`apply` takes one value of the `routes` bucket at a time and rebuilds only the service that it concerns. What has state
of its own (a pod's outstanding requests and connections, a version's place in the split) survives a rebuild.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from urllib.parse import quote
from uuid import UUID

import orjson
from pydantic import ValidationError

from router.domain.access.cors import CorsPolicy
from router.domain.access.keys import KeyRing
from router.domain.peers import share
from router.domain.rate_limiter import RateLimiter
from router.domain.routes.entities import RoutedPod, RoutedService, RoutedVersion, RouteTarget
from router.domain.routes.paths import find_target, fixed_paths
from router.domain.traffic_counters import TrafficTallies
from shared.contracts.routes import Intent, PodEndpoint, ServiceKeys, VersionEndpoints, VersionRoute
from shared.errors import InvalidInput


def _host_line(endpoint: PodEndpoint) -> bytes:
    """With the pod's token. A client's own header of this name never gets as far: all of `X-Penstock-…` is dropped."""
    host = b"Host: %b\r\n" % endpoint.address.encode("latin-1", "replace")
    return host + (b"X-Penstock-Pod-Token: %b\r\n" % endpoint.token.encode() if endpoint.token else b"")


class RouteTable:
    """Current routes. Single-threaded: changed and read on the event loop only."""

    def __init__(self, traffic: TrafficTallies) -> None:
        self.traffic = traffic
        self.is_known = False
        """Whether anything was ever read: before that, an unknown name may exist."""
        self.changed: Callable[[], None] = lambda: None
        """Called after each change."""
        self._routers = 1
        self._shares: dict[UUID, float] = {}
        """Version → this router's part of its limit, where that is not the even one."""
        self.paths: dict[bytes, RouteTarget] = {}
        self.services: dict[str, RoutedService] = {}
        self.keys = KeyRing()
        self._intents: dict[str, Intent] = {}
        self._endpoints: dict[UUID, VersionEndpoints] = {}
        self._paths_of: dict[str, tuple[bytes, ...]] = {}

    def apply(self, key: str, value: bytes | None) -> None:
        """Take one value of the bucket; None means that the key was deleted. Raises InvalidInput on garbage."""
        kind, _, name = key.partition(".")
        try:
            match kind:
                case "intent":
                    self._apply_intent(name, value)
                case "keys":
                    self._apply_keys(name, value)
                case "endpoints":
                    self._apply_endpoints(UUID(name), value)
                case _:
                    raise InvalidInput(f"unknown route key {key!r}")
        except (ValidationError, ValueError) as error:
            raise InvalidInput(f"route {key!r} does not parse: {error}") from error
        self.changed()

    def limiters(self) -> Iterator[tuple[UUID, RateLimiter]]:
        """Every version that has a rate limit."""
        for service in self.services.values():
            for version in service.versions.values():
                if version.limiter is not None:
                    yield version.id, version.limiter

    def share_limits(self, own: Mapping[UUID, float], others: Sequence[Mapping[UUID, float]]) -> None:
        """These routers share every limit now; of each, version → requests a second that it is asked for."""
        is_new, self._routers = len(others) + 1 != self._routers, len(others) + 1
        self._shares = {
            version: share(own.get(version, 0.0), [other.get(version, 0.0) for other in others])
            for version in {*own, *(version for other in others for version in other)}
        }
        for version, limiter in self.limiters():
            limiter.set_share(self._shares.get(version, 1 / self._routers))
        if is_new:
            for name in list(self.services):
                self._rebuild(name)
            self.changed()

    def find(self, path: bytes) -> RouteTarget | None:
        """Where a path leads that `paths` does not list."""
        return find_target(self.services, path)

    def pods(self) -> Iterator[RoutedPod]:
        """Every pod of every version."""
        for service in self.services.values():
            for version in service.versions.values():
                yield from version.pods

    def _apply_intent(self, name: str, value: bytes | None) -> None:
        if value is None:
            self._intents.pop(name, None)
        else:
            self._intents[name] = Intent.model_validate_json(value)
        self._rebuild(name)

    def _apply_keys(self, name: str, value: bytes | None) -> None:
        entries = () if value is None else ServiceKeys.model_validate_json(value).keys
        self.keys.replace(name, entries)

    def _apply_endpoints(self, version_id: UUID, value: bytes | None) -> None:
        before = self._endpoints.get(version_id)
        if value is None:
            self._endpoints.pop(version_id, None)
        else:
            self._endpoints[version_id] = VersionEndpoints.model_validate_json(value)
        after = self._endpoints.get(version_id)
        for service in {endpoints.service for endpoints in (before, after) if endpoints}:
            self._rebuild(service)

    def _rebuild(self, name: str) -> None:
        before = self.services.pop(name, None)
        known = {version.id: version for version in before.versions.values()} if before else {}
        intent = self._intents.get(name)
        service = self._build(intent, known) if intent else None
        if service is not None:
            self.services[name] = service
        self._replace_paths(name, service)
        kept = {id(pod) for version in (service.versions.values() if service else ()) for pod in version.pods}
        for version in known.values():
            _retire(pod for pod in version.pods if id(pod) not in kept)

    def _build(self, intent: Intent, known: Mapping[UUID, RoutedVersion]) -> RoutedService:
        versions = [self._version(intent.service, route, known.get(route.version_id)) for route in intent.versions]
        return RoutedService(
            name=intent.service,
            is_guarded=intent.auth_enabled,
            max_body_bytes=intent.max_body_bytes,
            tally=self.traffic.of_service(intent.service),
            versions={version.name: version for version in versions},
            candidates=tuple(version for version in versions if version.weight and version.pods),
            fallback=next((version for version in versions if version.name == intent.fallback), None),
            sticky_header=intent.sticky_header.lower().encode() if intent.sticky_header else None,
            cohort=intent.cohort.encode() if intent.cohort else b"",
            cors=CorsPolicy(intent.cors) if intent.cors else None,
            is_autoscaled=any(version.is_autoscaled for version in versions),
            debug_key=bytes.fromhex(intent.debug_key) if intent.debug_key else None,
        )

    def _version(self, service: str, route: VersionRoute, before: RoutedVersion | None) -> RoutedVersion:
        endpoints = self._endpoints.get(route.version_id)
        known = {(pod.name, pod.host_line): pod for pod in before.pods} if before else {}
        found = endpoints.pods if endpoints else ()
        pods = tuple(known.get((pod.pod, _host_line(pod))) or self._pod(service, route, pod) for pod in found)
        for pod, endpoint in zip(pods, found, strict=True):
            pod.route = _route_json(service, route, endpoint.generation)
        return RoutedVersion(
            id=route.version_id,
            service=service,
            name=route.version,
            weight=route.weight,
            timeout_s=route.request_timeout_ms / 1000,
            hold_s=route.hold_ms / 1000,
            is_logged=route.log_enabled,
            sample_rate=route.sample_rate,
            route=_route_json(service, route),
            header=f"X-Penstock-Version: {route.version}\r\n".encode("latin-1", "replace"),
            tally=self.traffic.of_version(service, route.version, route.version_id),
            limiter=self._limiter(route, before.limiter if before else None),
            pod_cap=max(1, route.max_concurrency // self._routers) if route.max_concurrency else None,
            masking=_masking_json(route),
            passes_through=route.pass_through,
            predict_path=_predict_path(route),
            is_autoscaled=route.is_autoscaled,
            phase=route.phase,
            pods=pods,
            current=before.current if before and before.weight == route.weight else 0,
        )

    def _limiter(self, route: VersionRoute, before: RateLimiter | None) -> RateLimiter | None:
        """The limiter goes on where the limit is still the same: a change of routes gives nobody new tokens."""
        if route.rate_limit is None:
            return None
        if before is not None and before.limit == route.rate_limit:
            return before
        return RateLimiter(route.rate_limit, self._shares.get(route.version_id, 1 / self._routers))

    def _pod(self, service: str, route: VersionRoute, endpoint: PodEndpoint) -> RoutedPod:
        host, _, port = endpoint.address.rpartition(":")
        tally = self.traffic.of_pod(service, route.version, route.version_id, endpoint.pod)
        return RoutedPod(
            endpoint.pod,
            endpoint.address,
            host.strip("[]"),
            int(port),
            tally,
            host_line=_host_line(endpoint),
            header=b"X-Penstock-Pod: %b\r\n" % endpoint.pod.encode("latin-1", "replace"),
        )

    def _replace_paths(self, name: str, service: RoutedService | None) -> None:
        for path in self._paths_of.pop(name, ()):
            self.paths.pop(path, None)
        if service is not None:
            paths = dict(fixed_paths(service))
            self.paths.update(paths)
            self._paths_of[name] = tuple(paths)


def _route_json(service: str, route: VersionRoute, generation: int | None = None) -> bytes:
    return orjson.dumps(
        {
            "service": service,
            "version": route.version,
            "version_id": str(route.version_id),
            "generation": generation,
            "model": route.model,
            "sampling_fraction": route.sample_rate,
            "destination": route.destination,
            **({} if route.log_topic is None else {"log_topic": route.log_topic}),
        }
    )


def _predict_path(route: VersionRoute) -> bytes:
    """As it stands in a request's first line: percent-encoded, without what would end that line or begin a query."""
    return quote(route.predict_path, safe="/%:@!$&'()*+,;=~").encode() if route.predict_path else b""


def _masking_json(route: VersionRoute) -> bytes:
    if route.masking is None:
        return b""
    rules = [(rule.column, rule.action) for rule in route.masking.rules]
    return orjson.dumps({"key": route.masking.key, "rules": rules})


def _retire(pods: Iterable[RoutedPod]) -> None:
    for pod in pods:
        pod.retire()
