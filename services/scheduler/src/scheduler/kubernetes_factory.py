"""Builds the Kubernetes backend that the settings describe."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping

from scheduler.backends.kubernetes import assembly
from scheduler.backends.kubernetes.backend import KubernetesBackend
from scheduler.backends.kubernetes.options import KubernetesOptions
from scheduler.backends.pod_api.tokens import PodTokens
from scheduler.backends.preparation.mounts import MountCache
from scheduler.clients import secret_values_over
from scheduler.domain.placement import Capacity
from scheduler.domain.ports import RouteStatus
from scheduler.settings import SchedulerSettings
from shared.bus import Bus
from shared.clock import Clock


def build_kubernetes_backend(
    settings: SchedulerSettings,
    environ: Mapping[str, str],
    mounts: MountCache,
    tokens: PodTokens,
    *,
    clock: Clock,
    routes: RouteStatus,
    fence: Callable[[], Awaitable[None]],
    bus: Bus,
) -> KubernetesBackend:
    """The backend of the cluster, which does not run yet. `environ`, `fence`: see `build_backend`."""
    where = assembly.Cluster(
        settings.kubernetes_kubeconfig,
        settings.kubernetes_context,
        settings.home.resolve() / "kubernetes",
        settings.kubernetes_supply_host,
        settings.kubernetes_supply_port,
    )
    return assembly.assemble(
        where,
        _options(settings, environ),
        mounts,
        tokens,
        clock=clock,
        routes=routes,
        fence=fence,
        ask_for_secrets=secret_values_over(bus, "version_id"),
    )


def _options(settings: SchedulerSettings, environ: Mapping[str, str]) -> KubernetesOptions:
    namespace = assembly.namespace_or_default(settings.kubernetes_namespace)
    rules = {
        "PENSTOCK_ALLOWED_INDEXES": ",".join(settings.allowed_indexes),
        "PENSTOCK_PUBLIC_INDEXES": str(settings.public_indexes).lower(),
        "PENSTOCK_BUILD_LIMIT_S": f"{settings.environment_timeout.total_seconds():g}",
    }
    return KubernetesOptions(
        namespace=namespace,
        image=settings.kubernetes_image,
        supply_url=assembly.supply_url(settings.kubernetes_supply_url, settings.kubernetes_supply_port, namespace),
        installation=settings.kubernetes_installation,
        image_pull_policy=settings.kubernetes_image_pull_policy,
        image_pull_secrets=settings.kubernetes_image_pull_secrets,
        claim=settings.kubernetes_claim,
        rollout=settings.kubernetes_rollout,
        pre_stop_s=math.ceil(settings.kubernetes_pre_stop.total_seconds()),
        grace_s=math.ceil(settings.termination_grace.total_seconds()),
        start_limit_s=math.ceil(settings.start_timeout.total_seconds()),
        unready_after_s=math.ceil(settings.unready_after.total_seconds()),
        hung_after_s=math.ceil(settings.busy_after.total_seconds()),
        drain_s=settings.drain.total_seconds(),
        overcommit=Capacity(settings.cpu_overcommit, settings.memory_overcommit, 1),
        gpu_resource=settings.kubernetes_gpu_resource,
        gpu_kinds=settings.kubernetes_gpu_kinds,
        pod=settings.kubernetes_pod,
        prepare_environment=assembly.preparation_environment(environ, rules),
        log_streams=settings.kubernetes_log_streams,
        has_terminals=settings.terminals != "off",
        has_root_images=settings.kubernetes_root_images,
    )
