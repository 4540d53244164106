"""What is wanted of each version, and what its pods may still be made of in the middle of a roll-out."""

from __future__ import annotations

from uuid import UUID

from scheduler.backends.kubernetes.pods.observer import VersionWanted
from scheduler.domain.rollout import template_of
from shared.contracts.deployment import Deployment

KEPT_INTENTS = 3


class Intents:
    """The newest intent of every version, and the newest of each template before it."""

    def __init__(self) -> None:
        self._known: dict[UUID, list[Deployment]] = {}

    def put(self, deployment: Deployment) -> bool:
        """This is wanted now; whether it is news."""
        known = self._known.get(deployment.version_id, [])
        if known and known[0] == deployment:
            return False
        template = template_of(deployment)
        older = [each for each in known if template_of(each) != template]
        self._known[deployment.version_id] = [deployment, *older][:KEPT_INTENTS]
        return True

    def of(self, version_id: UUID) -> list[Deployment]:
        """What pods of a version may be made of, its newest intent first."""
        return self._known.get(version_id, [])

    def wanted(self, version_id: UUID) -> VersionWanted | None:
        """The newest, as pods are held against it."""
        known = self._known.get(version_id)
        if not known:
            return None
        return VersionWanted(known[0].generation, template_of(known[0]), known[0].desired_replicas)

    def project(self, version_id: UUID) -> str | None:
        """Whose it is."""
        known = self._known.get(version_id)
        return known[0].project if known else None

    def forget(self, version_id: UUID) -> None:
        """It is gone."""
        self._known.pop(version_id, None)
