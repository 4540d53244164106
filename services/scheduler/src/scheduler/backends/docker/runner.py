"""Runs pods as containers: one for each run, adopted by its labels, its end and output attended from here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from scheduler.backends.docker.engine.client import Engine
from scheduler.backends.docker.engine.errors import EngineAway, EngineError
from scheduler.backends.docker.options import DockerOptions
from scheduler.backends.docker.preparation.container_plan import ContainerPlan, ContainerPreparation
from scheduler.backends.docker.runs.attendant import Attendant
from scheduler.backends.docker.runs.container_folder import StartedContainer, read_container
from scheduler.backends.docker.runs.container_run import ContainerRun
from scheduler.backends.docker.runs.inventory import ContainerInventory
from scheduler.backends.docker.runs.start import RunStart, SiteFacts, adopted_container
from scheduler.backends.docker.runs.usage import ContainerUsage, MeasuredContainer
from scheduler.backends.docker.site.host_paths import find_host_paths, is_contained
from scheduler.backends.docker.site.network import ensure_network
from scheduler.backends.errors import PreparationFailed, RegistryUnavailable
from scheduler.backends.lifecycle.folders.pod_folder import PodRecord
from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.backends.lifecycle.runner import MeasuredRun, RunProcess
from scheduler.backends.preparation.port import AddNote
from scheduler.domain.values import ENGINE_UNAVAILABLE, MeasuredUsage, PodNote
from shared.clock import Clock
from shared.contracts.deployment import Resources

log = logging.getLogger("penstock.scheduler.docker")

SWEEP_S = 15.0
RETRY_S = 1.0


@dataclass(frozen=True)
class PreparedContainer:
    """Implements `PreparedRun`."""

    runner: DockerRunner
    run: RunFolder
    plan: ContainerPlan
    add_note: AddNote

    async def start(self, record: PodRecord, secrets: Mapping[str, str]) -> RunProcess:
        """See `PreparedRun.start`; while the engine is away it is waited for."""
        while True:
            try:
                return await self.runner.start(record, self.run, self.plan, secrets)
            except EngineAway as away:
                self.add_note(PodNote(ENGINE_UNAVAILABLE, away.message, "warning"))
                await self.runner.clock.sleep(RETRY_S)
            except EngineError as error:
                raise PreparationFailed("StartFailed", error.message) from error
            except PreparationFailed as failed:
                raise PreparationFailed(failed.reason, self._told(failed.message), failed.is_permanent) from failed

    def _told(self, message: str) -> str:
        """In the container's own paths: those of the engine's machine are nobody's business who may read events."""
        for mount in self.plan.mounts:
            message = message.replace(mount.source, mount.target)
        return message


