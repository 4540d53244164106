"""The container of a run, as the lifecycle of its pod sees it."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass

from scheduler.backends.docker.engine.errors import EngineError, EngineRefused
from scheduler.backends.docker.runs.attendant import Attendant
from scheduler.backends.docker.runs.container_folder import StartedContainer
from scheduler.backends.docker.runs.inventory import ContainerInventory
from scheduler.backends.docker.runs.stats import stats_of
from scheduler.backends.docker.runs.terminal import open_terminal
from scheduler.backends.lifecycle.folders.damage import read_or_set_aside
from scheduler.backends.lifecycle.folders.run_folder import RunFolder
from scheduler.backends.lifecycle.options import ALL_TERMINALS_OFF
from scheduler.backends.lifecycle.runner import Endpoint
from scheduler.domain.ports import Terminal
from shared.contracts.terminals import TerminalSize

SENT_TO_CONTAINERS = frozenset({signal.SIGTERM, signal.SIGKILL, signal.SIGINT, signal.SIGHUP})
"""SIGCONT thaws a process group; a paused container is thawed by the engine."""


@dataclass(frozen=True)
class ContainerRun:
    """Implements `RunProcess`."""

    run: RunFolder
    container: StartedContainer
    inventory: ContainerInventory
    attendant: Attendant | None
    has_terminals: bool = True

    @property
    def pid(self) -> int | None:
        """None: a container's process is the engine's."""
        return None

    @property
    def description(self) -> str:
        """Its short id, as the engine's own tools show it."""
        return f"container {self.container.id[:12]}"

    @property
    def probed_at(self) -> Endpoint:
        """The published port, or the container's own address."""
        return Endpoint(self.container.host, self.container.port)

    @property
    def address(self) -> str:
        """See `RunProcess.address`."""
        return self.container.advertised

    @property
    def health_path(self) -> str | None:
        """See `RunProcess.health_path`."""
        return self.container.health_path

    @property
    def image(self) -> str | None:
        """See `RunProcess.image`."""
        return self.container.image

    @property
    def is_limited(self) -> bool:
        """Whether the engine can limit memory and cores here."""
        return self.container.is_limited

    def is_alive(self) -> bool:
        """As the engine last said; while nothing was listed yet, it counts as alive."""
        seen = self.inventory.get(self.container.id)
        return not self.inventory.is_listed if seen is None else seen.is_alive

    def is_attended(self) -> bool:
        """Whether its end is known to the engine, or about to be written down."""
        is_there = self.inventory.get(self.container.id) is not None
        return is_there or bool(self.attendant and self.attendant.is_at_work)

    def is_stopped(self) -> bool:
        """Whether it is paused."""
        seen = self.inventory.get(self.container.id)
        return seen is not None and seen.status == "paused"

    async def cpu_s(self) -> float:
        """See `RunProcess.cpu_s`; 0 where the engine does not say."""
        try:
            found = await stats_of(self.inventory.engine, self.container.id)
        except EngineError:
            return 0.0
        return found.cpu_s

    async def send(self, number: signal.Signals) -> None:
        """Signal its first process, which hands it on; SIGKILL ends all of it."""
        path = f"/containers/{self.container.id}"
        try:
            if number == signal.SIGCONT and self.is_stopped():
                await self.inventory.engine.post(f"{path}/unpause")
            elif number in SENT_TO_CONTAINERS:
                await self.inventory.engine.post(f"{path}/kill", signal=number.name)
        except EngineRefused:
            pass  # it has ended: 404, or 409 while it is being removed
        except EngineError:
            pass  # the engine is away: asked again at the next turn

    def exceeded_memory_limit(self) -> str | None:
        """See `RunProcess.exceeded_memory_limit`."""
        ended = read_or_set_aside(self.run.path / "exit.json") or {}
        if not (ended.get("oom") or self.inventory.was_out_of_memory(self.container.id)):
            return None
        memory = float((self.run.read_order() or {}).get("memory_gb", 0))
        return f"{memory:.3g} GiB"

    def release(self) -> None:
        """Nothing: its attendant ends with the container."""

    def terminal_refused(self) -> str | None:
        """It has one, in its own container, unless the installation's owner wants none."""
        return None if self.has_terminals else ALL_TERMINALS_OFF

    async def exec(self, command: Sequence[str], *, tty: bool, size: TerminalSize) -> Terminal:
        """See `RunProcess.exec`."""
        return await open_terminal(self.inventory.engine, self.container.id, command, size if tty else None)
