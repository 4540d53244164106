"""Services, versions, pods and targets as the request path needs them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from uuid import UUID

from router.domain.access.cors import CorsPolicy
from router.domain.rate_limiter import RateLimiter
from router.domain.traffic_counters import Tally


@dataclass(slots=True, eq=False)
class RoutedPod:
    """One address that answers, its load and its idle connections."""

    name: str
    address: str
    host: str
    port: int
    tally: Tally
    outstanding: int = 0
    ejected_until: float = 0.0
    failures: int = 0
    ejections: int = 0
    is_retired: bool = False
    idle: list[Any] = field(default_factory=list)
    """Connections (`dataplane.pods.connection`) with nothing in flight."""
    host_line: bytes = b""
    """`Host: …` of requests to it, with its token."""
    header: bytes = b""
    """`X-Penstock-Pod: …` of its responses."""
    route: bytes = b""
    """What is recorded of requests that it answers: the version's `route` and the pod's generation."""

    def retire(self) -> None:
        """The pod left the endpoints: no new requests, idle connections close, requests in flight finish."""
        self.is_retired = True
        while self.idle:
            self.idle.pop().close()


@dataclass(slots=True, eq=False)
class RoutedVersion:
    """One active version and its ready pods."""

    id: UUID
    service: str
    name: str
    weight: int
    timeout_s: float
    hold_s: float
    is_logged: bool
    sample_rate: float
    route: bytes
    header: bytes
    tally: Tally
    limiter: RateLimiter | None = None
    pod_cap: int | None = None
    """Requests that this router may have at one pod at a time."""
    masking: bytes = b""
    """What is recorded of its masking rules beside the bodies; empty where it has none."""
    passes_through: bool = False
    predict_path: bytes = b""
    """Where its pods take predictions; empty: at the path that callers use."""
    is_autoscaled: bool = False
    phase: str | None = None
    """`running`, `starting`, `waiting` (for room), `failed`; None: not known."""
    pods: tuple[RoutedPod, ...] = ()
    current: int = 0


@dataclass(slots=True, eq=False)
class RoutedService:
    """One service: who may call it, and the versions that share its traffic."""

    name: str
    is_guarded: bool
    max_body_bytes: int
    tally: Tally
    versions: dict[str, RoutedVersion]
    candidates: tuple[RoutedVersion, ...]
    """Versions with a weight and a ready pod."""
    fallback: RoutedVersion | None = None
    """Answers while there are no candidates, if it has a ready pod."""
    sticky_header: bytes | None = None
    """In lower case; None: `X-Penstock-Sticky`."""
    cohort: bytes = b""
    """Whose values come first in a sticky split: another one for each canary."""
    cors: CorsPolicy | None = None
    is_autoscaled: bool = False
    """Any of its versions is."""
    debug_key: bytes | None = None
    """Ed25519 public key of whoever may debug; None: nobody."""


class PathKind(Enum):
    """What lies behind a path."""

    SCORING = "scoring"
    HEALTH = "health"
    INFER = "infer"
    """Open Inference: a prediction."""
    METADATA = "metadata"
    """Open Inference: metadata of the server and its model, answered by a pod."""
    RAW = "raw"
    """A path of a version that passes through."""


@dataclass(frozen=True, slots=True, eq=False)
class RouteTarget:
    """What a path stands for; `pod_path` is the path at the pod, unless its version has one for predictions."""

    service: RoutedService
    kind: PathKind
    pod_path: bytes
    version: RoutedVersion | None = None
    is_recorded: bool = True
    """Requests to it are predictions, or may be."""

    @property
    def version_name(self) -> str | None:
        """The version that the path names."""
        return self.version.name if self.version is not None else None
