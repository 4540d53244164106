"""What should run: the controller's intent for one version, as the scheduler reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Discriminator, Field, StringConstraints, Tag

from shared.contracts.base import Contract

DnsLabel = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", max_length=63)]
OCI_SCHEME = "oci://"
"""Begins the names of images whose files are mounted."""
BackendName = Literal["process", "docker", "kubernetes"]
"""What runs pods: processes of the scheduler's machine, containers of an engine, a namespace of a cluster."""


class MlflowSource(Contract):
    """A model registered in MLflow, by version; an alias is resolved by the controller before it gets here."""

    kind: Literal["mlflow"] = "mlflow"
    model: str
    version: str
    tracking_uri: str | None = Field(default=None, description="None: the platform's own tracking server.")
    registry: str | None = Field(
        default=None,
        description="Secret with another tracking server's URL and credentials.",
        # Absent where there is none: what runs already keeps its template and its digest.
        exclude_if=lambda name: name is None,
    )


class ArtifactMount(Contract):
    """Files of an MLflow artifact, read-only below `path`."""

    kind: Literal["artifact"] = "artifact"
    path: str = Field(description="Absolute path in the container.")
    uri: str = Field(description="`models:/name/3`, `runs:/<run id>/path` or `mlflow-artifacts:/…`.")
    registry: str | None = Field(
        default=None, description="Secret (`mlflow`) of its tracking server; None: the platform's own."
    )


class S3Mount(Contract):
    """Objects under an `s3://bucket/prefix`, read-only below `path`."""

    kind: Literal["s3"] = "s3"
    path: str = Field(description="Absolute path in the container.")
    uri: str = Field(description="`s3://bucket/prefix`.")
    credentials: str | None = Field(default=None, description="Secret (`s3`); None: the objects are public.")
    endpoint: str | None = Field(default=None, description="`https://…` of another store than AWS.")


class OciMount(Contract):
    """Files of a container image, read-only below `path`: a node mounts the image itself (Kubernetes)."""

    kind: Literal["oci"] = "oci"
    path: str = Field(description="Absolute path in the container.")
    uri: str = Field(description="`oci://registry/repository:tag@digest`.")
    credentials: str | None = Field(default=None, description="Secret (`registry`) that it is pulled with; None: none.")

    @property
    def image(self) -> str:
        """The image's name."""
        return self.uri.removeprefix(OCI_SCHEME)


class FileMount(Contract):
    """One read-only file at `path`, its text in the version itself."""

    kind: Literal["file"] = "file"
    path: str = Field(description="Absolute path in the container.")
    content: str


Mount = Annotated[ArtifactMount | S3Mount | OciMount | FileMount, Field(discriminator="kind")]


class ImageSource(Contract):
    """A container image that answers HTTP by itself. Its environment variables are `Deployment.env`, as a model's.

    Requests reach it as callers sent them, with the path `predict_path`; nothing of it is read but its answers.
    """

    kind: Literal["image"] = "image"
    image: str = Field(description="`registry/repository:tag@digest`, as the version's owner wrote it.")
    credentials: str | None = Field(default=None, description="Secret (`registry`) that it is pulled with; None: none.")
    command: tuple[str, ...] | None = Field(default=None, description="None: the image's own entry point.")
    args: tuple[str, ...] | None = Field(default=None, description="None: the image's own command, if no other is set.")
    port: int = Field(default=8080, ge=1, le=65_535, description="Where it listens.")
    health_path: str = Field(default="/health", description="A GET answers 2xx from the time that it is ready.")
    predict_path: str = Field(default="/predict", description="Where it takes predictions.")
    mounts: tuple[Mount, ...] = ()

    def mounted_images(self) -> dict[int, OciMount]:
        """The images whose files it mounts, by their place among all mounts."""
        return {number: mount for number, mount in enumerate(self.mounts) if isinstance(mount, OciMount)}


def _kind_of_source(value: object) -> str:
    """What earlier releases wrote may say no kind: `mlflow` was the only one."""
    kind = value.get("kind", "mlflow") if isinstance(value, Mapping) else getattr(value, "kind", "")
    return kind if isinstance(kind, str) else ""


Source = Annotated[
    Annotated[MlflowSource, Tag("mlflow")] | Annotated[ImageSource, Tag("image")], Discriminator(_kind_of_source)
]
"""What a version is made from, by `kind`."""


