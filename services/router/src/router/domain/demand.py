"""The load of each autoscaled version: requests in flight at its pods, and those that wait for a pod."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from uuid import UUID

from router.domain.routes.entities import RoutedService, RoutedVersion
from router.domain.routes.table import RouteTable


@dataclass(slots=True)
class Demand:
    """The average since it was last taken. `waiting`: requests held for a version (its id) or a service (its name).

    Requests in flight are sampled, which finds long ones, and computed from the time that responses took (Little's
    law), which finds short ones between two samples; the larger of the two counts.
    """

    table: RouteTable
    waiting: Callable[[Hashable], int]
    has_scaled_to_zero: bool = False
    """Whether any of them had no pods at the last sample."""
    _sums: defaultdict[UUID, float] = field(default_factory=lambda: defaultdict(float))
    _samples: int = 0
    _spent: dict[tuple[str, str], float] = field(default_factory=dict)
    """Service and pod → seconds that its responses took so far, all together."""

    def sample(self) -> None:
        """Take a sample; cheap where nothing is autoscaled."""
        self._samples += 1
        self.has_scaled_to_zero = False
        for service, version in self._autoscaled():
            count = sum(pod.outstanding for pod in version.pods) + self._waiting(service, version)
            self.has_scaled_to_zero |= not version.pods
            if count:
                self._sums[version.id] += count

    def pop_averages(self, elapsed_s: float) -> dict[UUID, float]:
        """Version → requests in flight on average over the last `elapsed_s` seconds, where there were any."""
        self.sample()
        sums, samples, self._samples = self._sums, self._samples, 0
        self._sums = defaultdict(float)
        spent = self._newly_spent()
        found = {
            version.id: max(sums.get(version.id, 0.0) / samples, self._part(service, version, spent) / elapsed_s)
            for service, version in self._autoscaled()
        }
        return {version: round(mean, 4) for version, mean in found.items() if mean > 0}

    def _autoscaled(self) -> Iterable[tuple[RoutedService, RoutedVersion]]:
        for service in self.table.services.values():
            if service.is_autoscaled:
                for version in service.versions.values():
                    if version.is_autoscaled:
                        yield service, version

    def _waiting(self, service: RoutedService, version: RoutedVersion) -> float:
        """Requests that wait for the version; and its share of what others answer while it has no pods."""
        waiting = self.waiting(version.id)
        if version.pods:
            return waiting
        answered = sum(pod.outstanding for other in service.versions.values() for pod in other.pods)
        for_any = self.waiting(service.name) if version.weight or version is service.fallback else 0
        return waiting + for_any + answered * version.weight / 100

    def _newly_spent(self) -> dict[str, float]:
        """Pod → seconds that its responses since the last call took, all together."""
        now = {
            (service.name, pod.name): pod.tally.latency_sum_s
            for service in self.table.services.values()
            if service.is_autoscaled
            for version in service.versions.values()
            for pod in version.pods
        }
        before, self._spent = self._spent, now
        return {key[1]: time - before.get(key, time) for key, time in now.items()}

    def _part(self, service: RoutedService, version: RoutedVersion, spent: dict[str, float]) -> float:
        """The version's part of them; while it has no pods, its share of what the others spent."""
        if version.pods:
            return sum(spent[pod.name] for pod in version.pods)
        others = sum(spent[pod.name] for other in service.versions.values() for pod in other.pods)
        return others * version.weight / 100
