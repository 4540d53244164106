"""Settings of the scheduler: environment variables `SCHEDULER_…`, read once, in `__main__`.

Durations are ISO 8601 (`PT2S`) or `HH:MM:SS`.
"""

from __future__ import annotations

import socket
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, field_validator, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from scheduler.domain.autoscaling import AutoscalerTiming
from scheduler.domain.probes import ProbeLimits
from scheduler.domain.verdict import VerdictLimits
from scheduler.kubernetes_settings import KubernetesSettings
from shared.contracts.deployment import BackendName
from shared.security.addresses import AddressRule
from shared.settings import Duration

ZERO = timedelta(0)
LOWEST_USER = 1000
"""Numbers below it are system users."""


class SchedulerSettings(KubernetesSettings):
    """What an operator may set."""

    model_config = SettingsConfigDict(env_prefix="SCHEDULER_")

    database_url: str = ""
    """SQLAlchemy URL; default an SQLite file, `scheduler/scheduler.db` under the home folder."""

    admin_port: int = 9102
    """TCP port of /metrics, /healthz, /readyz and /pods on `admin_host`; default 9102."""

    mlflow_url: str = Field(
        default="http://127.0.0.1:5000",
        validation_alias=AliasChoices(
            "SCHEDULER_MLFLOW_URL", "SCHEDULER_MLFLOW_URI", "MLFLOW_TRACKING_URI", "mlflow_url"
        ),
    )
    """Tracking URI that models are fetched from where a version names none; default http://127.0.0.1:5000."""

    node: str = Field(default_factory=socket.gethostname)
    """Name of this machine, shown as the pods' node; default the host name."""

    pod_host: str | None = None
    """Address that pods listen on; default 127.0.0.1, or every address where `advertise_host` is set."""

    advertise_host: str | None = None
    """Host that routers reach this machine's pods at; default the address that they listen on."""

    cpu: float | None = Field(default=None, gt=0)
    """Cores of this machine that pods may ask for; default what it has (or its cgroup allows)."""

    memory_gb: float | None = Field(default=None, gt=0)
    """GiB of memory that pods may ask for; default what it has (or its cgroup allows)."""

    gpu: int | None = Field(default=None, ge=0)
    """GPUs that pods may ask for; default those that NVIDIA's library finds."""

    gpu_devices: str = ""
    """GPUs that pods may be given: UUIDs, numbers or texts of their kind (`H200`, `MIG 1g.18gb`), by comma; default
    all."""

    gpu_rollout: Literal["surge-first", "free-first"] = "surge-first"
    """Whether an update of pods with GPUs waits for free ones, or ends an old pod where none is free; default
    surge-first."""

    cpu_overcommit: float = Field(default=4.0, gt=0)
    """Times the cores that pods may ask for all together, since few use theirs at the same time; default 4."""

    memory_overcommit: float = Field(default=1.5, gt=0)
    """Times the memory that pods may ask for all together; default 1.5."""

    backend: BackendName = "process"
    """What runs pods: process (on this machine), docker (containers of an engine), kubernetes (a namespace of a
    cluster); default process."""

    backends: Annotated[tuple[BackendName, ...], NoDecode] = ()
    """Backends that are ready, comma-separated: what resource groups may name for their pods. Default `backend` alone,
    which is one of them in any case."""

    docker_host: str = "unix:///var/run/docker.sock"
    """Address of the container engine, Docker's or Podman's; default unix:///var/run/docker.sock."""

    docker_network: str | None = None
    """Network of the pods' containers, made where it is not there; default one of this installation's own."""

    docker_internal_network: bool = False
    """Whether that network, where it is made, leads nowhere outside of this machine; default false."""

    docker_address: Literal["auto", "published", "container"] = "auto"
    """Where pods are reached: published (a port of 127.0.0.1), container (its own address); auto: the latter where the
    scheduler is a container itself."""

    docker_build_network: str = "bridge"
    """Network of the containers that build environments, which reach package indexes through it; default bridge."""

    docker_user: str = Field(default="10001:10001", pattern=r"^[1-9][0-9]*(:[1-9][0-9]*)?$")
    """User and group, by number, that pods of models run as in their containers; default 10001:10001."""

    docker_gpu_request: Literal["nvidia", "cdi"] = "nvidia"
    """How GPUs are asked for: nvidia (its runtime), cdi (device names, engine 25 or newer); default nvidia."""

    runtime_image: str = "penstock-runtime:py{python}"
    """Image of models' pods; `{python}` is the minor version of Python. Default penstock-runtime:py{python}."""

    limits: Literal["auto", "off"] = "auto"
    """Whether pods are kept to their cores and memory by control groups, where that is permitted: auto, off."""

    confinement: Literal["require", "auto", "off"] = "auto"
    """Whether pods and builds are kept from all but their own files: auto (where the kernel allows), require, off."""

    confinement_readable: str = ""
    """Further paths that pods and builds may read, separated by `:` (`/data/lookup:/opt/tools`); default none."""

    confinement_users: str = "56000-57999"
    """As root: user numbers, one for each pod and build, that nothing else has; empty for none. Default 56000-57999."""

    terminals: Literal["auto", "on", "off"] = "auto"
    """Whether who may edit a service may open a terminal in its pods: auto (where pods are not processes of this
    machine), on, off; default auto."""

    resync_interval: Duration = timedelta(seconds=15)
    """Between two questions for the controller's whole list, default 15 seconds."""

    reconcile_interval: Duration = timedelta(seconds=1)
    """Between two looks at everything when no event comes, default 1 second."""

    usage_interval: Duration = timedelta(seconds=10)
    """Between two measurements of the pods, default 10 seconds."""

    metering_interval: Duration = timedelta(seconds=1)
    """Between two looks at which runs of pods began or ended; their times are the processes' own. Default 1 second."""

    lease_ttl: Duration = timedelta(seconds=5)
    """Silence after which another scheduler takes over, default 5 seconds."""

    drain: Duration = timedelta(seconds=2)
    """Between a pod's leaving the routes and its SIGTERM, default 2 seconds."""

    termination_grace: Duration = timedelta(seconds=35)
    """Between a pod's SIGTERM and its SIGKILL, default 35 seconds (a pod drains up to 30)."""

    unready_after: Duration = timedelta(seconds=3)
    """Silence after which a pod gets no traffic, default 3 seconds (a stopped process: at once)."""

    hung_after: Duration = timedelta(seconds=15)
    """Silence without any use of CPU after which a pod is restarted, default 15 seconds."""

    busy_after: Duration = timedelta(seconds=120)
    """Silence after which a pod is restarted however busy it is, default 120 seconds."""

    start_timeout: Duration = timedelta(minutes=10)
    """From a process' start to its first readiness; after it the load counts as failed; default 10 minutes."""

    failed_loads: int = Field(default=3, ge=1)
    """Failed loads after which a version that was never ready has failed, default 3."""

    never_ready_timeout: Duration = timedelta(minutes=10)
    """Time after which a version that was never ready has failed, default 10 minutes."""

    autoscaling_interval: Duration = timedelta(seconds=2)
    """Between two looks of the autoscaler at the load, default 2 seconds."""

    autoscaling_window: Duration = timedelta(seconds=60)
    """Time over which the autoscaler averages the load (a tenth of it when the load jumps), default 60 seconds."""

    scale_to_zero_grace: Duration = timedelta(seconds=30)
    """How long the last pod stays after nothing asks for it any more, default 30 seconds."""

    warm_starts: bool = True
    """Whether pods are forked from a process that has imported their libraries already, default true."""

    warm_idle: Duration = timedelta(minutes=15)
    """How long such a process is kept without a start, default 15 minutes."""

    environment_timeout: Duration = timedelta(minutes=20)
    """Longest time that one step of building an environment may take, default 20 minutes."""

    allowed_indexes: Annotated[tuple[str, ...], NoDecode] = ()
    """Hosts and CIDRs, comma-separated, that models' requirements may name although they are not public addresses:
    package indexes, repositories, archives; default none. The indexes that uv or pip is set to are always allowed."""

    public_indexes: bool = True
    """Whether models' requirements may name any public address; false: only `allowed_indexes`; default true."""

    allowed_stores: Annotated[tuple[str, ...], NoDecode] = ()
    """Hosts and CIDRs, comma-separated, of object stores that images may mount files from although they are not public
    addresses; default none."""

    allowed_package_paths: Annotated[tuple[Path, ...], NoDecode] = ()
    """Absolute folders of this machine, comma-separated, that models' requirements may name; default none."""

    max_model_gb: float = Field(default=50.0, gt=0)
    """GiB that the files of one model may have, as stored; default 50."""

    max_model_files: int = Field(default=20_000, ge=1)
    """Files and folders that one model may have, default 20,000."""

    max_model_depth: int = Field(default=32, ge=1)
    """Folders in each other that one model may have, default 32."""

    pod_output_limit: int = Field(default=64 * 1024 * 1024, ge=64 * 1024)
    """Size at which a run's output file is emptied (what was not yet sent on is lost), bytes, default 64 MiB."""

    pod_output_rate: float = Field(default=1000.0, ge=1)
    """Lines a second that a pod may print in the long run, default 1,000; ten times as many at once. Of more a sample
    is sent on, and a line that says how many are missing."""

    @field_validator("allowed_indexes", "allowed_stores", "allowed_package_paths", "backends", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("allowed_indexes", "allowed_stores")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        AddressRule.of(value)
        return value

    @field_validator("allowed_package_paths")
    @classmethod
    def _absolute(cls, value: tuple[Path, ...]) -> tuple[Path, ...]:
        if not all(path.is_absolute() for path in value):
            raise ValueError("allowed_package_paths must be absolute")
        return value

    @model_validator(mode="after")
    def _has_image(self) -> SchedulerSettings:
        if self.has("kubernetes") and not self.kubernetes_image:
            raise ValueError("kubernetes is a backend, and kubernetes_image is empty: name the platform's image")
        return self

    @model_validator(mode="after")
    def _share_a_machine(self) -> SchedulerSettings:
        if self.has("process") and self.has("docker") and not self.docker_host.startswith("unix:"):
            raise ValueError(
                "backends are process and docker, which share the room of one machine, and docker_host is not a socket "
                f"of this machine: {self.docker_host}"
            )
        return self

    @model_validator(mode="after")
    def _consistent(self) -> SchedulerSettings:
        for name in (
            "resync_interval",
            "reconcile_interval",
            "usage_interval",
            "metering_interval",
            "lease_ttl",
            "start_timeout",
            "autoscaling_window",
        ):
            if getattr(self, name) <= ZERO:
                raise ValueError(f"{name} must be longer than nothing, not {getattr(self, name)}")
        if not self.unready_after <= self.hung_after <= self.busy_after:
            raise ValueError(
                f"unready_after {self.unready_after} <= hung_after {self.hung_after} <= busy_after {self.busy_after} "
                "does not hold"
            )
        return self

    follow_new_controller: bool = False
    """Believe a controller that has another database than before: what it does not list is ended."""

    @field_validator("confinement_readable")
    @classmethod
    def _absolute_paths(cls, paths: str) -> str:
        for path in filter(None, paths.split(":")):
            if not path.startswith("/"):
                raise ValueError(f"confinement_readable: {path} is no absolute path")
        return paths

    @field_validator("confinement_users")
    @classmethod
    def _range_of_users(cls, text: str) -> str:
        user_range(text)
        return text

    @property
    def ready_backends(self) -> tuple[BackendName, ...]:
        """The default first."""
        return tuple(dict.fromkeys((self.backend, *self.backends)))

    def has(self, backend: BackendName) -> bool:
        """Whether it is ready."""
        return backend in self.ready_backends

    @property
    def confinement_user_range(self) -> range:
        """`confinement_users` as numbers."""
        return user_range(self.confinement_users)

    @property
    def confinement_readable_paths(self) -> tuple[str, ...]:
        """`confinement_readable`, path by path."""
        return tuple(filter(None, self.confinement_readable.split(":")))

    @property
    def store_url(self) -> str:
        """URL of the database, the default filled in."""
        return self.database_url or f"sqlite+aiosqlite:///{self.home.resolve()}/scheduler/scheduler.db"

    @property
    def probe_limits(self) -> ProbeLimits:
        """As the probes' verdict reads it."""
        return ProbeLimits(
            self.unready_after.total_seconds(), self.hung_after.total_seconds(), self.busy_after.total_seconds()
        )

    @property
    def autoscaler_timing(self) -> AutoscalerTiming:
        """As the autoscaler reads it."""
        return AutoscalerTiming(self.autoscaling_window.total_seconds(), self.scale_to_zero_grace.total_seconds())

    @property
    def verdict_limits(self) -> VerdictLimits:
        """As the verdict reads it."""
        return VerdictLimits(self.failed_loads, self.never_ready_timeout)


def user_range(text: str) -> range:
    """`56000-57999` as a range; empty text is none. Raises ValueError: system users and root are nobody's to give."""
    if not text.strip():
        return range(0)
    first, _, last = text.partition("-")
    if not (first.isdecimal() and last.isdecimal() and LOWEST_USER <= int(first) <= int(last)):
        raise ValueError(
            f"confinement_users: {text} is no range of user numbers from {LOWEST_USER} on, such as 56000-57999"
        )
    return range(int(first), int(last) + 1)
