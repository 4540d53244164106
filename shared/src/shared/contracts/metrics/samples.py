"""High-volume measurements: what `METRICS` and `LOGS` carry."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime, Field

from shared.contracts.base import Contract


class PodTraffic(Contract):
    """What one router did for one pod of one version since its last sample (counts are deltas)."""

    service: str
    version: str | None = Field(description="None: turned away before a version was chosen.")
    version_id: UUID | None = None
    pod: str | None = None
    requests: int = 0
    status: dict[str, int] = Field(default_factory=dict, description="Status code → count.")
    throttled: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    in_flight: int = Field(default=0, description="A gauge at the sample's end.")
    latency_counts: tuple[int, ...] = Field(
        default=(), description="len(LATENCY_BOUNDS_S) + 1 counts; routers of before have these alone."
    )
    latency_bins: dict[int, int] = Field(default={}, description="Bin of `latency_bins` → count.")
    latency_sum_s: float = 0.0
    logged: int = Field(default=0, description="Records accepted into the spool.")
    dropped: dict[str, int] = Field(default_factory=dict, description="Reason → records not logged.")


class KeyUsageSample(Contract):
    """What the controller reads of a router's sample."""

    keys: dict[UUID, AwareDatetime] = Field(
        default={}, description="API key → when it last opened its service here, where it did since the last sample."
    )


class TrafficSample(KeyUsageSample):
    """`penstock.metrics.v1.<router id>`: a router's last interval."""

    kind: str = "traffic"
    source: str
    sequence: int = Field(description="Grows by one per sample of this source's run; with `run_id` it dedupes.")
    run_id: UUID
    from_time: datetime
    to_time: datetime
    pods: tuple[PodTraffic, ...] = ()


class PodUsage(Contract):
    """CPU, memory and GPU of one pod at one moment; what was not measured is absent, not zero."""

    service: str
    version: str
    version_id: UUID
    pod: str
    cpu_cores: float
    memory_bytes: int
    gpu_utilisation: float | None = Field(default=None, description="Of one GPU; 2.0: two that are fully used.")
    gpu_memory_bytes: int | None = None
    ready: bool


class VersionReplicas(Contract):
    """Wanted, running and ready pods of one version at one moment."""

    service: str
    version: str
    version_id: UUID
    wanted: int
    running: int
    ready: int


class UsageSample(Contract):
    """`penstock.metrics.v1.<scheduler id>`: every pod's usage at one moment."""

    kind: str = "usage"
    source: str
    at: datetime
    pods: tuple[PodUsage, ...] = ()
    versions: tuple[VersionReplicas, ...] = ()


class LogLine(Contract):
    """One line that a pod printed."""

    at: datetime
    offset: int = Field(description="Byte offset of the line in the pod's output file; (run, offset) names the line.")
    text: str
    request_id: str | None = None


class PodOutput(Contract):
    """`penstock.logs.v1.<service>.<version>.<pod>`: consecutive lines of one run of a pod."""

    service: str
    version: str
    version_id: UUID
    pod: str
    run: int = Field(description="0 for the pod's first run, then one more for each restart.")
    lines: tuple[LogLine, ...]
