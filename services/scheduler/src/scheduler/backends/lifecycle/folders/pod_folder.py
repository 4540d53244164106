"""Where pods live on disk: `<home>/pods/<pod>/` with `pod.json` and one `run-<n>/` per run.

The files are this backend's truth, as a container engine's state is for containers: a scheduler that starts reads them
and goes on. One writer each: `pod.json` and `order.json` by the scheduler, the rest by the shim.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from scheduler.backends.lifecycle.folders.damage import end_processes_below, read_or_set_aside
from scheduler.backends.lifecycle.folders.json_files import write_json
from scheduler.backends.lifecycle.folders.run_folder import CONTAINER_FILE, RunFolder
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
    gpus: tuple[str, ...] = ()
    """Devices that are its own for as long as it is there, by id."""
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
    """The last run whose end was emitted."""


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


def has_containers(root: Path) -> bool:
    """Whether a run of a pod under `root` is a container, as far as its folder says."""
    return any(not path.with_name("exit.json").exists() for path in root.glob(f"*/run-*/{CONTAINER_FILE}"))
