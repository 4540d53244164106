"""What a caller may ask for: the bodies of the control API, checked on their own (no store, no registry).

A field that is not written here is refused. What is planned for later (images, `llm`)
is recognised and refused with a sentence that says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    Tag,
    model_validator,
)

from controller.domain import environment, keys, names
from controller.domain.environment import Variables
from controller.domain.keys import Scope
from controller.domain.times import Moment
from shared.contracts.deployment import Autoscaling, RuntimeOptions
from shared.contracts.routes import DEFAULT_BODY_BYTES, Cors, RateLimit
from shared.errors import Detail, InvalidInput

DEFAULT_SPEC = "1C2G"

_STRICT = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _plain_text(text: str) -> str:
    if any(ch == "\x00" or "\ud800" <= ch <= "\udfff" for ch in text):
        raise InvalidInput("Text must not hold NUL or lone surrogates")
    return text


def _known_source(value: object) -> object:
    if isinstance(value, Mapping) and value.get("kind") == "image":
        raise InvalidInput(
            "The process backend cannot run images; images come with the Docker and Kubernetes backends",
            (Detail(("model_source", "kind"), "images are not possible on the process backend"),),
        )
    return value


def _known_type(value: object) -> object:
    if value == "llm":
        raise InvalidInput("Services of type llm come later; use type ml", (Detail(("type",), "llm comes later"),))
    return value


def _few_tags(value: object) -> object:
    if isinstance(value, Mapping) and len(value) > 64:
        raise InvalidInput("At most 64 tags", (Detail(("tags",), "more than 64"),))
    return value


Text = Annotated[str, Field(max_length=4000), AfterValidator(_plain_text)]
ShortText = Annotated[str, Field(max_length=256), AfterValidator(_plain_text)]
ServiceName = Annotated[str, AfterValidator(names.service_name)]
VersionName = Annotated[str, AfterValidator(names.version_name)]
KeyName = Annotated[str, AfterValidator(names.key_name)]
Cores = Annotated[float, Field(gt=0, le=1024)]
Gibibytes = Annotated[float, Field(gt=0, le=65_536)]
Devices = Annotated[int, Field(strict=True, ge=0, le=64)]
Tags = Annotated[dict[ShortText, ShortText], BeforeValidator(_few_tags)]
Weight = Annotated[int, Field(strict=True, ge=0, le=100)]
SplitWeight = Annotated[int, Field(strict=True)]
FixedReplicas = Annotated[int, Field(strict=True, ge=0, le=1000)]
Milliseconds = Annotated[int, Field(strict=True, ge=1, le=3_600_000)]
BodyBytes = Annotated[int, Field(strict=True, ge=1, le=256 * 1024 * 1024)]
Scopes = Annotated[tuple[Scope, ...], Field(min_length=1), AfterValidator(keys.in_order)]
Origin = Annotated[str, Field(pattern=r"^(\*|https?://[A-Za-z0-9.\-\[\]:]{1,255})$")]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]


class Command(BaseModel):
    """Base of every body: unknown fields, NaN and infinities are refused."""

    model_config = _STRICT


class ModelSource(Command):
    """A model registered in MLflow, by `version` or by `alias`: exactly one of them. `follow`: as the alias moves.

    `registry`: a secret of the kind `mlflow`, of the service's project; None: the platform's own tracking server.
    """

    kind: Literal["mlflow"] = Field(description="A model registered in MLflow.")
    model: Annotated[str, AfterValidator(names.model_name)] = Field(description="Name of the registered model.")
    version: Annotated[str, AfterValidator(names.model_version)] | None = Field(
        default=None, description="Number of its version."
    )
    alias: Annotated[str, AfterValidator(names.model_alias)] | None = Field(
        default=None, description="Alias of the version, such as `champion`."
    )
    registry: ServiceName | None = Field(
        default=None,
        description="Secret of the kind `mlflow` of the service's project; null: the platform's own tracking server.",
    )
    follow: StrictBool = Field(default=False, description="Publish anew whenever the alias has moved.")

    @model_validator(mode="after")
    def _one_of_two(self) -> ModelSource:
        if (self.version is None) == (self.alias is None):
            raise InvalidInput(
                "model_source takes exactly one of version and alias",
                (Detail(("model_source",), "exactly one of version and alias"),),
            )
        if self.follow and self.alias is None:
            raise InvalidInput("Only an alias can be followed", (Detail(("model_source", "follow"), "needs an alias"),))
        return self


class ResourceSource(Command):
    """The shared pool, by the name of a spec."""

    kind: Literal["shared"] = Field(default="shared", description="The shared pool.")
    spec: Annotated[str, Field(max_length=64)] = Field(
        default=DEFAULT_SPEC, description="Name in the catalogue of resource specs."
    )


class GroupSource(Command):
    """Nodes of a resource group; cores, GiB and devices of one pod."""

    kind: Literal["group"] = Field(description="Nodes of a resource group.")
    group: VersionName = Field(description="Name of the group.")
    cpu: Cores = Field(description="Of one pod.")
    memory_gb: Gibibytes = Field(description="Of one pod.")
    gpu: Devices = Field(default=0, description="Of one pod.")


def _kind_of_resources(value: object) -> str:
    kind = value.get("kind", "shared") if isinstance(value, Mapping) else getattr(value, "kind", "shared")
    return kind if isinstance(kind, str) else ""


PodResources = Annotated[
    Annotated[ResourceSource, Tag("shared")] | Annotated[GroupSource, Tag("group")],
    Discriminator(_kind_of_resources),
]


class LogDelivery(Command):
    """Whether requests are recorded into an inference table, where, and which share of them."""

    enabled: StrictBool = Field(default=True, description="Whether requests are recorded.")
    destination: Annotated[str, Field(max_length=1024), AfterValidator(_plain_text)] | None = Field(
        default=None, description="Root of the tables, `file:///…`; None: the platform's own."
    )
    sample_rate: float = Field(default=1.0, ge=0, le=1)


class CrossOrigin(Cors):
    """`Cors` as a body: unknown fields are refused, and origins and header names that are none."""

    model_config = _STRICT

    allow_origins: tuple[Origin, ...] = Field(min_length=1, max_length=64)
    allow_headers: Annotated[tuple[HeaderName, ...], Field(max_length=64)] = Cors.model_fields["allow_headers"].default


class QpsLimit(RateLimit):
    """`RateLimit` as a body: unknown fields are refused."""

    model_config = _STRICT


class ReplicaRange(Autoscaling):
    """`Autoscaling` as a body: unknown fields are refused, and a `min` above `max`."""

    model_config = _STRICT

    @model_validator(mode="after")
    def _least_first(self) -> ReplicaRange:
        if self.min > self.max:
            raise InvalidInput("replicas.min must not be above replicas.max", (Detail(("replicas", "min"), "> max"),))
        return self


def _kind_of_replicas(value: object) -> str:
    return "range" if isinstance(value, Mapping | ReplicaRange) else "fixed"


Replicas = Annotated[
    Annotated[FixedReplicas, Tag("fixed")] | Annotated[ReplicaRange, Tag("range")], Discriminator(_kind_of_replicas)
]


class Runtime(RuntimeOptions):
    """`RuntimeOptions` as a body: unknown fields are refused."""

    model_config = _STRICT


Source = Annotated[ModelSource, BeforeValidator(_known_source)]


class FirstVersion(Command):
    """Configuration of a version; every field but the model has a default."""

    model_source: Source = Field(description="Which model.")
    resource_source: PodResources = Field(default=ResourceSource(), description="Where it runs, and with how much.")
    name: VersionName | None = Field(default=None, description="None: v1, v2, … are given out.")
    description: Text = Field(default="", description="For people.")
    replicas: Replicas = Field(default=1, description="Pods: a fixed number, or a range in which the load decides.")
    rate_limit: QpsLimit | None = Field(
        default=None, description="Requests per second that are let through; null: all."
    )
    request_timeout_ms: Milliseconds = Field(default=60_000, description="A request that takes longer is answered 504.")
    max_concurrency: Annotated[int, Field(strict=True, ge=1, le=10_000)] | None = Field(
        default=None, description="Requests at one pod at once; null: as many as come."
    )
    log_delivery: LogDelivery = Field(
        default=LogDelivery(),
        description="Left out: as the service's latest active version has it, else its newest; a first one records.",
    )
    runtime: Runtime = Field(default=Runtime(), description="How the model server behaves.")
    env: Variables = Field(default={}, description="Environment variables of its pods.")
    traffic_weight: Weight = Field(default=0, description="Share when it starts beside another; the first gets 100.")

    @model_validator(mode="before")
    @classmethod
    def _env_of_its_source(cls, value: Any) -> Any:
        return environment.beside_its_source(value)


class NewVersion(FirstVersion):
    """A further version of a service."""

    start: StrictBool = Field(default=False, description="Start it at once.")


class NewService(Command):
    """A service, usually with its first version."""

    name: ServiceName = Field(
        description="DNS label: lower-case letters, digits, hyphens, at most 63. Unique, and never changed."
    )
    type: Annotated[Literal["ml"], BeforeValidator(_known_type)] = Field(default="ml", description="What it serves.")
    description: Text = Field(default="", description="For people.")
    project: ServiceName = Field(default="default", description="Project that it belongs to.")
    tags: Tags = Field(default={}, description="For people and searches: at most 64.")
    auth_enabled: StrictBool = Field(default=True, description="Whether callers need an API key.")
    sticky_header: HeaderName | None = Field(
        default=None, description="Header whose value decides on the version: callers stay with theirs."
    )
    cors: CrossOrigin | None = Field(default=None, description="Pages of other origins that may call it; null: none.")
    max_body_bytes: BodyBytes = Field(default=DEFAULT_BODY_BYTES, description="Longer requests are answered 413.")
    version: FirstVersion | None = Field(default=None, description="Its first version.")
    start: StrictBool = Field(default=False, description="Start that version at once.")

    @model_validator(mode="after")
    def _something_to_start(self) -> NewService:
        if self.start and self.version is None:
            raise InvalidInput("start needs a version", (Detail(("version",), "missing, but start is true"),))
        return self


class Change(Command):
    """A partial update: what is absent stays, and null is only for fields that may be null."""

    nullable: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _null_only_where_possible(cls, value: Any) -> Any:
        items = value.items() if isinstance(value, Mapping) else ()
        wrong = [key for key, given in items if given is None and key not in cls.nullable]
        if wrong:
            raise InvalidInput(
                f"{', '.join(wrong)} must not be null", [Detail((key,), "must not be null") for key in wrong]
            )
        return value


class ServiceChange(Change):
    """What of a service may be edited; what belongs to versions reaches all of them, or the only active one."""

    nullable: ClassVar[frozenset[str]] = frozenset({"sticky_header", "cors"})

    description: Text | None = Field(default=None, description="For people.")
    tags: Tags | None = Field(default=None, description="Replaces all of them.")
    auth_enabled: StrictBool | None = Field(default=None, description="Whether callers need an API key.")
    sticky_header: HeaderName | None = Field(default=None, description="Header whose value decides on the version.")
    cors: CrossOrigin | None = Field(default=None, description="Pages of other origins that may call it.")
    max_body_bytes: BodyBytes | None = Field(default=None, description="Longer requests are answered 413.")
    log_delivery: LogDelivery | None = Field(default=None, description="Of every version.")
    resource_source: PodResources | None = Field(default=None, description="Of the only active version.")

    @property
    def own(self) -> tuple[str, ...]:
        """Fields of the service itself that are named, in order."""
        return tuple(sorted(self.model_fields_set - {"log_delivery", "resource_source"}))


class VersionChange(Change):
    """What of a version may be edited; a change of model, resources, replicas, runtime or env reaches its pods."""

    nullable: ClassVar[frozenset[str]] = frozenset({"rate_limit", "max_concurrency"})

    model_source: Source | None = Field(default=None, description="Which model; its pods roll over.")
    resource_source: PodResources | None = Field(default=None, description="Where it runs; its pods roll over.")
    description: Text | None = Field(default=None, description="For people.")
    replicas: Replicas | None = Field(
        default=None, description="Pods: a fixed number, or a range in which the load decides."
    )
    rate_limit: QpsLimit | None = Field(default=None, description="Replaces the whole limit; null: none.")
    request_timeout_ms: Milliseconds | None = Field(
        default=None, description="A request that takes longer is answered 504."
    )
    max_concurrency: Annotated[int, Field(strict=True, ge=1, le=10_000)] | None = Field(
        default=None, description="Requests at one pod at once; null: as many as come."
    )
    log_delivery: LogDelivery | None = Field(default=None, description="Replaces the whole of it.")
    runtime: Runtime | None = Field(default=None, description="Replaces the whole of it; its pods roll over.")
    env: Variables | None = Field(default=None, description="All environment variables of its pods, anew.")
    traffic_weight: Weight | None = Field(default=None, description="Only while it is not active; else PUT traffic.")

    @model_validator(mode="before")
    @classmethod
    def _env_of_its_source(cls, value: Any) -> Any:
        return environment.beside_its_source(value)


class Start(Command):
    """Options of a start; `traffic_weight` replaces the share that the version was created with."""

    traffic_weight: Weight | None = Field(default=None, description="Share beside another active version.")


Weights = Annotated[dict[str, SplitWeight], Field(min_length=1, max_length=64)]


class Split(Command):
    """The wanted split over a service's active versions: whole numbers that sum to 100.

    `fallback`: the version that answers while none with a weight has a ready pod; null: none; absent: as it was.
    """

    weights: Weights
    fallback: Annotated[str, Field(max_length=256)] | None = None


class Stop(Command):
    """Options of a stop."""

    weights: Weights | None = Field(
        default=None, description="The split over the versions that stay; None: those with a weight take the share."
    )


class NewKey(Command):
    """An API key of a service; without `scopes` it has all of them."""

    name: KeyName = Field(description="1 to 63 letters, digits, spaces and any of _ . @ -")
    expires_at: Moment | None = Field(default=None, description="When it ends by itself; null: never.")
    scopes: Scopes | None = Field(
        default=None, description="`predict`: the service, by its split; `versions`: one version by its name."
    )


class Rotation(Command):
    """A successor for a key; with `grace_s` the old one ends by itself after so many seconds."""

    expires_at: Moment | None = Field(default=None, description="When the successor ends; null: never.")
    grace_s: Annotated[int, Field(strict=True, ge=0, le=31_536_000)] | None = Field(
        default=None, description="The old key lives on for so long; null: until it is revoked."
    )


def must_be_ahead(expires_at: datetime | None, now: datetime) -> None:
    """Refuse an expiry that has passed."""
    if expires_at is not None and expires_at <= now:
        raise InvalidInput("expires_at lies in the past", (Detail(("expires_at",), "lies in the past"),))
