"""Builds the backend that the settings describe, with all that it needs of this machine."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from prometheus_client.registry import Collector

from scheduler.backends.beside import BackendsBeside
from scheduler.backends.confinement.availability import Confinement, find_confinement
from scheduler.backends.environments.store import EnvironmentStore
from scheduler.backends.gpus.devices import find_gpus, selected_gpus
from scheduler.backends.gpus.nvml import open_nvml
from scheduler.backends.lifecycle.backend import PodBackend
from scheduler.backends.lifecycle.folders.pod_folder import has_containers
from scheduler.backends.lifecycle.runner import Runner
from scheduler.backends.lifecycle.runner_set import RunnerSet
from scheduler.backends.models.cache import ModelCache
from scheduler.backends.models.limits import GIB, ModelLimits
from scheduler.backends.pod_api.tokens import PodTokens
from scheduler.backends.preparation.mlflow_preparation import MlflowPreparation
from scheduler.backends.preparation.mounts import MountCache
from scheduler.backends.preparation.port import Preparation
from scheduler.backends.process.cgroups import ControlGroups, ControlGroupsUnavailable, find_control_groups
from scheduler.backends.process.jobs.job import JobDependencies
from scheduler.backends.process.jobs.preparation import JobPreparation
from scheduler.backends.process.jobs.supervisor import JobSupervisor
from scheduler.backends.process.launch.zygotes import ZygotePool
from scheduler.backends.process.options import PodOptions
from scheduler.backends.process.runner import ProcessRunner
from scheduler.clients import image_secrets_over, registry_access_over, secret_values_over
from scheduler.domain.gpus import Gpu
from scheduler.domain.placement import Capacity
from scheduler.domain.ports import Backend, Reach, RouteStatus
from scheduler.domain.requirements.sources import SourceRule, own_indexes
from scheduler.machine import machine_capacity
from scheduler.settings import SchedulerSettings
from shared.bus import Bus
from shared.clock import Clock
from shared.contracts.deployment import BackendName, Resources
from shared.contracts.nodes import Machine, ReadyBackend
from shared.security.addresses import AddressRule

if TYPE_CHECKING:
    from scheduler.backends.kubernetes.backend import KubernetesBackend

log = logging.getLogger("penstock.scheduler")


@dataclass(frozen=True)
class BuiltBackend:
    """A backend that does not run yet, and what else is known of how it keeps its pods."""

    backend: Backend
    jobs: JobSupervisor
    confinement: Confinement
    token_of: Callable[[str], str | None]
    """What a pod is to be asked with, by name."""
    control_groups: ControlGroups | None
    ready: Callable[[], tuple[ReadyBackend, ...]]
    """What resource groups may name, the default first."""
    environments: EnvironmentStore
    collector: Collector | None = None
    """Metrics of its own."""

    def close(self) -> None:
        """Remove the folder of the control groups where no pod is left."""
        if self.control_groups is not None:
            self.control_groups.close()


def build_backend(
    settings: SchedulerSettings,
    bus: Bus,
    *,
    clock: Clock,
    routes: RouteStatus,
    fence: Callable[[], Awaitable[None]],
    environ: Mapping[str, str],
    preparation: Preparation | None = None,
    reach: Reach | None = None,
) -> BuiltBackend:
    """The backend of this home. `environ`: see `build_app`; `fence` raises once another scheduler leads."""
    machine = _machine_parts(settings, bus, environ, clock=clock, fence=fence, preparation=preparation)
    on_machine = PodBackend(
        settings.home.resolve() / "pods",
        machine.runner,
        machine.options,
        clock=clock,
        routes=routes,
        fence=fence,
        ask_for_secrets=secret_values_over(bus, "version_id"),
        jobs=machine.jobs,
        reach=reach,
    )
    if not settings.has("kubernetes"):
        ready = partial(_ready_backends, settings, on_machine, machine.size)
        return machine.built(on_machine, machine.tokens.of, ready)
    # Imported here: most installations have no cluster, and start without its client.
    from scheduler.kubernetes_factory import build_kubernetes_backend  # noqa: PLC0415

    cluster = build_kubernetes_backend(
        settings, environ, machine.mounts, machine.tokens, clock=clock, routes=routes, fence=fence, bus=bus
    )
    both = BackendsBeside(cluster, on_machine, settings.backend, reach)

    def token_of(pod: str) -> str | None:
        return machine.tokens.of(pod) if both.is_of_machine(pod) else cluster.token_of(pod)

    ready = partial(_ready_backends, settings, both, machine.size, cluster)
    return machine.built(both, token_of, ready, cluster.api.calls)


@dataclass(frozen=True)
class _MachineParts:
    """What runs pods and jobs of this machine; models and tokens of a cluster's pods come from here too."""

    size: Machine
    runner: Runner
    options: PodOptions
    jobs: JobSupervisor
    mounts: MountCache
    environments: EnvironmentStore
    tokens: PodTokens

    def built(
        self,
        backend: Backend,
        token_of: Callable[[str], str | None],
        ready: Callable[[], tuple[ReadyBackend, ...]],
        collector: Collector | None = None,
    ) -> BuiltBackend:
        """The backend that was made of them, with what else is known of it."""
        return BuiltBackend(
            backend,
            self.jobs,
            self.options.confinement,
            token_of,
            self.options.control_groups,
            ready,
            self.environments,
            collector,
        )


