"""Puts the Kubernetes backend together, with the door that its pods fetch their models through."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from scheduler.backends.environments.store import PROXIES, UV_PREFIXES
from scheduler.backends.kubernetes.api.client import KubernetesApi
from scheduler.backends.kubernetes.api.credentials import Credentials, own_namespace
from scheduler.backends.kubernetes.backend import KubernetesBackend
from scheduler.backends.kubernetes.options import KubernetesOptions
from scheduler.backends.kubernetes.supply.server import Supply
from scheduler.backends.kubernetes.supply.tickets import Tickets
from scheduler.backends.pod_api.tokens import PodTokens
from scheduler.backends.preparation.mounts import MountCache
from scheduler.backends.preparation.variables import AskForSecrets
from scheduler.domain.ports import RouteStatus
from shared.clock import Clock
from shared.http import serve

DEFAULT_NAMESPACE = "penstock"
SERVICE = "penstock-scheduler"
"""Name of the scheduler's Service, as the manifests make it."""


@dataclass(frozen=True)
class Cluster:
    """Which cluster, and where its pods fetch their models from."""

    kubeconfig: Path | None
    context: str | None
    scratch: Path
    supply_host: str
    supply_port: int


def namespace_or_default(named: str) -> str:
    """The namespace that pods run in."""
    return named or own_namespace() or DEFAULT_NAMESPACE


def supply_url(named: str | None, port: int, namespace: str) -> str:
    """How pods reach this scheduler: by its Service's name, or by this machine's address."""
    if named:
        return named
    host = f"{SERVICE}.{namespace}.svc" if own_namespace() else _own_address()
    return f"http://{host}:{port}"


def preparation_environment(environ: Mapping[str, str], rules: Mapping[str, str]) -> dict[str, str]:
    """What the container that prepares a pod is told: where packages come from, and which may.

    Values with a password in them would stand in the pods' objects, for whoever may read those.
    """
    named = (name for name in environ if name.startswith(UV_PREFIXES) or name in PROXIES)
    return {**{name: environ[name] for name in named if "@" not in environ[name]}, **rules}


def assemble(
    cluster: Cluster,
    options: KubernetesOptions,
    mounts: MountCache,
    tokens: PodTokens,
    *,
    clock: Clock,
    routes: RouteStatus,
    fence: Callable[[], Awaitable[None]],
    ask_for_secrets: AskForSecrets | None,
) -> KubernetesBackend:
    """The backend; it does not run yet, and nothing was asked of the cluster."""
    cluster.scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
    tickets = Tickets(tokens)
    api = KubernetesApi(Credentials(cluster.kubeconfig, cluster.context, cluster.scratch))
    backend = KubernetesBackend(
        api,
        options,
        clock=clock,
        routes=routes,
        fence=fence,
        tokens=tokens,
        ticket_of=tickets.of,
        ask_for_secrets=ask_for_secrets,
        ask_for_image_secret=mounts.ask,
    )
    supply = Supply(mounts, tickets, backend.intents.of, backend.observer.add_note)
    backend.serve_beside("supply", lambda: serve(supply.app(), cluster.supply_host, cluster.supply_port))
    return backend


def _own_address() -> str:
    """The address that this machine has in its network; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
