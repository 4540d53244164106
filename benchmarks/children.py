"""Child processes that never outlive the run: each in a session of its own, ended with all that it started."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import psutil

_PR_SET_CHILD_SUBREAPER = 36
Found = TypeVar("Found")


class BenchmarkFailed(Exception):
    """A server, a peer or a measurement failed; the message is one line for the reader of the table."""


class LeftOut(Exception):
    """Something that a part needs is not on this machine, and nothing was begun; the message says what."""


class ChildProcess:
    """A process, its log, and its end. A context manager: leaving it ends the process and everything below it."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        log: Path,
        *,
        env: Mapping[str, str] | None = None,
        core: int | None = None,
        niceness: int = 0,
        cwd: Path | None = None,
    ) -> None:
        self.name = name
        self.log = log
        prefix = ["taskset", "-c", str(core)] if core is not None else []
        prefix += ["nice", "-n", str(niceness)] if niceness else []
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603
                [*prefix, *map(str, command)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **(env or {})},
                cwd=cwd,
                start_new_session=True,
            )

    def __enter__(self) -> ChildProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Of the process that was started (`taskset` and `nice` become what they start)."""
        return self.process.pid

    def check_alive(self) -> None:
        """Raise Failed, with its last words, where it has ended."""
        if (status := self.process.poll()) is not None:
            raise BenchmarkFailed(f"{self.name} ended with {status}: {last_log_line(self.log)}")

    def wait_until(self, condition: Callable[[], Found | None], within_s: float, what: str) -> Found:
        """The first answer of `condition` that is neither None nor False, while the process lives."""
        return wait_until(condition, within_s, f"{self.name}: {what}", check=self.check_alive)

    def stop(self, grace_s: float = 8) -> None:
        """SIGTERM, then SIGKILL, to it and to all that it started."""
        family = [*_family(self.pid)]
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(grace_s)
        end_processes([*family, *_family(self.pid)])
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)


def wait_until(
    condition: Callable[[], Found | None],
    within_s: float,
    what: str,
    check: Callable[[], None] | None = None,
    every_s: float = 0.05,
) -> Found:
    """The first answer of `condition` that is neither None nor False; Failed when time is over."""
    deadline = time.monotonic() + within_s
    while (found := condition()) is None or found is False:
        if check is not None:
            check()
        if time.monotonic() > deadline:
            raise BenchmarkFailed(f"{what}: not within {within_s:.0f} s")
        time.sleep(every_s)
    return found


def end_processes(processes: Iterable[psutil.Process]) -> None:
    """End processes that may be gone already."""
    left = _signal_and_wait(processes, signal.SIGTERM, within_s=2)
    # multiprocessing's tracker ends by itself after the others, and removes the semaphores that they have left.
    trackers = [process for process in left if _is_tracker(process)]
    others = _signal_and_wait([process for process in left if process not in trackers], signal.SIGKILL, within_s=5)
    _signal_and_wait([*others, *psutil.wait_procs(trackers, timeout=5)[1]], signal.SIGKILL, within_s=5)


def _signal_and_wait(processes: Iterable[psutil.Process], signal_number: int, within_s: float) -> list[psutil.Process]:
    """Those that live on after a signal."""
    told = [process for process in processes if process.is_running()]
    for process in told:
        with contextlib.suppress(psutil.Error):
            process.send_signal(signal_number)
    return list(psutil.wait_procs(told, timeout=within_s)[1]) if told else []


def _is_tracker(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return any("resource_tracker" in word for word in process.cmdline())
    return False


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, so that `end_all_children` finds it (Linux)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_all_children() -> None:
    """End whatever this run has started and not ended."""
    end_processes(_family(os.getpid(), is_self_included=False))


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now, below those of outgoing connections."""
    for port in range(21_000 + os.getpid() % 5_000, 32_000):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port
    raise BenchmarkFailed("no free port")


def last_log_line(log: Path) -> str:
    """The last line of a log that says something."""
    try:
        lines = log.read_bytes()[-20_000:].decode(errors="replace").splitlines()
    except OSError:
        return "no log"
    return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "it wrote nothing")


_given: set[int] = set()


def _family(pid: int, *, is_self_included: bool = True) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [*([process] if is_self_included else []), *process.children(recursive=True)]
    except psutil.Error:
        return []
