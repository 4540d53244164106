"""The port that backends implement: how one run of a pod is prepared, started, found again, looked at and ended.

Everything else of a pod (placement, back-off, drain, metering, its output) is the same whatever runs it. A runner
keeps what must survive the scheduler in the run's folder: how it ended in `exit.json`, what it printed in `output.log`.
"""

from __future__ import annotations

import signal
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from scheduler.backends.lifecycle.folders.pod_folder import PodRecord
from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.backends.preparation.port import AddNote
from scheduler.domain.ports import Terminal
from scheduler.domain.values import MeasuredUsage
from shared.contracts.deployment import Resources
from shared.contracts.terminals import TerminalSize


@dataclass(frozen=True)
class Endpoint:
    """A host and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class RunProcess(Protocol):
    """What was started for one run: a process of this machine, a container. It may have ended by now."""

    @property
    def pid(self) -> int | None:
        """The process on this machine, where there is one to be named."""
        ...

    @property
    def description(self) -> str:
        """What it is, in a word or two: `process 123`."""
        ...

    @property
    def probed_at(self) -> Endpoint:
        """Where its probes reach it."""
        ...

    @property
    def address(self) -> str:
        """Where routers reach it."""
        ...

    @property
    def health_path(self) -> str | None:
        """The path whose answer below 400 says that it is ready; None: it is a model server of ours."""
        ...

    @property
    def image(self) -> str | None:
        """The image of its owner's that it runs, by its digest; None: the platform's own."""
        ...

    @property
    def is_limited(self) -> bool:
        """Whether the kernel keeps it to its cores and memory."""
        ...

    def is_alive(self) -> bool:
        """Whether this very process runs."""
        ...

    def is_attended(self) -> bool:
        """Whether somebody will still write down how it ends."""
        ...

    def is_stopped(self) -> bool:
        """Whether it is frozen."""
        ...

    async def cpu_s(self) -> float:
        """CPU seconds that it has used, with all its children."""
        ...

    async def send(self, number: signal.Signals) -> None:
        """Signal it; nothing happens where it has ended."""
        ...

    def exceeded_memory_limit(self) -> str | None:
        """The limit of memory, such as `2 GiB`, for which the kernel has killed something in it; else None."""
        ...

    def release(self) -> None:
        """Its run is over, or watched by nobody here any more."""
        ...

    def terminal_refused(self) -> str | None:
        """Why it has no terminal, and how that is changed, in a sentence; None: it has."""
        ...

    async def exec(self, command: Sequence[str], *, tty: bool, size: TerminalSize) -> Terminal:
        """Open a session beside it; see `Backend.exec`."""
        ...


class PreparedRun(Protocol):
    """A run that has all that it needs."""

    async def start(self, record: PodRecord, secrets: Mapping[str, str]) -> RunProcess:
        """Start it.

        Args:
            record: the pod as it is now: its GPUs may have been given since the run was prepared.
            secrets: variables of its environment that no file of the pod holds.

        Raises:
            PreparationFailed: it could not be started.
        """
        ...


class Runner(Protocol):
    """Runs pods one way: as processes, as containers."""

    async def open(self) -> None:
        """Find out what runs, before any pod is adopted."""
        ...

    async def run(self, pods: Collection[str]) -> None:
        """Work beside the pods until cancelled; `pods` are those that are there now."""
        ...

    def problem(self) -> str | None:
        """Why it can do nothing now, in a sentence; None: it can."""
        ...

    def problem_for(self, resources: Resources) -> str | None:
        """Why it can do nothing with pods of such resources; None: it can."""
        ...

    def warm(self, record: PodRecord) -> None:
        """A pod is about to be prepared."""
        ...

    async def prepare(self, record: PodRecord, run: RunFolder, add_note: AddNote) -> PreparedRun:
        """Get what the run needs.

        Raises:
            RegistryUnavailable: try again later.
            PreparationFailed: this run has failed.
        """
        ...

    def find(self, run: RunFolder) -> RunProcess | None:
        """What was started for this run, alive or not; None where nothing was. For any thread."""
        ...

    async def adopt(self, record: PodRecord, run: RunFolder) -> RunProcess | None:
        """The same, of a run that a lifecycle is to go on with: from now on its end will be written down."""
        ...

    def clear(self, run: RunFolder) -> None:
        """Its end is stored: what limited it may go."""
        ...

    def remove_stale(self, runs: Collection[str]) -> None:
        """Drop what is left of runs other than these, by `<pod>.<run>`."""
        ...

    async def measure(self, running: Sequence[MeasuredRun]) -> list[MeasuredUsage]:
        """What each uses since the last call; those of other runners are left out."""
        ...

    def forget(self, pod: str) -> None:
        """It is gone: it is not measured any more."""
        ...


@dataclass(frozen=True)
class MeasuredRun:
    """A running pod: its name, what runs, the GPUs that it was given, by id."""

    pod: str
    process: RunProcess
    gpus: tuple[str, ...] = ()
