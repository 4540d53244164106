"""Pods of this machine, whatever runs them: what is wanted is given by `apply`, a runner does the rest.

What is there is read from the pods' folders at the start, so that pods of an earlier scheduler are adopted.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import string
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from scheduler.backends.lifecycle.dependencies import PodDependencies
from scheduler.backends.lifecycle.folders.output import read_lines
from scheduler.backends.lifecycle.folders.pod_folder import PodFolder, PodRecord, pod_folders
from scheduler.backends.lifecycle.folders.run_ledger import RunLedger
from scheduler.backends.lifecycle.given_gpus import lacks_gpus
from scheduler.backends.lifecycle.jobs import JobRoom
from scheduler.backends.lifecycle.options import LifecycleOptions
from scheduler.backends.lifecycle.placement import PodPlacement
from scheduler.backends.lifecycle.pod import PodLifecycle
from scheduler.backends.lifecycle.runner import MeasuredRun, Runner
from scheduler.backends.preparation.variables import AskForSecrets
from scheduler.domain.ports import DEFAULT_SIZE, Reach, RouteStatus, Terminal, does_not_run
from scheduler.domain.rollout import PodState, plan_rollout, template_of
from scheduler.domain.values import LogPosition, MeasuredUsage, Observation, OutputLine, PodsListed, RunObservation
from shared.clock import Clock
from shared.contracts.deployment import Deployment, Resources
from shared.contracts.jobs import JOB_VERSION
from shared.contracts.nodes import Node, NodeState, PoolState
from shared.contracts.terminals import TerminalSize
from shared.errors import Conflict, NotFound
from shared.filesystem.files import usable_folder

log = logging.getLogger("penstock.scheduler.pods")

ALPHABET = string.ascii_lowercase + string.digits
FOLLOW_S = 0.2
RETRY_S = 5.0
KNOWN_POLL_S = 0.02
LEAVING = ""
"""Template of a pod that has to leave its node or its GPU, as the roll-out sees it: no version's."""


