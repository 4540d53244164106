"""What the backend of a machine asks of the jobs that share it with the pods: their room, their output, their times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from scheduler.backends.lifecycle.folders.pod_folder import PodFolder
from scheduler.domain.claims import ResourceClaim
from scheduler.domain.values import RunObservation
from shared.contracts.nodes import Node


class JobRoom(Protocol):
    """Every job of this home."""

    changed: Callable[[], None]
    """Called when a job wants room, or gives some back."""

    @property
    def is_adopted(self) -> bool:
        """Whether every job that was here is known."""
        ...

    async def run(self) -> None:
        """Work until cancelled. Jobs outlive it."""
        ...

    def claims(self) -> list[ResourceClaim]:
        """What jobs that are not over ask for."""
        ...

    def place(self, name: str, node: Node | None) -> bool:
        """There is room for this one, on a node or (None) in the shared pool; False where it is no job."""
        ...

    def report_no_capacity(self, name: str, why: str) -> bool:
        """There is none; False where it is no job."""
        ...

    def folders(self) -> list[PodFolder]:
        """Those of jobs that are not over."""
        ...

    def folder(self, name: str) -> PodFolder | None:
        """The folder of a job; None where there is none of this name."""
        ...

    def read_runs(self, now: float) -> list[RunObservation]:
        """Runs of jobs that are not settled."""
        ...

    def mark_settled(self, runs: Sequence[RunObservation]) -> None:
        """Their folders may go."""
        ...
