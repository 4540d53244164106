"""The process of a run, as the lifecycle of its pod sees it."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from scheduler.backends.lifecycle.folders.run_folder import PodProcess, RunFolder
from scheduler.backends.lifecycle.runner import Endpoint
from scheduler.backends.process.cgroups import exceeded_memory_limit
from scheduler.backends.process.options import PodOptions
from scheduler.backends.process.process_tree import cpu_seconds
from scheduler.backends.process.terminal.session import TERMINALS_OFF, PodOrder, open_session
from scheduler.domain.ports import Terminal
from shared.contracts.terminals import TerminalSize
from shared.errors import Conflict

LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, never bound


@dataclass(frozen=True)
class ProcessRun:
    """Implements `RunProcess` on a process under a shim."""

    run: RunFolder
    process: PodProcess
    options: PodOptions

    @property
    def pid(self) -> int | None:
        """See `RunProcess.pid`."""
        return self.process.pid

    @property
    def description(self) -> str:
        """See `RunProcess.description`."""
        return f"process {self.process.pid}"

    @property
    def probed_at(self) -> Endpoint:
        """Where it listens, on this machine."""
        return Endpoint(LOOPBACK.get(self.options.bind_host, self.options.bind_host), self._port)

    @property
    def address(self) -> str:
        """Where it listens, as the platform's routers know this machine."""
        return f"{self.options.advertise_host}:{self._port}"

    @property
    def _port(self) -> int:
        return int((self.run.read_order() or {"port": 0})["port"])

    @property
    def health_path(self) -> str | None:
        """None: every process is a model server of ours."""
        return None

    @property
    def image(self) -> str | None:
        """None: a process has none."""
        return None

    @property
    def is_limited(self) -> bool:
        """Whether it is in control groups."""
        return bool(self.run.groups())

    def is_alive(self) -> bool:
        """See `RunProcess.is_alive`."""
        return self.process.is_alive()

    def is_attended(self) -> bool:
        """Whether its shim lives."""
        return self.run.is_attended()

    def is_stopped(self) -> bool:
        """See `RunProcess.is_stopped`."""
        try:
            return psutil.Process(self.process.pid).status() in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)
        except psutil.Error:
            return False

    async def cpu_s(self) -> float:
        """See `RunProcess.cpu_s`."""
        return cpu_seconds(self.process.pid)

    async def send(self, number: signal.Signals) -> None:
        """Signal its process group."""
        self.process.send(number)

    def exceeded_memory_limit(self) -> str | None:
        """See `RunProcess.exceeded_memory_limit`."""
        return exceeded_memory_limit(self.run.groups())

    def release(self) -> None:
        """Collect its shim where that has become this process' child."""
        self.process.reap_shim()

    def terminal_refused(self) -> str | None:
        """A terminal inside a process is a terminal on this machine: the machine's owner has to want it."""
        return None if self.options.terminals == "on" else TERMINALS_OFF

    async def exec(self, command: Sequence[str], *, tty: bool, size: TerminalSize) -> Terminal:
        """See `RunProcess.exec`."""
        order = self.run.read_order()
        if order is None:
            raise Conflict(f"nothing is known any more of how process {self.process.pid} was started")
        return await open_session(PodOrder(order, self.process.pid, self.process.ticks), command, tty=tty, size=size)
