"""A pod that is one sleeping process, with real sessions inside it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

import psutil

from scheduler.backends.process.terminal.session import TERMINALS_OFF, PodOrder, ProcessTerminal, open_session
from scheduler.domain.ports import DEFAULT_SIZE
from scheduler.machine import start_ticks
from shared.contracts.terminals import TerminalSize
from shared.errors import Conflict, NotFound

POD = "wine-v1-0"


class PodOfOneProcess:
    """As much of a backend as sessions need."""

    def __init__(self) -> None:
        self.has_terminals = False
        self.opened: list[ProcessTerminal] = []
        self._process: subprocess.Popen[bytes] | None = None

    def terminal_refused(self, pod: str) -> str | None:
        return None if self.has_terminals else TERMINALS_OFF

    async def exec(
        self, pod: str, command: Sequence[str], *, tty: bool, size: TerminalSize = DEFAULT_SIZE
    ) -> ProcessTerminal:
        if not self.has_terminals:
            raise Conflict(TERMINALS_OFF)
        if pod != POD:
            raise NotFound(f"there is no pod {pod}")
        self._process = self._process or subprocess.Popen(["sleep", "600"])
        environment = {"PATH": "/usr/bin:/bin", "PENSTOCK_POD": pod}
        order = {"environment": environment, "folder": os.getcwd()}
        pid = self._process.pid
        terminal = await open_session(PodOrder(order, pid, start_ticks(pid)), command, tty=tty, size=size)
        self.opened.append(terminal)
        return terminal

    def left(self) -> list[psutil.Process]:
        """Attendants of sessions, and whatever is below them."""
        pids = {terminal.attending.pid for terminal in self.opened}
        there = psutil.Process().children(recursive=True)
        parents = {each.pid: _parent(each) for each in there}
        return [each for each in there if {each.pid, parents[each.pid]} & pids]

    def end(self) -> None:
        """The pod ends."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def _parent(process: psutil.Process) -> int | None:
    try:
        return process.ppid()
    except psutil.NoSuchProcess:  # it has ended meanwhile
        return None
