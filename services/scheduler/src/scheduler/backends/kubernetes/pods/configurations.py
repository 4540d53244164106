"""What a pod is made of, as its own annotation says: for pods of intents that nobody remembers any more, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from scheduler.backends.kubernetes.api.client import Object
from scheduler.backends.kubernetes.manifests.names import DEPLOYMENT_ANNOTATION, TEMPLATE_LABEL, version_of
from shared.contracts.deployment import Deployment

MAX_KEPT = 10_000


class Configurations:
    """Reads each annotation once. `project_of`: a version's project, which no pod is replaced for."""

    def __init__(self, project_of: Callable[[UUID], str | None]) -> None:
        self._project_of = project_of
        self._read: dict[tuple[UUID, str, str | None], Deployment] = {}

    def of(self, pod: Mapping[str, Any]) -> Deployment | None:
        """What a pod's object is made of; None where it does not say."""
        version_id, metadata = version_of(pod), pod["metadata"]
        if version_id is None:
            return None
        project = self._project_of(version_id)
        key = version_id, str((metadata.get("labels") or {}).get(TEMPLATE_LABEL)), project
        if key not in self._read:  # each pod is asked about every second
            found = _parsed(pod)
            if found is None:
                return None
            if len(self._read) >= MAX_KEPT:
                self._read.clear()
            self._read[key] = found if project is None else found.model_copy(update={"project": project})
        return self._read[key]


def _parsed(pod: Object | Mapping[str, Any]) -> Deployment | None:
    try:
        return Deployment.model_validate_json((pod["metadata"].get("annotations") or {})[DEPLOYMENT_ANNOTATION])
    except (KeyError, ValidationError):
        return None
