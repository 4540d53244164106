"""One run of a pod, from its process' start to its end: what metering counts. Told by the scheduler."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import Field

from shared.contracts.base import Contract
from shared.contracts.deployment import Resources


class PodRun(Contract):
    """A run is named by (`version_id`, `pod`, `run`); its times are its process' own, whoever was away meanwhile."""

    service_id: UUID
    service: str
    version_id: UUID
    version: str
    pod: str
    run: int = Field(ge=0, description="0 for the pod's first run, then one more for each restart.")
    node: str
    project: str | None = Field(default=None, description="The service's project when the version was started.")
    group: str | None = Field(default=None, description="Resource group; None: the shared pool.")
    resources: Resources
    started_at: datetime
    ended_at: datetime | None = Field(default=None, description="None: it runs.")
    is_exact: bool = Field(
        default=True, description="False: nobody saw the end; `ended_at` is when it was last known to be alive."
    )
