"""The Kubernetes backend: `scheduler.domain.ports.Backend` on a cluster.

What is wanted is given by `apply` and applied as one Deployment for each version, which the cluster keeps: replicas,
restarts and roll-outs are its own. What happens to the pods is watched, and told as observations.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any
from uuid import UUID

from scheduler.backends.kubernetes.api.client import KubernetesApi, Object
from scheduler.backends.kubernetes.api.errors import NOT_FOUND, ApiAway, ApiRefused
from scheduler.backends.kubernetes.api.informer import Change
from scheduler.backends.kubernetes.fence import patient_fence
from scheduler.backends.kubernetes.informers import ClusterInformers, selector_of
from scheduler.backends.kubernetes.intents import Intents
from scheduler.backends.kubernetes.manifests.names import (
    object_name,
    owner_of,
    pods_path,
    version_of,
)
from scheduler.backends.kubernetes.nodes.keeper import NodeKeeper
from scheduler.backends.kubernetes.nodes.room import ClusterRoom
from scheduler.backends.kubernetes.options import KubernetesOptions
from scheduler.backends.kubernetes.pods.departures import Departures
from scheduler.backends.kubernetes.pods.known_pod import KnownPod
from scheduler.backends.kubernetes.pods.metering import RunBook
from scheduler.backends.kubernetes.pods.observer import PodObserver
from scheduler.backends.kubernetes.pods.output import PodOutputs
from scheduler.backends.kubernetes.pods.reports import PodReports
from scheduler.backends.kubernetes.pods.usage import UsageMeter
from scheduler.backends.kubernetes.terminal import open_terminal
from scheduler.backends.kubernetes.versions import VersionDependencies, VersionWork
from scheduler.backends.lifecycle.options import ALL_TERMINALS_OFF
from scheduler.backends.pod_api.tokens import PodTokens
from scheduler.backends.preparation.mounts import AskForImageSecret
from scheduler.backends.preparation.variables import AskForSecrets
from scheduler.domain.ports import DEFAULT_SIZE, RouteStatus, Terminal, does_not_run
from scheduler.domain.values import (
    LogPosition,
    MeasuredUsage,
    Observation,
    OutputLine,
    PodNote,
    RunObservation,
)
from shared.clock import Clock
from shared.contracts.deployment import Deployment, Resources
from shared.contracts.nodes import Machine, Node, NodeState, PoolState
from shared.contracts.terminals import TerminalSize
from shared.errors import Conflict, NotFound

log = logging.getLogger("penstock.scheduler.kubernetes")

FOLLOW_S = 0.3
NODES_EVERY_S = 5.0


class KubernetesBackend:
    """Runs pods on one namespace of one cluster."""

    def __init__(
        self,
        api: KubernetesApi,
        options: KubernetesOptions,
        *,
        clock: Clock,
        routes: RouteStatus,
        fence: Callable[[], Awaitable[None]],
        tokens: PodTokens,
        ticket_of: Callable[[Deployment], str],
        ask_for_secrets: AskForSecrets | None = None,
        ask_for_image_secret: AskForImageSecret | None = None,
    ) -> None:
        self.api = api
        self.options = options
        self.clock = clock
        self.fence = patient_fence(fence, clock)
        self._tokens = tokens
        self._observed: asyncio.Queue[Observation] = asyncio.Queue()
        self.intents = Intents()
        self._works: dict[UUID, VersionWork] = {}
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._told: set[UUID] = set()
        self._versions: dict[str, UUID] = {}
        """Of each Deployment that there is, by its name."""
        self._group: asyncio.TaskGroup | None = None
        self._nodes: list[Node] | None = None
        self._servers: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {}
        self._is_listed = asyncio.Event()
        self.observer = PodObserver(self._observed.put_nowait, clock, self.intents.wanted, self._read_report)
        self.observer.on_gone = self._pod_gone
        self._informers = ClusterInformers(
            api, clock, options, self.observer,
            on_pod=self._pod_changed, on_deployment=self._deployment_changed, on_listed=self._listed,
        )  # fmt: skip
        self._departures = Departures(self.observer, routes, clock, options)
        self._shared = VersionDependencies(
            api, options, clock, self.fence, self.observer, self._departures, self._informers.deployments,
            token_of=tokens.of, ticket_of=ticket_of, ask_for_secrets=ask_for_secrets,
            ask_for_image_secret=ask_for_image_secret,
        )  # fmt: skip
        self._outputs = PodOutputs(api, self.observer, clock, options)
        self._reports = PodReports(self.observer, self.token_of, clock)
        self._usage = UsageMeter(api, options.namespace, selector_of(options), clock)
        self._runs = RunBook(self._informers.pods, self.observer, self.intents.project)
        self._keeper = NodeKeeper(api, options.namespace, self.fence, self._informers.nodes.objects)
        self._room = ClusterRoom(
            self._informers.pods, self.observer, self._informers.nodes, options, self.intents.project
        )

    def serve_beside(self, name: str, server: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a server for as long as this runs."""
        self._servers[name] = server

    # ── life ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def run(self) -> None:
        """Watch the cluster and bring versions to what is wanted, until cancelled. Pods outlive it."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                self._informers.start(group)
                group.create_task(self._outputs.run(), name="output")
                group.create_task(self._reports.run(), name="reports")
                group.create_task(self._run_nodes(), name="nodes")
                for name, server in self._servers.items():
                    group.create_task(server(), name=name)
        finally:
            self._group = None
            await self.api.close()

    async def _run_nodes(self) -> None:
        while True:
            await self.clock.sleep(NODES_EVERY_S)
            if self._nodes is not None and self._informers.nodes.is_listed:
                await self._keeper.bring(self._nodes, self._pods_by_node())

    def _pods_by_node(self) -> Mapping[str, Sequence[str]]:
        found: defaultdict[str, list[str]] = defaultdict(list)
        for name, pod in self.observer.pods.items():
            if pod.facts.node and not pod.facts.is_deleted:
                found[pod.facts.node].append(name)
        return found

    # ── what the cluster says ────────────────────────────────────────────────────────────────────────────────────

    def _pod_changed(self, change: Change, found: Object) -> None:
        self.observer.changed(change, found)
        version_id = version_of(found)
        pod = self.observer.pods.get(str(found["metadata"]["name"]))
        if pod is not None and pod.facts.stage == "over" and not pod.facts.is_deleted and self._group is not None:
            self._group.create_task(self._remove(pod.facts.name), name=f"removal of {pod.facts.name}")
        work = self._works.get(version_id) if version_id else None
        if work is not None and pod is not None and pod.facts.wait is not None:
            match pod.facts.wait.reason:
                case "SecretMissing":
                    work.make_secret_again()
                case "ImageRefused":
                    work.renew_login()

    def _pod_gone(self, pod: KnownPod) -> None:
        self._runs.keep(pod)
        self._look_again(pod.facts.version_id)

    def _deployment_changed(self, change: Change, found: Object) -> None:
        version_id = version_of(found)
        if version_id is None:
            return
        name = str(found["metadata"]["name"])
        if change == "deleted":
            self._versions.pop(name, None)
        else:
            self._versions[name] = version_id
        self._look_again(version_id)

    def _look_again(self, version_id: UUID) -> None:
        work = self._works.get(version_id)
        if work is None:
            return
        work.tell_unmade()
        if work.is_over:
            self._forget(version_id)
        else:
            work.wake()

    def _listed(self) -> None:
        if not self._is_listed.is_set():
            self._is_listed.set()
            for work in self._works.values():
                work.wake()

    def _read_report(self, pod: KnownPod) -> None:
        if self._group is not None:
            self._group.create_task(self._reports.read(pod.facts.name), name=f"report of {pod.facts.name}")

    # ── what is wanted ───────────────────────────────────────────────────────────────────────────────────────────

    async def apply(self, deployment: Deployment) -> None:
        """Make the pods of one version be as wanted; see `Backend.apply`."""
        await self._is_listed.wait()
        version_id = deployment.version_id
        is_news = self.intents.put(deployment)
        work = self._work_of(version_id, object_name(deployment))
        work.wanted = deployment
        if is_news or (work.found is None and not work.is_backing_off):
            work.wake()
        if is_news or version_id not in self._told:
            self._told.add(version_id)
            self.observer.tell_version(version_id)

    async def delete(self, version_id: UUID) -> None:
        """End every pod of a version."""
        await self._is_listed.wait()
        name = self._name_of(version_id)
        if name is None:
            return
        work = self._work_of(version_id, name)
        if work.wanted is not None or version_id not in self._told:
            work.wanted = None
            work.wake()
        self._told.discard(version_id)

    def _work_of(self, version_id: UUID, name: str) -> VersionWork:
        work = self._works.get(version_id)
        if work is None:
            assert self._group is not None
            work = self._works[version_id] = VersionWork(version_id, name, self._shared)
            self._tasks[version_id] = self._group.create_task(work.run(), name=f"version {name}")
        return work

    def _forget(self, version_id: UUID) -> None:
        """Nothing of a version is wanted, and nothing is there."""
        self._works.pop(version_id, None)
        self.intents.forget(version_id)
        self._told.discard(version_id)
        if task := self._tasks.pop(version_id, None):
            task.cancel()

    def _name_of(self, version_id: UUID) -> str | None:
        """The name of a version's objects, as the cluster has them."""
        if version_id in self._works:
            return self._works[version_id].name
        for name, found in self._versions.items():
            if found == version_id:
                return name
        return next((owner_of(pod.facts.name) for pod in self.observer.of_version(version_id)), None)

    def versions(self) -> frozenset[UUID]:
        """Versions that have pods here, or a Deployment."""
        return frozenset(self.observer.versions().union(self._versions.values()))

    async def restart(self, pod: str) -> None:
        """Drain a pod and delete it: its Deployment makes another one at once."""
        if pod not in self.observer.pods:
            raise NotFound(f"there is no pod {pod}")
        await self.fence()
        assert self._group is not None
        self._group.create_task(self._replace(pod), name=f"restart of {pod}")

    async def _replace(self, pod: str) -> None:
        await self._departures.withdraw([pod])
        if why := await self._remove(pod):
            self.observer.keep(pod, PodNote("RestartFailed", f"it cannot be deleted: {why}", "error"))

    async def _remove(self, pod: str) -> str | None:
        """Delete a pod; why that failed, where it did. One that the cluster has ended for good stands in no way."""
        await self.fence()
        try:
            await self.api.delete(pods_path(self.options.namespace, pod))
        except ApiRefused as refused:
            return None if refused.status == NOT_FOUND else refused.message
        except ApiAway as away:
            return away.message
        return None

    def terminal_refused(self, pod: str) -> str | None:
        """A session is in the pod's own container; see `Backend.terminal_refused`."""
        if not self.options.has_terminals:
            return ALL_TERMINALS_OFF
        known = self.observer.pods.get(pod)
        return does_not_run(pod) if known is None or known.facts.started_at is None else None

    async def exec(self, pod: str, command: Sequence[str], *, tty: bool, size: TerminalSize = DEFAULT_SIZE) -> Terminal:
        """Open a session inside a pod; see `Backend.exec`."""
        known = self.observer.pods.get(pod)
        if known is None:
            raise NotFound(f"there is no pod {pod}")
        if why := self.terminal_refused(pod):
            raise Conflict(why)
        return await open_terminal(self.api, self.options.namespace, pod, command, tty=tty, size=size)

    def token_of(self, pod: str) -> str | None:
        """What a pod is to be asked with."""
        return self._tokens.of(owner_of(pod))

    # ── room ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def set_nodes(self, nodes: Sequence[Node]) -> None:
        """These are the nodes of resource groups; see `Backend.set_nodes`."""
        self._nodes = list(nodes)

    def nodes(self) -> list[NodeState] | None:
        """What the pods on each node ask for; see `Backend.nodes`."""
        return None if self._nodes is None or not self._is_listed.is_set() else self._room.nodes(self._nodes)

    def pools(self) -> list[PoolState] | None:
        """The room that there is, and who holds it; see `Backend.pools`."""
        return None if self._nodes is None or not self._is_listed.is_set() else self._room.pools(self._nodes)

    def machine(self) -> Machine:
        """What the cluster has, as far as it may be looked at."""
        return self._room.machine()

    def waiting_reasons(self) -> Mapping[str, str]:
        """Pods that wait, and why; see `Backend.waiting_reasons`."""
        return {**self.observer.waiting_reasons(), **self._room.missing_gpus()}

    def problem(self) -> str | None:
        """What the API server answers instead of pods and Deployments; see `Backend.problem`."""
        return self._informers.problem()

    def problem_for(self, resources: Resources) -> str | None:
        """The same, whatever they ask for."""
        return self.problem()

    # ── seen ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def watch(self) -> AsyncIterator[Observation]:
        """Everything that happens to pods, in order; see `Backend.watch`."""
        while True:
            yield await self._observed.get()

    async def logs(self, pod: str, since: LogPosition, *, follow: bool = False) -> AsyncGenerator[OutputLine, None]:
        """Lines of a pod's output from `since` on, run after run; see `Backend.logs`."""
        while True:
            for line in await self._outputs.read(pod, since):
                since = LogPosition(line.position.run, line.end)
                yield line
            if not follow:
                return
            await self.clock.sleep(FOLLOW_S)

    async def usage(self) -> list[MeasuredUsage]:
        """Cores and memory of every running pod."""
        running = {
            name: pod.facts.node
            for name, pod in self.observer.pods.items()
            if pod.facts.node and pod.facts.stage in {"loading", "serving"}
        }
        return await self._usage.measure(running)

    async def runs(self) -> list[RunObservation]:
        """Runs of every pod's container; see `Backend.runs`."""
        await self._is_listed.wait()
        return self._runs.read()

    async def acknowledge_runs(self, runs: Sequence[RunObservation]) -> None:
        """Their ends are stored; see `Backend.acknowledge_runs`."""
        self._runs.settle(runs)
