"""Runs pods as processes of this machine, each under a small shim that outlives the scheduler.

Cores and memory are limited where control groups can be made.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from scheduler.backends.errors import PreparationFailed
from scheduler.backends.lifecycle.folders.pod_folder import PodRecord
from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.backends.lifecycle.runner import MeasuredRun, RunProcess
from scheduler.backends.preparation.port import AddNote, Preparation
from scheduler.backends.process.cgroups import remove_groups
from scheduler.backends.process.launch.start import start_run
from scheduler.backends.process.launch.zygotes import ZygotePool
from scheduler.backends.process.options import PodOptions
from scheduler.backends.process.process_run import ProcessRun
from scheduler.backends.process.usage import MeasuredPod, UsageMeter
from scheduler.domain.values import MeasuredUsage
from shared.clock import Clock
from shared.contracts.deployment import Resources

NO_IMAGES = (
    "its pods are processes, and an image needs what runs containers: have the scheduler run pods on Docker or "
    "Kubernetes (SCHEDULER_BACKEND), use a resource group whose backend does, or publish a registered model"
)


@dataclass(frozen=True)
class PreparedProcess:
    """Implements `PreparedRun`: `command` is what the process executes."""

    run: RunFolder
    command: list[str]
    options: PodOptions
    zygotes: ZygotePool | None

    async def start(self, record: PodRecord, secrets: Mapping[str, str]) -> RunProcess:
        """See `PreparedRun.start`."""
        process = await start_run(self.run, record, self.command, self.options, self.zygotes, secrets=secrets)
        return ProcessRun(self.run, process, self.options)


class ProcessRunner:
    """Implements `scheduler.backends.lifecycle.runner.Runner`."""

    def __init__(
        self, preparation: Preparation, options: PodOptions, clock: Clock, zygotes: ZygotePool | None = None
    ) -> None:
        self.options = options
        self._preparation = preparation
        self._zygotes = zygotes
        self._usage = UsageMeter(clock)

    async def open(self) -> None:
        """Nothing: a process is found by its run's folder."""

    async def run(self, pods: Collection[str]) -> None:
        """Keep the zygotes."""
        if self._zygotes is not None:
            return await self._zygotes.run()
        await asyncio.get_running_loop().create_future()

    def problem(self) -> str | None:
        """See `Runner.problem`: processes are always there."""
        return None

    def problem_for(self, resources: Resources) -> str | None:
        """The same, whatever they ask for."""
        return self.problem()

    def warm(self, record: PodRecord) -> None:
        """Most models fit the platform's own environment."""
        if self._zygotes is not None:
            self._zygotes.warm_platform_environment()

    async def prepare(self, record: PodRecord, run: RunFolder, add_note: AddNote) -> PreparedProcess:
        """See `Runner.prepare`. An image needs what runs containers."""
        if record.deployment.image_source() is not None:
            raise PreparationFailed("ImageNotPossible", NO_IMAGES, is_permanent=True)
        command = await self._preparation.command(record.deployment, record.template, run, add_note)
        return PreparedProcess(run, command, self.options, self._zygotes)

    def find(self, run: RunFolder) -> ProcessRun | None:
        """See `Runner.find`."""
        process = run.process()
        return None if process is None else ProcessRun(run, process, self.options)

    async def adopt(self, record: PodRecord, run: RunFolder) -> ProcessRun | None:
        """The same: its shim writes down how it ends."""
        return self.find(run)

    def clear(self, run: RunFolder) -> None:
        """Remove its control groups."""
        remove_groups(run.groups())

    def remove_stale(self, runs: Collection[str]) -> None:
        """Remove control groups of other runs."""
        if self.options.control_groups is not None:
            self.options.control_groups.remove_stale(runs)

    async def measure(self, running: Sequence[MeasuredRun]) -> list[MeasuredUsage]:
        """See `Runner.measure`."""
        own = [
            MeasuredPod(each.pod, each.process.process.pid, each.gpus)
            for each in running
            if isinstance(each.process, ProcessRun)
        ]
        return await self._usage.measure(own)

    def forget(self, pod: str) -> None:
        """See `Runner.forget`."""
        self._usage.forget(pod)