class SecretKeyRef(Contract):
    """One field of a secret (of the kind `opaque`), by name; its value is fetched when a pod starts."""

    secret: DnsLabel
    key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,62}$")]


GpuKindText = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9 ._+/()-]{0,62}[A-Za-z0-9)])?$", max_length=64)
]
"""Words that the name of a kind of GPU holds, such as `H200` or `MIG 1g.18gb`."""


class Resources(Contract):
    """What one pod may use."""

    spec: str = Field(description="Name in the catalogue, such as `1C2G`.")
    cpu: float = Field(gt=0, description="Cores.")
    memory_gb: float = Field(gt=0, description="GiB.")
    gpu: int = 0
    gpu_kind: GpuKindText | None = Field(
        default=None,
        description="Words that the name of each of its GPUs holds, such as `H200` or `MIG 1g.18gb`; None: any.",
        # Absent where there is none: what runs already keeps its template and its digest.
        exclude_if=lambda kind: kind is None,
    )
    group: DnsLabel | None = Field(
        default=None,
        description="Resource group on whose nodes alone it runs; None: the shared pool.",
        exclude_if=lambda name: name is None,
    )
    backend: BackendName | None = Field(
        default=None,
        description="What runs it, where its group names that; None: the scheduler's default.",
        # Absent where there is none: what runs already keeps its template and its digest.
        exclude_if=lambda name: name is None,
    )


class RuntimeOptions(Contract):
    """How the model server inside the pod behaves."""

    row_wise: Literal["auto", "true", "false"] = Field(
        default="auto", description="Whether rows of different callers may share one `predict`."
    )
    types: Literal["strict", "compat"] = Field(default="strict", description="Coerce only without loss, or as MLflow.")
    max_batch_rows: int = Field(default=256, ge=1)
    workers: int = Field(
        default=1, ge=1, le=64, description="Processes in each pod that predict, where the model takes long."
    )


class ExampleCheck(Contract):
    """The model's own input example, sent through the pod's whole scoring path before the first caller."""

    status: Literal["ok", "failed", "absent"]
    rows: int = 0
    duration_ms: float | None = Field(default=None, description="Of the second of two calls: the first warms up.")
    message: str | None = Field(default=None, description="Why it failed.")


class ModelSignature(Contract):
    """A model's signature in MLflow's own words: each part is the JSON text that `ModelSignature.to_dict` gives."""

    inputs: str | None = None
    outputs: str | None = None
    params: str | None = None


class PublishCheck(Contract):
    """What a pod found out about its model before it said that it was ready (`GET /check` on the pod)."""

    load_ms: float
    example: ExampleCheck
    row_wise: bool = Field(description="Whether rows of different callers share one `predict`.")
    row_wise_reason: str = Field(
        description="Why: `option` (the owner says so); shared after answers together were compared with those alone: "
        "`example`, `signature` (made-up rows), `requests`; not shared: `dependent` (answers differ beside others), "
        "`structure` (an answer is not one row for each row asked), `unproven`. `model`, `flavour`, `probe`: said by "
        "pods of earlier releases."
    )
    row_wise_message: str | None = Field(default=None, description="The reason in words.")
    has_signature: bool


class ReportedEvent(Contract):
    """Something that happened in a pod after it was ready; `revision` numbers the changes of its report."""

    revision: int = Field(ge=1)
    level: Literal["info", "warning", "error"] = "info"
    reason: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z]{0,63}$")]
    message: Annotated[str, StringConstraints(max_length=1000)]


class PodReport(PublishCheck):
    """All that a pod tells of itself (`GET /check` on the pod): read again when a health answer has a new revision."""

    signature: ModelSignature | None = Field(
        default=None, description="None: the model has none, or one of more than 128 KiB."
    )
    check_ms: float | None = Field(default=None, description="From the loaded model to a pod that is ready.")
    revision: int = Field(default=0, ge=0)
    worker_deaths: int = Field(default=0, ge=0, description="Processes that ran the model, and ended unasked.")
    last_worker_death: Annotated[str, StringConstraints(max_length=300)] | None = Field(
        default=None, description="Such as `worker killed by SIGKILL`."
    )
    events: tuple[ReportedEvent, ...] = Field(default=(), max_length=100)

    def as_check(self) -> PublishCheck:
        """What it says of the model."""
        return PublishCheck.model_validate(self.model_dump())


