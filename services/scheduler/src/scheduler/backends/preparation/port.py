"""The port that pods are prepared by: from what a deployment says to the command that its pods execute.

`MlflowPreparation` is the real one; a test's may start anything that answers `GET /ping`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from scheduler.domain.values import PodNote
from shared.contracts.deployment import Deployment

AddNote = Callable[[PodNote], None]
"""Makes progress visible: the pod waits for this reason now, and an event says so."""


class PreparationLog(Protocol):
    """The output of a pod before its process runs: what its owner reads of the preparation."""

    @property
    def output(self) -> Path:
        """The file that child processes append to."""
        ...

    def write_line(self, text: str) -> None:
        """Append a line of the platform's own."""
        ...


class Preparation(Protocol):
    """Turns a deployment into the command of its pods."""

    async def command(self, deployment: Deployment, template: str, log: PreparationLog, add_note: AddNote) -> list[str]:
        """Arguments to start a pod's process with; the address to listen on is added to them.

        Args:
            template: name of the configuration that the pod runs (`template_of`).

        Raises:
            RegistryUnavailable: try again later.
            PreparationFailed: this run has failed.
        """
        ...
