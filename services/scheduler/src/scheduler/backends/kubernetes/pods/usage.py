"""What pods use now: from the metrics API, or from the kubelets' own summaries where the cluster has none."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from scheduler.backends.kubernetes.api.client import KubernetesApi
from scheduler.backends.kubernetes.api.errors import FORBIDDEN, ApiAway, ApiRefused
from scheduler.backends.kubernetes.facts.pods import quantity
from scheduler.backends.kubernetes.manifests.names import MAIN
from scheduler.domain.values import MeasuredUsage
from shared.clock import Clock
from shared.errors import Unavailable

log = logging.getLogger("penstock.scheduler.kubernetes")

ASK_AGAIN_S = 300.0
"""Before the metrics API is tried once more where there was none."""
NOT_PERMITTED = "use of pods: not permitted: needs `get` on nodes/proxy (the optional ClusterRole), or a metrics server"


class UsageMeter:
    """Measures pods of one namespace."""

    def __init__(self, api: KubernetesApi, namespace: str, selector: str, clock: Clock) -> None:
        self._api = api
        self._path = f"/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods"
        self._namespace = namespace
        self._selector = selector
        self._clock = clock
        self._without_metrics_until = 0.0
        self._has_complained = False

    async def measure(self, pods: Mapping[str, str]) -> list[MeasuredUsage]:
        """Of `pods`, by name with their nodes. Raises `Unavailable` while the API server is away."""
        if not pods:
            return []
        try:
            if self._clock.monotonic() >= self._without_metrics_until:
                if (found := await self._from_metrics()) is not None:
                    return [each for each in found if each.pod in pods]
                self._without_metrics_until = self._clock.monotonic() + ASK_AGAIN_S
            return await self._from_summaries(pods)
        except ApiAway as away:
            raise Unavailable(away.message) from away

    async def _from_metrics(self) -> list[MeasuredUsage] | None:
        try:
            listed = await self._api.get(self._path, labelSelector=self._selector)
        except ApiRefused:
            return None
        except ApiAway as away:  # 503: there is a name for it in the API, and nothing behind it
            if "unable to handle the request" in away.message:
                return None
            raise
        return list(read_metrics(listed))

    async def _from_summaries(self, pods: Mapping[str, str]) -> list[MeasuredUsage]:
        found: list[MeasuredUsage] = []
        for node in sorted(set(pods.values())):
            try:
                summary = await self._api.get(f"/api/v1/nodes/{node}/proxy/stats/summary")
            except ApiRefused as refused:
                if refused.status == FORBIDDEN and not self._has_complained:
                    self._has_complained = True
                    log.warning("%s", NOT_PERMITTED)
                continue
            found += read_summary(summary, self._namespace, pods)
        return found


def read_metrics(listed: Mapping[str, Any]) -> Iterator[MeasuredUsage]:
    """A `PodMetricsList`."""
    for pod in listed.get("items") or ():
        for container in pod.get("containers") or ():
            if container.get("name") == MAIN:
                used = container.get("usage") or {}
                cpu, memory = quantity(used.get("cpu", "0")), quantity(used.get("memory", "0"))
                yield MeasuredUsage(str(pod["metadata"]["name"]), cpu, int(memory))


def read_summary(summary: Mapping[str, Any], namespace: str, pods: Collection[str]) -> Iterator[MeasuredUsage]:
    """A kubelet's summary: nanocores, and the working set as the kernel counts it against the limit."""
    for pod in summary.get("pods") or ():
        reference = pod.get("podRef") or {}
        if reference.get("namespace") != namespace or reference.get("name") not in pods:
            continue
        for container in pod.get("containers") or ():
            if container.get("name") == MAIN:
                nanocores = (container.get("cpu") or {}).get("usageNanoCores") or 0
                memory = (container.get("memory") or {}).get("workingSetBytes") or 0
                yield MeasuredUsage(str(reference["name"]), float(nanocores) / 1e9, int(memory))