class PodBackend:
    """`scheduler.domain.ports.Backend` over one machine's runner."""

    def __init__(
        self,
        root: Path,
        runner: Runner,
        options: LifecycleOptions,
        *,
        clock: Clock,
        routes: RouteStatus,
        fence: Callable[[], Awaitable[None]],
        ask_for_secrets: AskForSecrets | None = None,
        jobs: JobRoom | None = None,
        reach: Reach | None = None,
    ) -> None:
        self.root = root
        self.jobs = jobs
        if jobs is not None:
            jobs.changed = self._place_waiting
        self.fence = fence
        self.clock = clock
        self.options = options
        self._pods: dict[str, PodLifecycle] = {}
        self._ended: dict[str, PodFolder] = {}
        self._observed: asyncio.Queue[Observation] = asyncio.Queue()
        self.runner = runner
        self._dependencies = PodDependencies(
            runner, options, routes, clock, fence, self._observed.put_nowait, ask_for_secrets, reach
        )
        self._is_adopted = asyncio.Event()
        self._group: asyncio.TaskGroup | None = None
        self._applied: set[UUID] = set()
        self._ledger = RunLedger(root, runner.find)
        self._placement = PodPlacement(self._pods, jobs, options)

    # ── life ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def run(self) -> None:
        """Adopt what is there, then work until cancelled. Pods outlive it."""
        usable_folder(self.root)
        await self.runner.open()
        async with asyncio.TaskGroup() as group:
            self._group = group
            folders = list(pod_folders(self.root))
            self._observed.put_nowait(PodsListed(frozenset(folder.record.name for folder in folders)))
            for folder in folders:
                self._start_pod(folder)
            self._remove_stale()
            if self.jobs is not None:
                group.create_task(self.jobs.run(), name="jobs")
            group.create_task(self.runner.run(self._pods.keys()), name="runner")
            self._is_adopted.set()
            self._place_waiting()
            await asyncio.get_running_loop().create_future()

    def _remove_stale(self) -> None:
        self.runner.remove_stale(
            {f"{name}.{run.number}" for name, pod in self._pods.items() for run in pod.folder.runs()}
        )

    def _start_pod(self, folder: PodFolder) -> None:
        assert self._group is not None
        pod = PodLifecycle(folder, self._dependencies)
        self._pods[folder.record.name] = pod
        self._group.create_task(self._run_pod(pod), name=f"pod {folder.record.name}")

    async def _run_pod(self, pod: PodLifecycle) -> None:
        """The lifecycle of one pod; an error of ours in it must not end the others."""
        while True:
            try:
                await pod.run()
                break
            except (OSError, ValueError, KeyError):
                log.exception("pod %s: trying again in %s s", pod.record.name, RETRY_S)
                await self.clock.sleep(RETRY_S)
        name = pod.record.name
        self._ended[name] = pod.folder
        self._pods.pop(name, None)
        self._place_waiting()
        self.runner.forget(name)
        # Its output may still be read: the folder stays for a while; and until its runs are counted.
        await self.clock.sleep(self.options.kept_after_end_s)
        while await asyncio.to_thread(pod.folder.is_countable):
            await self.clock.sleep(RETRY_S)
        self._ended.pop(name, None)
        self._remove_stale()
        await asyncio.to_thread(pod.folder.remove)

    # ── wanted ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def apply(self, deployment: Deployment) -> None:
        """Make the pods of one version be as wanted; see `Backend.apply`."""
        await self._is_adopted.wait()
        template = template_of(deployment)
        pods = self._pods_of(deployment.version_id)
        if not await self._are_known(pods):
            return
        ended = [pod for pod in pods if self._placement.is_evicted(pod.record)]
        plan = plan_rollout(deployment.desired_replicas, template, [self._state(pod) for pod in pods])
        ended += self._freeing_gpus(pods)
        if plan.create or plan.terminate or ended:
            await self.fence()
        for pod in ended:
            pod.terminate()
        for pod in (self._pods[name] for name in plan.terminate):
            pod.terminate(is_surplus=self._state(pod).template == template)
        for _ in range(plan.create):
            self._create(deployment, template)
        if plan.create:
            self._place_waiting()
        for pod in pods:
            self._update_deployment(pod, deployment, template)
        self._applied.add(deployment.version_id)

    async def _are_known(self, pods: Sequence[PodLifecycle]) -> bool:
        """Wait until it is known what runs of these; False: what runs them is away, and may have them serving."""
        while not all(pod.is_known for pod in pods):
            if self.runner.problem():
                return False
            await self.clock.sleep(KNOWN_POLL_S)
        return True

    def _update_deployment(self, pod: PodLifecycle, deployment: Deployment, template: str) -> None:
        """Store the newest intent in a pod that stays; emit the pod again at the first `apply` of its version.

        The observer may know the version only after its adopted pods were emitted.
        """
        is_news = pod.record.deployment != deployment
        if is_news and pod.record.template == template:
            pod.folder.update(deployment=deployment)
        if pod.watch and (is_news or deployment.version_id not in self._applied):
            pod.emit()

    def _create(self, deployment: Deployment, template: str) -> None:
        suffix = "".join(secrets.choice(ALPHABET) for _ in range(5))
        name = f"{deployment.service}-{deployment.version}-{suffix}"
        record = PodRecord(
            name=name,
            deployment=deployment,
            template=template,
            created_at=self.clock.now().timestamp(),
            is_placed=False,
        )
        self._start_pod(PodFolder.create(self.root, record))

    def set_nodes(self, nodes: Sequence[Node]) -> None:
        """Place pods by these nodes; see `Backend.set_nodes`."""
        if self._placement.set_nodes(nodes):
            self._place_waiting()

    def nodes(self) -> list[NodeState] | None:
        """What the pods on each node ask for; see `Backend.nodes`."""
        return self._placement.nodes() if self._is_adopted.is_set() else None

    def pools(self) -> list[PoolState] | None:
        """The room that there is, and who holds it; see `Backend.pools`."""
        return self._placement.pools() if self._is_adopted.is_set() else None

    def _place_waiting(self) -> None:
        if self._is_adopted.is_set():
            self._placement.place_waiting()

    def waiting_reasons(self) -> Mapping[str, str]:
        """Pods without room, and why; see `Backend.waiting_reasons`."""
        of_gpus = {name: why for name, pod in self._pods.items() if (why := pod.waits_for_gpus)}
        return {**self._placement.waiting_reasons, **of_gpus}

    def problem(self) -> str | None:
        """See `Backend.problem`."""
        return self.runner.problem()

    def problem_for(self, resources: Resources) -> str | None:
        """See `Backend.problem_for`."""
        return self.runner.problem_for(resources)

    def _state(self, pod: PodLifecycle) -> PodState:
        """As the roll-out decides on it; one that has to leave its node, or has lost its GPU, is to be replaced."""
        state = pod.state()
        if self._placement.is_evicted(pod.record):
            return replace(state, is_terminating=True)
        return replace(state, template=LEAVING) if self._placement.has_to_leave(pod.record) else state

    def _freeing_gpus(self, pods: Sequence[PodLifecycle]) -> list[PodLifecycle]:
        """The old pod whose GPU a new one, with all else ready, waits for: one, and none while another pod starts."""
        there = {pod.record.name: pod for pod in pods if not pod.record.is_terminating}
        starting = [pod for pod in there.values() if not pod.is_ready and pod.record.is_placed]
        waiting = [pod for pod in starting if pod.waits_for_gpus]
        is_one_away = any(not lacks_gpus(pod.record) for pod in starting)
        if is_one_away or any(pod.record.took not in there for pod in waiting):  # the latter's is on its way
            return []
        return [there[str(pod.record.took)] for pod in waiting[:1]]

    async def delete(self, version_id: UUID) -> None:
        """End every pod of a version."""
        await self._is_adopted.wait()
        pods = [pod for pod in self._pods_of(version_id) if not pod.record.is_terminating]
        if pods:
            await self.fence()
        for pod in pods:
            pod.terminate()

    def _pods_of(self, version_id: UUID) -> list[PodLifecycle]:
        return [pod for pod in self._pods.values() if pod.record.deployment.version_id == version_id]

    def versions(self) -> frozenset[UUID]:
        """Versions that have pods here."""
        return frozenset(pod.record.deployment.version_id for pod in self._pods.values())

    async def restart(self, pod: str) -> None:
        """Drain a pod, end what runs, start it again at once."""
        if pod not in self._pods:
            raise NotFound(f"there is no pod {pod}")
        await self.fence()
        self._pods[pod].restart()

    def terminal_refused(self, pod: str) -> str | None:
        """See `Backend.terminal_refused`."""
        process = self._pods[pod].process if pod in self._pods else None
        if process is None or not process.is_alive():
            return does_not_run(pod)
        return process.terminal_refused()

    async def exec(self, pod: str, command: Sequence[str], *, tty: bool, size: TerminalSize = DEFAULT_SIZE) -> Terminal:
        """Open a session beside what runs in a pod; see `Backend.exec`."""
        if pod not in self._pods:
            raise NotFound(f"there is no pod {pod}")
        if why := self.terminal_refused(pod):
            raise Conflict(why)
        process = self._pods[pod].process
        assert process is not None
        return await process.exec(command, tty=tty, size=size)

    # ── seen ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def watch(self) -> AsyncIterator[Observation]:
        """Everything that happens to pods, in order; see `Backend.watch`."""
        while True:
            yield await self._observed.get()

    async def logs(self, pod: str, since: LogPosition, *, follow: bool = False) -> AsyncGenerator[OutputLine, None]:
        """Lines of a pod's output from `since` on, run after run."""
        folder = self._folder(pod)
        while True:
            for line in self._lines(folder, since):
                since = LogPosition(line.position.run, line.end)
                yield line
            if not follow:
                return
            await self.clock.sleep(FOLLOW_S)

    def _lines(self, folder: PodFolder, since: LogPosition) -> Iterator[OutputLine]:
        """Those that there are now, read as they are asked for: they may be 64 MiB of short ones."""
        for run in folder.runs():
            if run.number < since.run:
                continue
            offset = since.offset if run.number == since.run else 0
            is_over = run.number <= folder.record.ended_run or folder.path.name in self._ended
            while lines := read_lines(run, offset, is_over=is_over):
                yield from lines
                offset = lines[-1].end

    def _folder(self, pod: str) -> PodFolder:
        if pod in self._pods:
            return self._pods[pod].folder
        if pod in self._ended:
            return self._ended[pod]
        if self.jobs is not None and (found := self.jobs.folder(pod)):
            return found
        raise NotFound(f"there is no pod {pod}")

    async def usage(self) -> list[MeasuredUsage]:
        """Cores, memory and GPUs of every running pod since the last call."""
        running = [
            MeasuredRun(pod.record.name, process, pod.record.gpus)
            for pod in self._pods.values()
            if (process := pod.process)
        ]
        return await self.runner.measure(running)

    async def runs(self) -> list[RunObservation]:
        """Runs of every pod; see `Backend.runs`."""
        now = self.clock.now().timestamp()
        found = await asyncio.to_thread(self._ledger.read_runs, now)
        return found if self.jobs is None else [*found, *await asyncio.to_thread(self.jobs.read_runs, now)]

    async def acknowledge_runs(self, runs: Sequence[RunObservation]) -> None:
        """Their folders may go; see `Backend.acknowledge_runs`."""
        of_pods = [run for run in runs if run.deployment.version != JOB_VERSION]
        await asyncio.to_thread(self._ledger.mark_settled, of_pods)
        if self.jobs is not None:
            await asyncio.to_thread(self.jobs.mark_settled, runs)
