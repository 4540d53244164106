"""Where pods live on disk: `<home>/pods/<pod>/` with `pod.json` and one `run-<n>/` per run.

The files are this backend's truth, as a container engine's state is for containers: a scheduler that starts reads them
and goes on. One writer each: `pod.json` and `order.json` by the scheduler, the rest by the shim.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
from pydantic import BaseModel, ConfigDict

from scheduler.backends.damage import end_processes_below, read_or_set_aside
from scheduler.backends.shim import start_ticks, write_json
from shared.contracts.deployment import Deployment
from shared.filesystem.files import set_aside

KEPT_RUNS = 5
"""Folders of ended runs that stay for their output."""


class PodRecord(BaseModel):
    """`pod.json`: what the pod is and how far its life has got."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    deployment: Deployment
    template: str
    created_at: float
    run: int = 0
    failures: int = 0
    is_placed: bool = True
    """Whether there was room for it; it keeps its place for life."""
    took: str | None = None
    """The pod whose place it was given, where it was one's."""
    node: UUID | None = None
    """Node of a resource group that it has its place on; None: the shared pool."""
    node_name: str | None = None
    is_terminating: bool = False
    is_surplus: bool = False
    """It ends because fewer pods are wanted; nothing takes its place."""
    restart_asked: bool = False
    """The present run is being ended on purpose: its end is no failure."""
    last_exit: str | None = None
    worker_deaths: int = 0
    """In the runs that are over."""
    ready_run: int = -1
    """The last run that was ready once."""
    ended_run: int = -1
    """The last run whose end has been told."""


@dataclass(frozen=True)
class PodProcess:
    """The process of a run; `ticks` tells it from a later one with the same pid."""

    pid: int
    ticks: int | None
    shim: int

    def is_alive(self) -> bool:
        """Whether this very process runs (a zombie does not)."""
        try:
            if psutil.Process(self.pid).status() == psutil.STATUS_ZOMBIE:
                return False
        except psutil.Error:
            return False
        return self.ticks is None or self.ticks == start_ticks(self.pid)

    def send(self, number: signal.Signals) -> None:
        """Signal its process group; nothing happens where it has ended."""
        if self.is_alive():
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)

    def reap_shim(self) -> None:
        """Collect the shim where it has become this process' child (as PID 1 of a container, for example)."""
        with suppress(ChildProcessError):
            os.waitpid(self.shim, os.WNOHANG)


@dataclass(frozen=True)
class RunFolder:
    """One run of a pod."""

    path: Path
    number: int

    @property
    def output(self) -> Path:
        """What the run printed, preparation included."""
        return self.path / "output.log"

    def make(self) -> None:
        """Create the folder; nothing happens where it is there."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)

    def order(self, content: Mapping[str, Any]) -> None:
        """Write what the shim is to start."""
        write_json(str(self.path / "order.json"), dict(content))

    def ordered(self) -> dict[str, Any] | None:
        """What the shim was told to start."""
        return read_or_set_aside(self.path / "order.json")

    def groups(self) -> list[str]:
        """Files of the control groups that limit the run; none where it is not limited."""
        return list((self.ordered() or {}).get("groups", ()))

    def process(self) -> PodProcess | None:
        """The process that was started, alive or not. One whose file is damaged is ended: the run fails."""
        found = self._begun()
        return PodProcess(found["pid"], found["ticks"], found["shim"]) if found else None

    def started_at(self) -> float | None:
        """Unix time of the start."""
        found = self._begun()
        return found["at"] if found else None

    def _begun(self) -> dict[str, Any] | None:
        path = self.path / "process.json"
        found = read_or_set_aside(path, ("pid", "ticks", "shim", "at"))
        if found is None and any(self.path.glob(f"{path.name}.damaged-*")):
            end_processes_below(self.path)
        return found

    def exit(self) -> dict[str, Any] | None:
        """How it ended: `code` or `signal`; None while it runs."""
        found = read_or_set_aside(self.path / "exit.json", ("code", "signal"))
        return {"code": found["code"], "signal": found["signal"]} if found else None

    def ended_at(self) -> float | None:
        """Unix time of the end, as the shim wrote it; None while it runs, or where nobody wrote it."""
        path = self.path / "exit.json"
        found = read_or_set_aside(path, ("code", "signal"))
        return float(found.get("at") or path.stat().st_mtime) if found else None

    def is_attended(self) -> bool:
        """Whether its shim lives, which will write how it ends. To be asked of a run that was started."""
        try:
            with (self.path / "lock").open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False
        return False

    def touched_at(self) -> float | None:
        """Unix time when its shim last said that it lives."""
        try:
            return (self.path / "lock").stat().st_mtime
        except FileNotFoundError:
            return None

    def settle(self) -> None:
        """Note that its times are stored for good: the folder may go."""
        with suppress(FileNotFoundError):
            (self.path / "settled").touch()

    def is_settled(self) -> bool:
        """Whether its times are stored for good."""
        return (self.path / "settled").exists()

    def is_countable(self) -> bool:
        """Whether it has times that are not stored yet."""
        return (self.path / "process.json").exists() and not self.is_settled()

    def base(self) -> int:
        """Bytes of output that were dropped from the front of the file."""
        found = read_or_set_aside(self.path / "base.json", ("base",))
        return int(found["base"]) if found else 0

    def say(self, text: str) -> None:
        """Add a line of the platform's own to the output (before the process runs, or after it has ended)."""
        with self.output.open("a", encoding="utf-8") as output:
            output.write(f"[penstock] {text}\n")