class Autoscaling(Contract):
    """Let the load decide on the number of pods, `min` to `max` of them (Knative's words and algorithm)."""

    min: int = Field(default=0, ge=0, le=1000, description="0: without callers for a while, no pod runs.")
    max: int = Field(ge=1, le=1000)
    target_concurrency: float = Field(
        default=16, gt=0, le=100_000, description="Requests in flight at one pod that are neither too few nor too many."
    )


class Deployment(Contract):
    """Wanted state of one version. `desired_replicas` 0 means: nothing should run, release everything.

    With `autoscaling` the scheduler decides how many pods there are while `desired_replicas` is not 0.

    `generation` grows with every change of this version's intent; the scheduler ignores an older one.
    """

    service_id: UUID
    service: DnsLabel
    version_id: UUID
    version: DnsLabel
    generation: int = Field(ge=1)
    desired_replicas: int = Field(ge=0)
    autoscaling: Autoscaling | None = None
    model_source: Source
    resources: Resources
    runtime: RuntimeOptions = RuntimeOptions()
    env: dict[str, str | SecretKeyRef] = Field(
        default={},
        description="Environment variables of its pods; of secrets the names alone.",
        # Absent where there are none: what runs already keeps its template and its digest.
        exclude_if=lambda variables: not variables,
    )
    project: str | None = Field(default=None, description="Whose pods they are; for metering.")
    restart: int | None = Field(
        default=None,
        description="Generation at which all pods were last to be replaced, though nothing else had changed.",
        # Absent where nobody asked for it: what runs already keeps its template.
        exclude_if=lambda generation: generation is None,
    )

    def mlflow_source(self) -> MlflowSource | None:
        """The registered model that it is made from; None: from an image."""
        return self.model_source if isinstance(self.model_source, MlflowSource) else None

    def image_source(self) -> ImageSource | None:
        """The image that it is made from; None: from a registered model."""
        return self.model_source if isinstance(self.model_source, ImageSource) else None

    def pod_configuration(self) -> str:
        """What of it a pod is made of: where that, or `restart`, changes, pods are replaced."""
        what = (self.model_source, self.resources, self.runtime)
        text = "\n".join(part.model_dump_json() for part in what)
        return text + self.model_dump_json(include={"env"}) if self.env else text


class PodView(Contract):
    """One pod as operators see it."""

    name: str
    service: str
    version: str
    version_id: UUID
    node: str
    status: Literal["Waiting", "Running", "Failed", "Terminating"]
    reason: str | None = Field(default=None, description="Why it waits or failed: building the environment, loading, …")
    ready: bool
    restarts: int = Field(description="Of the pod, and of the processes in it that run the model.")
    last_exit: str | None = Field(
        default=None,
        description="How the previous run ended, such as `exit code 1`, or the last `worker killed by SIGKILL`.",
    )
    started_at: str | None = Field(default=None, description="ISO-8601 UTC.")
    address: str | None = None
    pid: int | None = None
    image: str | None = Field(
        default=None, description="Image that it was made from, `repository@sha256:…`; None: none of its owner's."
    )
    cpu_cores: float | None = Field(default=None, description="Cores in use at the last sample.")
    limits_enforced: bool = Field(
        default=False, description="Whether the kernel keeps the pod to the cores and memory that it asked for."
    )
    memory_bytes: int | None = Field(default=None, description="Proportional or resident set at the last sample.")


class VersionState(Contract):
    """What the scheduler knows of one version; the same facts as its events, as state (for a resync)."""

    version_id: UUID
    service: str
    version: str
    generation: int = Field(description="The generation of intent that this state speaks of.")
    phase: Literal["starting", "running", "failed", "stopping", "stopped"]
    desired_replicas: int
    ready_replicas: int
    reason: str | None = None
    message: str | None = None
    log_tail: tuple[str, ...] = ()
    is_rolling: bool = Field(
        default=False, description="Pods of this generation are to replace older ones, and not all of them are ready."
    )
    has_rollout_failed: bool = Field(
        default=False, description="They do not get ready, and `reason`, `message` and `log_tail` say why."
    )
