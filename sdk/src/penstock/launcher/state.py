"""What is known of a run: `run/state.json`, written by the supervisor, read by every other command.

A lock file says whether a supervisor lives; the state says what it started, so that a later run can end what a
supervisor that was killed left behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from penstock.launcher.home import Home, LaunchError, write_private


@dataclass(frozen=True)
class ProcessView:
    """One process as `status` shows it."""

    name: str
    pid: int | None
    state: str
    restarts: int
    address: str | None


@dataclass(frozen=True)
class RunState:
    """A run of the platform."""

    supervisor: int
    ready: bool
    processes: tuple[ProcessView, ...]
    scheduler_admin: str = ""

    def save(self, home: Home) -> None:
        """Write it, whole or not at all."""
        write_private(_path(home), json.dumps(asdict(self)))

    @classmethod
    def load(cls, home: Home) -> RunState | None:
        """The last run's state; None where there was none."""
        try:
            kept: dict[str, Any] = json.loads(_path(home).read_text())
        except (OSError, ValueError):
            return None
        processes = tuple(ProcessView(**process) for process in kept.pop("processes"))
        return cls(processes=processes, **kept)


def _path(home: Home) -> Path:
    return home.run / "state.json"


@contextlib.contextmanager
def only_one(home: Home) -> Iterator[None]:
    """Held by the supervisor for as long as it lives; raises LaunchError where another one holds it."""
    with (home.run / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LaunchError(f"a platform is already running in {home.path}") from None
        yield


def is_supervised(home: Home) -> bool:
    """Whether a supervisor lives in this home."""
    try:
        with (home.run / "lock").open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def is_ours(pid: int | None, home: Home) -> bool:
    """Whether this pid is a process of this platform: pids are used again, the home in its environment is not."""
    if pid is None or pid == os.getpid():
        return False
    with contextlib.suppress(psutil.Error, OSError):
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and process.environ().get("PENSTOCK_HOME") == str(home.path)
    return False
