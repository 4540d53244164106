"""Runs one command and owns all that it starts: whatever is left when the command ends is ended too.

The guard is a child subreaper (prctl(2)): a process whose parent ends becomes a child of the guard, in whatever session
or process group it is and whatever its environment says. So nothing escapes, a detached supervisor neither, and the
guard's own account of its children holds the CPU time of all of them.

- The command ends by itself: what is still there after `GRACE_S` is a leak, written down and killed.
- The command is killed: all of it is killed at once.
- The guard's parent is killed: the guard gets SIGTERM, and kills all. The guard itself is killed: the command goes with
  it, and what the command had started becomes a child of the guard around this one.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from test_run.processes import Survivor, descendants, survivor

RUN_FOLDER = "TEST_RUN_FOLDER"
"""Where guards and pytest leave what they have to say to the run; nothing is written where it is not set."""

GUARD = "TEST_RUN_GUARD"
"""Pid of the guard of a process: set for the command, and inherited by all below it."""

GRACE_S = 3.0
"""What a test has told to end may take so long after the last one; xdist waits 10 s for a worker."""

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36

_libc = ctypes.CDLL(None, use_errno=True)


class TerminatedError(Exception):
    """The guard was told to end."""


@dataclass(frozen=True)
class Ended:
    """How the guarded command ended."""

    label: str
    code: int
    """As a shell gives it: 128 + the signal's number where one ended it."""
    survivors: list[Survivor]
    cpu_s: float
    """Of the command and of all that it started."""

    def write(self, folder: Path) -> None:
        """Leave it where the run looks."""
        record = {
            "label": self.label,
            "code": self.code,
            "cpu_s": self.cpu_s,
            "survivors": [each.as_record() for each in self.survivors],
        }
        (folder / f"guard-{os.getpid()}.json").write_text(json.dumps(record))


def guard(label: str, command: Sequence[str]) -> int:
    """Run `command`, end what it leaves behind; its exit status."""
    _adopt_orphans()
    parent = os.getppid()
    signal.signal(signal.SIGTERM, _raise_terminated)
    signal.signal(signal.SIGHUP, _raise_terminated)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command, which ends by itself
    end_with_parent(signal.SIGTERM, parent)
    main = _start(command)
    survivors: list[Survivor] = []
    try:
        code = _await(main)
        if code < 128:
            survivors = _survivors_after_grace()
    except TerminatedError:
        code = 128 + signal.SIGTERM
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    kill_descendants()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    if folder := os.environ.get(RUN_FOLDER):
        Ended(label, code, survivors, used.ru_utime + used.ru_stime).write(Path(folder))
    return code


def guarding_pid() -> int | None:
    """The guard whose command this process is."""
    pid = os.environ.get(GUARD)
    return os.getppid() if pid == str(os.getppid()) else None


def end_with_parent(sig: int, parent: int) -> None:
    """Get `sig` when the parent ends, however it ends."""
    _libc.prctl(PR_SET_PDEATHSIG, sig, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), sig)


def kill_descendants(within: float = 10.0) -> None:
    """SIGKILL for all below this process, until none is left; those that start meanwhile too."""
    deadline = time.monotonic() + within
    while (found := descendants(os.getpid())) and time.monotonic() < deadline:
        for process in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process.pid, signal.SIGKILL)
        _reap()
        time.sleep(0.02)


def _adopt_orphans() -> None:
    if _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_CHILD_SUBREAPER")


def _raise_terminated(*_: object) -> NoReturn:
    raise TerminatedError


def _start(command: Sequence[str]) -> int:
    guard_pid = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            for sig in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                signal.signal(sig, signal.SIG_DFL)
            end_with_parent(signal.SIGKILL, guard_pid)
            os.execvpe(command[0], list(command), {**os.environ, GUARD: str(guard_pid)})
        finally:
            os._exit(127)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):  # who talks with the command must see it end when it ends
        os.dup2(nothing, stream)
    os.close(nothing)
    return pid


def _await(main: int) -> int:
    """Reap whatever ends, until it is `main`."""
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == main:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _survivors_after_grace() -> list[Survivor]:
    deadline = time.monotonic() + GRACE_S
    while _reap() and time.monotonic() < deadline:
        time.sleep(0.02)
    living = [process.pid for process in descendants(os.getpid()) if process.state != "Z"]
    return [found for found in map(survivor, living) if found]


def _reap() -> bool:
    """Wait for what has ended; whether there are children left."""
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        return False
    return True