def _machine_parts(
    settings: SchedulerSettings,
    bus: Bus,
    environ: Mapping[str, str],
    *,
    clock: Clock,
    fence: Callable[[], Awaitable[None]],
    preparation: Preparation | None,
) -> _MachineParts:
    control_groups = _control_groups(settings)
    confinement = _confinement(settings)
    tokens = PodTokens(settings.home.resolve() / "pods")
    gpus = _gpus(settings)
    machine = _machine(settings, gpus)
    environments = _environments(settings, environ, confinement)
    options = replace(_pod_options(settings, machine, control_groups, confinement, tokens), gpus=gpus)
    work = JobDependencies(
        JobPreparation(environments, settings.mlflow_url, secret_values_over(bus, "service_id")), options, clock, fence
    )
    jobs = JobSupervisor(settings.home.resolve() / "jobs", work)
    models = _models(settings, environ, bus, confinement)
    processes = ProcessRunner(
        preparation or MlflowPreparation(models, environments), options, clock, _zygotes(settings, confinement)
    )
    mounts = MountCache(models, image_secrets_over(bus), settings.allowed_stores)
    runner, environments = _with_containers(settings, processes, mounts, environments, clock)
    return _MachineParts(machine, runner, options, jobs, mounts, environments, tokens)


def _ready_backends(
    settings: SchedulerSettings, backend: Backend, machine: Machine, cluster: KubernetesBackend | None = None
) -> tuple[ReadyBackend, ...]:
    """What groups may name now, and on which machine that runs their pods."""
    own = {"process": machine, "docker": machine.model_copy(update={"runs_images": True})}
    if cluster is not None:
        own["kubernetes"] = cluster.machine()
    return tuple(
        ReadyBackend(
            name=name,
            is_default=name == settings.backend,
            machine=own[name],
            problem=backend.problem_for(Resources(spec="", cpu=1, memory_gb=1, backend=name)),
        )
        for name in settings.ready_backends
    )


def _with_containers(
    settings: SchedulerSettings,
    processes: ProcessRunner,
    mounts: MountCache,
    environments: EnvironmentStore,
    clock: Clock,
) -> tuple[Runner, EnvironmentStore]:
    """What runs pods, and the environments that it runs them in. Pods that are there already go on as what they are."""
    home = settings.home.resolve()
    runners: dict[BackendName, Runner] = {"process": processes}
    is_only = settings.has("docker") and not settings.has("process")
    default: BackendName = "docker" if settings.backend == "docker" or is_only else "process"
    if not settings.has("docker") and not has_containers(home / "pods"):
        return RunnerSet(runners, default, settings.ready_backends), environments
    # Imported here: most installations have no engine, and start without its client.
    from scheduler.backends.docker.assembly import EngineChoice, assemble  # noqa: PLC0415

    choice = EngineChoice(
        home / "pods",
        settings.docker_host,
        settings.runtime_image,
        settings.docker_network,
        settings.docker_internal_network,
        settings.docker_address,
        settings.docker_build_network,
        settings.docker_user,
        settings.docker_gpu_request,
    )
    containers = assemble(choice, processes.options, mounts, environments, clock)
    runners["docker"] = containers.runner
    found = containers.environments if default == "docker" else environments
    return RunnerSet(runners, default, settings.ready_backends), found


