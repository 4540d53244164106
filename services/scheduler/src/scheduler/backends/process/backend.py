"""The process backend: pods are processes of this machine. Terminals are refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from scheduler.backends.lifecycle.backend import PodBackend
from scheduler.backends.lifecycle.jobs import JobRoom
from scheduler.backends.preparation.port import Preparation
from scheduler.backends.preparation.variables import AskForSecrets
from scheduler.backends.process.launch.zygotes import ZygotePool
from scheduler.backends.process.options import PodOptions
from scheduler.backends.process.runner import ProcessRunner
from scheduler.domain.ports import RouteStatus, Terminal
from shared.clock import Clock
from shared.errors import InvalidInput


class ProcessBackend(PodBackend):
    """`scheduler.domain.ports.Backend` on processes."""

    def __init__(
        self,
        root: Path,
        preparation: Preparation,
        options: PodOptions,
        *,
        clock: Clock,
        routes: RouteStatus,
        fence: Callable[[], Awaitable[None]],
        zygotes: ZygotePool | None = None,
        ask_for_secrets: AskForSecrets | None = None,
        jobs: JobRoom | None = None,
    ) -> None:
        runner = ProcessRunner(preparation, options, clock, zygotes)
        super().__init__(
            root, runner, options, clock=clock, routes=routes, fence=fence, ask_for_secrets=ask_for_secrets, jobs=jobs
        )

    async def exec(self, pod: str, command: list[str], *, tty: bool) -> Terminal:
        """Refused: a terminal inside a process is a terminal on this machine."""
        raise InvalidInput("pods of the process backend have no terminal; the docker and kubernetes backends do")
