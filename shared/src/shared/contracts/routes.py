"""The route table in the KV bucket `routes`: three kinds of keys, each the last value of its kind.

`intent.<service>` and `keys.<service>` are written by the controller, `endpoints.<version id>` by the scheduler;
routers read all three and write none. Each value carries a `revision` that its writer only ever raises.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.base import Contract

ROUTES_BUCKET = "routes"
ROUTERS_BUCKET = "routers"
"""Id of a router → its last heartbeat (`RouterHeartbeat`); gone 30 s after the last."""


class RouterHeartbeat(Contract):
    """A router process says that it lives, and what it was asked for since its last beat."""

    beat: UUID = Field(description="Another one each time: who keeps the same is gone.")
    asked: dict[UUID, float] = Field(
        default={}, description="Version with a rate limit → requests a second that came to it here, if any."
    )
    in_flight: dict[UUID, float] = Field(
        default={}, description="Autoscaled version → requests in flight here on average since the last beat, if any."
    )


DEFAULT_BODY_BYTES = 16 * 1024 * 1024


class RateLimit(Contract):
    """Requests per second over all routers together."""

    qps: float = Field(gt=0, description="Requests per second, over all routers together.")
    burst: int | None = Field(default=None, ge=1, description="Requests at once; None: one second's worth.")
    on_limit: Literal["reject", "queue"] = Field(
        default="reject", description="Over the limit: 429 with `Retry-After`, or a bounded wait."
    )
    queue_timeout_ms: int = Field(default=500, ge=0, description="The longest wait; then 429.")


class Cors(Contract):
    """Which pages of other origins may call a service from a browser (Fetch standard, CORS protocol)."""

    allow_origins: tuple[str, ...] = Field(
        min_length=1, description='Origins such as `https://shop.example`; or `"*"`.'
    )
    allow_headers: tuple[str, ...] = Field(
        default=("authorization", "content-type", "x-api-key", "x-request-id", "traceparent"),
        description="Request headers that pages may send.",
    )
    allow_credentials: bool = Field(default=False, description="Whether pages may send cookies and the like.")
    max_age_s: int = Field(default=600, ge=0, le=86_400, description="How long a browser may keep the permission.")


class MaskingRule(Contract):
    """What becomes of one column before anything of a request is logged."""

    column: str = Field(min_length=1, max_length=128, description="Name in requests and answers, in any case.")
    action: Literal["hash", "mask", "drop"] = Field(
        description="hash: a keyed hash of each value; mask: `***` for text, null for all else; drop: left out."
    )


class Masking(Contract):
    """The rules of a version, and the name under which the controller gives out the key of their hashes."""

    key: str
    rules: tuple[MaskingRule, ...]


class VersionRoute(Contract):
    """One active version of a service and its share."""

    version_id: UUID
    version: str
    model: str = Field(description="Served entity, such as `wine_quality/3`; becomes `served_entity_id` in the tables.")
    weight: int = Field(ge=0, le=100)
    request_timeout_ms: int = Field(default=60_000, ge=1)
    max_concurrency: int | None = Field(default=None, ge=1, description="Requests at one pod at a time.")
    hold_ms: int = Field(
        default=10_000, ge=0, description="How long a request waits for a pod where none is ready, or all are full."
    )
    pass_through: bool = Field(
        default=False, description="Every path below the service, with any method, goes to the pod as it is."
    )
    predict_path: str | None = Field(
        default=None,
        description="Where its pods take predictions, whatever path callers use; None: where callers sent them.",
        # Absent where there is none: a route of a model is written as before.
        exclude_if=lambda path: path is None,
    )
    log_enabled: bool = True
    sample_rate: float = Field(default=1.0, ge=0, le=1)
    destination: str | None = Field(default=None, description="Root of this version's tables; None: the default.")
    masking: Masking | None = Field(default=None, description="None: bodies are logged as they are.")
    log_topic: str | None = Field(default=None, description="`<log set>.<topic>` that gets its records; None: none.")
    rate_limit: RateLimit | None = None
    is_autoscaled: bool = False
    phase: Literal["running", "starting", "waiting", "failed"] | None = Field(
        default=None,
        description="What callers are told while no pod is ready; `waiting`: for room. None: written before it was.",
    )


class Intent(Contract):
    """`intent.<service>`: what callers of one service should get."""

    service_id: UUID
    service: str
    revision: int
    auth_enabled: bool
    max_body_bytes: int = DEFAULT_BODY_BYTES
    sticky_header: str | None = Field(default=None, description="None: `X-Penstock-Sticky`.")
    cohort: str | None = Field(
        default=None, max_length=64, description="Goes into the hash of a sticky split: another one for each canary."
    )
    cors: Cors | None = None
    debug_key: str | None = Field(
        default=None, description="Ed25519 public key (hex) of the controller's debug tickets; None: there are none."
    )
    versions: tuple[VersionRoute, ...] = ()
    fallback: str | None = Field(
        default=None, description="Name of the version that answers while none with a weight has a ready pod."
    )


class KeyEntry(Contract):
    """One API key, as its SHA-256 (hex) only."""

    id: UUID
    sha256: str
    expires_at: datetime | None = None
    scopes: tuple[str, ...] | None = Field(
        default=None, description="What it opens: `predict` (by the split), `versions` (one by name); None: both."
    )


class ServiceKeys(Contract):
    """`keys.<service>`: every key that opens this service now."""

    service: str
    revision: int
    keys: tuple[KeyEntry, ...] = ()


class PodEndpoint(Contract):
    """A pod that answers."""

    pod: str
    address: str = Field(description="`host:port`.")
    token: str | None = Field(
        default=None, repr=False, description="What the pod is to be asked with; None: it answers anybody."
    )
    generation: int | None = Field(
        default=None, description="Of the version's intent that the pod was made for; None: written before it was."
    )


class VersionEndpoints(Contract):
    """`endpoints.<version id>`: the ready pods of one version."""

    version_id: UUID
    service: str
    version: str
    revision: int
    pods: tuple[PodEndpoint, ...] = ()


def intent_key(service: str) -> str:
    """KV key of a service's intent."""
    return f"intent.{service}"


def keys_key(service: str) -> str:
    """KV key of a service's API keys."""
    return f"keys.{service}"


ENDPOINTS_PREFIX = "endpoints."
"""How KV keys of endpoints begin."""


def endpoints_key(version_id: UUID) -> str:
    """KV key of a version's endpoints."""
    return f"{ENDPOINTS_PREFIX}{version_id}"
