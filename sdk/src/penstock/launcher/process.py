"""One process under the launcher: what to run, its life, its log file.

A process gets a process group of its own, so that ending it ends what it started in that group (pods make sessions of
their own and are left alone), and so that Ctrl-C in the terminal reaches the launcher only. Its output goes to a file:
nothing here is on the way when the launcher itself dies.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from penstock.launcher.files import set_aside

State = Literal["starting", "running", "unready", "restarting", "held", "stopped"]

LISTEN_FD = 3
"""Where systemd's socket activation puts the first handed-over socket."""
KEEP_LOG_BYTES = 16 * 1024 * 1024
"""A log file that grew beyond this becomes `<name>.log.1`, which is replaced."""


@dataclass(frozen=True)
class Probe:
    """How to know that a process serves: `http` GETs `path` until 200, `nats` reads the server's greeting."""

    kind: Literal["http", "nats"]
    port: int
    path: str = "/readyz"


@dataclass(frozen=True)
class ProcessSpec:
    """What to run and how to treat it."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    address: str
    admin: str | None = None
    """Address of its `/metrics` and `/readyz`, where it has them."""
    probe: Probe | None = None
    listen_fd: int | None = None
    stop_grace_s: float = 12.0
    """Time to end by itself after SIGTERM (services promise 10 s), seconds."""
    ends_last: bool = False
    niceness: int = 0
    """Above 0 it yields to the others where all cores are busy."""


class SupervisedProcess:
    """A process that the supervisor starts, ends and starts again."""

    def __init__(self, spec: ProcessSpec, log: Path) -> None:
        self.spec = spec
        self.log = log
        self.state: State = "stopped"
        self.pid: int | None = None
        self.restarts = 0
        self.was_ready = False
        """Whether it served at any time of its present life."""
        self.answered_at = time.monotonic()
        """When it last answered a probe, be it that it is not ready."""
        self.note: str | None = None
        self._exit_code: asyncio.Future[int] | None = None

    def start(self) -> None:
        """Spawn it; its exit is noticed by `reap`."""
        if self.log.is_dir():
            set_aside(self.log, "it is a folder")
        rotate(self.log)
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self.pid = spawn(self.spec, log)
            if self.spec.niceness:
                os.setpriority(os.PRIO_PROCESS, self.pid, self.spec.niceness)
        finally:
            os.close(log)
        self.state = "starting"
        self.was_ready = False
        self.answered_at = time.monotonic()
        self._exit_code = asyncio.get_running_loop().create_future()

    def reap(self) -> None:
        """Collect the exit status, if it has ended (called on SIGCHLD)."""
        if self.pid is None or self._exit_code is None or self._exit_code.done():
            return
        with contextlib.suppress(ChildProcessError):
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._exit_code.set_result(os.waitstatus_to_exitcode(status))

    async def wait_for_exit(self) -> int:
        """Its exit code (negative: the signal), once it has ended; what is left of its group is killed."""
        assert self._exit_code is not None
        assert self.pid is not None
        code = await asyncio.shield(self._exit_code)
        signal_group(self.pid, signal.SIGKILL)
        self.pid = None
        return code

    async def stop(self) -> None:
        """SIGTERM, then SIGKILL to its whole group when its time is over."""
        if self.pid is None or self._exit_code is None:
            return
        pid = self.pid
        signal_group(pid, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._exit_code), self.spec.stop_grace_s)
        signal_group(pid, signal.SIGKILL)
        await asyncio.shield(self._exit_code)
        self.state = "stopped"


def spawn(spec: ProcessSpec, log: int) -> int:
    """Start `spec` with its output in `log`, in a process group of its own; returns the pid."""
    environment = {key: value for key, value in spec.environment.items() if not key.startswith("LISTEN_")}
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, log, 1),
        (os.POSIX_SPAWN_DUP2, log, 2),
    ]
    if spec.listen_fd is not None:
        environment["LISTEN_FDS"] = "1"
        actions.append((os.POSIX_SPAWN_DUP2, spec.listen_fd, LISTEN_FD))
    # posix_spawn, not subprocess: only this can put a socket at descriptor 3 without code between fork and exec.
    return os.posix_spawn(
        spec.command[0],
        list(spec.command),
        environment,
        file_actions=actions,
        setpgroup=0,
        setsigdef=[signal.SIGINT, signal.SIGTERM, signal.SIGPIPE],
        setsigmask=[],
    )


def signal_group(pid: int, sig: signal.Signals) -> None:
    """Signal a process group; one that is gone is no error."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, sig)


def rotate(log: Path) -> None:
    """Move a log that grew large out of the way; done before a start."""
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > KEEP_LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))


def trim(log: Path) -> None:
    """The same for a log in use: copied, then cut to nothing. The writer appends, so it goes on at the start."""
    with contextlib.suppress(OSError):
        if log.stat().st_size > KEEP_LOG_BYTES:
            kept = log.with_suffix(".log.1")
            kept.write_bytes(log.read_bytes())
            os.truncate(log, 0)


@dataclass
class CrashBackoff:
    """Delays between restarts, seconds: they double while a process keeps dying young, and are forgotten later."""

    first: float = 0.2
    longest: float = 5.0
    settled: float = 10.0
    """A process that lived this long is not dying young."""
    now: Callable[[], float] = time.monotonic
    _delay: float = 0.0

    def after(self, started: float) -> float:
        """The delay after a life that began at `started`."""
        young = self.now() - started < self.settled
        self._delay = min(self.longest, self._delay * 2) if young and self._delay else self.first
        return self._delay
