"""What the backend follows of its cluster: its pods and Deployments, what happens to pods, and the nodes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from scheduler.backends.kubernetes.api.client import KubernetesApi
from scheduler.backends.kubernetes.api.informer import Informer, OnChange
from scheduler.backends.kubernetes.manifests.names import INSTALLATION_LABEL, deployments_path, events_path, pods_path
from scheduler.backends.kubernetes.options import KubernetesOptions
from scheduler.backends.kubernetes.pods.cluster_events import PODS_ONLY, ClusterEvents
from scheduler.backends.kubernetes.pods.observer import PodObserver
from shared.clock import Clock


def selector_of(options: KubernetesOptions) -> str:
    """Labels of what is this installation's own."""
    return f"{INSTALLATION_LABEL}={options.installation}"


class ClusterInformers:
    """The informers of one namespace and of the cluster's nodes.

    Args:
        on_pod: hears of each change of a pod, `on_deployment` of a Deployment.
        on_listed: called whenever pods or Deployments were listed, once there is a list of both.
    """

    def __init__(
        self,
        api: KubernetesApi,
        clock: Clock,
        options: KubernetesOptions,
        observer: PodObserver,
        *,
        on_pod: OnChange,
        on_deployment: OnChange,
        on_listed: Callable[[], None],
    ) -> None:
        own, namespace, events = selector_of(options), options.namespace, ClusterEvents(observer)
        self._observer = observer
        self._on_listed = on_listed
        self.pods = Informer(api, pods_path(namespace), clock, on_pod, on_listed=self._pods_listed, labelSelector=own)
        self.deployments = Informer(
            api, deployments_path(namespace), clock, on_deployment, on_listed=self._own_listed, labelSelector=own
        )
        self.events = Informer(
            api, events_path(namespace), clock, events.changed, on_listed=events.begin, fieldSelector=PODS_ONLY
        )
        self.nodes = Informer(api, "/api/v1/nodes", clock, lambda change, node: None)

    def start(self, group: asyncio.TaskGroup) -> None:
        """Follow all of it for as long as the group runs."""
        followed = {"pods": self.pods, "deployments": self.deployments, "events": self.events, "nodes": self.nodes}
        for name, informer in followed.items():
            group.create_task(informer.run(), name=f"watching {name}")

    def problem(self) -> str | None:
        """Why pods or Deployments are not followed now, in a sentence."""
        troubles = (informer.trouble for informer in (self.pods, self.deployments))
        return next((f"the cluster is not followed: {trouble.message}" for trouble in troubles if trouble), None)

    def _pods_listed(self) -> None:
        self._observer.listed()
        self._own_listed()

    def _own_listed(self) -> None:
        if self.pods.is_listed and self.deployments.is_listed:
            self._on_listed()
