"""Several runners as one: a pod is started by the one that its resources name, else by the default.

What another one has started goes on until its end. So an installation changes from processes to containers, and back,
as its pods are replaced, with no failed request. One that is away holds up its own pods alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence

from scheduler.backends.errors import RegistryUnavailable
from scheduler.backends.lifecycle.folders.pod_folder import PodRecord
from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.backends.lifecycle.runner import MeasuredRun, PreparedRun, Runner, RunProcess
from scheduler.backends.preparation.port import AddNote
from scheduler.domain.values import BACKEND_MISSING, ENGINE_UNAVAILABLE, MeasuredUsage
from shared.contracts.deployment import BackendName, Resources


class RunnerSet:
    """Implements `Runner`."""

    def __init__(
        self, runners: Mapping[BackendName, Runner], default: BackendName, ready: Collection[BackendName]
    ) -> None:
        """Pods may name those that are `ready`; the `default` starts the others, what else there is starts nothing."""
        self._runners = runners
        self._default = default
        self._ready = frozenset(ready)
        self._open = {name: asyncio.Event() for name in runners}

    def _of(self, resources: Resources) -> BackendName | None:
        """What starts such pods; None: nothing that is ready here."""
        if resources.backend is None:
            return self._default
        return resources.backend if resources.backend in self._ready & self._runners.keys() else None

    async def open(self) -> None:
        """Nothing: each is opened beside the others, however long it is away."""

    async def run(self, pods: Collection[str]) -> None:
        """All, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for name in self._runners:
                group.create_task(self._run(name, pods), name=name)

    async def _run(self, name: BackendName, pods: Collection[str]) -> None:
        await self._runners[name].open()
        self._open[name].set()
        await self._runners[name].run(pods)

    def problem(self) -> str | None:
        """Of all that have one: what each has started is to go on."""
        return "; ".join(found for each in self._runners.values() if (found := each.problem())) or None

    def problem_for(self, resources: Resources) -> str | None:
        """See `Runner.problem_for`."""
        name = self._of(resources)
        return self._missing(resources) if name is None else self._runners[name].problem()

    def _missing(self, resources: Resources) -> str:
        has = ", ".join(sorted(self._ready))
        return (
            f"resource group {resources.group!r} names the backend {resources.backend}, and this scheduler has {has} "
            "(SCHEDULER_BACKENDS)"
        )

    def warm(self, record: PodRecord) -> None:
        """By the pod's own."""
        if name := self._of(record.deployment.resources):
            self._runners[name].warm(record)

    async def prepare(self, record: PodRecord, run: RunFolder, add_note: AddNote) -> PreparedRun:
        """By the pod's own."""
        name = self._of(record.deployment.resources)
        if name is None:
            raise RegistryUnavailable(self._missing(record.deployment.resources), BACKEND_MISSING)
        runner = self._runners[name]
        if not self._open[name].is_set():
            raise RegistryUnavailable(runner.problem() or f"the {name} backend does not answer yet", ENGINE_UNAVAILABLE)
        return await runner.prepare(record, run, add_note)

    def find(self, run: RunFolder) -> RunProcess | None:
        """Whichever started it."""
        return next((found for each in self._runners.values() if (found := each.find(run))), None)

    async def adopt(self, record: PodRecord, run: RunFolder) -> RunProcess | None:
        """Whichever started it; that is known once it is open."""
        own = self._of(record.deployment.resources)
        for name, runner in self._runners.items():
            if name == own or runner.find(run) is not None:
                await self._open[name].wait()
            if self._open[name].is_set() and (found := await runner.adopt(record, run)):
                return found
        return None

    def clear(self, run: RunFolder) -> None:
        """All."""
        for each in self._runners.values():
            each.clear(run)

    def remove_stale(self, runs: Collection[str]) -> None:
        """All."""
        for each in self._runners.values():
            each.remove_stale(runs)

    async def measure(self, running: Sequence[MeasuredRun]) -> list[MeasuredUsage]:
        """Each measures its own."""
        found = await asyncio.gather(*(each.measure(running) for each in self._runners.values()))
        return [usage for part in found for usage in part]

    def forget(self, pod: str) -> None:
        """All."""
        for each in self._runners.values():
            each.forget(pod)