@dataclass
class PodFolder:
    """One pod."""

    path: Path
    record: PodRecord = field(init=False)

    @classmethod
    def create(cls, root: Path, record: PodRecord) -> PodFolder:
        """Make the folder of a new pod."""
        folder = cls(root / record.name)
        folder.path.mkdir(parents=True, mode=0o700)
        folder.save(record)
        return folder

    @classmethod
    def open(cls, path: Path) -> PodFolder | None:
        """An existing pod; None where its creation was cut short, or its record is damaged (and set aside)."""
        found = read_or_set_aside(path / "pod.json", ("name", "deployment"))
        if found is None:
            return None
        folder = cls(path)
        try:
            folder.record = PodRecord.model_validate(found)
        except ValueError as error:
            set_aside(path / "pod.json", str(error).splitlines()[0])
            return None
        return folder

    def save(self, record: PodRecord) -> None:
        """Make `record` the pod's state, on disk first."""
        write_json(str(self.path / "pod.json"), record.model_dump(mode="json"))
        self.record = record

    def update(self, **changes: Any) -> None:
        """Change some fields of the record."""
        self.save(self.record.model_copy(update=changes))

    def run(self, number: int) -> RunFolder:
        """One run's folder, whether or not it exists."""
        return RunFolder(self.path / f"run-{number}", number)

    def runs(self) -> list[RunFolder]:
        """Existing runs, oldest first."""
        names = (path.name.removeprefix("run-") for path in self.path.glob("run-*") if path.is_dir())
        return [self.run(number) for number in sorted(int(name) for name in names if name.isdecimal())]

    def prune(self) -> None:
        """Drop the oldest runs beyond `KEPT_RUNS`, save those that are still to be counted."""
        for run in [run for run in self.runs()[:-KEPT_RUNS] if not run.is_countable()]:
            shutil.rmtree(run.path, ignore_errors=True)

    def is_countable(self) -> bool:
        """Whether a run of the pod is still to be counted."""
        return any(run.is_countable() for run in self.runs())

    def remove(self) -> None:
        """Drop everything of the pod."""
        shutil.rmtree(self.path, ignore_errors=True)


def pod_folders(root: Path) -> Iterator[PodFolder]:
    """Every pod under `root` (`<home>/pods`)."""
    for path in sorted(root.iterdir()) if root.is_dir() else ():
        if not path.is_dir():
            continue
        if folder := PodFolder.open(path):
            yield folder
        elif any(path.glob("pod.json.damaged-*")):
            end_processes_below(path)