def _gpus(settings: SchedulerSettings) -> tuple[Gpu, ...]:
    """Those that pods of this machine may be given. Of an engine elsewhere only a number is known, where it is set."""
    is_elsewhere = settings.has("docker") and not settings.docker_host.startswith("unix:")
    there = () if settings.gpu == 0 or is_elsewhere else find_gpus(open_nvml())
    wanted = [name.strip() for name in settings.gpu_devices.split(",") if name.strip()]
    chosen = selected_gpus(there, wanted, settings.gpu)
    if chosen:
        log.info("pods may be given %s", ", ".join(map(str, chosen)))
    return chosen


def _machine(settings: SchedulerSettings, gpus: Sequence[Gpu]) -> Machine:
    """What the machine has, as set or as found; nodes of resource groups are shares of it."""
    found = machine_capacity()
    return Machine(
        name=settings.node,
        cpu=settings.cpu or found.cpu,
        memory_gb=settings.memory_gb or found.memory_gb,
        gpu=len(gpus),
    )


def _pod_options(
    settings: SchedulerSettings,
    machine: Machine,
    control_groups: ControlGroups | None,
    confinement: Confinement,
    tokens: PodTokens,
) -> PodOptions:
    bind = settings.pod_host or ("0.0.0.0" if settings.advertise_host else "127.0.0.1")  # noqa: S104 - asked for
    overcommit = Capacity(settings.cpu_overcommit, settings.memory_overcommit, 1)
    return PodOptions(
        bind_host=bind,
        advertise_host=settings.advertise_host or bind,
        probe_limits=settings.probe_limits,
        start_limit_s=settings.start_timeout.total_seconds(),
        drain_s=settings.drain.total_seconds(),
        grace_s=settings.termination_grace.total_seconds(),
        output_cap=settings.pod_output_limit,
        output_rate=settings.pod_output_rate,
        capacity=Capacity(machine.cpu * overcommit.cpu, machine.memory_gb * overcommit.memory_gb, machine.gpu),
        overcommit=overcommit,
        gpu_rollout=settings.gpu_rollout,
        control_groups=control_groups,
        confinement=confinement,
        tokens=tokens,
        terminals=settings.terminals,
    )


def _control_groups(settings: SchedulerSettings) -> ControlGroups | None:
    """Control groups for pods; None, and why, where there can be none."""
    if settings.limits == "off":
        return None
    try:
        return find_control_groups(settings.home.resolve())
    except ControlGroupsUnavailable as why:
        log.warning("pods are not kept to their limits: %s", why)
        return None


def _confinement(settings: SchedulerSettings) -> Confinement:
    """What pods and builds can be kept from here; tries it out."""
    found = find_confinement(
        settings.confinement,
        settings.home.resolve(),
        settings.confinement_user_range,
        settings.confinement_readable_paths,
    )
    log.log(logging.INFO if found.rules else logging.WARNING, "pods and builds are %s", found.description)
    return found


def _zygotes(settings: SchedulerSettings, confinement: Confinement) -> ZygotePool | None:
    if not settings.warm_starts:
        return None
    folder, idle_s = settings.home.resolve() / "zygotes", settings.warm_idle.total_seconds()
    return ZygotePool(folder, idle_s, only_own=confinement.rules is not None)


def _environments(
    settings: SchedulerSettings, environ: Mapping[str, str], confinement: Confinement
) -> EnvironmentStore:
    return EnvironmentStore(
        settings.home.resolve() / "envs",
        environ,
        limit_s=settings.environment_timeout.total_seconds(),
        rule=_source_rule(settings, environ),
        confinement=confinement,
    )


def _models(settings: SchedulerSettings, environ: Mapping[str, str], bus: Bus, confinement: Confinement) -> ModelCache:
    home = settings.home.resolve()
    limits = ModelLimits(int(settings.max_model_gb * GIB), settings.max_model_files, settings.max_model_depth)
    return ModelCache(
        home / "models", settings.mlflow_url, environ, registry_access_over(bus), confinement, limits=limits
    )


def _source_rule(settings: SchedulerSettings, environ: Mapping[str, str]) -> SourceRule:
    """Where the packages of models' environments may come from."""
    return SourceRule(
        allowed=AddressRule.of(settings.allowed_indexes),
        own=own_indexes(environ),
        paths=tuple(path.resolve() for path in settings.allowed_package_paths),
        is_public_allowed=settings.public_indexes,
    )
