"""What is known of a run: `run/state.json`, written by the supervisor, read by every other command.

A lock file says whether a supervisor lives; the state says what it started, so that a later run can end what a
supervisor that was killed left behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import IO, Any, Literal, TypeVar

import psutil

from penstock.launcher.files import read_object, set_aside, write_private
from penstock.launcher.home import Home, LaunchError

T = TypeVar("T")


@dataclass(frozen=True)
class ProcessView:
    """One process as `status` shows it."""

    name: str
    pid: int | None
    state: str
    restarts: int
    address: str | None
    admin: str | None = None
    """Address of `/metrics` and `/readyz`, of a service."""
    note: str | None = None
    """Why the supervisor restarted it last."""


@dataclass(frozen=True)
class RunState:
    """A run of the platform."""

    supervisor: int
    ready: bool
    processes: tuple[ProcessView, ...]
    scheduler_admin: str = ""
    ports: dict[str, int] = field(default_factory=dict)
    """Field of `Ports` → the port that this run has."""
    problems: dict[str, str] = field(default_factory=dict)
    """What is wrong with the platform as a whole: `disk`, `nats`."""

    def save(self, home: Home) -> None:
        """Write it, whole or not at all."""
        write_private(_path(home), json.dumps(asdict(self)))

    @classmethod
    def load(cls, home: Home) -> RunState | None:
        """The last run's state; None where there was none, or its file cannot be used (it is set aside then)."""
        kept = read_object(_path(home))
        if kept is None:
            return None
        try:
            processes = tuple(_from_known_fields(ProcessView, process) for process in kept.pop("processes"))
            return _from_known_fields(cls, {**kept, "processes": processes})
        except (KeyError, TypeError, AttributeError) as error:
            set_aside(_path(home), f"it is not the state of a run: {error}")
            return None


def _from_known_fields(kind: type[T], fields_given: Mapping[str, Any]) -> T:
    """What this release knows of a record that another one may have written."""
    names = {known.name for known in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in fields_given.items() if name in names})


def _path(home: Home) -> Path:
    return home.run / "state.json"


@contextlib.contextmanager
def supervisor_lock(home: Home) -> Iterator[None]:
    """Held by the supervisor for as long as it lives; raises LaunchError where another one holds it."""
    with _lock(home, "a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LaunchError(f"a platform is already running in {home.path}") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _lock(home: Home, mode: Literal["a+", "r"]) -> IO[str]:
    path = home.run / "lock"
    if path.is_dir():
        set_aside(path, "it is a folder")
    try:
        return path.open(mode)
    except PermissionError as error:
        raise LaunchError(f"{path} cannot be opened by this user: {error.strerror}") from None


def supervisor_of(home: Home) -> int | None:
    """The pid of the supervisor that lives in this home, as its lock says; None where none lives, or it is not said."""
    if not is_supervised(home):
        return None
    with contextlib.suppress(OSError, ValueError):
        return int((home.run / "lock").read_text())
    return None


def is_supervised(home: Home) -> bool:
    """Whether a supervisor lives in this home."""
    try:
        with _lock(home, "r") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def running_home(home: Home) -> Home | None:
    """`home` with the ports that its platform runs on; None where its control plane does not run.

    A platform whose supervisor was killed serves on, so its processes count, not the supervisor.
    """
    state = RunState.load(home)
    controller = next((p for p in state.processes if p.name == "controller"), None) if state else None
    if state is None or controller is None or not (is_supervised(home) or is_ours(controller.pid, home)):
        return None
    return home.at(state.ports)


def is_ours(pid: int | None, home: Home) -> bool:
    """Whether this pid is a process of this platform: pids are used again, the home in its environment is not."""
    if pid is None or pid == os.getpid():
        return False
    with contextlib.suppress(psutil.Error, OSError):
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and process.environ().get("PENSTOCK_HOME") == str(home.path)
    return False