class DockerRunner:
    """Implements `scheduler.backends.lifecycle.runner.Runner`."""

    def __init__(
        self,
        engine: Engine,
        installation: str,
        preparation: ContainerPreparation,
        options: DockerOptions,
        clock: Clock,
    ) -> None:
        self.engine = engine
        self.installation = installation
        self.options = options
        self.clock = clock
        self.inventory = ContainerInventory(engine, installation, clock)
        self._preparation = preparation
        self._usage = ContainerUsage(engine, clock)
        self._attendants: dict[str, Attendant] = {}
        self._site: SiteFacts | None = None
        self._site_turn = asyncio.Lock()

    # ── work ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def open(self) -> None:
        """List the containers, however long the engine is away."""
        await self.inventory.open()
        with suppress(EngineError):  # it has just gone away again
            log.info("pods are containers of %s", await self.engine.version())

    async def run(self, pods: Collection[str]) -> None:
        """Follow the engine's events; remove containers that no pod has."""
        leftovers = {each.id for each in self.inventory.all() if each.pod is None}  # builds that nobody waits for
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.inventory.run(), name="containers")
                group.create_task(self._preparation.run(), name="images")
                group.create_task(self._sweep(pods, leftovers), name="unknown containers")
        finally:
            await asyncio.gather(*(each.stop() for each in self._attendants.values()))
            await self.engine.close()

    def problem(self) -> str | None:
        """See `Runner.problem`: what the engine answers instead of its containers."""
        return self.inventory.problem

    async def _sweep(self, pods: Collection[str], leftovers: Collection[str]) -> None:
        while True:
            for each in self.inventory.all():
                is_left = each.id in leftovers if each.pod is None else each.pod not in pods
                if is_left:
                    log.warning("removing container %s, which no pod has", each.name)
                    try:
                        await self.inventory.remove(each.id)
                    except EngineError as error:
                        log.info("container %s: %s", each.name, error)
            await self.clock.sleep(SWEEP_S)

    async def site(self) -> SiteFacts:
        """The network and the paths of the engine's machine; found out once. Raises `EngineError`."""
        async with self._site_turn:
            return await self._found_site()

    async def _found_site(self) -> SiteFacts:
        if self._site is None:
            paths = await find_host_paths(self.engine, is_contained=is_contained())
            network = await ensure_network(self.engine, self.installation, self.options, paths.container)
            told = await self.engine.get("/info")
            is_published = self.options.address == "published" or (
                self.options.address == "auto" and paths.container is None and not self.options.is_internal
            )
            self._site = SiteFacts(
                paths,
                network,
                is_published=is_published,
                is_limited=bool(told.get("MemoryLimit")) and bool(told.get("CpuCfsQuota", True)),
                is_podman=(await self.engine.version()).is_podman,
            )
        return self._site

    # ── runs ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def problem_for(self, resources: Resources) -> str | None:
        """The same, whatever they ask for."""
        return self.problem()

    def warm(self, record: PodRecord) -> None:
        """Nothing: images are there, or they are pulled."""

    async def prepare(self, record: PodRecord, run: RunFolder, add_note: AddNote) -> PreparedContainer:
        """See `Runner.prepare`."""
        try:
            site = await self.site()
            plan = await self._preparation.plan(record, run, site.paths, add_note)
        except EngineAway as away:
            raise RegistryUnavailable(away.message, ENGINE_UNAVAILABLE) from away
        except EngineError as error:
            raise PreparationFailed("StartFailed", error.message) from error
        return PreparedContainer(self, run, plan, add_note)

    async def start(
        self, record: PodRecord, run: RunFolder, plan: ContainerPlan, secrets: Mapping[str, str]
    ) -> ContainerRun:
        """Make and start the container. Raises `PreparationFailed`, `EngineError`."""
        start = RunStart(self.inventory, await self.site(), self.options, self.installation)
        try:
            container = await start.start(record, run, plan, secrets)
        except PreparationFailed:
            self._site = None  # somebody may have removed the network, for example
            raise
        return self._attended(run, container)

    def find(self, run: RunFolder) -> ContainerRun | None:
        """See `Runner.find`."""
        container = read_container(run)
        if container is None:
            return None
        return self._as_run(run, container, self._attendants.get(container.id))

    async def adopt(self, record: PodRecord, run: RunFolder) -> ContainerRun | None:
        """See `Runner.adopt`; a container that was made and not written down is found by its labels."""
        container = read_container(run) or await self._unwritten(run)
        if container is None:
            return None
        if run.exit() is None:
            return self._attended(run, container)
        await self._remove_ended(container)
        return self._as_run(run, container, None)

    async def _unwritten(self, run: RunFolder) -> StartedContainer | None:
        seen = self.inventory.of_run(run.path.parent.name, run.number)
        if seen is None:
            return None
        while True:
            try:
                return await adopted_container(self.inventory, await self.site(), self.options, run, seen)
            except EngineAway:
                await self.clock.sleep(RETRY_S)
            except EngineError as error:
                raise PreparationFailed("StartFailed", error.message) from error

    async def _remove_ended(self, container: StartedContainer) -> None:
        """One whose end was written down, and whose removal was not got to."""
        if self.inventory.get(container.id) is not None:
            try:
                await self.inventory.remove(container.id)
            except EngineError as error:
                log.info("container %s: %s", container.name, error)

    def _attended(self, run: RunFolder, container: StartedContainer) -> ContainerRun:
        attendant = self._attendants.get(container.id)
        if attendant is None or not attendant.is_at_work:
            attendant = Attendant(run, container.id, self.inventory, self.clock, self.options)
            self._attendants[container.id] = attendant
            attendant.start()
        return self._as_run(run, container, attendant)

    def _as_run(self, run: RunFolder, container: StartedContainer, attendant: Attendant | None) -> ContainerRun:
        has_terminals = self.options.terminals != "off"
        return ContainerRun(run, container, self.inventory, attendant, has_terminals=has_terminals)

    def clear(self, run: RunFolder) -> None:
        """Its attendant has removed the container; it is not needed any more."""
        container = read_container(run)
        if container is not None:
            self._attendants.pop(container.id, None)

    def remove_stale(self, runs: Collection[str]) -> None:
        """Nothing: what limits a container goes with it, and `run` removes those that no pod has."""

    # ── use ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def measure(self, running: Sequence[MeasuredRun]) -> list[MeasuredUsage]:
        """See `Runner.measure`."""
        own = [
            MeasuredContainer(each.pod, each.process.container.id, each.gpus)
            for each in running
            if isinstance(each.process, ContainerRun)
        ]
        return await self._usage.measure(own)

    def forget(self, pod: str) -> None:
        """See `Runner.forget`."""
        self._usage.forget(pod)
