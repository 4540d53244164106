"""The scheduler, as far as a controller asks it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

from prometheus_client import CollectorRegistry

from running_services.peers.pod_of_one_process import PodOfOneProcess
from scheduler.domain.ports import Backend
from scheduler.loops.metrics import SchedulerMetrics
from scheduler.loops.terminals import TerminalSessions
from shared.bus import Bus
from shared.clock import SystemClock
from shared.contracts.deployment import BackendName, PodView, VersionState
from shared.contracts.nodes import Machine, NodeState, NodeStateList, PoolState, PoolStateList, ReadyBackend
from shared.contracts.rpc.method import Nothing
from shared.contracts.rpc.scheduler import (
    CAPACITY,
    ENVIRONMENT,
    NODES,
    OPEN_TERMINAL,
    POD_TIMELINE,
    PODS,
    RESTART_POD,
    TERMINAL_OFFER,
    VERSION_STATES,
    EnvironmentOutlook,
    ModelFiles,
    PodList,
    PodRef,
    PodsQuery,
    PodTimeline,
    StartPhase,
    VersionStateList,
)
from shared.contracts.terminals import TerminalOffer, TerminalOrder
from shared.errors import NotFound


class SchedulerAnswers:
    """Answers about pods, nodes and environments; a test says which."""

    def __init__(self, nats_url: str) -> None:
        self.scheduler = Bus("scheduler", nats_url, clock=SystemClock(), owns_streams=True)
        self.states: tuple[VersionState, ...] = ()
        self.restarted: list[str] = []
        self.pools: tuple[PoolState, ...] = ()
        self.nodes = NodeStateList(machine=Machine(name="here", cpu=8, memory_gb=16, gpu=1), items=())
        self.scheduler.serve(VERSION_STATES, self._states)
        self.scheduler.serve(PODS, self._pods)
        self.scheduler.serve(RESTART_POD, self._restart)
        self.scheduler.serve(POD_TIMELINE, self._timeline)
        self.scheduler.serve(ENVIRONMENT, self._environment)
        self.scheduler.serve(NODES, self._nodes)
        self.scheduler.serve(CAPACITY, self._capacity)
        self.pod = PodOfOneProcess()
        metrics = SchedulerMetrics(CollectorRegistry())
        self.terminals = TerminalSessions(self.scheduler, cast(Backend, self.pod), metrics)
        self.scheduler.serve(TERMINAL_OFFER, self._terminal_offer)
        self.scheduler.serve(OPEN_TERMINAL, self._open_terminal)

    def sees(self, *nodes: dict[str, Any], pods: int = 0, generation: int = 1_000_000) -> None:
        """From now on, the scheduler knows these nodes (as the API shows them) and so many pods on each."""
        states = [NodeState(id=node["id"], generation=generation, pods=pods, cpu=pods) for node in nodes]
        self.nodes = self.nodes.model_copy(update={"items": tuple(states)})

    def has(self, *backends: BackendName, **elsewhere: Machine) -> None:
        """From now on it has these backends, the first by default; `elsewhere`: what some of them run pods on."""
        here = self.nodes.machine
        ready = []
        for name in backends:
            machine = elsewhere.get(name, here).model_copy(
                update={"runs_images": name != "process", "mounts_images": name == "kubernetes"}
            )
            ready.append(ReadyBackend(name=name, is_default=name == backends[0], machine=machine))
        self.nodes = NodeStateList(machine=ready[0].machine, backends=tuple(ready), items=self.nodes.items)

    async def _nodes(self, _: Nothing) -> NodeStateList:
        return self.nodes

    async def _capacity(self, _: Nothing) -> PoolStateList:
        return PoolStateList(machine=self.nodes.machine, backends=self.nodes.backends, items=self.pools)

    async def _states(self, _: Nothing) -> VersionStateList:
        return VersionStateList(items=self.states)

    async def _pods(self, query: PodsQuery) -> PodList:
        pod = PodView(
            name="wine-v1-0",
            service="wine",
            version="v1",
            version_id=query.version_id,
            node="local",
            status="Running",
            ready=True,
            restarts=0,
        )
        return PodList(items=(pod,))

    async def _terminal_offer(self, ref: PodRef) -> TerminalOffer:
        return TerminalOffer(refused=self.pod.terminal_refused(ref.pod))

    async def _open_terminal(self, order: TerminalOrder) -> Nothing:
        await self.terminals.open(order)
        return Nothing()

    async def _restart(self, ref: PodRef) -> Nothing:
        self.restarted.append(ref.pod)
        return Nothing()

    async def _timeline(self, ref: PodRef) -> PodTimeline:
        if ref.pod != "wine-v1-0":
            raise NotFound(f"there is no pod {ref.pod} of this version")
        begun = datetime(2026, 3, 1, 12, tzinfo=UTC)
        placed = StartPhase(name="placed", started_at=begun, ended_at=begun + timedelta(seconds=1.5), state="done")
        model = StartPhase(name="model", started_at=begun + timedelta(seconds=1.5), state="running", detail="fetching")
        return PodTimeline(pod=ref.pod, run=0, state="starting", started_at=begun, phases=(placed, model))

    async def _environment(self, files: ModelFiles) -> EnvironmentOutlook:
        assert files.mlmodel
        assert files.requirements
        return EnvironmentOutlook(state="to_build", unmet=("pandas==1.0 (here: 2.2)",))
