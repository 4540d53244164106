"""Commands about versions: the bodies of `/services/{s}/versions`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, StrictBool, Tag, model_validator

from controller.domain import names
from controller.domain.commands import (
    STRICT,
    Change,
    Command,
    Cores,
    Devices,
    Gibibytes,
    ServiceName,
    Text,
    VersionName,
    plain_text,
    require_gpus_of_kind,
)
from controller.domain.inference_tables.masking import MaskRules
from controller.domain.registries import environment
from controller.domain.registries.environment import ContainerVariables
from controller.domain.resources.specs import GPU_KIND
from controller.domain.services.image_commands import ImageModelSource
from shared.contracts.deployment import Autoscaling, RuntimeOptions
from shared.contracts.routes import RateLimit
from shared.errors import Detail, InvalidInput

DEFAULT_SPEC = "1C2G"


Weight = Annotated[int, Field(strict=True, ge=0, le=100)]
SplitWeight = Annotated[int, Field(strict=True)]
FixedReplicas = Annotated[int, Field(strict=True, ge=0, le=1000)]
Milliseconds = Annotated[int, Field(strict=True, ge=1, le=3_600_000)]


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
    gpu_kind: Annotated[str, AfterValidator(names.gpu_kind_in_group)] | None = Field(default=None, description=GPU_KIND)

    @model_validator(mode="after")
    def _kind_of_gpus(self) -> Self:
        require_gpus_of_kind(self.gpu, self.gpu_kind, "resource_source")
        return self


def _kind_of_resources(value: object) -> str:
    kind = value.get("kind", "shared") if isinstance(value, Mapping) else getattr(value, "kind", "shared")
    return kind if isinstance(kind, str) else ""


PodResources = Annotated[
    Annotated[ResourceSource, Tag("shared")] | Annotated[GroupSource, Tag("group")],
    Discriminator(_kind_of_resources),
]


class LogTopic(Command):
    """Where on the bus other systems read the records of requests: several versions and services may share it."""

    log_set: ServiceName = Field(description="Such as a team's; a DNS label.")
    topic: ServiceName = Field(description="A DNS label.")


class LogDelivery(Command):
    """Whether requests are recorded into an inference table, where, and which share of them."""

    enabled: StrictBool = Field(default=True, description="Whether requests are recorded.")
    destination: Annotated[str, Field(max_length=1024), AfterValidator(plain_text)] | None = Field(
        default=None, description="Root of the tables, `file:///…`; None: the platform's own."
    )
    sample_rate: float = Field(default=1.0, ge=0, le=1)
    masking: MaskRules = Field(
        default=(),
        description="Columns that are hashed, starred or left out before anything is passed on; not named: as before.",
    )
    log_stream: StrictBool | LogTopic = Field(
        default=False,
        description="Also hand each record to a log topic on the bus; true: the service's own, in log set `services`.",
    )


class QpsLimit(RateLimit):
    """`RateLimit` as a body: unknown fields are refused."""

    model_config = STRICT


class ReplicaRange(Autoscaling):
    """`Autoscaling` as a body: unknown fields are refused, and a `min` above `max`."""

    model_config = STRICT

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

    model_config = STRICT


Source = Annotated[ModelSource | ImageModelSource, Field(discriminator="kind")]


def _check_kind_of_source(body: FirstVersion | VersionChange) -> None:
    """What depends on whether a version is made from a model or from an image."""
    if isinstance(body.model_source, ModelSource):
        environment.check_reserved(body.env)
    elif body.model_source is not None and body.runtime not in (None, Runtime()):
        why = "an image serves by itself: options of the model server do not reach it"
        raise InvalidInput(f"runtime: {why}", (Detail(("runtime",), why),))


class FirstVersion(Command):
    """Configuration of a version; every field but the model has a default."""

    model_source: Source = Field(description="Which model, or which image.")
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
    env: ContainerVariables = Field(default={}, description="Environment variables of its pods.")
    traffic_weight: Weight = Field(default=0, description="Share when it starts beside another; the first gets 100.")

    @model_validator(mode="before")
    @classmethod
    def _env_of_its_source(cls, value: Any) -> Any:
        return environment.move_env_out_of_source(value)

    @model_validator(mode="after")
    def _of_its_source(self) -> Self:
        _check_kind_of_source(self)
        return self


class NewVersion(FirstVersion):
    """A further version of a service."""

    start: StrictBool = Field(default=False, description="Start it at once.")


class VersionChange(Change):
    """What of a version may be edited; a change of model, resources, replicas, runtime or env reaches its pods."""

    nullable: ClassVar[frozenset[str]] = frozenset({"rate_limit", "max_concurrency"})

    model_source: Source | None = Field(default=None, description="Which model or image; its pods roll over.")
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
    log_delivery: LogDelivery | None = Field(
        default=None, description="Replaces the whole of it; rules of masking stay unless it names others."
    )
    runtime: Runtime | None = Field(default=None, description="Replaces the whole of it; its pods roll over.")
    env: ContainerVariables | None = Field(default=None, description="All environment variables of its pods, anew.")
    traffic_weight: Weight | None = Field(default=None, description="Only while it is not active; else PUT traffic.")

    @model_validator(mode="before")
    @classmethod
    def _env_of_its_source(cls, value: Any) -> Any:
        return environment.move_env_out_of_source(value)

    @model_validator(mode="after")
    def _of_its_source(self) -> Self:
        _check_kind_of_source(self)
        return self


class Start(Command):
    """Options of a start; `traffic_weight` replaces the share that the version was created with."""

    traffic_weight: Weight | None = Field(default=None, description="Share beside another active version.")


Weights = Annotated[dict[str, SplitWeight], Field(min_length=1, max_length=64)]


class Stop(Command):
    """Options of a stop."""

    weights: Weights | None = Field(
        default=None, description="The split over the versions that stay; None: those with a weight take the share."
    )
